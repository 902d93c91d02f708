//! # What it does
//!
//! Finds a new Pod that no controller owns. It is a warning where somebody creates the Pod and is about to rely on it. In a file,
//! where it is mostly an example or a tool, it is audited only.
//!
//! Left alone are Pods that run once (`restartPolicy: Never` or `OnFailure`), hooks of Helm and Argo CD, mirror Pods and what a
//! kubelet creates.
//!
//! # Why it is bad
//!
//! Nothing replaces such a Pod when its node fails, is drained or runs short of memory: an evicted Pod is gone, whatever its
//! `restartPolicy`, by which the kubelet starts containers again and never Pods.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: # finding
//!   name: web
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
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
//!   selector: {matchLabels: {app: web}}
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/configuration/overview/#naked-pods-vs-replicasets-deployments-and-jobs>
//! - Kubelet scenario: `workloads/naked-pod`

use crate::{
    lifecycle::restart::runs_once,
    model::{Operation, Review, Workload},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
    syntax::Path,
};

rule! {
    id: "naked-pod",
    summary: "a Pod without a controller: nothing replaces it when its node fails",
    level: Warn,
    since: "0.1.0",
    page: "naked_pod.rs",
    check: NakedPod {},
    other_levels: [LevelCase::of(Level::Audit, "the Pod is read from a file", Workload::is_pod)],
}

impl Check for NakedPod {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let metadata = &review.new.metadata;
        let new_pod = review.workload.is_pod() && review.operation == Operation::Create;
        if !new_pod || review.user.is_node() || review.is_mirror_pod() || metadata.is_hook() {
            return;
        }
        let runs_once = review.new.templates.iter().all(|template| runs_once(review.workload, template));
        if metadata.controller().is_none() && !runs_once {
            out.at_level(
                if review.from_file { Level::Audit } else { Level::Warn },
                Path::of(&["metadata", "ownerReferences"]),
                "no controller owns this Pod: nothing replaces it when its node fails; use a Deployment, StatefulSet or Job",
            );
        }
    }
}
