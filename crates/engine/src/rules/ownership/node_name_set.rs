//! # What it does
//!
//! Finds `nodeName` in a new Pod or in a Pod template. Left alone are mirror Pods, the Pods of a DaemonSet, what a kubelet
//! creates, and a Pod in a file that has a status: it was taken from a cluster, whose scheduler wrote the name.
//!
//! The level is warn in a Pod and in the template of a Job or of its like, which run once, so that one node can be what is meant, and
//! deny in other templates.
//!
//! # Why it is bad
//!
//! `nodeName` bypasses the scheduler. The kubelet refuses the Pod where its requests, host ports, `nodeSelector` or node affinity
//! do not fit, and the Pod is Failed. Of taints it looks at `NoExecute` only, so that it accepts the Pod on a node that is cordoned
//! or kept for others by `NoSchedule`. Affinity to other Pods and topology spread count for nothing.
//!
//! A workload that keeps its Pods running makes all of them for this one node: they come back to it while it is drained, and run
//! nowhere while it is full or gone.
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
//! - `generalFilter` of the kubelet (`lifecycle/predicate.go`)
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
    summary: "nodeName is set, which bypasses the scheduler (in the template of what runs on: deny)",
    level: Warn,
    since: "0.1.0",
    page: "node_name_set.rs",
    check: NodeNameSet {},
    other_levels: [LevelCase::of(Level::Deny, "", keeps_pods_running)],
}

/// Returns whether the kind is a template whose Pods are replaced; a Job's run once, on the one node that is meant.
fn keeps_pods_running(workload: &Workload) -> bool {
    workload.makes_pods() && !workload.is_job() && workload.default_restart_policy == "Always"
}

impl Check for NodeNameSet {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let metadata = &review.new.metadata;
        let is_pod = review.workload.is_pod();
        let from_cluster = review.from_file && !review.new.status.phase.is_empty();
        let bound = is_pod && (review.operation != Operation::Create || from_cluster);
        let of_daemon_set = metadata.controller().is_some_and(|owner| owner.kind == "DaemonSet");
        if bound || is_pod && of_daemon_set || review.is_mirror_pod() || review.user.is_node() {
            return;
        }
        let level = if keeps_pods_running(review.workload) { Level::Deny } else { Level::Warn };
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
