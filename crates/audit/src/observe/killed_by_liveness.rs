//! A container that had started and was killed, probably by its livenessProbe.

use podgate_engine::rules::Level;

use crate::{
    audit::Observation,
    observe::{
        clock::span,
        pod::Pod,
        seen::{Seen, Told},
        startup_window_passed::{Window, killed},
    },
};

/// Sees a run that a signal ended later than the startup window.
pub(super) static OBSERVATION: Observation = Observation {
    id: "killed-by-liveness",
    summary: "a container that had started was killed, probably by its livenessProbe",
    level: Level::Audit,
    source: "status.containerStatuses[*].lastState.terminated.exitCode, computePodActions of the kubelet",
};

/// Returns the containers of a Pod that this has happened to. Their status does not say who sent the signal: the livenessProbe does
/// so in a Pod that goes on, and somebody who has a shell in it may.
pub(super) fn observe(pod: &Pod<'_>, seen: &mut Vec<Seen>) {
    for (ran, ran_seconds) in killed(pod).filter(|(ran, _)| ran.container.liveness_probe.is_some()) {
        if Window::of(ran.container, &pod.spec).is_none_or(|window| ran_seconds <= window.runs.1) {
            continue;
        }
        let (name, restarts) = (&ran.container.name, ran.status.restart_count);
        let times = if restarts == 1 { "1 restart".to_owned() } else { format!("{restarts} restarts") };
        seen.push(Seen {
            observation: &OBSERVATION,
            subject: name.to_string(),
            path: ran.path(),
            measure: restarts,
            told: Told::Words(format!(
                "container \"{name}\" was killed after it had run for {}, probably by its livenessProbe ({times})",
                span(ran_seconds)
            )),
        });
    }
}
