//! How many Pods may be away at a time: percentages, rolling updates, budgets, and how many replicas there are.

use crate::model::{
    IntOrString, LabelSelector, Review, Workload,
    inventory::Namespace,
    inventory_object::InventoryWorkload,
    workload::{BudgetSpec, RollingUpdate},
};

/// Holds what `maxSurge` and `maxUnavailable` of a Deployment are where they are absent (`SetDefaults_Deployment`).
const DEFAULT_PERCENT: i64 = 25;

/// A percentage: digits and `%` (`validation.IsValidPercent`); anything else is none.
pub fn percent(value: &IntOrString<'_>) -> Option<i64> {
    let IntOrString::String(text) = value else { return None };
    let digits = text.strip_suffix('%')?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The count that `value` means for `total` Pods, rounded up: ⌈percent × total ÷ 100⌉. A PodDisruptionBudget's
/// `minAvailable` and `maxUnavailable` and a Deployment's `maxSurge` are rounded so.
///
/// `None` where `value` is neither a count nor a percentage: the API server refuses it.
/// (`intstr.GetScaledValueFromIntOrPercent` with `roundUp`.)
pub fn rounded_up(value: &IntOrString<'_>, total: i64) -> Option<i64> {
    count(value).or_else(|| Some(part_up(percent(value)?, total)))
}

/// The count that `value` means for `total` Pods, rounded down: ⌊percent × total ÷ 100⌋. A Deployment's `maxUnavailable` is
/// rounded so. `None` as with [`rounded_up`].
pub fn rounded_down(value: &IntOrString<'_>, total: i64) -> Option<i64> {
    count(value).or_else(|| Some(part_down(percent(value)?, total)))
}

fn count(value: &IntOrString<'_>) -> Option<i64> {
    match value {
        IntOrString::Int(number) => Some(*number).filter(|number| *number >= 0),
        IntOrString::String(_) => None,
    }
}

fn part_up(percent: i64, total: i64) -> i64 {
    percent.saturating_mul(total.max(0)).saturating_add(99) / 100
}

fn part_down(percent: i64, total: i64) -> i64 {
    percent.saturating_mul(total.max(0)) / 100
}

/// The value as it is written in YAML: `3`, `"25%"`.
pub fn written(value: &IntOrString<'_>) -> String {
    match value {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => format!("\"{text}\""),
    }
}

/// Holds what a Deployment's rolling update may do at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollout {
    /// Tells how many Pods more than the replicas there may be.
    pub surge: i64,
    /// Tells how many of the replicas may be unavailable.
    pub unavailable: i64,
}

/// Returns what a Deployment's rolling update of `replicas` Pods may do at a time.
///
/// Surge = ⌈maxSurge⌉ and unavailable = ⌊maxUnavailable⌋, each 25 % where absent; where both come to 0, unavailable is 1, so
/// that the update can go on at all; never more than the replicas. (`deploymentutil.ResolveFenceposts` and
/// `deploymentutil.MaxUnavailable`.) `None` where one of them is neither a count nor a percentage.
///
/// How large the surge is does not matter for what may be unavailable: as soon as the new Pods are made, the controller
/// takes down old ones until only replicas − unavailable are available (`reconcileOldReplicaSets`).
pub fn rollout(update: &RollingUpdate<'_>, replicas: i64) -> Option<Rollout> {
    let surge = update.max_surge.as_ref();
    let surge = surge.map_or(Some(part_up(DEFAULT_PERCENT, replicas)), |value| rounded_up(value, replicas))?;
    let unavailable = update.max_unavailable.as_ref();
    let unavailable =
        unavailable.map_or(Some(part_down(DEFAULT_PERCENT, replicas)), |value| rounded_down(value, replicas))?;
    let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
    Some(Rollout { surge, unavailable: unavailable.min(replicas.max(0)) })
}

/// Returns how many of `replicas` Pods, all of them healthy, a budget lets be disrupted.
///
/// Allowed = replicas − desired, at least 0; desired = max(0, replicas − ⌈maxUnavailable⌉), or ⌈minAvailable⌉. A budget that
/// says neither allows nothing: the controller expects no Pods then, and allows a disruption only where it expects some.
/// (`getExpectedPodCount` and `updatePdbStatus` of the disruption controller; the API has no default here.) `None` where the
/// value is neither a count nor a percentage.
pub fn disruptions_allowed(budget: &BudgetSpec<'_>, replicas: i64) -> Option<i64> {
    let replicas = replicas.max(0);
    let desired = match (&budget.max_unavailable, &budget.min_available) {
        (Some(max_unavailable), _) => replicas.saturating_sub(rounded_up(max_unavailable, replicas)?),
        (None, Some(min_available)) => rounded_up(min_available, replicas)?,
        (None, None) => replicas,
    };
    Some(replicas.saturating_sub(desired.max(0)).max(0))
}

/// Returns whether a budget allows no disruption whatever it selects: `maxUnavailable` 0 or 0 %, `minAvailable` 100 %, or neither.
pub fn never_allows(budget: &BudgetSpec<'_>) -> bool {
    match (&budget.max_unavailable, &budget.min_available) {
        (Some(max_unavailable), _) => *max_unavailable == IntOrString::Int(0) || percent(max_unavailable) == Some(0),
        (None, Some(min_available)) => percent(min_available).is_some_and(|percent| percent >= 100),
        (None, None) => true,
    }
}

/// Returns whether `replicas` of this kind is the number of its Pods.
pub fn keeps_replicas(kind: &str) -> bool {
    matches!(kind, "Deployment" | "ReplicaSet" | "ReplicationController" | "StatefulSet" | "Rollout" | "CloneSet")
}

/// Returns whether it is one of the two kinds of the built-in API that serve for ever with so many replicas.
pub fn is_service_workload(workload: &Workload) -> bool {
    workload.is("apps", "Deployment") || workload.is("apps", "StatefulSet")
}

/// Returns whether an autoscaler is known that decides on the replicas of what is judged.
pub fn has_autoscaler(review: &Review<'_>) -> bool {
    autoscaled(review).is_some()
}

/// With how many replicas what is judged has to do at least: `minReplicas` of its autoscaler where one is known, else its
/// own `replicas`, else 1. `None` for kinds that keep no certain number of Pods, and for what another workload manages.
pub fn least_replicas(review: &Review<'_>) -> Option<i64> {
    let managed = review.new.metadata.controller().is_some_and(|owner| Workload::is_kind(&owner.kind));
    let counts = keeps_replicas(review.workload.kind) && !managed;
    counts.then(|| autoscaled(review).or(review.new.controller.replicas).unwrap_or(1))
}

fn autoscaled(review: &Review<'_>) -> Option<i64> {
    let known = review.known()?.autoscaler(review.workload.kind, &review.new.metadata.name)?;
    Some(known.min_replicas)
}

/// Returns how many Pods `selector` selects at least, as far as is known: the sum over the workloads, each with `minReplicas` of its
/// autoscaler or its own replicas. `None` where it selects no known workload, or one that keeps no certain number of Pods
/// (a DaemonSet, a Job).
pub fn selected_replicas(known: &Namespace, selector: &LabelSelector) -> Option<i64> {
    let workloads = known.workloads(selector);
    if workloads.is_empty() { None } else { replicas_of(known, &workloads) }
}

/// Returns how many Pods `selector` selects of all known workloads but one: see [`selected_replicas`]. `None` where one of them keeps
/// no certain number of Pods.
pub fn replicas_beside(known: &Namespace, selector: &LabelSelector, kind: &str, name: &str) -> Option<i64> {
    let mut workloads = known.workloads(selector);
    workloads.retain(|workload| workload.kind != kind || workload.name != name);
    replicas_of(known, &workloads)
}

fn replicas_of(known: &Namespace, workloads: &[&InventoryWorkload]) -> Option<i64> {
    let certain = workloads.iter().all(|workload| keeps_replicas(workload.kind));
    let replicas = workloads.iter().map(|workload| {
        let autoscaler = known.autoscaler(workload.kind, &workload.name);
        autoscaler.map_or(workload.replicas, |autoscaler| autoscaler.min_replicas)
    });
    certain.then(|| replicas.fold(0, i64::saturating_add))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Inventory;

    fn value(json: &str) -> IntOrString<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn percentages() {
        for (json, expected) in [
            (r#""25%""#, Some(25)),
            (r#""0%""#, Some(0)),
            (r#""007%""#, Some(7)),
            (r#""250%""#, Some(250)),
            ("25", None),
            (r#""25""#, None),
            (r#""%""#, None),
            (r#""25 %""#, None),
            (r#""+25%""#, None),
            (r#""-25%""#, None),
            (r#""2.5%""#, None),
            (r#""25%%""#, None),
            (r#""٢٥%""#, None),
            (r#""99999999999999999999%""#, None),
        ] {
            assert_eq!(percent(&value(json)), expected, "{json}");
        }
    }

    #[test]
    fn rounding() {
        // value, total, up, down
        for (json, total, up, down) in [
            (r#""25%""#, 1, 1, 0),
            (r#""25%""#, 3, 1, 0),
            (r#""25%""#, 4, 1, 1),
            (r#""25%""#, 5, 2, 1),
            (r#""50%""#, 7, 4, 3),
            (r#""1%""#, 1000, 10, 10),
            (r#""1%""#, 1, 1, 0),
            (r#""0%""#, 9, 0, 0),
            (r#""100%""#, 9, 9, 9),
            (r#""150%""#, 3, 5, 4),
            (r#""33%""#, 3, 1, 0),
            (r#""34%""#, 3, 2, 1),
            (r#""50%""#, 0, 0, 0),
            (r#""50%""#, -4, 0, 0),
            ("0", 9, 0, 0),
            ("5", 3, 5, 5),
        ] {
            let value = value(json);
            assert_eq!(
                (rounded_up(&value, total), rounded_down(&value, total)),
                (Some(up), Some(down)),
                "{json} {total}"
            );
        }
        for json in ["-1", r#""3""#, r#""all""#, r#""""#] {
            assert_eq!((rounded_up(&value(json), 3), rounded_down(&value(json), 3)), (None, None), "{json}");
        }
        let huge = value(r#""100%""#);
        assert!(rounded_up(&huge, i64::MAX).is_some() && rounded_down(&value("9223372036854775807"), 1).is_some());
    }

    #[test]
    fn rolling_updates() {
        // maxSurge, maxUnavailable, replicas; surge, unavailable
        for (surge, unavailable, replicas, expected) in [
            (None, None, 1, (1, 0)),
            (None, None, 4, (1, 1)),
            (None, None, 10, (3, 2)),
            (Some("0"), None, 1, (0, 1)),
            (Some("0"), None, 3, (0, 1)),
            (Some("0"), None, 8, (0, 2)),
            (Some(r#""0%""#), Some(r#""10%""#), 5, (0, 1)),
            (Some("0"), Some("1"), 1, (0, 1)),
            (Some("0"), Some(r#""100%""#), 3, (0, 3)),
            (Some("1"), Some(r#""100%""#), 3, (1, 3)),
            (Some(r#""1%""#), Some("7"), 3, (1, 3)),
            (Some("2"), Some("0"), 3, (2, 0)),
            (None, None, 0, (0, 0)),
            (Some("0"), Some("2"), 0, (0, 0)),
        ] {
            let update = RollingUpdate { max_surge: surge.map(value), max_unavailable: unavailable.map(value) };
            let (surge, unavailable) = expected;
            assert_eq!(rollout(&update, replicas), Some(Rollout { surge, unavailable }), "{update:?} {replicas}");
        }
        let malformed = RollingUpdate { max_surge: None, max_unavailable: Some(value(r#""1""#)) };
        assert_eq!(rollout(&malformed, 3), None);
    }

    #[test]
    fn budgets() {
        // minAvailable, maxUnavailable, replicas; allowed, never
        for (min, max, replicas, allowed, never) in [
            (Some("1"), None, 3, 2, false),
            (Some("3"), None, 3, 0, false),
            (Some("4"), None, 3, 0, false),
            (Some("0"), None, 3, 3, false),
            (Some(r#""50%""#), None, 1, 0, false),
            (Some(r#""50%""#), None, 3, 1, false),
            (Some(r#""60%""#), None, 2, 0, false),
            (Some(r#""99%""#), None, 10, 0, false),
            (Some(r#""100%""#), None, 3, 0, true),
            (None, Some("0"), 3, 0, true),
            (None, Some(r#""0%""#), 3, 0, true),
            (None, Some("1"), 1, 1, false),
            (None, Some("5"), 3, 3, false),
            (None, Some(r#""1%""#), 1, 1, false),
            (None, Some(r#""30%""#), 5, 2, false),
            (None, None, 3, 0, true),
            // The API server refuses both; the controller would look at maxUnavailable.
            (Some(r#""100%""#), Some("1"), 3, 1, false),
            (Some("1"), None, 0, 0, false),
            (Some("1"), None, -1, 0, false),
        ] {
            let budget =
                BudgetSpec { min_available: min.map(value), max_unavailable: max.map(value), ..BudgetSpec::default() };
            assert_eq!(disruptions_allowed(&budget, replicas), Some(allowed), "{budget:?} {replicas}");
            assert_eq!(never_allows(&budget), never, "{budget:?}");
        }
        let malformed = BudgetSpec { min_available: Some(value(r#""2""#)), ..BudgetSpec::default() };
        assert_eq!((disruptions_allowed(&malformed, 3), never_allows(&malformed)), (None, false));
    }

    #[test]
    fn replicas_of_what_is_selected() {
        let mut inventory = Inventory::default();
        let mut add = |group, kind, name, app, replicas| {
            let text = format!(
                r#"{{"metadata": {{"name": "{name}"}}, "spec": {{"replicas": {replicas}, "template": {{"metadata": {{"labels": {{"app": "{app}", "all": "yes"}}}}}}}}}}"#
            );
            inventory.add(group, kind, "shop", &text).unwrap();
        };
        add("apps", "Deployment", "web", "web", "3");
        add("apps", "StatefulSet", "web-db", "web", "null");
        add("apps", "Deployment", "scaled", "scaled", "9");
        add("apps", "DaemonSet", "agent", "agent", "null");
        inventory
            .add(
                "autoscaling",
                "HorizontalPodAutoscaler",
                "shop",
                r#"{"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "scaled"}, "minReplicas": 2}}"#,
            )
            .unwrap();
        let shop = inventory.namespace("shop").unwrap();
        let selected = |json| selected_replicas(shop, &serde_json::from_str(json).unwrap());
        assert_eq!(selected(r#"{"matchLabels": {"app": "web"}}"#), Some(4));
        assert_eq!(selected(r#"{"matchLabels": {"app": "scaled"}}"#), Some(2));
        assert_eq!(selected(r#"{"matchLabels": {"app": "agent"}}"#), None);
        assert_eq!(selected(r#"{"matchLabels": {"all": "yes"}}"#), None);
        assert_eq!(selected(r#"{"matchLabels": {"app": "other"}}"#), None);
    }
}
