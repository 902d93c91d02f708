//! Policies: reading and compiling one, and reviews under it.

use std::fs;

use podgate_engine::{
    admission::{Mode, handle},
    policy::{Engine, parse},
    syntax::yaml,
};
use serde_json::{Value, json};

use super::{
    documents::{Document, body},
    grow::{self, Pointer, VARIATIONS},
    steps::{Growth, growth},
};

const ITEMS: usize = 200;

/// Every field that a policy has: the documentation shows each.
fn policy() -> Value {
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.md")).unwrap();
    let mut all = Value::Null;
    for block in docs.split("```yaml policy\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        let Ok(documents) = yaml::documents(block) else { continue };
        let texts = documents.iter().filter_map(|document| document.to_json().ok());
        for value in texts.filter_map(|text| serde_json::from_str::<Value>(&text).ok()) {
            let spec = value.get("spec").cloned().unwrap_or(value);
            // Only what stands alone as the policy's `spec`.
            let text = policy_text(&spec);
            if parse(&text, "policy").is_ok() {
                unite(&mut all, &spec);
            }
        }
    }
    assert!(
        all.get("scopes").is_some() && all.get("mutations").is_some() && all.get("exemptions").is_some(),
        "{all:#}"
    );
    all
}

fn unite(all: &mut Value, more: &Value) {
    match (all, more) {
        (Value::Object(all), Value::Object(more)) => {
            for (name, value) in more {
                unite(all.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(all), Value::Array(more)) => all.extend(more.iter().take(2).cloned()),
        (all, more) if all.is_null() => *all = more.clone(),
        _ => {}
    }
}

fn policy_text(spec: &Value) -> String {
    json!({"apiVersion": "podgate.dev/v1alpha1", "kind": "LifecyclePolicy", "spec": spec}).to_string()
}

pub fn run(wanted: &dyn Fn(&str) -> bool, see: &mut dyn FnMut(&str, Growth)) {
    let spec = policy();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web", "tier": "gold"}},
        "spec": {"containers": [{"name": "app", "ports": [{"containerPort": 80}, {"containerPort": 80}]}]}});
    let body = body(&Document::new("", pod.clone()), &pod, None);
    let lists = grow::places(&spec).lists;
    let mut ways: Vec<(String, Vec<Pointer>)> =
        vec![("outermost".to_owned(), grow::outermost(&lists)), ("innermost".to_owned(), grow::innermost(&lists))];
    ways.extend(lists.iter().map(|list| (list.clone(), vec![list.clone()])));
    for (way, lists) in &ways {
        for vary in VARIATIONS {
            let make = |count| {
                let text = policy_text(&grow::lists(&spec, lists, count, vary));
                let size = text.len();
                (text, size)
            };
            let name = format!("policy: {way}, {vary:?}");
            if wanted(&name) {
                let compile = |text: &String| drop(parse(text, "policy").map(|policy| Engine::new(&policy)));
                see(&name, growth(ITEMS, make, compile).0);
            }
            let name = format!("under a policy: {way}, {vary:?}");
            if wanted(&name) {
                let make = |count| {
                    let (text, size) = make(count);
                    (parse(&text, "policy").map(|policy| Engine::new(&policy)).ok(), size)
                };
                see(
                    &name,
                    growth(ITEMS, make, |engine| {
                        if let Some(engine) = engine {
                            drop(handle(engine, Mode::Validate, &body));
                            drop(handle(engine, Mode::Mutate, &body));
                        }
                    })
                    .0,
                );
            }
        }
    }
}
