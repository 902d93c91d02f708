//! # What it does
//!
//! Finds a scheduling gate of which no remover is known. Known are those that the policy's own mutations add, those that its
//! option `known` names, and those of Kueue (`kueue.x-k8s.io/…`).
//!
//! # Why it is bad
//!
//! A gated Pod stays Pending until somebody removes the gate. If nobody is there to do so, because the name is misspelt or
//! the controller is not installed, that is for ever, without an event or an error.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   schedulingGates:
//!   - name: example.com/qouta # finding
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! Say in the policy who is there:
//!
//! ```yaml policy
//! rules:
//!   unknown-scheduling-gate: {known: [example.com/quota]}
//! ```
//!
//! ```yaml
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
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/>
//! - Kubelet scenario: `workloads/scheduling-gate`

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::names::is_qualified_name,
    model::Review,
    rules::rule::{Check, PolicyFacts, Report, rule},
};

rule! {
    id: "unknown-scheduling-gate",
    summary: "a scheduling gate of which no remover is known: the Pod stays Pending",
    level: Audit,
    since: "0.1.0",
    page: "unknown_scheduling_gate.rs",
    check: UnknownSchedulingGate,
}

/// Gates whose remover is known without a policy.
const WELL_KNOWN: [&str; 2] = ["kueue.x-k8s.io/admission", "kueue.x-k8s.io/topology"];

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct UnknownSchedulingGate {
    /// Names of gates that somebody removes; those of the policy's own mutations count too.
    known: Vec<String>,
}

impl Check for UnknownSchedulingGate {
    fn with_policy(&mut self, facts: &PolicyFacts<'_>) {
        // Somebody knows how to remove the gate that the policy itself adds.
        self.known.extend(facts.added_gates.iter().map(|gate| (*gate).to_owned()));
    }

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        // One that is no name is `invalid-scheduling-gate`'s.
        let known = |name: &str| {
            !is_qualified_name(name) || WELL_KNOWN.contains(&name) || self.known.iter().any(|known| known == name)
        };
        for template in &review.new.templates {
            for (index, gate) in template.spec.gates().iter().enumerate().filter(|(_, gate)| !known(&gate.name)) {
                out.at(
                    template.spec_path("schedulingGates").index(index).key("name"),
                    format_args!("no remover of scheduling gate \"{}\" is known: the Pod stays Pending until somebody removes it", gate.name),
                );
            }
        }
    }
}
