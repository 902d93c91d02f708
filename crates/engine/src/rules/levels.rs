//! The levels that rules set for themselves in some cases, instead of their own: for whoever explains a policy.

use super::{Level, Rule};
use crate::model::Workload;

/// A case for which a rule has another level than its own.
#[derive(Debug, Clone, Copy)]
pub struct LevelCase {
    /// The level.
    pub level: Level,
    /// When, after "where"; empty: always, for the kinds that the case is about.
    pub when: &'static str,
    kinds: fn(&Workload) -> bool,
}

const fn case(level: Level, when: &'static str, kinds: fn(&Workload) -> bool) -> LevelCase {
    LevelCase { level, when, kinds }
}

/// By the rule's id. A test holds the ids against the rules' sources.
static CASES: &[(&str, &[LevelCase])] = &[
    ("host-network-port-mismatch", &[case(Level::Warn, "it is an init container or a sidecar", |_| true)]),
    ("liveness-without-startup", &[case(Level::Warn, "initialDelaySeconds is a minute or more", |_| true)]),
    (
        "liveness-on-never-restart",
        &[
            case(Level::Audit, "", Workload::is_job),
            case(Level::Audit, "a controller owns the Pod and replaces it", Workload::is_pod),
        ],
    ),
    ("invalid-container-restart-policy", &[case(Level::Warn, "a restart rule has no exit codes", |_| true)]),
    ("node-name-set", &[case(Level::Deny, "", Workload::makes_pods)]),
    (
        "prestop-exceeds-grace",
        &[case(Level::Warn, "the hook ends within the grace period and leaves less than marginSeconds", |_| true)],
    ),
    ("zero-grace-period", &[case(Level::Deny, "", |workload| workload.kind == "StatefulSet")]),
];

/// Every level that `rule` has for objects of a kind: first the one that holds unless another case is met.
pub fn levels(rule: &Rule, workload: &Workload) -> Vec<LevelCase> {
    let cases = CASES.iter().find(|(id, _)| *id == rule.id).map_or(&[][..], |(_, cases)| cases);
    let mut of_kind: Vec<LevelCase> = cases.iter().filter(|case| (case.kinds)(workload)).copied().collect();
    if !of_kind.iter().any(|case| case.when.is_empty()) {
        of_kind.insert(0, case(rule.level, "", |_| true));
    }
    of_kind.sort_by_key(|case| !case.when.is_empty());
    of_kind
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{super::RULES, *};

    #[test]
    fn every_rule_that_sets_a_level_is_listed() {
        let sets = RULES.iter().filter(|rule| rule.source.contains("at_level(")).map(|rule| rule.id);
        let listed: BTreeSet<&str> = CASES.iter().map(|(id, _)| *id).collect();
        assert_eq!(sets.collect::<BTreeSet<_>>(), listed);
    }
}
