//! What is seen of running objects: one file an observation, each a pure function of the object's JSON text.

pub(crate) mod clock;
mod gated;
mod init_container_restarted;
mod killed_by_liveness;
mod no_disruption_allowed;
mod out_of_memory;
mod pod;
pub(crate) mod seen;
mod startup_window_passed;
mod terminating_past_grace;

use podgate_engine::{
    policy::Engine,
    syntax::{ReadErrors, json::from_object},
};

use self::seen::Seen;
use crate::audit::Observation;

/// Holds every observation, by id.
pub static OBSERVATIONS: &[&Observation] = &[
    &gated::OBSERVATION,
    &init_container_restarted::OBSERVATION,
    &killed_by_liveness::OBSERVATION,
    &no_disruption_allowed::OBSERVATION,
    &out_of_memory::OBSERVATION,
    &startup_window_passed::OBSERVATION,
    &terminating_past_grace::OBSERVATION,
];

/// Returns the observation of an id.
pub fn find(id: &str) -> Option<&'static Observation> {
    OBSERVATIONS.iter().find(|observation| observation.id == id).copied()
}

/// Returns everything that is seen of a Pod.
pub(crate) fn pod(text: &str, engine: &Engine) -> Result<Vec<Seen>, ReadErrors> {
    let pod = from_object(text)?;
    let mut seen = Vec::new();
    startup_window_passed::observe(&pod, &mut seen);
    killed_by_liveness::observe(&pod, &mut seen);
    out_of_memory::observe(&pod, &mut seen);
    init_container_restarted::observe(&pod, &mut seen);
    gated::observe(&pod, engine, &mut seen);
    terminating_past_grace::observe(&pod, &mut seen);
    Ok(seen)
}

/// Returns everything that is seen of a PodDisruptionBudget.
pub(crate) fn budget(text: &str) -> Result<Vec<Seen>, ReadErrors> {
    let mut seen = Vec::new();
    no_disruption_allowed::observe(text, &mut seen)?;
    Ok(seen)
}
