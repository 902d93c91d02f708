//! # What it does
//!
//! Finds Pods that two or more of the known PodDisruptionBudgets select.
//!
//! # Why it is bad
//!
//! The eviction API does not support it: every eviction of such a Pod fails with status 500, and node drains with it.
//!
//! # Examples
//!
//! ```yaml inventory
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: web}
//! spec:
//!   maxUnavailable: 1
//!   selector: {matchLabels: {app: web}}
//! ---
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: frontend}
//! spec:
//!   minAvailable: 50%
//!   selector: {matchLabels: {tier: frontend}}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata:
//!       labels: {app: web, tier: frontend} # finding
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! One budget for each Pod:
//!
//! ```yaml inventory
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: web}
//! spec:
//!   maxUnavailable: 1
//!   selector: {matchLabels: {app: web}}
//! ---
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: frontend}
//! spec:
//!   minAvailable: 50%
//!   selector: {matchLabels: {tier: frontend}, matchExpressions: [{key: app, operator: NotIn, values: [web]}]}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata:
//!       labels: {app: web, tier: frontend}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/#how-api-initiated-eviction-works>
//! - Kubelet scenario: `workloads/overlapping-budgets`

use crate::{
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "overlapping-disruption-budgets",
    summary: "two PodDisruptionBudgets select the same Pods: every eviction of them fails",
    level: Warn,
    since: "0.1.0",
    page: "overlapping_disruption_budgets.rs",
    check: OverlappingDisruptionBudgets {},
}

impl Check for OverlappingDisruptionBudgets {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(known) = review.known() else { return };
        for template in &review.new.templates {
            let budgets = known.budgets(&review.new.pod_metadata(template).labels);
            let [first, second, more @ ..] = budgets.as_slice() else { continue };
            let rest = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            out.at(
                template.path.clone().keys(&["metadata", "labels"]),
                format_args!(
                    "PodDisruptionBudgets \"{}\" and \"{}\"{rest} select the same Pods: every eviction fails; keep one",
                    first.name, second.name
                ),
            );
        }
    }
}
