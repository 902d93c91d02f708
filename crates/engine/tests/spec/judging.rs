//! Judges YAML objects as the webhook would judge them.

pub use podgate_engine::policy::cases::Circumstances;
use podgate_engine::{
    model::{Inventory, Review},
    policy::{Engine, LifecyclePolicy, Verdict, cases, parse},
    syntax::yaml,
};

/// One document's JSON text.
pub fn json(text: &str) -> String {
    let documents = yaml::documents(text).unwrap();
    assert_eq!(documents.len(), 1, "one document is wanted: {text}");
    documents[0].to_json().unwrap()
}

/// The inventory of these documents; objects without a namespace live in `default`.
pub fn inventory(text: &str) -> Inventory {
    cases::inventory(&cases::Block { line: 1, text: text.to_owned() }).unwrap()
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
    cases::with_review(object, old, circumstances, inventory, then).unwrap()
}

/// A policy under which every new Pod gets a gate, and probes where it has ports.
pub const FIRING: &str = "
rules: {unknown-scheduling-gate: {known: [example.com/quota, example.com/cap]}}
mutations:
  defaultProbes:
    readiness: {periodSeconds: 5, failureThreshold: 3, httpPath: /healthz}
    startup: {periodSeconds: 2, failureThreshold: 60}
    liveness: {failureThreshold: 6}
  schedulingGates:
  - name: example.com/quota
  - name: example.com/cap
    namespaces: [cap, shop]
";
