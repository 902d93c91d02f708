//! # What it does
//!
//! Finds a Deployment whose rolling update may take down all replicas at once: `maxUnavailable`, rounded down, is as many as
//! there are. Where `maxSurge` and `maxUnavailable` both come to 0, `maxUnavailable` counts as 1. With a known autoscaler
//! what it goes down to counts. `type: Recreate`, which says so, is left alone.
//!
//! Rollouts (`strategy.canary`), DeploymentConfigs (`strategy.rollingParams`) and CloneSets (`updateStrategy`) are judged
//! alike. A canary with steps or traffic routing, and blue-green, take no Pod away that is needed.
//!
//! # Why it is bad
//!
//! The controller removes as many old Pods as may be unavailable as soon as the update begins, before a new one is ready.
//! `maxSurge` does not change that: it only makes new Pods at the same time.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 2
//!   strategy:
//!     rollingUpdate:
//!       maxSurge: 0
//!       maxUnavailable: 100% # finding
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 2
//!   strategy:
//!     rollingUpdate:
//!       maxSurge: 1
//!       maxUnavailable: 0
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment>
//! - Deployment controller: `ResolveFenceposts`, `reconcileOldReplicaSets`
//! - Kubelet scenario: `workloads/deployment-full-outage`
//! - Kubelet scenario: `workloads/deployment-rounded-to-nothing`

use crate::{
    lifecycle::{
        disruption::{least_replicas, written},
        rollout::rolling_update,
    },
    model::{IntOrString, Review},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "full-outage-rollout",
    summary: "a rolling update that may take down all replicas at once",
    level: Warn,
    since: "0.1.0",
    page: "full_outage_rollout.rs",
    check: FullOutageRollout {},
}

impl Check for FullOutageRollout {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(update) = rolling_update(review.workload, &review.new.controller) else { return };
        let Some(replicas) = least_replicas(review).filter(|replicas| *replicas > 0) else { return };
        if update.at_once(replicas).is_none_or(|rollout| rollout.unavailable < replicas) {
            return;
        }
        let all = if replicas == 1 { "the only replica".to_owned() } else { format!("all {replicas} replicas") };
        let why = match update.max_unavailable {
            Some(value @ IntOrString::Int(1..)) => format!("maxUnavailable is {}", written(value)),
            Some(value) => format!("maxUnavailable {} comes to {replicas}", written(value)),
            None => {
                let percent = update.default_unavailable_percent();
                format!("maxUnavailable, {percent}% by default, comes to {replicas} without a surge")
            }
        };
        out.at(update.at, format_args!("a rolling update may take down {all} at once: {why}"));
    }
}
