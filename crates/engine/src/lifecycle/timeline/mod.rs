//! The life of one Pod: what happens, and when, as the kubelet does it.
//!
//! A discrete simulation without a clock. It runs several times, with what is not known of each container as early as can be and as late as
//! can be; what all runs have gets the first and the last of its times as bounds, what not all have may not happen. So that what rules compute and what is drawn is one derivation, it asks [`stages`]
//! which container comes when, [`probes`](super::probes) when a probe gives up, [`restart`](super::restart) what follows an end and
//! [`shutdown`](super::shutdown) how a stop goes. `tests/kubelet` holds it against a real kubelet.

mod answers;
mod asked;
mod container;
mod event;
mod life;
mod merge;
mod pace;
mod run;
mod scenario;
mod stop;
pub mod workload;

pub use event::{Bounds, Event, Hook, Phase, Probe, What};
pub use life::{GoesOn, Interval, Lane, Timeline, Window};
pub use scenario::{Action, Asks, Check, Exit, Runs, Scenario, Script};

use super::stages;
use crate::model::PodSpec;

/// Returns the life of a Pod of this spec. `pod_policy` is its restart policy after defaulting, see [`pod_policy`](super::restart::pod_policy()).
pub fn simulate(pod_policy: &str, spec: &PodSpec<'_>, scenario: &Scenario) -> Timeline {
    let run = |paces: &pace::Paces| run::Run::new(paces, pod_policy, spec, scenario).run();
    let runs: Vec<run::Outcome> = pace::Paces::of(stages::containers(spec).count()).iter().map(run).collect();
    merge::merged(spec, scenario, &runs)
}

#[cfg(test)]
mod tests;
