//! How many Pods may be away at a time: percentages, budgets, and how many replicas there are.

use crate::model::{
    IntOrString, LabelSelector, Review, Workload,
    inventory::Namespace,
    inventory_object::{Budget, InventoryWorkload},
    object::BudgetSpec,
    workload::Updates,
};

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

pub(super) fn part_up(percent: i64, total: i64) -> i64 {
    percent.saturating_mul(total.max(0)).saturating_add(99) / 100
}

pub(super) fn part_down(percent: i64, total: i64) -> i64 {
    percent.saturating_mul(total.max(0)) / 100
}

/// Returns what keeps the API server from taking `value` as a count or a percentage, of which it takes `most_percent` at most: words that
/// follow the value. (`ValidatePositiveIntOrPercent`, `IsNotMoreThan100Percent`.)
pub fn fault(value: &IntOrString<'_>, most_percent: Option<i64>) -> Option<&'static str> {
    match (value, percent(value)) {
        (IntOrString::Int(..0), _) => Some("is below 0"),
        (IntOrString::Int(_), _) => None,
        (_, Some(percent)) if most_percent.is_some_and(|most| percent > most) => Some("is more than 100%"),
        (_, Some(_)) => None,
        (IntOrString::String(text), None) if text.parse::<i64>().is_ok() => {
            Some("is text; a count has no quotes, a percentage ends in %")
        }
        (IntOrString::String(_), None) => Some("is neither a count nor a percentage such as 25%"),
    }
}

/// Returns whether `value` is 0 or 0 %.
pub fn is_zero(value: &IntOrString<'_>) -> bool {
    *value == IntOrString::Int(0) || percent(value) == Some(0)
}

/// The value as it is written in YAML: `3`, `"25%"`.
pub fn written(value: &IntOrString<'_>) -> String {
    match value {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => format!("\"{text}\""),
    }
}

/// Returns how many Pods a budget keeps healthy where there shall be `expected`: max(0, expected − ⌈maxUnavailable⌉), or ⌈minAvailable⌉; all
/// where it says neither. (`getExpectedPodCount`) `None` where the value is neither a count nor a percentage.
pub fn desired_healthy(budget: &BudgetSpec<'_>, expected: i64) -> Option<i64> {
    let expected = expected.max(0);
    let desired = match (&budget.max_unavailable, &budget.min_available) {
        (Some(max_unavailable), _) => expected.saturating_sub(rounded_up(max_unavailable, expected)?),
        (None, Some(min_available)) => rounded_up(min_available, expected)?,
        (None, None) => expected,
    };
    Some(desired.max(0))
}

/// Returns how many of `replicas` Pods, all of them healthy, a budget lets be disrupted.
///
/// Allowed = replicas − [desired](desired_healthy), at least 0. A budget that
/// says neither allows nothing: the controller expects no Pods then, and allows a disruption only where it expects some.
/// (`updatePdbStatus` of the disruption controller; the API has no default here.) `None` where the
/// value is neither a count nor a percentage.
pub fn disruptions_allowed(budget: &BudgetSpec<'_>, replicas: i64) -> Option<i64> {
    let replicas = replicas.max(0);
    Some(replicas.saturating_sub(desired_healthy(budget, replicas)?).max(0))
}

/// Returns whether a budget allows no disruption whatever it selects: `maxUnavailable` 0 or 0 %, `minAvailable` 100 %, or neither.
pub fn never_allows(budget: &BudgetSpec<'_>) -> bool {
    match (&budget.max_unavailable, &budget.min_available) {
        (Some(max_unavailable), _) => is_zero(max_unavailable),
        (None, Some(min_available)) => percent(min_available).is_some_and(|percent| percent >= 100),
        (None, None) => true,
    }
}

/// Returns the value for which the disruption controller has to know how many Pods there shall be, with its field: `maxUnavailable`, or a
/// percentage. An integer `minAvailable` is compared with the Pods that are healthy. (`getExpectedPodCount`)
pub fn needs_scale<'b, 'a>(budget: &'b BudgetSpec<'a>) -> Option<(&'static str, &'b IntOrString<'a>)> {
    match (&budget.max_unavailable, &budget.min_available) {
        (Some(max_unavailable), _) => Some(("maxUnavailable", max_unavailable)),
        (None, Some(min_available)) => percent(min_available).map(|_| ("minAvailable", min_available)),
        (None, None) => None,
    }
}

/// The kinds whose Pods are controlled by a DaemonSet or a Job, which have no `scale`: the disruption controller fails on the first such
/// Pod, and sets all that the budget allows to 0. (`getScaleController`, `failSafe`) Custom kinds are not listed that may have one.
const WITHOUT_SCALE: [(&str, &str); 5] = [
    ("apps", "DaemonSet"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("jobset.x-k8s.io", "JobSet"),
    ("keda.sh", "ScaledJob"),
];

/// Returns whether no `scale` tells how many Pods of this kind there shall be.
pub fn is_without_scale(group: &str, kind: &str) -> bool {
    WITHOUT_SCALE.contains(&(group, kind))
}

/// Returns whether it is a kind that serves for ever with so many replicas, and replaces them when its template changes.
pub fn is_service_workload(workload: &Workload) -> bool {
    workload.keeps_replicas && workload.updates != Updates::No
}

/// Returns whether an autoscaler is known that decides on the replicas of what is judged.
pub fn has_autoscaler(review: &Review<'_>) -> bool {
    autoscaled(review).is_some()
}

/// Returns with how many replicas what is judged has to do at least: the least that its autoscaler allows where one is known, else its
/// own `replicas`. `None` for kinds that keep no certain number of Pods, for what another workload manages, and where
/// `replicas` is absent: the API server fills in 1, but who leaves it out mostly leaves it to an autoscaler.
pub fn least_replicas(review: &Review<'_>) -> Option<i64> {
    let managed = review.new.metadata.controller().is_some_and(|owner| Workload::is_kind(&owner.kind));
    let counts = review.workload.keeps_replicas && !managed;
    autoscaled(review).or(review.new.controller.replicas).filter(|_| counts)
}

fn autoscaled(review: &Review<'_>) -> Option<i64> {
    let known = review.known()?.autoscaler(review.workload.kind, &review.new.metadata.name)?;
    Some(known.min_replicas)
}

/// Returns how many Pods `selector` selects at least, as far as is known: the sum over the workloads, each with the least that its
/// autoscaler allows or its own replicas. `None` where it selects no known workload, or one that keeps no certain number of Pods
/// (a DaemonSet, a Job, one without `replicas`).
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

/// Returns whether a budget counts more Pods than the workloads have that are known: of a kind that is not watched, say. How many it lets
/// go then is not known either. While a roll-out has Pods to spare it counts more, too.
pub fn counts_unknown_pods(known: &Namespace, budget: &Budget) -> bool {
    let of_known = known.workloads(&budget.selector).iter().map(|workload| workload.replicas.unwrap_or(0)).sum();
    budget.expected_pods > of_known
}

fn replicas_of(known: &Namespace, workloads: &[&InventoryWorkload]) -> Option<i64> {
    let replicas = workloads.iter().map(|workload| {
        let autoscaler = known.autoscaler(workload.kind, &workload.name);
        autoscaler.map(|autoscaler| autoscaler.min_replicas).or(workload.replicas)
    });
    replicas.sum()
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
        add("apps", "StatefulSet", "web-db", "web", "1");
        add("apps", "Deployment", "unsaid", "unsaid", "null");
        add("apps", "Deployment", "scaled", "scaled", "9");
        add("apps", "Deployment", "events", "events", "9");
        add("apps", "DaemonSet", "agent", "agent", "null");
        inventory
            .add(
                "autoscaling",
                "HorizontalPodAutoscaler",
                "shop",
                r#"{"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "scaled"}, "minReplicas": 2}}"#,
            )
            .unwrap();
        let scaled = r#"{"spec": {"scaleTargetRef": {"name": "events"}, "minReplicaCount": 2}}"#;
        inventory.add("keda.sh", "ScaledObject", "shop", scaled).unwrap();
        let shop = inventory.namespace("shop").unwrap();
        let selected = |json| selected_replicas(shop, &serde_json::from_str(json).unwrap());
        assert_eq!(selected(r#"{"matchLabels": {"app": "web"}}"#), Some(4));
        assert_eq!(selected(r#"{"matchLabels": {"app": "scaled"}}"#), Some(2));
        assert_eq!(selected(r#"{"matchLabels": {"app": "agent"}}"#), None);
        assert_eq!(selected(r#"{"matchLabels": {"app": "unsaid"}}"#), None);
        assert_eq!(selected(r#"{"matchLabels": {"app": "events"}}"#), Some(2));
        assert_eq!(selected(r#"{"matchLabels": {"all": "yes"}}"#), None);
        assert_eq!(selected(r#"{"matchLabels": {"app": "other"}}"#), None);
    }
}
