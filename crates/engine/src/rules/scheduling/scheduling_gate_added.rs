//! # What it does
//!
//! Finds an UPDATE of a Pod that adds a scheduling gate.
//!
//! # Why it is bad
//!
//! Gates can only be removed once a Pod exists; the API server refuses to add one.
//!
//! # Examples
//!
//! ```yaml old
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   schedulingGates:
//!   - name: example.com/quota
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   schedulingGates:
//!   - name: example.com/quota
//!   - name: example.com/licence # finding
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! Create the Pod with all its gates; the mutation `scheduling-gates` does so by policy. Removing one is the normal course:
//!
//! ```yaml old
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   schedulingGates:
//!   - name: example.com/quota
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/>

use std::collections::HashSet;

use crate::{
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "scheduling-gate-added",
    summary: "an update of a Pod adds a scheduling gate",
    level: Deny,
    since: "0.1.0",
    page: "scheduling_gate_added.rs",
    check: SchedulingGateAdded {},
}

impl Check for SchedulingGateAdded {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(old) = review.old.as_ref().filter(|_| review.workload.is_pod()) else { return };
        for (template, old) in review.new.templates.iter().zip(&old.templates) {
            let before: HashSet<&str> = old.spec.gates().iter().map(|gate| &*gate.name).collect();
            for (index, gate) in template.spec.gates().iter().enumerate() {
                if !before.contains(&*gate.name) {
                    out.at(
                        template.spec_path("schedulingGates").index(index),
                        format_args!(
                            "scheduling gate \"{}\" is added; the gates of a Pod can only be removed",
                            gate.name
                        ),
                    );
                }
            }
        }
    }
}
