//! # What it does
//!
//! Finds `nodeName` in a new Pod or in a Pod template. Left alone are mirror Pods, the Pods of a DaemonSet and what a
//! kubelet creates.
//!
//! # Why it is bad
//!
//! `nodeName` bypasses the scheduler: the kubelet refuses the Pod where resources, taints or affinity do not fit, and
//! accepts it on a node that is cordoned. In a template every new Pod fails on the same node again, for as long as that node
//! is full or gone.
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
//!       nodeName: node-1 # finding
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
//!   template:
//!     spec:
//!       nodeSelector: {kubernetes.io/hostname: node-1}
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename>
//! - Kubelet scenario: `workloads/node-name-set`
//! - Kubelet scenario: `workloads/host-port-taken`

use crate::{
    model::{Operation, Review, Workload},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "node-name-set",
    summary: "nodeName is set, which bypasses the scheduler (in a template: deny)",
    level: Warn,
    since: "0.1.0",
    page: "node_name_set.rs",
    check: NodeNameSet {},
    other_levels: [LevelCase::of(Level::Deny, "", Workload::makes_pods)],
}

impl Check for NodeNameSet {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let metadata = &review.new.metadata;
        let is_pod = review.workload.is_pod();
        let bound = is_pod && review.operation != Operation::Create;
        let of_daemon_set = metadata.controller().is_some_and(|owner| owner.kind == "DaemonSet");
        if bound || is_pod && of_daemon_set || review.is_mirror_pod() || review.user.is_node() {
            return;
        }
        let level = if is_pod { Level::Warn } else { Level::Deny };
        for template in review.new.templates.iter().filter(|template| !template.spec.node_name.is_empty()) {
            out.at_level(
                level,
                template.spec_path("nodeName"),
                format_args!(
                    "nodeName \"{}\" bypasses the scheduler; use nodeSelector or nodeAffinity",
                    template.spec.node_name
                ),
            );
        }
    }
}
