//! A container that was killed when the time that its probes give it to start was over.

use podgate_engine::{
    lifecycle::{probes::Timing, shutdown::grace_seconds, stages::is_sidecar},
    model::{Container, PodSpec, Probe},
    rules::Level,
};

use crate::{
    audit::Observation,
    observe::{
        pod::{Pod, Ran},
        seen::{Seen, Told},
    },
};

/// Sees a run that is as long as the startup window.
pub(super) static OBSERVATION: Observation = Observation {
    id: "startup-window-passed",
    summary: "a container was killed before it had started: its probe gives it too little time",
    level: Level::Warn,
    source: "status.containerStatuses[*].lastState.terminated (finishedAt less startedAt), computePodActions of the kubelet",
};

/// Tells how long a container has to start, by the probe that ends it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// The field of the probe.
    pub(super) probe: &'static str,
    /// When the probe gives up, in seconds after the start.
    pub(super) seconds: i64,
    /// The shortest and the longest run that ends so.
    pub(super) runs: (i64, i64),
}

impl Window {
    /// Returns the window of a container; `None` where no probe ends it.
    ///
    /// Probes come every periodSeconds, counted from when the Pod was seen and not from the container's start: the last that it may
    /// fail comes up to one period before the window ends (`worker.doProbe`). From then on it has the grace period, and the
    /// probe may wait for its timeout first.
    pub(super) fn of(container: &Container<'_>, spec: &PodSpec<'_>) -> Option<Self> {
        let startup = container.startup_probe.as_ref().map(|probe| ("startupProbe", probe));
        let (name, probe) =
            startup.or_else(|| container.liveness_probe.as_ref().map(|probe| ("livenessProbe", probe)))?;
        let timing = Timing::of(probe);
        let seconds = timing.budget_seconds();
        let latest = seconds
            .saturating_add(grace(probe, spec))
            .saturating_add(timing.period_seconds.max(timing.timeout_seconds));
        // Times in a status are cut to seconds.
        Some(Self { probe: name, seconds, runs: (seconds.saturating_sub(timing.period_seconds).max(1), latest) })
    }

    /// Returns whether a run of so many seconds was ended by it.
    pub(super) fn ends(&self, ran_seconds: i64) -> bool {
        (self.runs.0..=self.runs.1).contains(&ran_seconds)
    }
}

/// Returns the grace period of a container that a probe ends: the probe's own, or the Pod's (`killContainer`).
fn grace(probe: &Probe<'_>, spec: &PodSpec<'_>) -> i64 {
    probe.termination_grace_period_seconds.unwrap_or_else(|| i64::try_from(grace_seconds(spec)).unwrap_or(i64::MAX))
}

/// Returns the containers of a Pod that this has happened to.
pub(super) fn observe(pod: &Pod<'_>, seen: &mut Vec<Seen>) {
    for (ran, ran_seconds) in killed(pod) {
        let Some(window) = Window::of(ran.container, &pod.spec).filter(|window| window.ends(ran_seconds)) else {
            continue;
        };
        let name = &ran.container.name;
        seen.push(Seen {
            observation: &OBSERVATION,
            subject: name.to_string(),
            path: ran.path(),
            measure: ran_seconds,
            told: Told::Words(format!(
                "container \"{name}\" was killed {ran_seconds} s after its start; its {} gives up after {} s: it needs longer to start",
                window.probe, window.seconds
            )),
        });
    }
}

/// Returns the containers that probes may end and that a signal ended, with the seconds that they ran.
pub(super) fn killed<'p, 'a>(pod: &'p Pod<'a>) -> impl Iterator<Item = (Ran<'p, 'a>, i64)> {
    let sidecars = pod.init_containers().filter(|ran| is_sidecar(ran.container));
    sidecars.chain(pod.apps()).filter_map(|ran| {
        let ended = ran.ended(pod).filter(|ended| ended.is_killed())?;
        Some((ran, ended.ran_seconds()?))
    })
}
