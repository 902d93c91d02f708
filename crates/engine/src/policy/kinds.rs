//! `kinds` of a scope: kinds of the table, by name or by name and group.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::suggest::did_you_mean;
use crate::model::{Workload, WorkloadTable, workload::WORKLOADS};

/// Some of the kinds that podgate knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kinds(Vec<KindName>);

/// A kind as a policy names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
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

    /// Says what is wrong with it where none of the kinds that are judged has this name.
    pub(super) fn fault(&self, table: &WorkloadTable) -> Option<String> {
        let known = names(table.rows());
        let hint = || did_you_mean(&self.0, known.iter().map(String::as_str));
        (!known.contains(&self.0)).then(|| format!("kind \"{}\" is not judged{}", self.0, hint()))
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

    /// As they are written.
    pub(super) fn names(&self) -> &[KindName] {
        &self.0
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

/// Every name that these kinds may be called by. One that a policy adds is called with its group: podgate may come to know another of
/// its name.
fn names<'w>(workloads: impl Iterator<Item = &'w Workload>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in WORKLOADS.iter().map(|workload| workload.kind.to_owned()).chain(workloads.map(qualified)) {
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
        // Those that podgate knows, and those that `spec.kinds` adds.
        json_schema!({ "anyOf": [
            { "type": "string", "enum": names(WORKLOADS.iter()) },
            { "type": "string", "pattern": "^[A-Z][A-Za-z0-9]*\\.[a-z0-9.-]+$" },
        ] })
    }
}

impl JsonSchema for Kinds {
    fn schema_name() -> Cow<'static, str> {
        "Kinds".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": generator.subschema_for::<KindName>() })
    }
}
