//! Judges YAML objects as the webhook would judge them.

use podgate::{
    model::{Inventory, List, Operation, Request, Review, Str, User, yaml},
    policy::{Engine, LifecyclePolicy, Verdict, parse},
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The `request` block of a case.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Circumstances {
    pub operation: Option<String>,
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

/// The inventory of these documents; objects without a namespace live in `default`.
pub fn inventory(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    for document in yaml::documents(text).unwrap() {
        let json = document.to_json().unwrap();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let (group, kind, namespace) = identity(&value);
        inventory.add(group, kind, namespace, &json).unwrap();
    }
    inventory
}

/// API group, kind and namespace of an object.
fn identity(object: &serde_json::Value) -> (&str, &str, &str) {
    let text = |pointer: &str| object.pointer(pointer).and_then(|value| value.as_str());
    let group = text("/apiVersion").unwrap_or_default().rsplit_once('/').map_or("", |(group, _)| group);
    (group, text("/kind").unwrap_or_default(), text("/metadata/namespace").unwrap_or("default"))
}

/// The policy with this `spec`.
pub fn policy(spec: &str) -> LifecyclePolicy {
    let spec: serde_json::Value = serde_json::from_str(&json(spec)).unwrap();
    let policy = serde_json::json!({"apiVersion": "podgate.dev/v1alpha1", "kind": "LifecyclePolicy", "spec": spec});
    parse(&policy.to_string(), "policy").unwrap()
}

/// Judges an object, or its update from `old`, both as JSON text.
pub fn judge(engine: &Engine, object: &str, old: Option<&str>, circumstances: &Circumstances) -> Verdict {
    judge_among(engine, object, old, circumstances, None)
}

/// Judges an object among others.
pub fn judge_among(
    engine: &Engine,
    object: &str,
    old: Option<&str>,
    circumstances: &Circumstances,
    inventory: Option<&Inventory>,
) -> Verdict {
    let judge = |review: Option<&Review<'_>>| review.map(|review| engine.review(review)).unwrap_or_default();
    with_review(object, old, circumstances, inventory, judge)
}

/// Reads the review of an object and hands it on; `None` where there is nothing to judge.
pub fn with_review<T>(
    object: &str,
    old: Option<&str>,
    circumstances: &Circumstances,
    inventory: Option<&Inventory>,
    then: impl FnOnce(Option<&Review<'_>>) -> T,
) -> T {
    let value: serde_json::Value = serde_json::from_str(object).unwrap();
    let (group, kind, namespace) = identity(&value);
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    let (object, old) = (raw(object), old.map(raw));
    let groups = serde_json::to_string(&circumstances.groups).unwrap();
    let groups: List<Str<'_>> = serde_json::from_str(&groups).unwrap();
    let operation = match (&circumstances.operation, &old) {
        (Some(operation), _) => Operation::parse(operation).unwrap(),
        (None, Some(_)) => Operation::Update,
        (None, None) => Operation::Create,
    };
    // A deletion carries the object as the old one.
    let (object, old) = if operation == Operation::Delete { (None, Some(object)) } else { (Some(object), old) };
    let request = Request {
        operation,
        group: group.into(),
        kind: kind.into(),
        sub_resource: (*circumstances.sub_resource).into(),
        namespace: circumstances.namespace.as_deref().unwrap_or(namespace).into(),
        user: User { username: (*circumstances.user).into(), groups },
        object: object.as_deref(),
        old_object: old.as_deref(),
        inventory,
    };
    then(Review::read(request).unwrap().as_ref())
}
