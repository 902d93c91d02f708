//! # What it does
//!
//! Finds a PodDisruptionBudget that never allows a disruption: `maxUnavailable` 0 or 0 %, `minAvailable` 100 %, or neither of
//! the two. Where the workloads that it selects are known, also one whose `minAvailable`, rounded up, is as many as their
//! replicas; with a known HorizontalPodAutoscaler its `minReplicas` counts.
//!
//! # Why it is bad
//!
//! Every eviction is refused, however healthy all Pods are: a node drain waits for ever, and with it every upgrade of the
//! cluster.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: web}
//! spec:
//!   maxUnavailable: 0 # finding
//!   selector: {matchLabels: {app: web}}
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: web}
//! spec:
//!   maxUnavailable: 1
//!   selector: {matchLabels: {app: web}}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/run-application/configure-pdb/#rounding-logic-when-specifying-percentages>
//! - Disruption controller: `getExpectedPodCount`, `updatePdbStatus`
//! - Kubelet scenario: `workloads/budget-that-never-allows`
//! - Kubelet scenario: `workloads/budget-without-numbers`

use crate::{
    lifecycle::disruption::{disruptions_allowed, never_allows, selected_replicas, written},
    model::{Review, SelectorView, object::BudgetSpec},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "blocking-disruption-budget",
    summary: "a PodDisruptionBudget that never allows a disruption: node drains wait for ever",
    level: Warn,
    since: "0.1.0",
    page: "blocking_disruption_budget.rs",
    check: BlockingDisruptionBudget {},
}

impl Check for BlockingDisruptionBudget {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(budget) = &review.new.budget else { return };
        let (field, found) = match (&budget.max_unavailable, &budget.min_available) {
            (Some(value), _) => ("maxUnavailable", format!("maxUnavailable {}", written(value))),
            (None, Some(value)) => ("minAvailable", format!("minAvailable {}", written(value))),
            // What selects nothing blocks nothing.
            (None, None) if budget.selector.is_none() => return,
            (None, None) => ("maxUnavailable", "a budget with neither minAvailable nor maxUnavailable".to_owned()),
        };
        let of = if never_allows(budget) {
            String::new()
        } else if let Some(replicas) = replicas_without_disruption(review, budget) {
            format!(" of {replicas} replica{}", if replicas == 1 { "" } else { "s" })
        } else {
            return;
        };
        let message = format!("{found}{of} never allows a disruption: node drains wait for ever");
        out.at(Path::of(&["spec"]).key(field), message);
    }
}

/// The known replicas that the budget selects, if it allows no disruption of them.
fn replicas_without_disruption(review: &Review<'_>, budget: &BudgetSpec<'_>) -> Option<i64> {
    let selector = budget.selector.as_ref().and_then(SelectorView::to_selector)?;
    let replicas = selected_replicas(review.known()?, &selector).filter(|replicas| *replicas > 0)?;
    (disruptions_allowed(budget, replicas)? == 0).then_some(replicas)
}
