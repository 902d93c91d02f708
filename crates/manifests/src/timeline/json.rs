//! The life of a Pod for programs: JSON of version 1, and its schema.

use std::time::Duration;

use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::{
    bars::{Bar, Kind},
    life::Life,
    pins::Pin,
    scenario::ScenarioFile,
    words::Told,
};
use podgate_engine::lifecycle::{
    stages::Role,
    timeline::{Bounds, Hook, Phase, Window, workload::Course},
};

/// The life of a Pod, as podgate simulates it. All times are seconds since the Pod was created.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Document<'l> {
    /// The version of this form: 1. Fields may be added to it.
    version: u32,
    /// The file that the object stands in.
    file: &'l str,
    /// The object.
    object: Object<'l>,
    /// Where the picture ends.
    until: f64,
    /// Why it goes on after that, where it does.
    goes_on: Option<&'static str>,
    /// The phases of the Pod.
    phases: Vec<Stretch<'static>>,
    /// The times when the Pod is ready.
    ready: Vec<Stretch<'static>>,
    /// The containers, in the order in which they start.
    containers: Vec<Container<'l>>,
    /// What happens, in the order of the earliest times.
    events: Vec<Event<'l>>,
    /// What the rules find in the object.
    findings: Vec<Finding<'l>>,
    /// What is assumed, because neither manifest nor scenario tells.
    assumptions: &'l [String],
    /// The rollout of a workload or the run of a Job, and the drain of a node under the budgets that are given.
    workload: Vec<Workload<'l>>,
}

/// Names an object.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Object<'l> {
    api_version: &'l str,
    kind: &'l str,
    namespace: &'l str,
    name: &'l str,
}

/// The earliest and the latest time; `latest` is null where it may not happen at all.
#[derive(Debug, Serialize, JsonSchema)]
struct Times {
    earliest: f64,
    latest: Option<f64>,
}

/// A time in which something holds; `to` is null where it holds to the end of the picture.
#[derive(Debug, Serialize, JsonSchema)]
struct Stretch<'l> {
    /// What holds: a phase, or pull, wait, run, ready or stop.
    state: &'l str,
    /// The run of the container; the first is 0.
    attempt: u32,
    from: Times,
    to: Option<Times>,
}

/// A container.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Container<'l> {
    name: &'l str,
    /// init, sidecar, app or ephemeral.
    role: &'static str,
    /// What it is doing over time.
    states: Vec<Stretch<'static>>,
    /// How long its probes let it fail.
    probes: Vec<Asked>,
    /// When its hooks run.
    hooks: Vec<Stretch<'static>>,
}

/// From when a probe may be asked, and when it gives up where it always fails.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Asked {
    probe: &'static str,
    attempt: u32,
    from: Times,
    gives_up: Option<Times>,
}

/// Something that happens.
#[derive(Debug, Serialize, JsonSchema)]
struct Event<'l> {
    time: Times,
    /// The container, or Pod.
    who: &'l str,
    attempt: u32,
    /// What happens, in words.
    what: &'l str,
    /// The function of Kubernetes that does it so, or the field that asks for it.
    source: &'static str,
}

/// A finding of a rule.
#[derive(Debug, Serialize, JsonSchema)]
struct Finding<'l> {
    rule: &'static str,
    level: String,
    message: &'l str,
    path: String,
    /// The container that it is about.
    container: Option<&'l str>,
    /// The probe or hook that it is about.
    field: Option<&'static str>,
}

/// What the controller of a workload does.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Workload<'l> {
    /// Rollout or Job.
    title: &'static str,
    replicas: u64,
    takes: Times,
    ends_for_certain: bool,
    steps: Vec<Step>,
    /// The story in words.
    sentences: &'l [String],
}

/// The numbers of Pods from one time until the next step.
#[derive(Debug, Serialize, JsonSchema)]
struct Step {
    from: Times,
    total: u64,
    available: u64,
    ending: u64,
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn times(bounds: &Bounds) -> Times {
    Times { earliest: seconds(bounds.earliest), latest: bounds.latest.map(seconds) }
}

fn stretch<K: Copy>(bar: &Bar<K>, state: impl Fn(K) -> &'static str) -> Stretch<'static> {
    Stretch { state: state(bar.kind), attempt: bar.attempt, from: times(&bar.from), to: bar.to.as_ref().map(times) }
}

/// Returns the life as JSON.
pub fn write(life: &Life) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(&document(life))?;
    text.push('\n');
    Ok(text)
}

fn document(life: &Life) -> Document<'_> {
    let object = &life.object;
    Document {
        version: 1,
        file: &life.file,
        object: Object {
            api_version: &object.api_version,
            kind: &object.kind,
            namespace: &object.namespace,
            name: &object.name,
        },
        until: seconds(life.timeline.until),
        goes_on: life.goes_on(),
        phases: life.phases.iter().map(|bar| stretch(bar, Phase::name)).collect(),
        ready: life.pod_ready.iter().map(|bar| stretch(bar, Kind::id)).collect(),
        containers: (0..life.timeline.containers.len()).filter_map(|index| container(life, index)).collect(),
        events: life.events.iter().map(event).collect(),
        findings: life.pins.iter().map(|pin| finding(life, pin)).collect(),
        assumptions: &life.assumptions,
        workload: life.stories.iter().map(|story| workload(story.title, &story.course, &story.sentences)).collect(),
    }
}

fn container(life: &Life, index: usize) -> Option<Container<'_>> {
    let lane = life.timeline.containers.get(index)?;
    let asked = |window: &Window| Asked {
        probe: window.probe.field(),
        attempt: window.attempt,
        from: times(&window.from),
        gives_up: window.gives_up.as_ref().map(times),
    };
    let hooks = life.hooks.get(index)?.iter().flat_map(|(_, bars)| bars);
    Some(Container {
        name: &lane.name,
        role: match lane.role {
            Role::Init => "init",
            Role::Sidecar => "sidecar",
            Role::App => "app",
            Role::Ephemeral => "ephemeral",
        },
        states: life.lanes.get(index)?.iter().map(|bar| stretch(bar, Kind::id)).collect(),
        probes: lane.windows.iter().map(asked).collect(),
        hooks: hooks.map(|bar| stretch(bar, Hook::field)).collect(),
    })
}

fn event(told: &Told) -> Event<'_> {
    Event { time: times(&told.time), who: &told.who, attempt: told.attempt, what: &told.what, source: told.source }
}

fn finding<'l>(life: &'l Life, pin: &'l Pin) -> Finding<'l> {
    Finding {
        rule: pin.rule.id,
        level: pin.level.to_string(),
        message: &pin.message,
        path: pin.at.to_string(),
        container: pin.lane.and_then(|lane| life.timeline.containers.get(lane)).map(|lane| &*lane.name),
        field: pin.row,
    }
}

fn workload<'l>(title: &'static str, course: &Course, sentences: &'l [String]) -> Workload<'l> {
    let step = |step: &podgate_engine::lifecycle::timeline::workload::Step| Step {
        from: times(&step.from),
        total: step.total,
        available: step.available,
        ending: step.ending,
    };
    Workload {
        title,
        replicas: course.replicas,
        takes: times(&course.takes),
        ends_for_certain: course.ends_for_certain(),
        steps: course.steps.iter().map(step).collect(),
        sentences,
    }
}

/// Returns the JSON Schema of what [`write()`] returns.
pub fn schema() -> Value {
    titled(SchemaGenerator::default().into_root_schema_for::<Document<'_>>().to_value(), "Timeline of podgate")
}

/// Returns the JSON Schema of scenario files.
pub fn scenario_schema() -> Value {
    titled(SchemaGenerator::default().into_root_schema_for::<ScenarioFile>().to_value(), "Timeline scenario of podgate")
}

fn titled(mut schema: Value, title: &str) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("title".to_owned(), title.into());
    }
    schema
}
