//! The simulation of a template's Pods: what was asked for, and the deletion of a Pod that would run on.

use std::time::Duration;

use podgate_engine::{
    lifecycle::{
        restart,
        timeline::{Bounds, Timeline, What, simulate},
    },
    model::{Template, Workload},
};

use super::{
    scenario::{Done, ScenarioError, ScenarioFile},
    time,
};

/// Where nothing is said, a Pod is deleted at least so long after it is ready.
const LEAST_READY: Duration = Duration::from_secs(15);

/// Simulates the Pods of a template, and says what was assumed.
pub(super) fn run(
    workload: &Workload,
    template: &Template<'_>,
    scenario: &ScenarioFile,
) -> Result<(Timeline, Vec<String>), ScenarioError> {
    let names: Vec<&str> =
        podgate_engine::lifecycle::stages::containers(&template.spec).map(|placed| &*placed.container.name).collect();
    let policy = restart::pod_policy(workload, template);
    let simulated = |file: &ScenarioFile| Ok(simulate(policy, &template.spec, &file.scenario(&names)?));
    let timeline = simulated(scenario)?;
    let is_open = scenario.until.is_none() && !scenario.deletes();
    if !is_open || !restart::is_long_running(workload, template) {
        let assumptions = timeline.assumptions.clone();
        return Ok((timeline, assumptions));
    }
    let ready = timeline.events.iter().filter(|event| event.what == What::PodReady).map(|event| event.time);
    // Once it is ready for the last time.
    let Some(ready) = ready.max() else {
        let mut assumptions = timeline.assumptions.clone();
        assumptions.push("the Pod is never ready, and is not deleted here; --delete-at draws its stop".to_owned());
        return Ok((timeline, assumptions));
    };
    let at = deletion_after(ready, &timeline);
    let mut deleted = scenario.clone();
    deleted.actions.push(Done::deletion(at));
    let timeline = simulated(&deleted)?;
    let mut assumptions = timeline.assumptions.clone();
    assumptions.push(format!(
        "the Pod is deleted at {}, some time after it is ready, so that its stop is drawn; --delete-at and --until say otherwise",
        time::show(at)
    ));
    Ok((timeline, assumptions))
}

/// Returns a round time some time after the Pod is ready.
fn deletion_after(ready: Bounds, timeline: &Timeline) -> Duration {
    let ready = ready.last();
    let last = timeline.events.iter().filter(|event| event.time.is_certain()).map(|event| event.time.earliest).max();
    let after = ready.max(last.unwrap_or_default()).as_secs();
    let wanted = after + LEAST_READY.as_secs().max(after / 2);
    let round = if wanted < 120 { 10 } else { 60 };
    Duration::from_secs(wanted.next_multiple_of(round))
}
