//! # What it does
//!
//! Finds a PodDisruptionBudget with `maxUnavailable`, or with a percentage, that selects Pods of a DaemonSet or a Job, also of a
//! Job that a CronJob, a JobSet or a ScaledJob makes. One such Pod is enough, whatever else the budget selects. Among manifests,
//! it also finds a budget that selects nothing but Pods without a controller.
//!
//! It is told of at the budget where the workload is known, and at the workload where the budget is known. Where both are judged in
//! one run, as by `podgate check`, only the budget is told of; with `--old`, whichever has changed. `serve --watch` watches no
//! DaemonSets, Jobs and CronJobs: there it is told of when one of these is created or changed. Left alone is a budget that allows
//! nothing whatever it selects ([blocking-disruption-budget](blocking-disruption-budget.md)).
//!
//! # Why it is bad
//!
//! For `maxUnavailable` and for a percentage the disruption controller has to know how many Pods there shall be. It asks the `scale`
//! of what controls them, and a DaemonSet and a Job have none. The budget gets the condition `DisruptionAllowed` with the reason
//! `SyncFailed`, and allows no disruption: every eviction of a Pod that it selects is refused, and a node drain waits for ever.
//! Pods without a controller count as 0, of which nothing may be missing.
//!
//! # Examples
//!
//! ```yaml inventory
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: import}
//! spec:
//!   parallelism: 3
//!   template:
//!     metadata:
//!       labels: {app: import}
//! ```
//!
//! ```yaml
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: import}
//! spec:
//!   maxUnavailable: 1 # finding
//!   selector: {matchLabels: {app: import}}
//! ```
//!
//! # Use instead
//!
//! A number as `minAvailable`, or a selector that leaves these Pods out:
//!
//! ```yaml inventory
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: import}
//! spec:
//!   parallelism: 3
//!   template:
//!     metadata:
//!       labels: {app: import}
//! ```
//!
//! ```yaml
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: import}
//! spec:
//!   minAvailable: 2
//!   selector: {matchLabels: {app: import}}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/run-application/configure-pdb/#arbitrary-controllers-and-selectors>
//! - Disruption controller: `getExpectedScale`, `getScaleController`, `failSafe`
//! - Kubelet scenario: `workloads/budget-of-a-pod-without-controller`

use crate::{
    lifecycle::disruption::{is_without_scale, needs_scale, never_allows, written},
    model::{Inventory, Review, SelectorView, inventory_object::InventoryWorkload, object::BudgetSpec},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "budget-without-scale",
    summary: "a PodDisruptionBudget that cannot be computed for the Pods it selects, and allows no disruption",
    level: Warn,
    since: "0.1.0",
    page: "budget_without_scale.rs",
    check: BudgetWithoutScale {},
}

/// Budgets of one workload that are looked at: two are too many already (`overlapping-disruption-budgets`).
const MOST_BUDGETS: usize = 10;

impl Check for BudgetWithoutScale {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        match &review.new.budget {
            Some(budget) => check_budget(review, budget, out),
            None if is_without_scale(review.workload.group, review.workload.kind) => check_workload(review, out),
            None => {}
        }
    }
}

fn check_budget(review: &Review<'_>, budget: &BudgetSpec<'_>, out: &mut Report<'_>) {
    let Some((field, value)) = needs_scale(budget).filter(|_| !never_allows(budget)) else { return };
    let Some(known) = review.known() else { return };
    let Some(selector) = budget.selector.as_ref().and_then(SelectorView::to_selector) else { return };
    let selected = known.workloads(&selector);
    let is_naked = |workload: &&InventoryWorkload| workload.kind == "Pod";
    let at = Path::of(&["spec"]).key(field);
    if let Some(first) = selected.iter().find(|workload| is_without_scale(workload.group, workload.kind)) {
        let (kind, name) = (first.kind, &first.name);
        let message = format!(
            "{field} {} is a share of what /scale says, which {kind} \"{name}\" does not have: the budget allows no disruption; use minAvailable with a number, or leave these Pods out",
            written(value)
        );
        out.at(at, message);
    } else if let Some(first) = selected.first().filter(|_| selected.iter().all(is_naked)) {
        // Only of all that there are it is known that none has a scale.
        if review.inventory.is_some_and(Inventory::knows_workloads) {
            let message = format!(
                "{field} {} counts the Pods of controllers, and Pod \"{}\" has none: the budget allows no disruption; use minAvailable with a number",
                written(value),
                first.name
            );
            out.at(at, message);
        }
    }
}

fn check_workload(review: &Review<'_>, out: &mut Report<'_>) {
    // The budget is judged as well, and told of there; unless only what has changed is told of.
    if review.inventory.is_none_or(|inventory| inventory.is_judged() && review.old.is_none()) {
        return;
    }
    // A CronJob's Job is told of at the CronJob.
    let Some(known) = review.known().filter(|_| review.new.metadata.controller().is_none()) else { return };
    for template in &review.new.templates {
        for budget in known.budgets(&review.new.pod_metadata(template).labels).into_iter().take(MOST_BUDGETS) {
            let limits = budget.limits();
            let Some((field, value)) = needs_scale(&limits).filter(|_| !never_allows(&limits)) else { continue };
            out.at(
                template.path.clone().keys(&["metadata", "labels"]),
                format_args!(
                    "PodDisruptionBudget \"{}\" ({field} {}) is a share of what /scale says, which this {} does not have: it allows no disruption; use minAvailable with a number there, or leave these Pods out",
                    budget.name,
                    written(value),
                    review.workload.kind
                ),
            );
        }
    }
}
