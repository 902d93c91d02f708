//! # What it does
//!
//! Finds a workload that serves with one replica: a Deployment, StatefulSet, Rollout, CloneSet or DeploymentConfig. Where an
//! autoscaler is known (HorizontalPodAutoscaler, ScaledObject), what it goes down to counts. Left alone are those with 0 replicas,
//! those without `replicas`, which mostly an autoscaler sets, and, where the Services of the namespace are known, those
//! that none of them sends traffic to.
//!
//! # Why it is bad
//!
//! While its only Pod is replaced, because its node is drained or fails, nothing serves.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 1 # finding
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
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#dealing-with-disruptions>
//! - Kubelet scenario: `workloads/single-replica`

use crate::{
    lifecycle::disruption::{has_autoscaler, is_service_workload, least_replicas},
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "single-replica",
    summary: "one replica: nothing serves while its Pod is replaced",
    level: Audit,
    since: "0.1.0",
    page: "single_replica.rs",
    check: SingleReplica {},
}

impl Check for SingleReplica {
    const SCALE: bool = true;

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let serves = review.known().filter(|known| known.knows_services()).is_none_or(|known| {
            let labels = |template| &review.new.pod_metadata(template).labels;
            review.new.templates.iter().any(|template| !known.services(labels(template)).is_empty())
        });
        if !is_service_workload(review.workload) || !serves || least_replicas(review) != Some(1) {
            return;
        }
        let has = if has_autoscaler(review) { "may go down to" } else { "has" };
        out.at(
            Path::of(&["spec", "replicas"]),
            format_args!(
                "the {} {has} 1 replica: nothing serves while its Pod is replaced; 2 or more are needed",
                review.workload.kind
            ),
        );
    }
}
