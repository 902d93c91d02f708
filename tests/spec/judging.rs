//! Judges YAML objects as the webhook would judge them.

use podgate::{
    model::{List, Operation, Request, Review, Str, User, yaml},
    policy::{Engine, LifecyclePolicy, Verdict, parse},
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The `request` block of a case.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Circumstances {
    pub sub_resource: String,
    pub user: String,
    pub groups: Vec<String>,
    pub namespace: Option<String>,
}

/// One document's JSON text.
pub fn json(text: &str) -> String {
    let documents = yaml::documents(text).unwrap();
    assert_eq!(documents.len(), 1, "one document is wanted: {text}");
    documents[0].to_json().unwrap()
}

pub fn circumstances(text: &str) -> Circumstances {
    serde_json::from_str(&json(text)).unwrap()
}

/// The policy with this `spec`.
pub fn policy(spec: &str) -> LifecyclePolicy {
    let spec: serde_json::Value = serde_json::from_str(&json(spec)).unwrap();
    let policy = serde_json::json!({"apiVersion": "podgate.dev/v1alpha1", "kind": "LifecyclePolicy", "spec": spec});
    parse(&policy.to_string(), "policy").unwrap()
}

/// Judges an object, or its update from `old`, both as JSON text.
pub fn judge(engine: &Engine, object: &str, old: Option<&str>, circumstances: &Circumstances) -> Verdict {
    with_review(object, old, circumstances, |review| review.map(|review| engine.review(review)).unwrap_or_default())
}

/// Reads the review of an object and hands it on; `None` where there is nothing to judge.
pub fn with_review<T>(
    object: &str,
    old: Option<&str>,
    circumstances: &Circumstances,
    then: impl FnOnce(Option<&Review<'_>>) -> T,
) -> T {
    let value: serde_json::Value = serde_json::from_str(object).unwrap();
    let text = |pointer: &str| value.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default();
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    let (object, old) = (raw(object), old.map(raw));
    let groups = serde_json::to_string(&circumstances.groups).unwrap();
    let groups: List<Str<'_>> = serde_json::from_str(&groups).unwrap();
    let namespace = circumstances.namespace.as_deref().unwrap_or(text("/metadata/namespace"));
    let request = Request {
        operation: if old.is_some() { Operation::Update } else { Operation::Create },
        group: text("/apiVersion").rsplit_once('/').map_or("", |(group, _)| group).into(),
        kind: text("/kind").into(),
        sub_resource: (*circumstances.sub_resource).into(),
        namespace: namespace.into(),
        user: User { username: (*circumstances.user).into(), groups },
        object: Some(&object),
        old_object: old.as_deref(),
    };
    then(Review::read(request).unwrap().as_ref())
}
