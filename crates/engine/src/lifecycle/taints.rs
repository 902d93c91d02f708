//! How long Pods stay on a node that is gone.

use crate::model::pod::Toleration;

/// The taints that the node controller puts on a node that does not answer, both with effect `NoExecute`.
pub const DEAD_NODE_TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// Returns which toleration, by its index, makes a Pod stay for ever on a node with the `NoExecute` taint `key`, which has no value.
///
/// It is the first that tolerates the taint, if that has no `tolerationSeconds`; those after it do not count
/// (`v1helper.GetMatchingTolerations`, taint eviction controller). Without any toleration the API server adds one of 300 s
/// (`DefaultTolerationSeconds`), and the Pod leaves.
pub fn stays_for_ever(tolerations: &[Toleration<'_>], key: &str) -> Option<usize> {
    let (index, first) = tolerations.iter().enumerate().find(|(_, toleration)| tolerates(toleration, key))?;
    first.toleration_seconds.is_none().then_some(index)
}

/// `Toleration.ToleratesTaint` for a `NoExecute` taint without a value. An empty key takes all keys with `Exists` only; the
/// API server refuses it with any other operator.
fn tolerates(toleration: &Toleration<'_>, key: &str) -> bool {
    let effect = toleration.effect.is_empty() || toleration.effect == "NoExecute";
    let exists = toleration.operator == "Exists";
    let equal = (toleration.operator.is_empty() || toleration.operator == "Equal") && toleration.value.is_empty();
    effect && if toleration.key.is_empty() { exists } else { toleration.key == key && (exists || equal) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::List;

    #[test]
    fn the_first_that_matches_decides() {
        let cases = [
            ("[]", None),
            (r#"[{"key": "not-ready", "operator": "Exists", "effect": "NoExecute"}]"#, Some(0)),
            (r#"[{"key": "not-ready", "operator": "Exists"}]"#, Some(0)),
            (r#"[{"key": "not-ready"}]"#, Some(0)),
            (r#"[{"key": "not-ready", "operator": "Equal", "value": "true"}]"#, None),
            (r#"[{"key": "not-ready", "operator": "Gt", "value": "1"}]"#, None),
            (r#"[{"key": "not-ready", "operator": "Exists", "effect": "NoSchedule"}]"#, None),
            (r#"[{"key": "other", "operator": "Exists"}]"#, None),
            (r#"[{"key": "not-ready", "operator": "Exists", "tolerationSeconds": 300}]"#, None),
            (r#"[{"key": "not-ready", "operator": "Exists", "tolerationSeconds": 0}]"#, None),
            (r#"[{"operator": "Exists"}]"#, Some(0)),
            (
                r#"[{"operator": "Exists", "effect": "NoSchedule"}, {"operator": "Exists", "effect": "NoExecute"}]"#,
                Some(1),
            ),
            (r#"[{"operator": "Equal"}]"#, None),
            (r#"[{"key": "not-ready", "operator": "Exists", "tolerationSeconds": 60}, {"operator": "Exists"}]"#, None),
            (
                r#"[{"operator": "Exists"}, {"key": "not-ready", "operator": "Exists", "tolerationSeconds": 60}]"#,
                Some(0),
            ),
        ];
        for (json, expected) in cases {
            let tolerations: List<Toleration<'_>> = serde_json::from_str(json).unwrap();
            assert_eq!(stays_for_ever(&tolerations, "not-ready"), expected, "{json}");
        }
    }
}
