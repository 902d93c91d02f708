//! # What it does
//!
//! Finds a Pod or Pod template that has both `schedulingGates` and `nodeName`.
//!
//! # Why it is bad
//!
//! `nodeName` places the Pod on a node; a gate says that it must not be placed yet. The API server refuses such a Pod, but
//! accepts such a template, whose Pods then cannot be created.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   nodeName: node-1 # finding
//!   schedulingGates:
//!   - name: example.com/quota
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   nodeSelector: {kubernetes.io/hostname: node-1}
//!   schedulingGates:
//!   - name: example.com/quota
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/>
//! - KEP-3521, Pod scheduling readiness

use crate::{
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "gated-with-node-name",
    summary: "schedulingGates together with nodeName",
    level: Deny,
    since: "0.1.0",
    page: "gated_with_node_name.rs",
    check: GatedWithNodeName {},
}

impl Check for GatedWithNodeName {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let spec = &template.spec;
            if let Some(gate) = spec.gates().first().filter(|_| !spec.node_name.is_empty()) {
                out.at(
                    template.spec_path("nodeName"),
                    format_args!(
                        "nodeName \"{}\" places the Pod although scheduling gate \"{}\" holds it back",
                        spec.node_name, gate.name
                    ),
                );
            }
        }
    }
}
