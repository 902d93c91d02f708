//! # What it does
//!
//! Finds a new Pod that no controller owns. Left alone are Pods with `restartPolicy: Never`, which are run once, Helm hooks,
//! mirror Pods and what a kubelet creates.
//!
//! # Why it is bad
//!
//! Nothing replaces such a Pod when its node fails, is drained or runs short of memory: an evicted Pod is gone.
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
    lifecycle::restart::pod_policy,
    model::{Operation, Review},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "naked-pod",
    summary: "a Pod without a controller: nothing replaces it when its node fails",
    level: Warn,
    since: "0.1.0",
    page: "naked_pod.rs",
    check: NakedPod {},
}

impl Check for NakedPod {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let metadata = &review.new.metadata;
        let new_pod = review.workload.is_pod() && review.operation == Operation::Create;
        if !new_pod || review.user.is_node() || review.is_mirror_pod() || metadata.is_helm_hook() {
            return;
        }
        let runs_once = review.new.templates.iter().all(|template| pod_policy(review.workload, template) == "Never");
        if metadata.controller().is_none() && !runs_once {
            out.at(
                Path::of(&["metadata", "ownerReferences"]),
                "no controller owns this Pod: nothing replaces it when its node fails; use a Deployment, StatefulSet or Job",
            );
        }
    }
}
