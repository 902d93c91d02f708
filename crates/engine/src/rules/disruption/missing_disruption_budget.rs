//! # What it does
//!
//! Finds a workload that serves (a Deployment, StatefulSet, Rollout, CloneSet or DeploymentConfig) with two or more replicas that
//! none of the known PodDisruptionBudgets selects. Where an autoscaler is known, what it goes down to counts.
//!
//! With `podgate serve --watch` all budgets of a namespace are known. `podgate check` knows those of the run: nothing is said
//! of a namespace without any, whose budgets may be somewhere else.
//!
//! # Why it is bad
//!
//! Node drains evict Pods as fast as they can: all replicas may be gone at the same time.
//!
//! # Examples
//!
//! ```yaml inventory
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: api}
//! spec:
//!   maxUnavailable: 1
//!   selector: {matchLabels: {app: api}}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3 # finding
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
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
//!     metadata: {labels: {app: web}}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/run-application/configure-pdb/>
//! - Kubelet scenario: `workloads/no-budget`

use crate::{
    lifecycle::disruption::{is_service_workload, least_replicas},
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "missing-disruption-budget",
    summary: "no PodDisruptionBudget selects these replicas: a node drain may take all of them",
    level: Audit,
    since: "0.1.0",
    page: "missing_disruption_budget.rs",
    check: MissingDisruptionBudget {},
}

impl Check for MissingDisruptionBudget {
    const SCALE: bool = true;

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(known) = review.known().filter(|known| known.knows_budgets()) else { return };
        let Some(replicas) = least_replicas(review).filter(|replicas| *replicas >= 2) else { return };
        if !is_service_workload(review.workload) {
            return;
        }
        let unselected = |labels| known.budgets(labels).is_empty();
        if review.new.templates.iter().any(|template| unselected(&review.new.pod_metadata(template).labels)) {
            out.at(
                Path::of(&["spec", "replicas"]),
                format_args!("no PodDisruptionBudget selects these {replicas} replicas: a node drain may take all of them at once"),
            );
        }
    }
}
