//! `LifecyclePolicy`: the policy file's shape. Everything in it has a default; everything unknown in it is an error.

use std::{collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeSeed, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::{Map, Value};

use super::{ignore::Annotations, suggest::did_you_mean};
use crate::{
    mutate::{DefaultProbes, SchedulingGate},
    rules::{self, Level, RULES, Rule},
};

/// A policy file: which rules apply how, to whom, and what is added to Pods.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LifecyclePolicy {
    /// `podgate.dev/v1alpha1`.
    pub api_version: ApiVersion,
    /// `LifecyclePolicy`.
    pub kind: Kind,
    /// The policy's name.
    #[serde(default)]
    pub metadata: PolicyMetadata,
    /// What it says.
    #[serde(default)]
    pub spec: PolicySpec,
}

impl LifecyclePolicy {
    /// The policy as YAML with every rule at its effective level, each with what it finds.
    pub fn in_full(&self) -> String {
        use std::fmt::Write;

        let value = |value: Value| value.to_string();
        let exemptions = &self.spec.exemptions;
        let mut yaml = format!(
            "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nmetadata: {{name: {}}}\nspec:\n  profile: {}\n  rules:\n",
            value(self.metadata.name.as_str().into()),
            self.spec.profile.as_str(),
        );
        for rule in RULES {
            let setting = self.spec.rules.get(rule);
            let level =
                setting.and_then(|setting| setting.level).unwrap_or_else(|| (self.spec.profile.shift())(rule.level));
            let options = setting.map(|setting| &setting.options).filter(|options| !options.is_empty());
            // Writing to a String cannot fail.
            let _ = match options {
                None => writeln!(yaml, "    {}: {level} # {}", rule.id, rule.summary),
                Some(options) => {
                    let options =
                        options.iter().map(|(name, option)| format!(", {name}: {option}")).collect::<String>();
                    writeln!(yaml, "    {}: {{level: {level}{options}}} # {}", rule.id, rule.summary)
                }
            };
        }
        let lists =
            [("namespaces", &exemptions.namespaces), ("users", &exemptions.users), ("groups", &exemptions.groups)];
        yaml.push_str("  exemptions:\n");
        for (field, patterns) in lists {
            let _ = writeln!(yaml, "    {field}: {}", value(patterns.clone().into()));
        }
        let annotations = serde_json::to_value(&exemptions.annotations).unwrap_or_default();
        let _ = writeln!(yaml, "    annotations: {annotations}");
        let mutations = serde_json::to_value(&self.spec.mutations).unwrap_or_default();
        let _ = writeln!(yaml, "  mutations: {mutations}");
        yaml
    }
}

/// The version of the policy's language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// `podgate.dev/v1alpha1`
    #[default]
    #[serde(rename = "podgate.dev/v1alpha1")]
    V1Alpha1,
}

/// The kind of the object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// `LifecyclePolicy`
    #[default]
    LifecyclePolicy,
}

/// `metadata` of a policy. Labels and annotations are for others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PolicyMetadata {
    /// Name.
    pub name: String,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Default for PolicyMetadata {
    fn default() -> Self {
        Self { name: "default".to_owned(), labels: BTreeMap::new(), annotations: BTreeMap::new() }
    }
}

/// `spec` of a policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PolicySpec {
    /// Moves the levels of all rules at once.
    pub profile: Profile,
    /// Levels and options of single rules; they win over the profile.
    pub rules: RuleSettings,
    /// What is neither judged nor mutated.
    pub exemptions: Exemptions,
    /// What is added to Pods when they are created.
    pub mutations: Mutations,
}

/// Moves the levels of all rules at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// What would be refused is allowed with a warning.
    Advisory,
    /// Every rule at its own level.
    #[default]
    Standard,
    /// What would be warned about is refused; what would be silent is warned about.
    Strict,
}

impl Profile {
    /// The word for it in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Advisory => "advisory",
            Self::Standard => "standard",
            Self::Strict => "strict",
        }
    }

    /// The level that a finding has under this profile, by the level that the rule has for it.
    pub fn shift(self) -> fn(Level) -> Level {
        match self {
            Self::Advisory => |level| if level == Level::Deny { Level::Warn } else { level },
            Self::Standard => |level| level,
            Self::Strict => |level| match level {
                Level::Audit => Level::Warn,
                Level::Warn => Level::Deny,
                other => other,
            },
        }
    }
}

/// What is neither judged nor mutated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Exemptions {
    /// Namespaces, exact or with `*` and `?`.
    pub namespaces: Vec<String>,
    /// Users, exact or with `*` and `?`.
    pub users: Vec<String>,
    /// Groups of users, exact or with `*` and `?`.
    pub groups: Vec<String>,
    /// Which rules an object may ignore by the annotation `ignore.podgate.dev/<rule>: "<reason>"`, its own or its Pod
    /// template's: `all`, `none` or a list of rule ids.
    pub annotations: Annotations,
}

impl Default for Exemptions {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            namespaces: owned(&["kube-system", "kube-node-lease", "podgate"]),
            users: Vec::new(),
            groups: owned(&["system:nodes"]),
            annotations: Annotations::All,
        }
    }
}

/// What is added to Pods when they are created. Nothing, unless it is said here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Mutations {
    /// Probes for containers that lack them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_probes: Option<DefaultProbes>,
    /// Scheduling gates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scheduling_gates: Vec<SchedulingGate>,
}

/// The rules that a policy names, each with its setting.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleSettings(Vec<(&'static Rule, RuleSetting)>);

/// What a policy says of one rule: a level, or a level and options.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleSetting {
    /// The level; `None` leaves it to the profile.
    pub level: Option<Level>,
    /// The rule's own options.
    pub options: Map<String, Value>,
}

impl RuleSettings {
    /// What is said of `rule`.
    pub fn get(&self, rule: &Rule) -> Option<&RuleSetting> {
        self.0.iter().find(|(named, _)| *named == rule).map(|(_, setting)| setting)
    }
}

impl Serialize for RuleSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (rule, setting) in &self.0 {
            match setting.level {
                Some(level) if setting.options.is_empty() => map.serialize_entry(rule.id, &level)?,
                level => {
                    let level = level.map(|level| ("level".to_owned(), level.as_str().into()));
                    let all: Map<String, Value> = level.into_iter().chain(setting.options.clone()).collect();
                    map.serialize_entry(rule.id, &all)?;
                }
            }
        }
        map.end()
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
                while let Some(id) = access.next_key::<String>()? {
                    // An unknown rule is reported from inside its value, so that the error stands at its name.
                    settings.extend(access.next_value_seed(Setting { id: &id })?);
                }
                Ok(RuleSettings(settings))
            }
        }

        deserializer.deserialize_any(Rules)
    }
}

/// Reads the setting of the rule `id`.
struct Setting<'i> {
    id: &'i str,
}

impl<'de> DeserializeSeed<'de> for Setting<'_> {
    type Value = Option<(&'static Rule, RuleSetting)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let Some(rule) = rules::find(self.id) else {
            let hint = did_you_mean(self.id, RULES.iter().map(|rule| rule.id));
            return Err(de::Error::custom(format!("unknown rule \"{}\"{hint}", self.id)));
        };
        let (level, options) = match value {
            Value::Object(mut options) => (options.remove("level"), options),
            level => (Some(level), Map::new()),
        };
        let level = level.as_ref().map(level_from).transpose().map_err(de::Error::custom)?;
        let compiled = rule.code.compile(options.clone());
        drop(compiled.map_err(|error| de::Error::custom(format!("rule {}: {error}", rule.id)))?);
        Ok(Some((rule, RuleSetting { level, options })))
    }
}

fn level_from(value: &Value) -> Result<Level, String> {
    const LEVELS: [Level; 4] = [Level::Off, Level::Audit, Level::Warn, Level::Deny];
    match value {
        // Unquoted `off` is a boolean in YAML 1.1.
        Value::Bool(false) => Ok(Level::Off),
        Value::String(word) => LEVELS.into_iter().find(|level| level.as_str() == word).ok_or_else(|| {
            let hint = did_you_mean(word, LEVELS.map(Level::as_str));
            format!("unknown level \"{word}\"{hint}; levels are off, audit, warn and deny")
        }),
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
                    object.insert("title".to_owned(), rule.summary.into());
                }
                (rule.id.to_owned(), json_schema!({ "oneOf": [level, options] }).to_value())
            })
            .collect();
        json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
    }
}
