//! # What it does
//!
//! Finds a toleration of `node.kubernetes.io/not-ready` or `node.kubernetes.io/unreachable`, or of all taints, without
//! `tolerationSeconds`. Left alone are DaemonSets, which belong to their nodes, and tolerations that another one before them
//! makes ineffective: the first that fits a taint decides.
//!
//! # Why it is bad
//!
//! A node that does not answer gets these taints, with effect `NoExecute`. A Pod that tolerates them without limit is never
//! replaced: it stays on the dead node until somebody deletes it or the node. Without any such toleration the API server adds
//! one of 300 seconds.
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
//!       tolerations:
//!       - key: node.kubernetes.io/unreachable # finding
//!         operator: Exists
//!         effect: NoExecute
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
//!       tolerations:
//!       - key: node.kubernetes.io/unreachable
//!         operator: Exists
//!         effect: NoExecute
//!         tolerationSeconds: 60
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions>
//! - Kubelet scenario: `workloads/toleration-of-a-dead-node`

use crate::{
    lifecycle::taints::{DEAD_NODE_TAINTS, stays_for_ever},
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "eternal-toleration",
    summary: "a toleration that keeps a Pod on a dead node for ever",
    level: Warn,
    since: "0.1.0",
    page: "eternal_toleration.rs",
    check: EternalToleration {},
}

impl Check for EternalToleration {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let metadata = &review.new.metadata;
        let belongs_to_node = |kind: &str| matches!(kind, "DaemonSet" | "BroadcastJob");
        let of_daemon_set = metadata.controller().is_some_and(|owner| belongs_to_node(&owner.kind));
        if belongs_to_node(review.workload.kind) || of_daemon_set || review.is_mirror_pod() {
            return;
        }
        for template in &review.new.templates {
            let tolerations = &template.spec.tolerations;
            let mut found: Vec<usize> =
                DEAD_NODE_TAINTS.iter().filter_map(|taint| stays_for_ever(tolerations, taint)).collect();
            found.sort_unstable();
            found.dedup();
            for index in found {
                let Some(toleration) = tolerations.get(index) else { continue };
                let of =
                    if toleration.key.is_empty() { "all taints".to_owned() } else { format!("\"{}\"", toleration.key) };
                out.at(
                    template.spec_path("tolerations").index(index).key("tolerationSeconds"),
                    format_args!("toleration of {of} has no tolerationSeconds: the Pod never leaves a dead node"),
                );
            }
        }
    }
}
