//! The life of an object's Pods, simulated, with what is found in the object.

use std::time::Duration;

use podgate_engine::{
    lifecycle::timeline::{Hook, Phase, Timeline},
    model::{ObjectError, Review, ReviewError},
    policy::Engine,
};

use super::{
    bars::{self, Bar, Kind},
    course::Story,
    error::TimelineError,
    in_cluster::InCluster,
    pick,
    pins::{Found, Pin, Places},
    scenario::ScenarioFile,
    simulated,
    words::{self, Told},
};
use crate::{input::Text, load::Identity, outcome::Outcome};

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
    pub stories: Vec<Story>,
    places: Places,
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
        let drawn = InCluster::of(engine, &review, &picked.json, &picked.budgets, scenario);
        let workload = review.workload;
        let unreadable =
            |errors| ReviewError { field: "object", kind: workload.kind, cause: ObjectError::Unreadable(errors) };
        let object = workload
            .read(&drawn.json)
            .map_err(|errors| TimelineError::Object { name: name.clone(), cause: unreadable(errors) })?;
        let template = object.templates.first().ok_or_else(|| TimelineError::NoSpec(name.clone()))?;
        let (timeline, mut assumptions) = simulated::run(workload, template, &drawn.scenario)?;
        assumptions.extend(drawn.assumptions);
        if let Some(others) = object.templates.len().checked_sub(1).filter(|others| *others > 0) {
            let place = template.path.to_string();
            assumptions.push(format!("only the Pods of {place} are drawn, the first of {} templates", others + 1));
        }
        let places = Places::of(template, &timeline.containers);
        let stories = Story::all(workload, &object, template, &drawn.scenario, &drawn.budgets);
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
            pins: places.pins(verdict.findings.iter().map(Found::from)),
            places,
            end: end(&timeline),
            assumptions,
            stories,
            timeline,
        })
    }

    /// The same with what a check of the same texts finds in the object, which knows more than the object: those beside it, what it was,
    /// and the comments of its file.
    #[must_use]
    pub fn with_findings_of(mut self, check: &Outcome) -> Self {
        let own = check.findings.iter().filter(|finding| *finding.spot.object == self.object);
        self.pins = self.places.pins(own.map(Found::from));
        self
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

/// Returns where the picture ends: a little after the last thing that happens.
fn end(timeline: &Timeline) -> Duration {
    let times = timeline.events.iter().map(|event| event.time.last());
    let last = times.max().unwrap_or_default().max(timeline.until).max(Duration::from_secs(5));
    last + last / 25
}
