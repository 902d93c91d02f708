//! # What it does
//!
//! Finds a workload with two or more replicas whose Pods have neither `topologySpreadConstraints` nor a `podAntiAffinity`.
//! Where a HorizontalPodAutoscaler is known, its `minReplicas` counts. Left alone are Pods with a host port, of which a node
//! can only take one.
//!
//! # Why it is bad
//!
//! The scheduler spreads them on its own only as far as it suits it: they may all stand on one node, or in one zone, and be
//! gone together.
//!
//! # Examples
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
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec:
//!       topologySpreadConstraints:
//!       - topologyKey: kubernetes.io/hostname
//!         maxSkew: 1
//!         whenUnsatisfiable: ScheduleAnyway
//!         labelSelector: {matchLabels: {app: web}}
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>

use crate::{
    lifecycle::{disruption::least_replicas, ports::host_port},
    model::{PodSpec, Review},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "no-spread",
    summary: "replicas without topologySpreadConstraints and podAntiAffinity may all stand on one node",
    level: Audit,
    since: "0.1.0",
    page: "no_spread.rs",
    check: NoSpread {},
}

impl Check for NoSpread {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(replicas) = least_replicas(review).filter(|replicas| *replicas >= 2) else { return };
        if review.new.templates.iter().any(|template| !is_spread(&template.spec)) {
            out.at(
                Path::of(&["spec", "replicas"]),
                format_args!(
                    "{replicas} replicas may all stand on one node: neither topologySpreadConstraints nor podAntiAffinity is set"
                ),
            );
        }
    }
}

fn is_spread(spec: &PodSpec<'_>) -> bool {
    let anti_affinity = spec.affinity.pod_anti_affinity.as_ref().is_some_and(|anti_affinity| {
        !anti_affinity.required_during_scheduling_ignored_during_execution.is_empty()
            || !anti_affinity.preferred_during_scheduling_ignored_during_execution.is_empty()
    });
    let takes_host_port =
        spec.containers.iter().flat_map(|container| &container.ports).any(|port| host_port(spec, port).is_some());
    anti_affinity || takes_host_port || !spec.topology_spread_constraints.is_empty()
}
