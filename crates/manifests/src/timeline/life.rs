//! The life of an object's Pods, simulated, with what is found in the object.

use std::time::Duration;

use podgate_engine::{
    lifecycle::{
        restart,
        timeline::{Bounds, Hook, Phase, Timeline, What, simulate},
    },
    model::{Review, ReviewError, Template, Workload},
    policy::Engine,
};

use super::{
    bars::{self, Bar, Kind},
    course::Story,
    pick,
    pins::{self, Pin},
    scenario::{Done, ScenarioError, ScenarioFile},
    time,
    words::{self, Told},
};
use crate::{input::Text, load::Identity};

/// Where nothing is said, a Pod is deleted at least so long after it is ready.
const LEAST_READY: Duration = Duration::from_secs(15);

/// Why there is no timeline: one line, no final stop.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    /// There is no object with Pods.
    #[error("no object with a Pod template is here; give a Pod, or a workload such as a Deployment or a Job")]
    None,
    /// A text cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// There are several objects with Pods.
    #[error("{} objects have Pods; choose one with --object: {}", .0.len(), .0.join(", "))]
    Several(Vec<String>),
    /// No object is called so.
    #[error("there is no {object}{near}; objects with Pods are {}", all.join(", "))]
    Unknown {
        /// What was asked for.
        object: String,
        /// What may have been meant.
        near: String,
        /// The objects that there are.
        all: Vec<String>,
    },
    /// The object cannot be read.
    #[error("{name}: {cause}")]
    Object {
        /// Kind and name.
        name: String,
        /// Why.
        cause: ReviewError,
    },
    /// The object has no Pod's spec.
    #[error("{0} holds no Pod's spec")]
    NoSpec(String),
    /// The scenario does not fit.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}

/// The life of the Pods of an object.
#[derive(Debug)]
pub struct Life {
    /// The file that the object stands in.
    pub file: String,
    /// The object.
    pub object: Identity,
    /// What was simulated.
    pub timeline: Timeline,
    /// What each container is doing, in the order of [`Timeline::containers`].
    pub lanes: Vec<Vec<Bar<Kind>>>,
    /// When the hooks of each container run.
    pub hooks: Vec<Vec<(Hook, Vec<Bar<Hook>>)>>,
    /// The phases of the Pod.
    pub phases: Vec<Bar<Phase>>,
    /// When the Pod is ready.
    pub pod_ready: Vec<Bar<Kind>>,
    /// What happens, in words.
    pub events: Vec<Told>,
    /// What is found in the object.
    pub pins: Vec<Pin>,
    /// Says what is assumed, a sentence each without a final stop.
    pub assumptions: Vec<String>,
    /// Where the picture ends.
    pub end: Duration,
    /// What the workload's controller does.
    pub story: Option<Story>,
}

impl Life {
    /// Simulates the Pods of the only object with Pods in `texts`, or of the one called `object` (KIND/NAME), and judges it.
    ///
    /// Where the scenario says nothing of a deletion nor of an end, a Pod that runs until something ends it is deleted some time after it
    /// is ready at the latest.
    pub fn of(
        engine: &Engine,
        texts: &[Text],
        namespace: &str,
        object: Option<&str>,
        scenario: &ScenarioFile,
    ) -> Result<Self, TimelineError> {
        let picked = pick::pick(texts, engine.kinds(), namespace, object)?;
        let name = format!("{}/{}", picked.identity.kind, picked.identity.name);
        let review = Review::created(engine.kinds(), &picked.json, namespace)
            .map_err(|cause| TimelineError::Object { name: name.clone(), cause })?
            .ok_or_else(|| TimelineError::NoSpec(name.clone()))?;
        let review = Review { from_file: true, ..review };
        let verdict = engine.review(&review);
        let workload = review.workload;
        let object = &review.new;
        let template = object.templates.first().ok_or_else(|| TimelineError::NoSpec(name.clone()))?;
        let (timeline, mut assumptions) = run(workload, template, scenario)?;
        if let Some(others) = object.templates.len().checked_sub(1).filter(|others| *others > 0) {
            let place = template.path.to_string();
            assumptions.push(format!("only the Pods of {place} are drawn, the first of {} templates", others + 1));
        }
        let story = Story::of(workload, object, template, scenario);
        let indices = 0..timeline.containers.len();
        let hooks = |index| {
            let rows = [Hook::PostStart, Hook::PreStop].map(|hook| (hook, bars::hook(&timeline, index, hook)));
            rows.into_iter().filter(|(_, bars)| !bars.is_empty()).collect()
        };
        Ok(Self {
            file: picked.file,
            object: picked.identity,
            lanes: indices.clone().map(|index| bars::of_container(&timeline, index)).collect(),
            hooks: indices.map(hooks).collect(),
            phases: bars::phases(&timeline),
            pod_ready: bars::pod_ready(&timeline),
            events: words::told(&timeline),
            pins: pins::pins(&verdict.findings, template, &timeline.containers),
            end: end(&timeline),
            assumptions,
            story,
            timeline,
        })
    }

    /// Returns what the picture is called.
    pub fn title(&self) -> String {
        format!("Life of a Pod of {} {}", self.object.kind, self.object.name)
    }

    /// Returns what the picture is called for an object that is a Pod, or has Pods.
    pub fn heading(&self) -> String {
        if self.object.kind == "Pod" { format!("Life of Pod {}", self.object.name) } else { self.title() }
    }

    /// Says why the picture ends before the life does, where it does.
    pub fn goes_on(&self) -> Option<&'static str> {
        words::goes_on(&self.timeline)
    }
}

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
    let ready = ready.latest.unwrap_or(ready.earliest);
    let last = timeline.events.iter().filter(|event| event.time.is_certain()).map(|event| event.time.earliest).max();
    let after = ready.max(last.unwrap_or_default()).as_secs();
    let wanted = after + LEAST_READY.as_secs().max(after / 2);
    let round = if wanted < 120 { 10 } else { 60 };
    Duration::from_secs(wanted.next_multiple_of(round))
}

/// Returns where the picture ends: a little after the last thing that happens.
fn end(timeline: &Timeline) -> Duration {
    let times = timeline.events.iter().map(|event| event.time.latest.unwrap_or(event.time.earliest));
    let last = times.max().unwrap_or_default().max(timeline.until).max(Duration::from_secs(5));
    last + last / 25
}
