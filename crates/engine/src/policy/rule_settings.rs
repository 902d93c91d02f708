//! `rules` of a policy: levels and options of single rules.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{
    messages::{message, unknown},
    suggest::did_you_mean,
};
use crate::{
    rules::{
        self, Level, RULES, Rule,
        rule::{OptionError, PolicyFacts},
    },
    syntax::{Path, value::ValueError},
};

/// The rules that a policy names, each with its setting.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleSettings(Vec<(&'static Rule, RuleSetting)>);

/// Holds what a policy says of one rule: a level, or a level and options.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleSetting {
    /// The level; `None` leaves it to the profile.
    pub level: Option<Level>,
    /// The rule's own options.
    pub options: Map<String, Value>,
}

impl RuleSettings {
    /// How many rules are named.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether no rule is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what is said of `rule`.
    pub fn get(&self, rule: &Rule) -> Option<&RuleSetting> {
        self.named(rule.id)
    }

    /// Returns what is said of the rule with this id, if anything.
    pub(super) fn named(&self, id: &str) -> Option<&RuleSetting> {
        self.0.iter().find(|(named, _)| named.id == id).map(|(_, setting)| setting)
    }
}

/// Something in a policy that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Says where it is.
    pub(super) at: Path,
    /// Tells whether it is the name that is wrong there, not the value.
    pub(super) in_name: bool,
    /// Says what is wrong.
    pub(super) message: String,
}

impl RuleSetting {
    /// Reads what a policy says of the rule `id`: a level, or an object of options and `level`.
    pub(super) fn read(id: &str, value: &Value) -> Result<(&'static Rule, Self), Fault> {
        let fault = |at, in_name, message| Fault { at, in_name, message };
        let Some(rule) = rules::find(id) else {
            let hint = did_you_mean(id, RULES.iter().map(|rule| rule.id));
            return Err(fault(Path::default(), true, format!("unknown rule \"{id}\"{hint}; podgate rules lists them")));
        };
        let (level, options, level_at) = match value.clone() {
            Value::Object(mut options) => (options.remove("level"), options, Path::of(&["level"])),
            level => (Some(level), Map::new(), Path::default()),
        };
        let level = level.as_ref().map(level_from).transpose();
        let level = level.map_err(|message| fault(level_at, false, message))?;
        // Compiled here for its errors only; no setting exists with options that do not compile.
        let unknown_option = |error: &OptionError| matches!(error.cause, ValueError::UnknownField { .. });
        drop(rule.code.compile(options.clone(), &PolicyFacts::default()).map_err(|error| {
            let message = format!("{} (rule {id})", message(&error.cause, "option"));
            fault(error.at.clone(), unknown_option(&error), message)
        })?);
        Ok((rule, Self { level, options }))
    }
}

impl Serialize for RuleSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(rule, setting)| (rule.id, setting)))
    }
}

impl Serialize for RuleSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.level {
            Some(level) if self.options.is_empty() => level.serialize(serializer),
            level => {
                let level = level.map(|level| ("level".to_owned(), level.as_str().into()));
                let all: Map<String, Value> = level.into_iter().chain(self.options.clone()).collect();
                all.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for RuleSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rules;

        impl<'de> Visitor<'de> for Rules {
            type Value = RuleSettings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of rule ids")
            }

            fn visit_unit<E>(self) -> Result<RuleSettings, E> {
                Ok(RuleSettings::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<RuleSettings, A::Error> {
                let mut settings = Vec::new();
                while let Some((id, value)) = access.next_entry::<String, Value>()? {
                    settings.push(RuleSetting::read(&id, &value).map_err(|fault| de::Error::custom(fault.message))?);
                }
                Ok(RuleSettings(settings))
            }
        }

        deserializer.deserialize_any(Rules)
    }
}

fn level_from(value: &Value) -> Result<Level, String> {
    const LEVELS: [Level; 4] = [Level::Off, Level::Audit, Level::Warn, Level::Deny];
    match value {
        // Unquoted `off` is a boolean in YAML 1.1.
        Value::Bool(false) => Ok(Level::Off),
        Value::String(word) => LEVELS
            .into_iter()
            .find(|level| level.as_str() == word)
            .ok_or_else(|| unknown("level", word, &LEVELS.map(Level::as_str))),
        other => Err(format!("a level is off, audit, warn or deny, not {other}")),
    }
}

impl JsonSchema for RuleSettings {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RuleSettings".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let level = generator.subschema_for::<Level>();
        let properties: Map<String, Value> = RULES
            .iter()
            .map(|rule| {
                let mut options = rule.code.schema(generator).to_value();
                // A rule's options and its level stand side by side in the policy.
                if let Some(reference) = options.get("$ref").and_then(Value::as_str) {
                    let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
                    options = generator.definitions().get(&name).cloned().unwrap_or_default();
                }
                if let Some(object) = options.as_object_mut() {
                    let properties = object.entry("properties").or_insert_with(|| Value::Object(Map::new()));
                    if let Some(properties) = properties.as_object_mut() {
                        properties.insert("level".to_owned(), level.clone().to_value());
                    }
                }
                // Unquoted `off` is `false` for readers of YAML 1.1, Kubernetes' own among them.
                let off = json_schema!({ "const": false, "description": "off" });
                (
                    rule.id.to_owned(),
                    json_schema!({ "description": rule.summary, "anyOf": [level, off, options] }).to_value(),
                )
            })
            .collect();
        json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
    }
}
