//! A scenario, as a file says it: what containers do, and what is done to the Pod.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use podgate_engine::{
    lifecycle::timeline::{Action, Exit, Runs, Scenario, Script},
    syntax::suggest::did_you_mean,
};

/// What happens to a Pod that its manifest does not say. What is not given is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ScenarioFile {
    /// What each container does, by name.
    pub containers: BTreeMap<String, ContainerScript>,
    /// What is done to the Pod.
    pub actions: Vec<TimedAction>,
    /// When to stop looking, such as 10m.
    pub until: Option<String>,
}

/// What a container does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ContainerScript {
    /// How long its image is pulled.
    pub pull: Option<String>,
    /// How long after its start its probes succeed.
    pub starts_in: Option<String>,
    /// How long it takes to end after its stop signal.
    pub stops_in: Option<String>,
    /// When it ends by itself: after so long in each run, or in one of them.
    pub exits: Vec<End>,
    /// When all its probes fail, from the beginning of the Pod.
    pub fails: Vec<Stretch>,
}

/// An end of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct End {
    /// How long after its start.
    pub after: Option<String>,
    /// At which time of the Pod.
    pub at: Option<String>,
    /// Its exit code.
    pub code: i64,
    /// The run that ends so, of which the first is 0; with `after`. Absent: each.
    pub attempt: Option<u32>,
}

/// A stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stretch {
    /// Its beginning.
    pub from: String,
    /// Its end; absent: never.
    #[serde(default)]
    pub to: Option<String>,
}

/// Something that is done to the Pod; exactly one of the words beside `at`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TimedAction {
    /// When.
    pub at: String,
    /// It is deleted or evicted.
    pub delete: Option<Deletion>,
    /// Its last scheduling gate is removed.
    pub ungate: Option<Empty>,
    /// The image of this container is changed.
    pub update: Option<String>,
    /// The resources of this container are changed.
    pub resize: Option<String>,
    /// What its readiness gates wait for is reported.
    pub pass_readiness_gates: Option<Empty>,
}

/// A deletion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Deletion {
    /// The grace period, where it is another than the Pod's.
    pub grace_period_seconds: Option<u64>,
}

/// Nothing more to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// What is wrong with a scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// It is about a container that is not there.
    #[error("the scenario is about container \"{0}\", which the Pod does not have{1}")]
    Container(String, String),
    /// A time is none.
    #[error("the scenario's {0} is \"{1}\"; a time is a number with a unit, such as 500ms, 20s or 5m")]
    Time(String, String),
    /// An action is none, or several.
    #[error("the scenario's action at {0} needs one of delete, ungate, update, resize, passReadinessGates")]
    Action(String),
    /// An end says when twice, or not at all.
    #[error("an exit of container \"{0}\" needs one of after and at")]
    End(String),
}

/// Reads a time: whole or decimal numbers with a unit, one after another, such as `20s`, `1.5m`, `1m30s`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut whole = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(letters)?;
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        whole = whole.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = after;
    }
    (!text.is_empty() && whole <= LONGEST).then_some(whole)
}

/// The longest time that a scenario may speak of.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

fn time(what: &str, text: &str) -> Result<Duration, ScenarioError> {
    duration(text).ok_or_else(|| ScenarioError::Time(what.to_owned(), text.to_owned()))
}

fn maybe(what: &str, text: Option<&String>) -> Result<Option<Duration>, ScenarioError> {
    text.map(|text| time(what, text)).transpose()
}

impl ScenarioFile {
    /// Returns it for a Pod of these containers.
    pub(super) fn scenario(&self, names: &[&str]) -> Result<Scenario, ScenarioError> {
        let known = |name: &str| {
            if names.contains(&name) {
                return Ok(());
            }
            let hint = did_you_mean(name, names.iter().copied());
            let hint = if hint.is_empty() { format!("; it has {}", names.join(", ")) } else { hint };
            Err(ScenarioError::Container(name.to_owned(), hint))
        };
        let mut containers = BTreeMap::new();
        for (name, script) in &self.containers {
            known(name)?;
            containers.insert(name.clone(), script.script(name)?);
        }
        let mut actions = Vec::new();
        for action in &self.actions {
            actions.push((time("at", &action.at)?, action.action(&known)?));
        }
        Ok(Scenario { containers, actions, until: maybe("until", self.until.as_ref())? })
    }
}

impl ContainerScript {
    fn script(&self, name: &str) -> Result<Script, ScenarioError> {
        let mut script = Script {
            pull: maybe("pull", self.pull.as_ref())?,
            starts_in: maybe("startsIn", self.starts_in.as_ref())?,
            ..Script::default()
        };
        if let Some(after) = maybe("stopsIn", self.stops_in.as_ref())? {
            script.stops.push((Runs::ALL, Exit { after, code: 143 }));
        }
        for end in &self.exits {
            match (&end.after, &end.at) {
                (Some(after), None) => {
                    let runs = end.attempt.map_or(Runs::ALL, |attempt| Runs { first: attempt, last: attempt });
                    script.exits.push((runs, Exit { after: time("after", after)?, code: end.code }));
                }
                (None, Some(at)) => script.ends_at.push((time("at", at)?, end.code)),
                _ => return Err(ScenarioError::End(name.to_owned())),
            }
        }
        for stretch in &self.fails {
            script.fails.push((time("from", &stretch.from)?, maybe("to", stretch.to.as_ref())?));
        }
        Ok(script)
    }
}

impl TimedAction {
    fn action(&self, known: &impl Fn(&str) -> Result<(), ScenarioError>) -> Result<Action, ScenarioError> {
        match (&self.delete, &self.ungate, &self.update, &self.resize, &self.pass_readiness_gates) {
            (Some(deletion), None, None, None, None) => Ok(Action::Delete { grace: deletion.grace_period_seconds }),
            (None, Some(_), None, None, None) => Ok(Action::Ungate),
            (None, None, Some(name), None, None) => {
                known(name)?;
                Ok(Action::Update { container: name.clone() })
            }
            (None, None, None, Some(name), None) => {
                known(name)?;
                Ok(Action::Resize { container: name.clone() })
            }
            (None, None, None, None, Some(_)) => Ok(Action::PassReadinessGates),
            _ => Err(ScenarioError::Action(self.at.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, seconds) in [("20s", 20.0), ("1m30s", 90.0), ("500ms", 0.5), ("1.5m", 90.0), ("0s", 0.0), ("24h", 86_400.0)] {
            assert_eq!(duration(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        for bad in ["", "20", "s", "-1s", "1 s", "1d", "9999999999h", "1e9s", "..s", "NaNs"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text: &str| {
            let file: ScenarioFile = serde_json::from_str(text).unwrap();
            file.scenario(&["app", "proxy"]).unwrap_err().to_string()
        };
        let unknown = error(r#"{"containers": {"ap": {}}}"#);
        assert!(unknown.contains("container \"ap\"") && unknown.contains("app"), "{unknown}");
        assert!(error(r#"{"containers": {"app": {"startsIn": "soon"}}}"#).contains("\"soon\""));
        assert!(error(r#"{"actions": [{"at": "1s"}]}"#).contains("needs one of"));
        assert!(error(r#"{"actions": [{"at": "1s", "update": "web"}]}"#).contains("\"web\""));
        assert!(error(r#"{"containers": {"app": {"exits": [{"code": 1}]}}}"#).contains("after and at"));
        assert!(serde_json::from_str::<ScenarioFile>(r#"{"container": {}}"#).is_err());
    }
}
