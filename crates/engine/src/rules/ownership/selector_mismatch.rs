//! # What it does
//!
//! Finds a workload whose `selector` does not select the Pods that its own template makes: a label differs, or is missing.
//!
//! A selector that is absent or empty is not told of. Nor are ReplicationControllers and DeploymentConfigs, whose selector has another
//! form.
//!
//! # Why it is bad
//!
//! A controller finds its Pods by its selector. One that does not find those that it makes can neither count, replace nor delete
//! them. The API server refuses the built-in kinds; custom kinds, such as a Rollout of Argo, it lets pass, and their controllers stop or
//! make Pods without end.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: argoproj.io/v1alpha1
//! kind: Rollout
//! metadata: {name: web}
//! spec:
//!   selector:
//!     matchLabels: {app: web, tier: frontend}
//!   template:
//!     metadata:
//!       labels: {app: web} # finding
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: argoproj.io/v1alpha1
//! kind: Rollout
//! metadata: {name: web}
//! spec:
//!   selector:
//!     matchLabels: {app: web}
//!   template:
//!     metadata:
//!       labels: {app: web}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector>
//! - API server: `ValidatePodTemplateSpecForReplicaSet`, `ValidateDaemonSetSpec`

use crate::{
    model::{Review, SelectorView},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "selector-mismatch",
    summary: "the selector does not select the Pods of the workload's own template",
    level: Deny,
    since: "0.1.0",
    page: "selector_mismatch.rs",
    check: SelectorMismatch {},
}

impl Check for SelectorMismatch {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        // All kinds whose selector is read have one template.
        let Some(template) = review.new.templates.first() else { return };
        // What is wrong with a selector of an unknown operator is told by others.
        let selector = review.new.controller.selector.as_ref().and_then(SelectorView::to_selector);
        let labels = &review.new.pod_metadata(template).labels;
        let Some(unmet) = selector.and_then(|selector| selector.unmet(labels)) else { return };
        out.at(
            template.path.clone().keys(&["metadata", "labels"]),
            format_args!("the selector wants that {unmet}, the template's labels do not say so: make them agree"),
        );
    }
}
