//! How a Pod ends: the grace period, preStop hooks, and the order in which its containers are stopped.

use std::time::Duration;

use super::{
    commands::least_duration,
    stages::{self, Placed, Role},
};
use crate::model::{LifecycleHandler, PodSpec};

/// Is left by the kubelet to a container between its stop signal and SIGKILL even where the grace period is used up
/// (`minimumGracePeriodInSeconds`).
pub const LEAST_TO_STOP: Duration = Duration::from_secs(2);

/// Is what the kubelet makes of a grace period of 0 where it ends a whole Pod (`calculateEffectiveGracePeriod`): hooks are run then,
/// too. Where a probe kills one container, 0 stays 0, and its hook is not run (`killContainer`).
pub const LEAST_GRACE: Duration = Duration::from_secs(1);

/// Returns the grace period that containers and hooks have when the Pod is deleted.
pub fn grace_on_deletion(spec: &PodSpec<'_>) -> Duration {
    Duration::from_secs(grace_seconds(spec)).max(LEAST_GRACE)
}

/// The Pod's `terminationGracePeriodSeconds` after defaulting: absent means 30, a negative number means 1
/// (`SetDefaults_PodSpec`; `SetDefaults_Pod`, which does not look into templates). 0 is valid and stays 0.
pub fn grace_seconds(spec: &PodSpec<'_>) -> u64 {
    match spec.termination_grace_period_seconds {
        None => 30,
        Some(seconds) => u64::try_from(seconds).unwrap_or(1),
    }
}

/// Returns how long a hook takes at least, where that is known: a `sleep`, or an `exec` of what [`least_duration`] knows.
pub fn hook_duration(hook: &LifecycleHandler<'_>) -> Option<Duration> {
    match (&hook.exec, hook.sleep) {
        (Some(exec), None) => least_duration(&exec.command),
        // The API server refuses a negative number.
        (None, Some(sleep)) => u64::try_from(sleep.seconds?).ok().map(Duration::from_secs),
        _ => None,
    }
}

/// A container that is stopped, and when.
#[derive(Debug, Clone, Copy)]
pub struct Stop<'p, 'a> {
    /// The container.
    pub placed: Placed<'p, 'a>,
    /// Tells how long its preStop hook takes at least, where that is known.
    pub hook: Option<Duration>,
    /// The least time from the Pod's deletion until it gets its stop signal.
    pub signal_after: Duration,
    /// The most time from its stop signal until SIGKILL.
    pub left: Duration,
    /// The time from the Pod's deletion until it has ended.
    pub ends_after: Duration,
}

/// What a container does when it is stopped.
#[derive(Debug, Clone, Copy, Default)]
pub struct Behaviour {
    /// How long its preStop hook takes.
    pub hook: Option<Duration>,
    /// How long it takes to end after its stop signal.
    pub takes: Duration,
    /// When it ends by itself, from the deletion, where it does.
    pub own_end: Option<Duration>,
}

/// Returns how a Pod whose containers all run is stopped, in the order of the stop signals, if each ends at once. See [`stops_of`].
pub fn stops<'p, 'a>(spec: &'p PodSpec<'a>) -> Vec<Stop<'p, 'a>> {
    let running = stages::containers(spec).filter(|placed| placed.role != Role::Init);
    stops_of(running.collect(), grace_on_deletion(spec), |placed| {
        let hook = placed.container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
        Behaviour { hook: hook.and_then(hook_duration), ..Behaviour::default() }
    })
}

/// Returns how the containers that run of a Pod are stopped within `grace`, in the order of the stop signals.
///
/// The grace period is one for all and starts with the deletion. All preStop hooks start at once,
/// those of sidecars too. An app, an ephemeral or a regular init container gets its stop signal when its own hook is over; a sidecar
/// when besides all apps and all later sidecars have ended, so that sidecars stop in the reverse order of their start. Nobody
/// waits longer than the grace period, and everybody has [`LEAST_TO_STOP`]. (`killContainer` and `terminationOrdering` of the
/// kubelet.)
pub fn stops_of<'p, 'a>(
    running: Vec<Placed<'p, 'a>>,
    grace: Duration,
    behaviour: impl Fn(&Placed<'p, 'a>) -> Behaviour,
) -> Vec<Stop<'p, 'a>> {
    let stop = |placed: Placed<'p, 'a>, not_before: Duration| {
        let Behaviour { hook, takes, own_end } = behaviour(&placed);
        let signal_after = hook.unwrap_or_default().max(not_before).min(grace);
        let left = grace.saturating_sub(signal_after).max(LEAST_TO_STOP);
        let stopped = signal_after.saturating_add(takes.min(left));
        Stop { placed, hook, signal_after, left, ends_after: own_end.map_or(stopped, |own| own.min(stopped)) }
    };
    let (sidecars, others): (Vec<_>, Vec<_>) = running.into_iter().partition(|placed| placed.role == Role::Sidecar);
    let mut stops: Vec<Stop<'p, 'a>> = others.into_iter().map(|placed| stop(placed, Duration::ZERO)).collect();
    let apps = stops.iter().filter(|stop| stop.placed.role == Role::App);
    let mut not_before = apps.map(|stop| stop.ends_after).max().unwrap_or_default();
    for placed in sidecars.into_iter().rev() {
        let stop = stop(placed, not_before);
        not_before = stop.ends_after;
        stops.push(stop);
    }
    stops
}

#[cfg(test)]
mod tests;
