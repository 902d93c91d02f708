//! The life of the Pods of a manifest, to be looked at: text, SVG, HTML, JSON.

mod html;
mod json;
mod rows;
mod scenario;
mod svg;
mod text;
mod words;

pub use html::html;
pub use json::{Document, json};
pub use scenario::{ScenarioError, ScenarioFile, duration};
pub use svg::svg;
pub use text::{Style, text};

use std::{fmt, time::Duration};

use podgate_engine::{
    Engine,
    lifecycle::{
        restart, stages,
        timeline::{Action, Bounds, Scenario, Timeline, What, simulate},
    },
    model::{Objects, Operation, Request, Review, Target, Template, User, Workload},
    rules::Level,
    syntax::{Path, suggest::did_you_mean},
};

use super::{
    input::Input,
    load::{self, Item, Loaded, Reader},
    tree::{Role, Tree},
};

/// The life of the Pods of one template.
#[derive(Debug, Clone)]
pub struct Life {
    /// The object, as `Kind namespace/name`.
    pub object: String,
    /// The place of the template in it; empty in a Pod.
    pub template: String,
    /// What happens.
    pub timeline: Timeline,
    /// What the policy finds in the object.
    pub findings: Vec<Pinned>,
    /// What is assumed that neither manifest nor scenario says.
    pub assumptions: Vec<String>,
}

/// A finding, with the container that it concerns.
#[derive(Debug, Clone)]
pub struct Pinned {
    /// The rule.
    pub rule: &'static str,
    /// How bad it is.
    pub level: Level,
    /// The field.
    pub at: String,
    /// What it says.
    pub message: String,
    /// The index in [`Timeline::containers`] of the container; `None`: the Pod as a whole.
    pub container: Option<usize>,
}

/// Why there is no life to be shown.
#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    /// There is no Pod.
    #[error("there is no Pod and no template of Pods in {0}; give the manifest of one")]
    NoPods(String),
    /// There are several objects.
    #[error("there are several objects with Pods; choose one by --object: {}", .0.join(", "))]
    Several(Vec<String>),
    /// There is no such object.
    #[error("there is no {wanted}{hint}")]
    NoSuch {
        /// What was asked for.
        wanted: String,
        /// What there is.
        hint: String,
    },
    /// Something cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// The scenario does not fit.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}

/// Returns the lives of the Pods of the only object in `inputs` that has some, or of the one that is chosen by `object`, `KIND/NAME`: one for each
/// of its templates.
pub fn lives(
    engine: &Engine,
    inputs: &[impl Input],
    namespace: &str,
    object: Option<&str>,
    file: &ScenarioFile,
) -> Result<Vec<Life>, LifeError> {
    let tree = Tree::of("", inputs, &[]);
    let manifests = inputs.iter().filter(|input| tree.role(input.name()) == Role::Manifest);
    let reader = || Reader { kinds: engine.kinds(), namespace };
    let loaded: Vec<Loaded> = manifests.map(|input| load::load(input, reader())).collect();
    if let Some(problem) = loaded.iter().flat_map(|loaded| &loaded.problems).next() {
        return Err(LifeError::Unreadable(problem.to_string()));
    }
    let items = loaded.iter().flat_map(|loaded| loaded.items.iter().map(move |item| (loaded, item)));
    let mut with_pods: Vec<(&Loaded, &Item, &'static Workload)> = Vec::new();
    for (loaded, item) in items {
        let Some(workload) = item.workload else { continue };
        let holds_pods = workload.read(loaded.json(item)).is_ok_and(|object| !object.templates.is_empty());
        if holds_pods {
            with_pods.push((loaded, item, workload));
        }
    }
    let short = |item: &Item| format!("{}/{}", item.identity.kind, item.identity.name);
    if let Some(wanted) = object {
        let there: Vec<String> = with_pods.iter().map(|(_, item, _)| short(item)).collect();
        with_pods.retain(|(_, item, _)| short(item).eq_ignore_ascii_case(wanted));
        if with_pods.is_empty() {
            let hint = did_you_mean(wanted, there.iter().map(String::as_str));
            let hint = if hint.is_empty() { format!("; there are {}", there.join(", ")) } else { hint };
            return Err(LifeError::NoSuch { wanted: wanted.to_owned(), hint });
        }
    }
    match &with_pods[..] {
        [] => {
            let names: Vec<&str> = inputs.iter().map(Input::name).collect();
            Err(LifeError::NoPods(if names.is_empty() { "what was given".to_owned() } else { names.join(", ") }))
        }
        [(loaded, item, workload)] => of_object(engine, loaded, item, workload, file),
        several => Err(LifeError::Several(several.iter().map(|(_, item, _)| short(item)).collect())),
    }
}

fn of_object(
    engine: &Engine,
    loaded: &Loaded,
    item: &Item,
    workload: &'static Workload,
    file: &ScenarioFile,
) -> Result<Vec<Life>, LifeError> {
    let text = loaded.json(item);
    let object = workload.read(text).map_err(|errors| LifeError::Unreadable(errors.to_string()))?;
    let found = findings(engine, text, item, workload);
    let mut lives = Vec::new();
    for template in &object.templates {
        let names: Vec<&str> = stages::containers(&template.spec).map(|placed| &*placed.container.name).collect();
        let (scenario, mut notes) = scenario_for(file, &names, workload, template)?;
        let timeline = simulate(restart::pod_policy(workload, template), &template.spec, &scenario);
        let mut assumptions = timeline.assumptions.clone();
        assumptions.append(&mut notes);
        let places: Vec<Path> = stages::containers(&template.spec).map(|placed| placed.path(template)).collect();
        let is_of = |at: &Path, place: &Path| at.segments().starts_with(place.segments());
        let of_template = |at: &Path| object.templates.len() == 1 || is_of(at, &template.path);
        let pinned = found.iter().filter(|(at, _)| of_template(at)).map(|(at, pinned)| Pinned {
            container: places.iter().position(|place| is_of(at, place)),
            ..pinned.clone()
        });
        lives.push(Life {
            object: item.identity.to_string(),
            template: template.path.to_string(),
            findings: pinned.collect(),
            timeline,
            assumptions,
        });
    }
    Ok(lives)
}

/// What the policy finds in an object that is created.
fn findings(engine: &Engine, text: &str, item: &Item, workload: &'static Workload) -> Vec<(Path, Pinned)> {
    let Some(target) = Target::of(Operation::Create, workload, "") else { return Vec::new() };
    let request = Request {
        target,
        sub_resource: "".into(),
        namespace: item.identity.namespace.as_str().into(),
        user: User::default(),
        objects: Objects::created(text),
        inventory: None,
    };
    let Ok(Some(review)) = Review::read(request) else { return Vec::new() };
    let pinned = engine.review(&review).findings.into_iter().map(|finding| {
        let pinned = Pinned {
            rule: finding.rule.id,
            level: finding.level,
            at: finding.at.to_string(),
            message: finding.message,
            container: None,
        };
        (finding.at, pinned)
    });
    pinned.collect()
}

/// How long after it is ready a Pod is deleted where nothing else is asked for, so that its stop is in the picture.
const SHOWN_READY: Duration = Duration::from_secs(30);

/// The scenario of a Pod: what was asked for, and the deletion of a Pod that would go on for ever.
fn scenario_for(
    file: &ScenarioFile,
    names: &[&str],
    workload: &Workload,
    template: &Template<'_>,
) -> Result<(Scenario, Vec<String>), LifeError> {
    let mut scenario = file.scenario(names)?;
    let mut notes = Vec::new();
    if scenario.actions.is_empty() && scenario.until.is_none() && restart::is_long_running(workload, template) {
        let policy = restart::pod_policy(workload, template);
        let alone = simulate(policy, &template.spec, &scenario);
        let ready = |what: &What| matches!(what, What::PodReady);
        if let Some(event) = alone.events.iter().find(|event| ready(&event.what)) {
            let Bounds { earliest, latest } = event.time;
            let at = latest.unwrap_or(earliest).saturating_add(SHOWN_READY);
            let last = alone.events.iter().filter_map(|event| event.time.latest).max().unwrap_or(at);
            let at = Duration::from_secs(at.max(last.saturating_add(SHOWN_READY)).as_secs().div_ceil(5) * 5);
            if alone.goes_on.is_none() {
                scenario.actions.push((at, Action::Delete { grace: None }));
                notes.push(format!("the Pod is deleted at {}, so that its stop can be seen", words::seconds(at)));
            }
        }
    }
    Ok((scenario, notes))
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.template.as_str() {
            "" => f.write_str(&self.object),
            template => write!(f, "{}, {template}", self.object),
        }
    }
}
