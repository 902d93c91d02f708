//! What is given to a simulation: how long a Pod takes, and how much is simulated at most.

use std::time::Duration;

use crate::lifecycle::timeline::Bounds;

/// Holds how many Pods are simulated at most; of more, so many.
pub const MAX_PODS: u64 = 2_000;
/// Holds at how many times something may happen in a simulation.
pub const MAX_ROUNDS: usize = 20_000;
/// Holds how far is looked: 30 days.
pub const HORIZON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Says how long one Pod takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PodTimes {
    /// From its creation until it is ready. `latest: None`: perhaps never.
    pub ready: Bounds,
    /// From its deletion until it is gone. `latest: None`: perhaps never.
    pub gone: Bounds,
}

impl PodTimes {
    /// Holds what never happens.
    pub const NEVER: Bounds = Bounds { earliest: Duration::MAX, latest: None };
}

/// Returns how many Pods are simulated, and what is to be said where those are not all.
pub(super) fn pods(wanted: u64, what: &str) -> (u64, Vec<String>) {
    let said = (wanted > MAX_PODS).then(|| format!("only {MAX_PODS} of {wanted} {what} are simulated"));
    (wanted.min(MAX_PODS), said.into_iter().collect())
}
