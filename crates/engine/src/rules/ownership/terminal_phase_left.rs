//! # What it does
//!
//! Finds an update of a Pod's status that takes the phase away from `Succeeded` or `Failed`, and one that says `Succeeded`
//! although an app container has not ended with exit code 0.
//!
//! It judges `pods/status`, which podgate is only asked about where the webhook is registered for it.
//!
//! # Why it is bad
//!
//! Both phases are final: controllers count the Pod as done, replace it, or complete the Job, and never look again. A Pod
//! that comes back from there runs twice; one that claims success too early hides a failure. Only a defect in whatever
//! writes the status does this.
//!
//! # Examples
//!
//! ```yaml request
//! subResource: status
//! ```
//!
//! ```yaml old
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: report}
//! spec:
//!   containers: [{name: app}]
//! status:
//!   phase: Failed
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: report}
//! spec:
//!   containers: [{name: app}]
//! status:
//!   phase: Running # finding
//! ```
//!
//! # Use instead
//!
//! A new Pod, as the Job controller makes one. A phase that goes forward is left alone:
//!
//! ```yaml request
//! subResource: status
//! ```
//!
//! ```yaml old
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: report}
//! spec:
//!   containers: [{name: app}]
//! status:
//!   phase: Running
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: report}
//! spec:
//!   containers: [{name: app}]
//! status:
//!   phase: Succeeded
//!   containerStatuses:
//!   - name: app
//!     state: {terminated: {exitCode: 0}}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>
//! - Kubelet scenario: `restarts/terminal-phase-is-final`

use std::collections::HashMap;

use crate::{
    model::{Concern, Review, pod::ContainerStatus},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "terminal-phase-left",
    summary: "a Pod's status leaves Succeeded or Failed, or says Succeeded too early",
    level: Audit,
    since: "0.1.0",
    page: "terminal_phase_left.rs",
    check: TerminalPhaseLeft {},
}

impl Check for TerminalPhaseLeft {
    const CONCERN: Concern = Concern::Status;

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let status = &review.new.status;
        let at = || Path::of(&["status", "phase"]);
        let old_phase = review.old.as_ref().map(|old| &*old.status.phase).filter(|old| is_final(old));
        if let Some(old_phase) = old_phase.filter(|old| **old != *status.phase) {
            out.at(at(), format_args!("phase goes from \"{old_phase}\", which is final, to \"{}\"", status.phase));
        }
        if status.phase == "Succeeded" {
            // The first of a name counts.
            let statuses = status.container_statuses.iter().rev();
            let statuses: HashMap<&str, &ContainerStatus<'_>> =
                statuses.map(|status| (&*status.name, status)).collect();
            let containers = review.new.templates.iter().flat_map(|template| &template.spec.containers);
            let mut not_done =
                containers.filter_map(|container| Some((container, failing(statuses.get(&*container.name).copied())?)));
            if let Some((container, state)) = not_done.next() {
                out.at(at(), format_args!("phase is \"Succeeded\" although container \"{}\" {state}", container.name));
            }
        }
    }
}

fn is_final(phase: &str) -> bool {
    matches!(phase, "Succeeded" | "Failed")
}

/// Returns what the status says of an app container that has not ended with exit code 0.
fn failing(status: Option<&ContainerStatus<'_>>) -> Option<String> {
    let Some(state) = status else { return Some("has no status".to_owned()) };
    match (&state.state.terminated, &state.state.running) {
        (Some(terminated), _) => match terminated.exit_code.unwrap_or(0) {
            0 => None,
            code => Some(format!("ended with exit code {code}")),
        },
        (None, Some(_)) => Some("is running".to_owned()),
        (None, None) => Some("is waiting".to_owned()),
    }
}
