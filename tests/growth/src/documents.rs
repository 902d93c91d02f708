//! The documents that are grown: examples of the rules' pages, cases of the tests, and what is made of them.

use std::{collections::BTreeMap, fs, path::PathBuf};

use podgate_engine::{
    model::workload::WORKLOADS,
    policy::cases::{self, Case},
    syntax::yaml,
};
use serde_json::{Map, Value, json};

/// A request to grow.
#[derive(Debug, Clone)]
pub struct Document {
    pub name: String,
    pub object: Value,
    pub old: Option<Value>,
    pub operation: String,
    pub sub_resource: String,
    /// The other objects that are known.
    pub inventory: Vec<Value>,
    /// The policy's `spec`.
    pub policy: Option<String>,
}

impl Document {
    pub fn new(name: impl Into<String>, object: Value) -> Self {
        Self {
            name: name.into(),
            object,
            old: None,
            operation: "CREATE".to_owned(),
            sub_resource: String::new(),
            inventory: Vec::new(),
            policy: None,
        }
    }

    /// The same as an UPDATE from `old`.
    pub fn update(&self, what: &str, old: Value) -> Self {
        Self { name: format!("{} ({what})", self.name), old: Some(old), operation: "UPDATE".to_owned(), ..self.clone() }
    }
}

/// The project's folder.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every Markdown file of the rules' pages and their cases.
fn files() -> Vec<PathBuf> {
    let folders = ["docs/rules", "crates/engine/tests/rules"].map(|folder| root().join(folder));
    let mut files: Vec<PathBuf> =
        folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    files
}

fn values(block: &cases::Block) -> Vec<Value> {
    let Ok(documents) = yaml::documents(&block.text) else { return Vec::new() };
    let texts = documents.iter().filter_map(|document| document.to_json().ok());
    texts.filter_map(|text| serde_json::from_str(&text).ok()).filter(Value::is_object).collect()
}

fn documents(name: &str, case: &Case) -> Vec<Document> {
    let request = case.request.as_ref().and_then(|block| values(block).into_iter().next()).unwrap_or_default();
    let text = |field: &str| request.get(field).and_then(Value::as_str).map(str::to_owned);
    let old = case.old.as_ref().and_then(|block| values(block).into_iter().next());
    let operation = text("operation").unwrap_or_else(|| if old.is_some() { "UPDATE" } else { "CREATE" }.to_owned());
    let of = |object: Value| Document {
        name: format!("{name}: {}", case.heading),
        old: if operation == "DELETE" { Some(object.clone()) } else { old.clone() },
        object,
        operation: operation.clone(),
        sub_resource: text("subResource").unwrap_or_default(),
        inventory: case.inventory.iter().flat_map(values).collect(),
        policy: case.policy.as_ref().map(|block| block.text.clone()),
    };
    values(&case.yaml).into_iter().map(of).collect()
}

/// Every object of the pages and cases.
pub fn all() -> Vec<Document> {
    let mut all = Vec::new();
    for file in files() {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let cases = cases::read(&fs::read_to_string(&file).unwrap());
        let cases: Vec<Case> = cases.into_iter().map(Result::unwrap).collect();
        all.extend(cases.iter().flat_map(|case| documents(&name, case)));
    }
    assert!(all.len() > 1000, "only {} documents", all.len());
    all
}

/// Adds to `all` what it does not have yet: members of objects, and items of lists up to a few.
fn unite(all: &mut Value, more: &Value) {
    const FEW: usize = 3;
    match (all, more) {
        (Value::Object(all), Value::Object(more)) => {
            for (name, value) in more {
                unite(all.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(all), Value::Array(more)) => {
            for (index, item) in more.iter().enumerate() {
                match all.get_mut(index) {
                    Some(there) => unite(there, item),
                    None if index < FEW => all.push(item.clone()),
                    None => {}
                }
            }
        }
        (all, more) if all.is_null() => *all = more.clone(),
        _ => {}
    }
}

/// For each kind one object with every field that any example of it has. What cannot be together in one probe or hook is
/// there in several objects: the second takes the handlers that the first does not.
pub fn unions(documents: &[Document]) -> Vec<Document> {
    let mut kinds: BTreeMap<String, Value> = BTreeMap::new();
    let mut pod_spec = Value::Null;
    let of_kind = |object: &Value| object.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    for document in documents {
        unite(kinds.entry(of_kind(&document.object)).or_default(), &document.object);
        if of_kind(&document.object) == "Pod" {
            unite(&mut pod_spec, document.object.get("spec").unwrap_or(&Value::Null));
        }
    }
    let mut unions = Vec::new();
    for (kind, mut object) in kinds {
        if !WORKLOADS.iter().any(|workload| workload.kind == kind) {
            continue;
        }
        exempt(&mut object);
        for template in pod_specs(&mut object) {
            unite(template, &pod_spec);
        }
        for handler in ["exec", "httpGet", "tcpSocket"] {
            let mut one = object.clone();
            choose(&mut one, handler);
            let document = Document::new(format!("all of {kind}, {handler}"), one.clone());
            let mut old = one.clone();
            touch(&mut old);
            unions.push(document.update("as before", old.clone()));
            let mut reversed = old.clone();
            reverse(&mut reversed);
            unions.push(document.update("reversed", reversed));
            if kind == "Pod" {
                unions.push(Document {
                    operation: "UPDATE".to_owned(),
                    sub_resource: "status".to_owned(),
                    ..document.update("status", old)
                });
            }
            unions.push(document);
        }
    }
    // Every pair of what is known and what is judged.
    let inventory: Vec<Value> = documents.iter().flat_map(|document| document.inventory.clone()).collect();
    let mut by_kind: BTreeMap<String, Value> = BTreeMap::new();
    for object in &inventory {
        unite(by_kind.entry(of_kind(object)).or_default(), object);
    }
    let inventory: Vec<Value> = by_kind.into_values().collect();
    for union in &mut unions {
        union.inventory.clone_from(&inventory);
    }
    unions
}

/// Two annotations that exempt, one of a rule that is there and one of none.
fn exempt(object: &mut Value) {
    unite(
        object,
        &json!({"metadata": {"annotations": {"ignore.podgate.dev/port-conflict": "x y", "ignore.podgate.dev/none": "x"}}}),
    );
}

/// Every object that holds a list of containers.
fn pod_specs(value: &mut Value) -> Vec<&mut Value> {
    if value.get("containers").is_some_and(Value::is_array) {
        return vec![value];
    }
    match value {
        Value::Object(members) => members.values_mut().flat_map(pod_specs).collect(),
        Value::Array(items) => items.iter_mut().flat_map(pod_specs).collect(),
        _ => Vec::new(),
    }
}

/// Leaves `handler` alone of those that exclude each other.
fn choose(value: &mut Value, handler: &str) {
    match value {
        Value::Object(members) => {
            if members.contains_key(handler) {
                members.retain(|name, _| {
                    name == handler || !matches!(name.as_str(), "exec" | "httpGet" | "tcpSocket" | "grpc" | "sleep")
                });
            }
            members.values_mut().for_each(|value| choose(value, handler));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| choose(item, handler)),
        _ => {}
    }
}

/// Changes something that no finding depends on, so that there is an update to judge.
fn touch(object: &mut Value) {
    if let Some(Value::Object(spec)) = object.get_mut("spec") {
        spec.insert("touched".to_owned(), Value::from(1));
    }
    if let Some(Value::Object(template)) = object.get_mut("template") {
        template.insert("touched".to_owned(), Value::from(1));
    }
    for spec in pod_specs(object) {
        if let Some(spec) = spec.as_object_mut() {
            spec.insert("touched".to_owned(), Value::from(1));
        }
    }
}

/// Turns every list around.
fn reverse(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(reverse),
        Value::Array(items) => {
            items.iter_mut().for_each(reverse);
            items.reverse();
        }
        _ => {}
    }
}

/// The body of the request.
pub fn body(document: &Document, object: &Value, old: Option<&Value>) -> Vec<u8> {
    let api_version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let is_deletion = document.operation == "DELETE";
    let request: Map<String, Value> = [
        ("uid", json!("uid-1")),
        ("kind", json!({"group": group, "version": "v1", "kind": object.get("kind")})),
        ("subResource", json!(document.sub_resource)),
        ("namespace", json!("default")),
        ("operation", json!(document.operation)),
        ("userInfo", json!({"username": "jane", "groups": ["a", "b"]})),
        ("object", if is_deletion { Value::Null } else { object.clone() }),
        ("oldObject", old.cloned().unwrap_or_default()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    serde_json::to_vec(&json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}))
        .unwrap()
}
