//! # What it does
//!
//! Finds a Deployment or StatefulSet with one replica, also where `replicas` is absent. Left alone are those with 0 replicas
//! and those for which a HorizontalPodAutoscaler is known.
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
        let judged = is_service_workload(review.workload) && !has_autoscaler(review);
        if judged && least_replicas(review) == Some(1) {
            let kind = review.workload.kind;
            out.at(
                Path::of(&["spec", "replicas"]),
                format_args!(
                    "the {kind} has 1 replica: nothing serves while its Pod is replaced; 2 or more are needed"
                ),
            );
        }
    }
}
