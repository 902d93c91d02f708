//! JSON for programs: everything in a stable order, each finding with a fingerprint by which the next audit knows it again.

use std::borrow::Cow;

use podgate_engine::rules::Level;
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Audit, Found, Judged, Source, fingerprints, since};

/// What an audit has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    /// The version of this form: 1. Fields may be added to it.
    pub version: u64,
    /// What the cluster is called; may be empty.
    pub cluster: Cow<'a, str>,
    /// The policy that was used, and where it stands.
    pub policy: Cow<'a, str>,
    /// When the audit was made (RFC 3339).
    pub at: Cow<'a, str>,
    /// Counts of everything below.
    pub summary: Summary,
    /// Objects in which something was found, by namespace, kind and name.
    pub objects: Vec<Object<'a>>,
    /// What was left aside, by reason.
    pub not_judged: Vec<NotJudged<'a>>,
}

/// Counts of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Objects that were judged, those that own others once.
    pub judged: usize,
    /// Namespaces that these are in.
    pub namespaces: usize,
    /// Objects that would be refused if they were created now.
    pub refused: usize,
    /// Findings of level deny.
    pub deny: usize,
    /// Findings of level warn.
    pub warn: usize,
    /// Findings of level audit.
    pub audit: usize,
}

/// An object with what it owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Object<'a> {
    /// Its `apiVersion`.
    pub api_version: Cow<'a, str>,
    /// Its kind.
    pub kind: Cow<'a, str>,
    /// Its namespace; empty for one of the cluster.
    pub namespace: Cow<'a, str>,
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its uid; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Cow<'a, str>>,
    /// When it was created (RFC 3339); absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Cow<'a, str>>,
    /// How many Pods it owns.
    pub pods: usize,
    /// True where it would be refused if it were created now.
    pub refused: bool,
    /// What was found, worst first.
    pub findings: Vec<Finding<'a>>,
}

/// Something that was found in an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding<'a> {
    /// The id of the rule or the observation.
    pub id: Cow<'a, str>,
    /// What has found it.
    pub source: FoundBy,
    /// Its level under the policy.
    pub level: Level,
    /// The field, from the object's root; of an observation the field of the Pod.
    pub path: Cow<'a, str>,
    /// What was found: one line; of several Pods, that of the worst.
    pub message: Cow<'a, str>,
    /// Of how many Pods it was found; 0 where it was found in the object itself.
    pub pods: usize,
    /// What it is known by in other audits, whatever its level and its message are there.
    pub fingerprint: Cow<'a, str>,
}

/// What has found something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FoundBy {
    /// A rule, which would find it in a new object too.
    Rule,
    /// The status.
    Observation,
}

/// Objects that were not judged, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotJudged<'a> {
    /// Why, in words.
    pub why: Cow<'a, str>,
    /// How many; 0 where that is not known.
    pub count: usize,
    /// The first few, as `namespace/kind/name`.
    pub examples: Vec<Cow<'a, str>>,
}

impl<'a> Document<'a> {
    /// Returns an audit in the form of this document.
    pub fn of(audit: &'a Audit) -> Self {
        let crate::Summary { judged, refused, deny, warn, audit: of_level_audit } = audit.summary();
        Self {
            version: since::VERSION,
            cluster: audit.cluster.as_str().into(),
            policy: audit.policy.as_str().into(),
            at: audit.at.as_str().into(),
            summary: Summary { judged, namespaces: audit.namespaces, refused, deny, warn, audit: of_level_audit },
            objects: audit.objects.iter().map(Object::of).collect(),
            not_judged: audit.not_judged.iter().map(NotJudged::of).collect(),
        }
    }
}

impl<'a> Object<'a> {
    fn of(object: &'a Judged) -> Self {
        let known = |text: &'a String| (!text.is_empty()).then(|| text.as_str().into());
        Self {
            api_version: object.api_version.as_str().into(),
            kind: object.kind.as_str().into(),
            namespace: object.namespace.as_str().into(),
            name: object.name.as_str().into(),
            uid: known(&object.uid),
            created: known(&object.created),
            pods: object.pods,
            refused: object.is_refused(),
            findings: object.found.iter().zip(fingerprints(object)).map(Finding::of).collect(),
        }
    }
}

impl<'a> Finding<'a> {
    fn of((found, fingerprint): (&'a Found, String)) -> Self {
        Self {
            id: found.source.id().into(),
            source: match found.source {
                Source::Rule(_) => FoundBy::Rule,
                Source::Observation(_) => FoundBy::Observation,
            },
            level: found.level,
            path: found.path.as_str().into(),
            message: found.message.as_str().into(),
            pods: found.pods,
            fingerprint: fingerprint.into(),
        }
    }
}

impl<'a> NotJudged<'a> {
    fn of(aside: &'a crate::NotJudged) -> Self {
        let examples = aside.examples.iter().map(|example| example.as_str().into());
        Self { why: aside.why.as_str().into(), count: aside.count, examples: examples.collect() }
    }
}

/// Returns an audit as JSON.
pub fn write(audit: &Audit) -> String {
    // Nothing in it can fail: keys are strings, and writing to memory does not.
    let text = serde_json::to_string_pretty(&Document::of(audit)).unwrap_or_default();
    text + "\n"
}

/// Returns the JSON Schema of what [`write()`] returns.
pub fn schema() -> Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<Document<'_>>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("title".to_owned(), "Audit of podgate".into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use super::*;
    use crate::{sample, since::Earlier};

    fn audit() -> Audit {
        let mut web = sample::object("apps/v1", "Deployment", "shop", "web");
        web.found = vec![
            sample::found("port-conflict", Level::Deny, "spec.a", "ports \u{1f980}"),
            Found {
                source: Source::Observation(crate::find_observation("out-of-memory").unwrap()),
                pods: 2,
                ..sample::found("port-conflict", Level::Warn, "status.containerStatuses[0]", "memory")
            },
        ];
        let mut pod = sample::object("v1", "Pod", "shop", "one");
        (pod.uid, pod.created) = (String::new(), String::new());
        pod.found = vec![sample::found("missing-requests", Level::Audit, "spec.c", "requests")];
        let not_judged = vec![crate::NotJudged {
            why: "they are being deleted".to_owned(),
            count: 1,
            examples: vec!["a/Pod/b".to_owned()],
        }];
        let at = "2026-03-02T12:00:00Z".to_owned();
        Audit { at, objects: vec![web, pod], judged: 7, namespaces: 2, not_judged, ..Audit::default() }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (audit, text) = (audit(), write(&audit()));
        let read: Document<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, Document::of(&audit));
        assert_eq!((read.objects[0].refused, read.objects[1].refused), (true, false));
        assert_eq!((read.objects[1].uid.as_deref(), read.summary.namespaces), (None, 2));
        assert_eq!(read.objects[0].findings[1].source, FoundBy::Observation);
        let earlier = Earlier::read(&text).unwrap();
        let comparison = since::compare(&earlier, &audit);
        assert_eq!((comparison.same, comparison.new.len(), comparison.mended.len()), (3, 0, 0));
        assert!(write(&audit).ends_with("}\n") && write(&Audit::default()).contains("\"objects\": []"));
    }

    #[test]
    fn the_schema_is_in_the_tree_and_true() {
        let schema = schema();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let value: Value = serde_json::from_str(&write(&audit())).unwrap();
        assert_eq!(validator.validate(&value).map_err(|error| error.to_string()), Ok(()));
        let mut wrong = value;
        wrong["objects"][0]["findings"][0]["level"] = "bad".into();
        assert!(!validator.is_valid(&wrong));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit.schema.json");
        let text = format!("{schema:#}\n");
        if fs::read_to_string(path).ok().as_ref() != Some(&text) {
            assert!(env::var_os("UPDATE").is_some(), "docs/audit.schema.json is another one: run UPDATE=1 cargo test");
            fs::write(path, text).unwrap();
        }
    }
}
