//! # What it does
//!
//! Finds a PodDisruptionBudget that does not say `unhealthyPodEvictionPolicy`.
//!
//! # Why it is bad
//!
//! By default (`IfHealthyBudget`) Pods that are not ready can only be evicted while enough others are healthy. An application
//! that is broken as a whole, in a crash loop for instance, then blocks every drain of its nodes.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: web}
//! spec: # finding
//!   maxUnavailable: 1
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
//!   unhealthyPodEvictionPolicy: AlwaysAllow
//!   selector: {matchLabels: {app: web}}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy>
//! - Kubelet scenario: `workloads/budget-and-unready-pods`
//! - Kubelet scenario: `workloads/budget-and-unready-pods-always-allow`

use crate::{
    model::{Review, version::UNHEALTHY_EVICTION},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "unhealthy-eviction-policy-unset",
    summary: "a PodDisruptionBudget without unhealthyPodEvictionPolicy: broken Pods block node drains",
    level: Audit,
    since: "0.1.0",
    page: "unhealthy_eviction_policy_unset.rs",
    check: UnhealthyEvictionPolicyUnset {},
    feature: UNHEALTHY_EVICTION,
}

impl Check for UnhealthyEvictionPolicyUnset {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if review.new.budget.as_ref().is_some_and(|budget| budget.unhealthy_pod_eviction_policy.is_empty()) {
            out.at(
                Path::of(&["spec", "unhealthyPodEvictionPolicy"]),
                "unhealthyPodEvictionPolicy is not set: Pods that are not ready may block node drains; AlwaysAllow lets them go",
            );
        }
    }
}
