//! The life of Pods, drawn.

use std::slice;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use podgate_manifests::timeline::{Life, ScenarioFile, Told, svg, text};

use crate::{
    answer::{NAMESPACE, answered},
    judge, policy,
};

/// The columns of the text.
const WIDTH: usize = 80;

#[derive(Deserialize)]
struct Request<'r> {
    manifest: String,
    old: Option<String>,
    policy: Option<String>,
    profile: Option<String>,
    pod: Option<String>,
    #[serde(borrow)]
    scenario: Option<&'r RawValue>,
    theme: Option<Theme>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Theme {
    Light,
    Dark,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Timeline {
    heading: String,
    svg: String,
    text: String,
    events: Vec<Event>,
    stories: Vec<Story>,
    assumptions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goes_on: Option<&'static str>,
    end_seconds: f64,
}

#[derive(Serialize)]
struct Event {
    when: String,
    who: String,
    what: String,
    source: &'static str,
}

#[derive(Serialize)]
struct Story {
    title: &'static str,
    sentences: Vec<String>,
}

impl From<&Told> for Event {
    fn from(told: &Told) -> Self {
        Self { when: told.when(), who: told.who.clone(), what: told.sentence(), source: told.source }
    }
}

/// Draws the life of the Pods of an object, as `podgate timeline` does.
pub fn timeline(request: &str) -> String {
    answered(request, drawn)
}

fn drawn(request: Request<'_>) -> Result<Timeline, String> {
    let policy = policy::read(request.policy.as_deref(), request.profile.as_deref()).map_err(|error| error.line())?;
    let engine = policy::compile(policy);
    let scenario = request.scenario.map(|scenario| ScenarioFile::parse(scenario.get(), "scenario"));
    let scenario = scenario.transpose().map_err(|error| error.to_string())?.unwrap_or_default();
    let (manifest, old) = judge::texts(request.manifest, request.old);
    let texts = slice::from_ref(&manifest);
    let life =
        Life::of(&engine, texts, NAMESPACE, request.pod.as_deref(), &scenario).map_err(|error| error.to_string())?;
    // Shows what the list of findings has.
    let life = life.with_findings_of(&judge::run(&engine, &manifest, &old));
    let theme = match request.theme {
        None => svg::Theme::Screen,
        Some(Theme::Light) => svg::Theme::Light,
        Some(Theme::Dark) => svg::Theme::Dark,
    };
    let story =
        |story: &podgate_manifests::timeline::Story| Story { title: story.title, sentences: story.sentences.clone() };
    Ok(Timeline {
        heading: life.heading(),
        svg: svg::write_in(&life, theme).map_err(|error| error.to_string())?,
        text: text::write(&life, text::Look { width: WIDTH, is_coloured: false }),
        events: life.events.iter().map(Event::from).collect(),
        stories: life.stories.iter().map(story).collect(),
        goes_on: life.goes_on(),
        end_seconds: life.end.as_secs_f64(),
        assumptions: life.assumptions,
    })
}
