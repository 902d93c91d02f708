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
}

/// Returns how a Pod whose containers all run is stopped, in the order of the stop signals.
///
/// The grace period is one for all, starts with the deletion and is at least [`LEAST_GRACE`]. All preStop hooks start at once,
/// those of sidecars too. An app (or ephemeral) container gets its stop signal when its own hook is over; a sidecar
/// when besides all apps and all later sidecars have ended, so that sidecars stop in the reverse order of their start. Nobody
/// waits longer than the grace period, and everybody has [`LEAST_TO_STOP`]. (`killContainer` and `terminationOrdering` of the
/// kubelet.)
pub fn stops<'p, 'a>(spec: &'p PodSpec<'a>) -> Vec<Stop<'p, 'a>> {
    let grace = grace_on_deletion(spec);
    let stop = |placed: Placed<'p, 'a>, not_before: Duration| {
        let pre_stop = placed.container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
        let hook = pre_stop.and_then(hook_duration);
        let signal_after = hook.unwrap_or_default().max(not_before).min(grace);
        Stop { placed, hook, signal_after, left: grace.saturating_sub(signal_after).max(LEAST_TO_STOP) }
    };
    let of = |role| stages::containers(spec).filter(move |placed| placed.role == role);
    let at_once = of(Role::App).chain(of(Role::Ephemeral));
    let mut stops: Vec<Stop<'p, 'a>> = at_once.map(|placed| stop(placed, Duration::ZERO)).collect();
    let apps = stops.iter().filter(|stop| stop.placed.role == Role::App);
    let mut not_before = apps.map(|stop| stop.signal_after).max().unwrap_or_default();
    let sidecars: Vec<Placed<'p, 'a>> = of(Role::Sidecar).collect();
    for placed in sidecars.into_iter().rev() {
        let stop = stop(placed, not_before);
        not_before = stop.signal_after;
        stops.push(stop);
    }
    stops
}

#[cfg(test)]
mod tests;
