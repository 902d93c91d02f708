//! `check` and `fix` of the same documents.

use podgate_manifests::{Check, Text, fix};
use serde_json::{Value, json};

use super::{
    FACTOR, MAX_STEPS_GROWTH, documents,
    grow::{self, VARIATIONS},
    reviews::{POLICY, engine},
    steps::{Growth, growth},
};

const ITEMS: usize = 100;

/// The kinds whose files are grown alone: a Pod, what has a template, what has many, what has a Job's, what has containers alone.
const KINDS: [&str; 6] = ["Pod", "Deployment", "JobSet", "CronJob", "Pipeline", "PodDisruptionBudget"];

/// The same documents as JSON, as YAML, and as one YAML file of many documents.
const FORMS: [&str; 3] = ["json", "yaml", "documents"];

fn text(form: &str, object: &Value) -> String {
    match form {
        "json" => format!("{object:#}"),
        "yaml" => format!("# YAML\n{}", block(object, 0)),
        _ => object["items"].as_array().unwrap().iter().map(|item| format!("---\n{}", block(item, 0))).collect(),
    }
}

/// YAML in block style.
fn block(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let nested = |value: &Value| match value {
        Value::Object(members) if !members.is_empty() => format!("\n{}", block(value, depth + 1)),
        Value::Array(items) if !items.is_empty() => format!("\n{}", block(value, depth + 1)),
        other => format!(" {other}\n"),
    };
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| format!("{indent}{}:{}", json!(name), nested(value))).collect()
        }
        Value::Array(items) => items.iter().map(|item| format!("{indent}-{}", nested(item))).collect(),
        other => format!("{indent}{other}\n"),
    }
}

/// What a longer file costs beside a shorter one. Of large files the JSON text is made twice instead of being kept: what is between the
/// two is dearer by a constant. What grows faster than the file still does where both are longer.
fn measure(make: impl Fn(usize) -> (Text, usize), call: impl Fn(&Text)) -> Growth {
    let (shorter, _) = growth(ITEMS, &make, &call);
    if shorter.steps <= MAX_STEPS_GROWTH {
        return shorter;
    }
    let (longer, _) = growth(FACTOR * ITEMS, &make, &call);
    Growth { memory: longer.memory.max(shorter.memory), ..longer }
}

pub fn run(wanted: &dyn Fn(&str) -> bool, see: &mut dyn FnMut(&str, Growth)) {
    let engine = engine(POLICY);
    let documents = documents::all();
    let mut unions = documents::unions(&documents);
    unions.retain(|document| document.old.is_none() && document.name.contains("httpGet"));
    let list: Vec<Value> = unions.iter().map(|document| document.object.clone()).collect();
    // Of the kinds, whose reviews are measured elsewhere, one of each layout: files are read alike.
    unions.retain(|document| KINDS.iter().any(|kind| document.name.starts_with(&format!("all of {kind},"))));
    let mut all: Vec<(String, Value)> = unions.into_iter().map(|document| (document.name, document.object)).collect();
    all.push(("a list".to_owned(), json!({"apiVersion": "v1", "kind": "List", "items": list})));
    for (name, object) in &all {
        let lists = grow::places(object).lists;
        let is_list = name == "a list";
        let ways = [("outermost", grow::outermost(&lists)), ("innermost", grow::innermost(&lists))];
        for (way, lists) in ways.iter().filter(|(way, _)| !is_list || *way == "outermost") {
            for vary in VARIATIONS {
                for form in FORMS.iter().filter(|form| is_list || **form != "documents") {
                    let make = |count| {
                        let text = text(form, &grow::lists(object, lists, count, vary));
                        let size = text.len();
                        (Text { name: "file".to_owned(), text }, size)
                    };
                    let name = format!("{name}, {way}, {vary:?}, {form}");
                    let checked = format!("check: {name}");
                    if wanted(&checked) {
                        let check = Check { engine: &engine, namespace: "default", old: &[], folder: "", around: &[] };
                        see(&checked, measure(make, |input| drop(check.run(std::slice::from_ref(input), &|_| ()))));
                    }
                    let fixed = format!("fix: {name}");
                    if wanted(&fixed) {
                        see(
                            &fixed,
                            measure(make, |input| drop(fix::fix(&engine, std::slice::from_ref(input), "default"))),
                        );
                    }
                }
            }
        }
    }
}
