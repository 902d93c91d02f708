//! A scenario: what the containers of a Pod do and what is done to it, as a file says it.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::time;
use podgate_engine::{
    lifecycle::timeline::{Action, Exit, Runs, Scenario, Script},
    policy::suggest::did_you_mean,
    syntax::{
        value::{ValueError, from_value},
        yaml,
    },
};

/// A time or a length of time: a duration such as `90s` or `1m30s`, or a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        time::parse(&text).map(Self).map_err(de::Error::custom)
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration such as 90s, 1m30s or 500ms, or a number of seconds.",
            "anyOf": [
                {"type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"},
                {"type": "number", "minimum": 0}
            ]
        })
    }
}

/// What a Pod's containers do, and what is done to the Pod. Times count from the creation of the Pod unless said otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ScenarioFile {
    /// What each container does, by its name.
    pub containers: BTreeMap<String, ContainerScript>,
    /// What is done to the Pod.
    pub actions: Vec<Done>,
    /// When the picture ends.
    pub until: Option<Time>,
}

/// What a container does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ContainerScript {
    /// From when after its start its probes succeed.
    pub starts_in: Option<Time>,
    /// How long its image is pulled before its first run.
    pub pull: Option<Time>,
    /// Says that its image does not exist.
    pub image_is_missing: bool,
    /// Says that a regular init container never ends by itself.
    pub never_ends: bool,
    /// When it ends by itself.
    pub exits: Vec<End>,
    /// How long it takes to end after its stop signal.
    pub stops: Option<Stop>,
    /// When all its probes fail.
    pub fails: Vec<Fails>,
}

/// An end of a container, by a time after its start or by a time of the picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct End {
    /// How long after its start.
    pub after: Option<Time>,
    /// When, from the creation of the Pod.
    pub at: Option<Time>,
    /// Its exit code.
    pub code: u8,
    /// The run of the container in which it does so, the first being 0; absent: in every run.
    pub attempt: Option<u32>,
}

/// How a container ends after its stop signal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// How long after the signal.
    pub after: Time,
    /// Its exit code.
    #[serde(default)]
    pub code: u8,
}

/// A time in which all probes of a container fail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fails {
    /// From when.
    pub from: Time,
    /// Until when; absent: for ever.
    #[serde(default)]
    pub to: Option<Time>,
}

/// Something that is done to the Pod: `at`, and one of the others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Done {
    /// When.
    pub at: Time,
    /// The Pod is deleted or evicted.
    #[serde(default)]
    pub delete: Option<Deletion>,
    /// The Pod's last scheduling gate is removed.
    #[serde(default)]
    pub ungate: Option<Nothing>,
    /// What the readiness gates wait for is reported.
    #[serde(default)]
    pub pass_readiness_gates: Option<Nothing>,
    /// The image of this container is changed.
    #[serde(default)]
    pub update: Option<String>,
    /// The resources of this container are changed.
    #[serde(default)]
    pub resize: Option<String>,
}

impl Done {
    /// Returns a deletion.
    pub fn deletion(at: Duration) -> Self {
        let delete = Some(Deletion::default());
        Self { at: Time(at), delete, ungate: None, pass_readiness_gates: None, update: None, resize: None }
    }
}

/// A deletion of the Pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Deletion {
    /// The grace period that is asked for in seconds; absent: the Pod's.
    pub grace_period_seconds: Option<u64>,
}

/// An object without fields.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Why a scenario cannot be used: one line, no final stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScenarioError(pub String);

impl ScenarioFile {
    /// Reads a scenario from YAML or JSON; `origin` names it in errors.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ScenarioError> {
        let broken = |error: yaml::YamlError| ScenarioError(format!("{origin}:{}: {}", error.place, error.message));
        let documents = yaml::documents(text).map_err(broken)?;
        let [document] = documents.as_slice() else {
            return Err(ScenarioError(format!("{origin}: a scenario is one document, not {}", documents.len())));
        };
        if let [twice, ..] = document.duplicates().as_slice() {
            let (path, line) = (&twice.path, twice.earlier.line);
            return Err(ScenarioError(format!(
                "{origin}:{}: {path} is given twice, before in line {line}",
                twice.place
            )));
        }
        let json = document.to_json().map_err(broken)?;
        let value =
            serde_json::from_str(&json).map_err(|error| ScenarioError(format!("{origin}: cannot be read: {error}")))?;
        let scenario: Self = from_value(value).map_err(|(at, error)| {
            let said = match &error {
                ValueError::UnknownField { field, known } => {
                    let near = did_you_mean(field, known.iter().copied());
                    format!("unknown field \"{field}\"{near}; fields are {}", known.join(", "))
                }
                other => other.to_string(),
            };
            let field = if at.segments().is_empty() { String::new() } else { format!("{at}: ") };
            ScenarioError(format!("{origin}:{}: {field}{said}", document.place(&at)))
        })?;
        Ok(scenario)
    }

    /// Returns whether it says that the Pod is deleted.
    pub fn deletes(&self) -> bool {
        self.actions.iter().any(|done| done.delete.is_some())
    }

    /// Returns what the simulation takes. `names` are the Pod's containers: what names another is refused.
    pub(super) fn scenario(&self, names: &[&str]) -> Result<Scenario, ScenarioError> {
        let known = |name: &str| {
            if names.contains(&name) {
                return Ok(());
            }
            let near = did_you_mean(name, names.iter().copied());
            let all = names.join(", ");
            Err(ScenarioError(format!("scenario: there is no container \"{name}\"{near}; containers are {all}")))
        };
        let mut scenario = Scenario { until: self.until.map(|time| time.0), ..Scenario::default() };
        for (name, script) in &self.containers {
            known(name)?;
            scenario.containers.insert(name.clone(), script.script(name)?);
        }
        for done in &self.actions {
            for name in done.update.iter().chain(&done.resize) {
                known(name)?;
            }
            scenario.actions.push((done.at.0, done.action()?));
        }
        scenario.actions.sort_by_key(|(at, _)| *at);
        Ok(scenario)
    }
}

impl Done {
    fn action(&self) -> Result<Action, ScenarioError> {
        let delete = self.delete.as_ref().map(|delete| Action::Delete { grace: delete.grace_period_seconds });
        let all = [
            delete,
            self.ungate.as_ref().map(|_| Action::Ungate),
            self.pass_readiness_gates.as_ref().map(|_| Action::PassReadinessGates),
            self.update.clone().map(|container| Action::Update { container }),
            self.resize.clone().map(|container| Action::Resize { container }),
        ];
        let mut said = all.into_iter().flatten();
        match (said.next(), said.next()) {
            (Some(action), None) => Ok(action),
            _ => Err(ScenarioError(format!(
                "scenario: the action at {} needs exactly one of delete, ungate, passReadinessGates, update and resize",
                time::show(self.at.0)
            ))),
        }
    }
}

impl ContainerScript {
    fn script(&self, name: &str) -> Result<Script, ScenarioError> {
        let duration = |time: Option<Time>| time.map(|time| time.0);
        let mut script = Script {
            pull: duration(self.pull),
            image_is_missing: self.image_is_missing,
            never_ends: self.never_ends,
            starts_in: duration(self.starts_in),
            ..Script::default()
        };
        for end in &self.exits {
            let code = i64::from(end.code);
            match (end.after, end.at) {
                (Some(after), None) => {
                    let runs = end.attempt.map_or(Runs::ALL, |attempt| Runs { first: attempt, last: attempt });
                    script.exits.push((runs, Exit { after: after.0, code }));
                }
                (None, Some(at)) if end.attempt.is_none() => script.ends_at.push((at.0, code)),
                _ => {
                    return Err(ScenarioError(format!(
                        "scenario: an end of container {name} needs either after, which may have an attempt, or at"
                    )));
                }
            }
        }
        if let Some(stop) = &self.stops {
            script.stops.push((Runs::ALL, Exit { after: stop.after.0, code: i64::from(stop.code) }));
        }
        for fails in &self.fails {
            if let Some(to) = fails.to.filter(|to| *to <= fails.from) {
                return Err(ScenarioError(format!(
                    "scenario: the probes of container {name} fail from {} to {}; the end has to be later",
                    time::show(fails.from.0),
                    time::show(to.0)
                )));
            }
            script.fails.push((fails.from.0, duration(fails.to)));
        }
        Ok(script)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "containers:\n  app:\n    startsIn: 20s\n    pull: 5\n    exits: [{after: 30s, code: 1, attempt: 0}, {at: 2m}]\n    \
        stops: {after: 5s}\n    fails: [{from: 60s, to: 90s}]\nactions:\n- {at: 90s, delete: {}}\n- {at: 10s, ungate: {}}\n\
        - {at: 20s, update: app}\nuntil: 10m\n";

    #[test]
    fn a_scenario_is_read_whole() {
        let file = ScenarioFile::parse(FULL, "s.yaml").unwrap();
        let scenario = file.scenario(&["app"]).unwrap();
        let seconds = Duration::from_secs;
        assert_eq!(scenario.until, Some(seconds(600)));
        let times: Vec<u64> = scenario.actions.iter().map(|(at, _)| at.as_secs()).collect();
        assert_eq!(times, [10, 20, 90]);
        let app = &scenario.containers["app"];
        assert_eq!((app.starts_in, app.pull), (Some(seconds(20)), Some(seconds(5))));
        assert_eq!(app.exits, [(Runs { first: 0, last: 0 }, Exit { after: seconds(30), code: 1 })]);
        assert_eq!(app.ends_at, [(seconds(120), 0)]);
        assert_eq!(app.fails, [(seconds(60), Some(seconds(90)))]);
        assert!(file.deletes());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let said = |text: &str| match ScenarioFile::parse(text, "s.yaml") {
            Ok(file) => file.scenario(&["app", "proxy"]).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        for (text, expected) in [
            (
                "containers: {ap: {}}",
                "scenario: there is no container \"ap\" (did you mean \"app\"?); containers are app, proxy",
            ),
            (
                "containers: {app: {startsIn: -3s}}",
                "s.yaml:1:20: containers.app.startsIn: \"-3s\" is no time: it is negative; write a time from the beginning on, such as 90s",
            ),
            (
                "until: 5x",
                "s.yaml:1:1: until: \"5x\" is no time: write a duration such as 90s, 1m30s or 500ms, or a number of seconds",
            ),
            (
                "untill: 5s",
                "s.yaml:1:1: untill: unknown field \"untill\" (did you mean \"until\"?); fields are containers, actions, until",
            ),
            (
                "actions: [{at: 5s}]",
                "scenario: the action at 5s needs exactly one of delete, ungate, passReadinessGates, update and resize",
            ),
            ("actions: [{at: 5s, update: web}]", "scenario: there is no container \"web\"; containers are app, proxy"),
            (
                "containers: {app: {fails: [{from: 9s, to: 3s}]}}",
                "scenario: the probes of container app fail from 9s to 3s; the end has to be later",
            ),
            (
                "containers: {app: {exits: [{code: 3}]}}",
                "scenario: an end of container app needs either after, which may have an attempt, or at",
            ),
            ("until: 1\nuntil: 2", "s.yaml:2:1: until is given twice, before in line 1"),
        ] {
            assert_eq!(said(text), expected);
        }
    }
}
