//! # What it does
//!
//! Finds a workload that serves with one replica: a Deployment, StatefulSet, Rollout, CloneSet or DeploymentConfig. Where an
//! autoscaler is known (HorizontalPodAutoscaler, ScaledObject), what it goes down to counts. Left alone are those with 0 replicas,
//! those without `replicas`, which mostly an autoscaler sets, and, where the Services of the namespace are known, those
//! that none of them sends traffic to on behalf of users. Not counted are ports for metrics (their name has the word `metrics`,
//! `prometheus` or `prom`), which controllers have that serve nobody, and headless Services: by those the Pods of a StatefulSet find
//! each other, and how many there are is a matter of the data they hold.
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
    lifecycle::{
        disruption::{has_autoscaler, is_service_workload, least_replicas},
        services::{Traffic, traffic},
    },
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
        if !is_service_workload(review.workload) || least_replicas(review) != Some(1) {
            return;
        }
        let serves = |template| traffic(review, template).is_none_or(|sent| sent.iter().any(Traffic::serves_users));
        if !review.new.templates.iter().any(serves) {
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
