//! # What it does
//!
//! Finds a Deployment whose rolling update may take down all replicas at once: `maxUnavailable`, rounded down, is as many as
//! there are. Where `maxSurge` and `maxUnavailable` both come to 0, `maxUnavailable` counts as 1. With a known autoscaler
//! what it goes down to counts. `type: Recreate`, which says so, is left alone.
//!
//! So is a StatefulSet of two replicas or more whose `maxUnavailable` comes to all of them, unless it has a `partition`, and a DaemonSet
//! with `maxUnavailable: 100%`.
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
//! - Deployment controller: `ResolveFenceposts`, `reconcileOldReplicaSets`; StatefulSet controller: `getStatefulSetMaxUnavailable`
//! - Kubelet scenario: `workloads/deployment-full-outage`
//! - Kubelet scenario: `workloads/deployment-rounded-to-nothing`
//! - Kubelet scenario: `workloads/statefulset-full-outage`

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::{
        disruption::{least_replicas, written},
        rollout::{rolling_update, takes_all_nodes},
    },
    model::{IntOrString, KubernetesVersion, Review, version::STATEFUL_SET_MAX_UNAVAILABLE, workload::Updates},
    rules::rule::{Check, PolicyFacts, Report, rule},
};

rule! {
    id: "full-outage-rollout",
    summary: "a rolling update that may take down all replicas at once",
    level: Warn,
    since: "0.1.0",
    page: "full_outage_rollout.rs",
    check: FullOutageRollout,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct FullOutageRollout {
    #[serde(skip)]
    version: Option<KubernetesVersion>,
}

impl Check for FullOutageRollout {
    fn with_policy(&mut self, facts: &PolicyFacts) {
        self.version = facts.kubernetes;
    }

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if let Some((at, value)) = takes_all_nodes(review.workload, &review.new.controller) {
            let value = written(value);
            return out.at(
                at,
                format_args!("a rolling update may take down the Pods of all nodes at once: maxUnavailable is {value}"),
            );
        }
        let Some(update) = rolling_update(review.workload, &review.new.controller) else { return };
        let Some(replicas) = least_replicas(review).filter(|replicas| *replicas > 0) else { return };
        let is_stateful = review.workload.updates == Updates::StatefulSet;
        if is_stateful && !STATEFUL_SET_MAX_UNAVAILABLE.is_on(self.version) {
            return;
        }
        // A StatefulSet makes no new Pod while the old one is there, so that its only one has to go.
        let goes_anyway = replicas == 1 && is_stateful;
        if goes_anyway || update.at_once(replicas).is_none_or(|rollout| rollout.unavailable < replicas) {
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
