//! `kinds` of a scope: kinds of the table, by name or by name and group.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::suggest::did_you_mean;
use crate::model::{Workload, workload::WORKLOADS};

/// Some of the kinds that podgate knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kinds(Vec<KindName>);

/// A kind as a policy names it: it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindName(String);

impl KindName {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether it is this one.
    pub fn is(&self, workload: &Workload) -> bool {
        self.0 == workload.kind || self.0 == qualified(workload)
    }

    /// Returns whether it is one of this name, of any group.
    pub fn is_called(&self, kind: &str) -> bool {
        self.0.split('.').next() == Some(kind)
    }
}

impl Kinds {
    /// Returns whether no kind is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether this one is among them.
    pub fn contains(&self, workload: &Workload) -> bool {
        self.0.iter().any(|name| name.is(workload))
    }
}

/// `Kind.group`, as kubectl takes it; core kinds have no group.
fn qualified(workload: &Workload) -> String {
    match workload.group {
        "" => workload.kind.to_owned(),
        group => format!("{}.{group}", workload.kind),
    }
}

/// Every name that a kind may be called by.
fn names() -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in WORKLOADS.iter().map(|workload| workload.kind.to_owned()).chain(WORKLOADS.iter().map(qualified)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

impl Serialize for Kinds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|name| &name.0))
    }
}

impl<'de> Deserialize<'de> for Kinds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for KindName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = names();
        if known.contains(&name) {
            return Ok(Self(name));
        }
        let hint = did_you_mean(&name, known.iter().map(String::as_str));
        Err(de::Error::custom(format!("kind \"{name}\" is not judged{hint}")))
    }
}

impl Serialize for KindName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl JsonSchema for KindName {
    fn schema_name() -> Cow<'static, str> {
        "Kind name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": names() })
    }
}

impl JsonSchema for Kinds {
    fn schema_name() -> Cow<'static, str> {
        "Kinds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string", "enum": names() } })
    }
}
