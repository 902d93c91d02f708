//! # What it does
//!
//! Finds a workload whose replicas leave no room in a known PodDisruptionBudget that selects its Pods. It is the other side
//! of [blocking-disruption-budget](blocking-disruption-budget.md): there the budget is changed, here the workload, also by
//! its `scale`.
//!
//! The replicas of all known workloads that the budget selects are added up, each with `minReplicas` of its autoscaler where
//! there is one. Where the budget's status counts more Pods than these, there are others of which nothing is known, and nothing is
//! said. Where both are judged in one run, as by `podgate check`, only the budget is told of; with `--old`, whichever has
//! changed. A budget that allows nothing whatever it selects is its own fault, and so is one that selects Pods of a kind
//! without a number of replicas; neither is told of here. Nor is a workload of 0 replicas.
//!
//! # Why it is bad
//!
//! The budget allows no disruption: the eviction API refuses every eviction, and a node drain waits for ever.
//!
//! # Examples
//!
//! ```yaml inventory
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: web}
//! spec:
//!   minAvailable: 3
//!   selector: {matchLabels: {app: web}}
//! ```
//!
//! ```yaml old
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 5
//!   template:
//!     metadata:
//!       labels: {app: web}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3 # finding
//!   template:
//!     metadata:
//!       labels: {app: web}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! More replicas than the budget wants, or a budget that says what may be missing (`maxUnavailable`):
//!
//! ```yaml inventory
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: web}
//! spec:
//!   maxUnavailable: 1
//!   selector: {matchLabels: {app: web}}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   template:
//!     metadata:
//!       labels: {app: web}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/run-application/configure-pdb/>
//! - <https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets>
//! - Kubelet scenario: `workloads/replicas-fill-the-budget`

use crate::{
    lifecycle::disruption::{
        counts_unknown_pods, disruptions_allowed, least_replicas, never_allows, replicas_beside, written,
    },
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "budget-blocks-workload",
    summary: "so few replicas that a known PodDisruptionBudget never allows a disruption of them",
    level: Warn,
    since: "0.1.0",
    page: "budget_blocks_workload.rs",
    check: BudgetBlocksWorkload {},
}

/// Budgets of one workload that are looked at. Two are too many already (`overlapping-disruption-budgets`), and each of them
/// may select all workloads of the namespace.
const MOST_BUDGETS: usize = 10;

impl Check for BudgetBlocksWorkload {
    const SCALE: bool = true;

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(inventory) = review.inventory.filter(|inventory| inventory.knows_workloads()) else { return };
        // The budget is judged as well, and told of there; unless only what has changed is told of.
        if inventory.is_judged() && review.old.is_none() {
            return;
        }
        let Some(known) = inventory.namespace(&review.namespace).filter(|known| known.knows_budgets()) else { return };
        let Some(own) = least_replicas(review).filter(|replicas| *replicas > 0) else { return };
        // All templates of the kinds that keep replicas are one.
        let Some(template) = review.new.templates.first() else { return };
        let budgets = known.budgets(&review.new.pod_metadata(template).labels);
        for budget in budgets.into_iter().take(MOST_BUDGETS) {
            let limits = budget.limits();
            if never_allows(&limits) {
                continue;
            }
            let others = replicas_beside(known, &budget.selector, review.workload.kind, &review.new.metadata.name);
            let Some(replicas) = others.map(|others| others.saturating_add(own)) else { continue };
            if disruptions_allowed(&limits, replicas) != Some(0) || counts_unknown_pods(known, budget) {
                continue;
            }
            let wanted = match (&limits.max_unavailable, &limits.min_available) {
                (Some(value), _) => format!("maxUnavailable {}", written(value)),
                (None, Some(value)) => format!("minAvailable {}", written(value)),
                (None, None) => continue,
            };
            let many = if replicas == 1 { "" } else { "s" };
            out.at(
                Path::of(&["spec", "replicas"]),
                format!(
                    "PodDisruptionBudget \"{}\" ({wanted}) allows no disruption of {replicas} replica{many}: node drains wait for ever; use more replicas or maxUnavailable",
                    budget.name
                ),
            );
        }
    }
}
