//! An init container that failed and was started again.

use podgate_engine::{lifecycle::stages::is_sidecar, rules::Level};

use crate::{
    audit::Observation,
    observe::{
        pod::Pod,
        seen::{Seen, Told},
    },
};

/// Sees restarts of a regular init container.
pub(super) static OBSERVATION: Observation = Observation {
    id: "init-container-restarted",
    summary: "an init container failed and was restarted",
    level: Level::Audit,
    source: "status.initContainerStatuses[*].restartCount (computeInitContainerActions of the kubelet)",
};

/// Returns the init containers of a Pod that this has happened to. One that ended well each time ran again because the Pod's sandbox was
/// made anew, and has not failed.
pub(super) fn observe(pod: &Pod<'_>, seen: &mut Vec<Seen>) {
    let regular = pod.init_containers().filter(|ran| !is_sidecar(ran.container) && ran.status.restart_count > 0);
    for ran in regular {
        let before = ran.ended_before();
        if before.is_some_and(|ended| ended.exit_code == 0) {
            continue;
        }
        let (name, restarts) = (&ran.container.name, ran.status.restart_count);
        let code = before.map(|ended| format!(" with exit code {}", ended.exit_code)).unwrap_or_default();
        let times = if restarts == 1 { "once".to_owned() } else { format!("{restarts} times") };
        let has_ended = ran.status.state.terminated.as_ref().is_some_and(|ended| ended.exit_code == 0);
        let end = if has_ended { "before it succeeded" } else { "and has not succeeded yet" };
        seen.push(Seen {
            observation: &OBSERVATION,
            subject: name.to_string(),
            path: ran.path(),
            measure: restarts,
            told: Told::Words(format!("init container \"{name}\" failed{code} and was restarted {times} {end}")),
        });
    }
}
