//! # What it does
//!
//! Finds a workload with replicas whose Pods may go to one node only, because `nodeSelector` or a required node affinity names its
//! `kubernetes.io/hostname` or its name.
//!
//! Left alone are kinds that run on every node or run once, and Pods that have a reason to be on a certain node: a `hostPath`, a
//! PersistentVolumeClaim, which may be of a local volume, the host's network or a host port.
//!
//! # Why it is bad
//!
//! When the node is drained, replaced or lost, the Pods stay pending: the scheduler may not put them anywhere else. More replicas do
//! not help, since they stand on the same node.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       nodeSelector:
//!         kubernetes.io/hostname: node-7 # finding
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! A label that says what the node has to have, given to more than one:
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       nodeSelector:
//!         example.com/disk: fast
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/>

use crate::{
    lifecycle::{hosts::pinned, ports::host_port},
    model::{PodSpec, Review},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "pinned-to-host",
    summary: "the Pods of a workload may go to a single node: without it they stay pending",
    level: Warn,
    since: "0.1.0",
    page: "pinned_to_host.rs",
    check: PinnedToHost {},
}

impl Check for PinnedToHost {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        // All kinds that keep replicas have one template. What another workload manages is told of there.
        if !review.workload.keeps_replicas || review.new.metadata.controller().is_some() {
            return;
        }
        let Some(template) = review.new.templates.first() else { return };
        let Some(pinned) = pinned(&template.spec) else { return };
        if review.new.claims.is_empty() && !needs_a_certain_node(&template.spec) {
            out.at(
                pinned.path(template.spec_at()),
                format_args!(
                    "the Pods may go to node \"{}\" only: if it is drained or lost they stay pending; select nodes by another label",
                    pinned.host
                ),
            );
        }
    }
}

/// Returns whether a Pod uses what one node has and another may not.
fn needs_a_certain_node(spec: &PodSpec<'_>) -> bool {
    let mut ports = spec.containers.iter().flat_map(|container| &container.ports);
    let mut volumes = spec.volumes.iter();
    spec.host_network == Some(true)
        || ports.any(|port| host_port(spec, port).is_some())
        || volumes.any(|volume| volume.host_path.is_some() || volume.persistent_volume_claim.is_some())
}
