//! # What it does
//!
//! Finds a scheduling gate whose name is no qualified name, or that stands in the list twice.
//!
//! # Why it is bad
//!
//! The API server refuses the Pod; in a custom workload's template the mistake shows only when no Pod appears.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   schedulingGates:
//!   - name: example.com/quota
//!   - name: example.com/quota # finding
//!   - name: wait for licence # finding
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
//!   schedulingGates:
//!   - name: example.com/quota
//!   - name: example.com/licence
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/>
//! - [What it looks like](../pictures/scheduling-gate.svg)

use std::collections::HashSet;

use crate::{
    lifecycle::names::is_qualified_name,
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "invalid-scheduling-gate",
    summary: "a scheduling gate that is no qualified name or stands there twice",
    level: Deny,
    since: "0.1.0",
    page: "invalid_scheduling_gate.rs",
    check: InvalidSchedulingGate {},
}

impl Check for InvalidSchedulingGate {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let gates = template.spec.gates();
            let mut seen = HashSet::new();
            for (index, gate) in gates.iter().enumerate() {
                let at = template.spec_path("schedulingGates").index(index).key("name");
                if !is_qualified_name(&gate.name) {
                    out.at(
                        at,
                        format_args!(
                            "scheduling gate \"{}\" is no qualified name such as example.com/quota",
                            gate.name
                        ),
                    );
                } else if !seen.insert(&*gate.name) {
                    out.at(at, format_args!("scheduling gate \"{}\" stands in the list twice", gate.name));
                }
            }
        }
    }
}
