//! # What it does
//!
//! Finds the deletion of a Pod whose known PodDisruptionBudget allows no disruption now.
//!
//! A Pod that is not ready is left alone where an eviction may take it all the same: with `unhealthyPodEvictionPolicy: AlwaysAllow`,
//! and where as many Pods are healthy as the budget asks for.
//!
//! Left alone are Pods that do not count for the budget or whose end is decided: terminating, finished, pending, not bound
//! to a node, mirror Pods, and Pods of a namespace that is being deleted; and what the cluster itself deletes: kubelets, the
//! control plane, and the service accounts of `kube-system`.
//!
//! # Why it is bad
//!
//! A deletion does not ask the budget. Only the eviction API does.
//!
//! # Examples
//!
//! ```yaml request
//! operation: DELETE
//! user: jane
//! ```
//!
//! ```yaml inventory
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: web}
//! spec:
//!   maxUnavailable: 1
//!   selector: {matchLabels: {app: web}}
//! status: {disruptionsAllowed: 0}
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web-1 # finding
//!   labels: {app: web}
//! spec:
//!   nodeName: node-1
//! status:
//!   phase: Running
//! ```
//!
//! # Use instead
//!
//! `kubectl drain`, or an eviction, which waits until the budget allows it. While it does, a deletion is left alone too:
//!
//! ```yaml request
//! operation: DELETE
//! user: jane
//! ```
//!
//! ```yaml inventory
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: web}
//! spec:
//!   maxUnavailable: 1
//!   selector: {matchLabels: {app: web}}
//! status: {disruptionsAllowed: 1}
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web-1
//!   labels: {app: web}
//! spec:
//!   nodeName: node-1
//! status:
//!   phase: Running
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets>
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/>
//! - `pkg/registry/core/pod/storage/eviction.go`: what an eviction asks of the budget
//! - Kubelet scenario: `workloads/budget-refuses`

use crate::{
    model::{Concern, Review, User, inventory_object::Budget},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "deletion-bypasses-budget",
    summary: "a Pod is deleted although its PodDisruptionBudget allows no disruption now",
    level: Warn,
    since: "0.1.0",
    page: "deletion_bypasses_budget.rs",
    check: DeletionBypassesBudget {},
}

impl Check for DeletionBypassesBudget {
    const CONCERN: Concern = Concern::Deletion;

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(known) = review.known().filter(|known| !known.terminating) else { return };
        if !counts(review) || is_the_cluster(&review.user) {
            return;
        }
        let budgets = known.budgets(&review.new.metadata.labels);
        let is_ready = review.new.status.conditions.iter().any(|it| it.kind == "Ready" && it.status == "True");
        let refuses =
            |budget: &&&Budget| budget.disruptions_allowed == Some(0) && (is_ready || !budget.lets_unready_go);
        if let Some(budget) = budgets.iter().find(refuses) {
            out.at(
                Path::of(&["metadata", "name"]),
                format_args!(
                    "PodDisruptionBudget \"{}\" allows no disruption now and a deletion bypasses it; evict instead (kubectl drain, eviction API)",
                    budget.name
                ),
            );
        }
    }
}

/// Returns whether the Pod counts for its budget and its end is not decided yet.
fn counts(review: &Review<'_>) -> bool {
    let pod = &review.new;
    let running = matches!(&*pod.status.phase, "Running" | "Unknown");
    let bound = pod.templates.iter().any(|template| !template.spec.node_name.is_empty());
    running && bound && pod.metadata.deletion_timestamp.is_none() && !review.is_mirror_pod()
}

/// Returns whether the request comes from a kubelet, the control plane or one of its controllers.
fn is_the_cluster(user: &User<'_>) -> bool {
    const USERS: [&str; 3] = ["system:kube-controller-manager", "system:kube-scheduler", "system:apiserver"];
    user.is_node()
        || USERS.contains(&&*user.username)
        || user.username.starts_with("system:serviceaccount:kube-system:")
}
