//! For every rule what it refuses or warns about, and what it leaves alone: the files in `cases/`. See `README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use libtest_mimic::Trial;
use podgate::model::yaml;
use podgate::rules::{Level, RULES};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::{Answer, Cause, Client, Cluster, Content, STANDARD, path};
use crate::test;

/// Rules that cannot find anything in a cluster yet, and why.
const WITHOUT_CASES: [(&str, &str); 2] = [
    ("overlapping-disruption-budgets", "the server knows no other objects than the one to judge"),
    ("deletion-bypasses-budget", "the server knows no other objects than the one to judge"),
];

/// One document of a case file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows.
    #[serde(rename = "case")]
    name: String,
    /// What is created, or what `old` is changed to, or what is deleted.
    object: Value,
    /// The object before the change, made before podgate is registered. Its `status`, too.
    old: Option<Value>,
    /// Other objects that have to be there, made before podgate is registered.
    #[serde(default)]
    with: Vec<Value>,
    /// `DELETE` where `object` is deleted.
    operation: Option<String>,
    /// Of the change: `resize` or `ephemeralcontainers`.
    #[serde(default)]
    subresource: String,
    user: Option<User>,
    /// The fields for which the API server refuses it by itself.
    #[serde(default)]
    api: BTreeSet<String>,
    /// The fields that podgate names when it refuses.
    #[serde(default)]
    deny: BTreeSet<String>,
    /// Other rules that refuse it as well.
    #[serde(default)]
    besides: BTreeSet<String>,
    /// The fields that podgate names when it warns.
    #[serde(default)]
    warn: BTreeSet<String>,
    /// The fields that podgate names in the audit log only.
    #[serde(default)]
    audit: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    name: String,
    #[serde(default)]
    groups: Vec<String>,
}

impl Case {
    /// Level and fields of every finding that the rule has to have.
    fn findings(&self) -> impl Iterator<Item = (Level, &String)> {
        let levels = [(Level::Deny, &self.deny), (Level::Warn, &self.warn), (Level::Audit, &self.audit)];
        levels.into_iter().flat_map(|(level, fields)| fields.iter().map(move |field| (level, field)))
    }

    fn is_delete(&self) -> bool {
        self.operation.as_deref() == Some("DELETE")
    }
}

pub fn tests() -> Vec<Trial> {
    let cases = files().into_iter().map(|(rule, file)| {
        test(format!("case::{rule}"), async move |cluster: &'static Cluster| {
            run(cluster, &rule, &read(&file)).await;
        })
    });
    cases.chain([test("every_rule_has_its_cases", async |_| every_rule_has_its_cases())]).collect()
}

/// The case files by rule id.
fn files() -> BTreeMap<String, PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/cases");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| (file.file_stem().unwrap().to_str().unwrap().to_owned(), file)).collect()
}

fn read(file: &Path) -> Vec<Case> {
    let name = file.file_name().unwrap().display();
    let text = fs::read_to_string(file).unwrap();
    let documents = yaml::documents(&text).unwrap_or_else(|error| panic!("{name}:{error}"));
    let read = |document: &yaml::Document<'_>| {
        let json = document.to_json().unwrap_or_else(|error| panic!("{name}:{error}"));
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{name}:{}: {error}", document.start()))
    };
    documents.iter().map(read).collect()
}

fn every_rule_has_its_cases() {
    let files = files();
    for rule in RULES {
        let without = WITHOUT_CASES.iter().any(|(id, _)| *id == rule.id);
        let Some(file) = files.get(rule.id) else {
            assert!(
                without || rule.level < Level::Warn,
                "rule {} has no tests/cluster/cases/{}.yaml",
                rule.id,
                rule.id
            );
            continue;
        };
        assert!(!without, "rule {} has cases after all", rule.id);
        let cases = read(file);
        let found = |case: &Case| case.findings().any(|(level, _)| level == rule.level);
        assert!(cases.iter().any(found), "{}.yaml has no case at level {}", rule.id, rule.level);
        let silent = |case: &Case| case.findings().next().is_none() && case.api.is_empty();
        assert!(cases.iter().any(silent), "{}.yaml has no case that is accepted", rule.id);
    }
    let unknown: Vec<&String> = files.keys().filter(|id| RULES.iter().all(|rule| rule.id != **id)).collect();
    assert!(unknown.is_empty(), "cases for rules that do not exist: {unknown:?}");
}

/// Runs the cases of one rule, in two namespaces of their own: podgate is registered in the first only, and only once
/// everything is there that the cases start from.
async fn run(cluster: &Cluster, rule: &str, cases: &[Case]) {
    let judged = cluster.unjudged_namespace().await;
    let unjudged = cluster.unjudged_namespace().await;
    for case in cases {
        let namespace = if case.api.is_empty() { &judged } else { &unjudged };
        for object in case.with.iter().chain(&case.old).chain(case.is_delete().then_some(&case.object)) {
            make(&cluster.client, &placed(object, namespace)).await;
        }
    }
    cluster.judge(&judged, STANDARD).await;
    for case in cases {
        let name = format!("{rule}: {}", case.name);
        if case.api.is_empty() {
            let answer = send(cluster, case, &placed(&case.object, &judged), &judged).await;
            check(cluster, rule, case, &name, &answer).await;
        } else {
            refused_by_the_api_server(cluster, rule, case, &name, [&judged, &unjudged]).await;
        }
    }
}

/// What never reaches a validating webhook: shows that it does not, and what podgate says of it all the same.
async fn refused_by_the_api_server(cluster: &Cluster, rule: &str, case: &Case, name: &str, namespaces: [&str; 2]) {
    let [judged, unjudged] = namespaces;
    let object = placed(&case.object, unjudged);
    let answer = send(cluster, case, &object, unjudged).await;
    let fields: BTreeSet<String> = answer.causes().into_iter().map(|cause| cause.field).collect();
    assert_eq!(fields, case.api, "{name}: what the API server refuses by itself: {}", answer.body);
    if case.old.is_none() {
        let answer = send(cluster, case, &placed(&case.object, judged), judged).await;
        assert!(!answer.is_accepted() && !answer.is_from_podgate(), "{name}: {}", answer.body);
    }
    if case.deny.is_empty() {
        return;
    }
    if case.old.is_none() && object["kind"] == "Pod" {
        let rollout = rollout(&placed(&case.object, judged));
        check(cluster, rule, case, name, &cluster.client.dry_run(&rollout).await).await;
    } else {
        let review = review(case, &object);
        let client = reqwest_client(&cluster.podgate.ca);
        let url = format!("{}/validate", cluster.podgate.url);
        let answer = client.post(url).json(&review).send().await.unwrap().json::<Value>().await.unwrap();
        let answer = Answer {
            status: 422,
            body: answer["response"]["status"].clone(),
            warnings: Vec::new(),
            audit_id: String::new(),
        };
        check_causes(rule, case, name, &answer);
    }
}

/// The request of a case, as a dry run.
async fn send(cluster: &Cluster, case: &Case, object: &Value, namespace: &str) -> Answer {
    let client = match &case.user {
        // Which requests somebody may make is not what is tested.
        Some(user) => {
            let groups = user.groups.iter().map(String::as_str).chain(["system:masters"]);
            cluster.client.impersonate(&user.name, &groups.collect::<Vec<_>>())
        }
        None => cluster.client.clone(),
    };
    if case.is_delete() {
        return client.delete(object, "dryRun=All").await;
    }
    let Some(old) = &case.old else { return client.dry_run(object).await };
    let mut old = placed(old, namespace);
    old.as_object_mut().unwrap().remove("status");
    let patch = serde_json::to_value(json_patch::diff(&old, object)).unwrap();
    assert_ne!(patch, json!([]), "{}: nothing changes", case.name);
    client.send(Method::PATCH, &path(&old, &case.subresource), "dryRun=All", Content::JsonPatch(&patch)).await
}

async fn check(cluster: &Cluster, rule: &str, case: &Case, name: &str, answer: &Answer) {
    if case.deny.is_empty() {
        assert!(answer.is_accepted(), "{name}: refused: {}", answer.body);
    } else {
        check_causes(rule, case, name, answer);
    }
    let signature = format!("(podgate: {rule})");
    let warnings = answer.warnings.iter().filter(|warning| warning.ends_with(&signature));
    let warned: BTreeSet<String> =
        warnings.map(|warning| warning.split_once(": ").unwrap_or_default().0.to_owned()).collect();
    assert_eq!(warned, case.warn, "{name}: warnings: {:#?}", answer.warnings);

    let annotations = cluster.audit_annotations(&answer.audit_id).await;
    let annotation = annotations[format!("validate.podgate.dev/{rule}")].as_str().unwrap_or_default();
    assert_eq!(annotation.is_empty(), case.findings().next().is_none(), "{name}: annotations: {annotations}");
    for (level, field) in case.findings() {
        assert!(annotation.contains(&format!("{level} {field}: ")), "{name}: annotations: {annotations}");
    }
}

fn check_causes(rule: &str, case: &Case, name: &str, answer: &Answer) {
    assert_eq!((answer.status, &answer.body["reason"]), (422, &json!("Invalid")), "{name}: {}", answer.body);
    let by = |rule: &str, cause: &Cause| cause.message.ends_with(&format!("(podgate: {rule})"));
    let mut causes = answer.causes();
    for other in &case.besides {
        assert!(causes.iter().any(|cause| by(other, cause)), "{name}: {other} does not refuse it");
        causes.retain(|cause| !by(other, cause));
    }
    let stranger = causes.iter().find(|cause| !by(rule, cause));
    assert_eq!(stranger, None, "{name}: something else is refused as well");
    let fields: BTreeSet<String> = causes.into_iter().map(|cause| cause.field).collect();
    assert_eq!(fields, case.deny, "{name}: {}", answer.body);
}

/// Makes an object, and gives it its status.
async fn make(client: &Client, object: &Value) {
    client.create(object).await.accepted();
    if let Some(status) = object.get("status") {
        client.merge(object, "status", &json!({"status": status})).await.accepted();
    }
}

fn placed(object: &Value, namespace: &str) -> Value {
    let mut object = object.clone();
    object["metadata"]["namespace"] = json!(namespace);
    object
}

/// The same Pod as the template of a kind that the API server does not look into.
fn rollout(pod: &Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]},
        "spec": {"template": {"metadata": {"labels": pod["metadata"]["labels"]}, "spec": pod["spec"]}}
    })
}

/// What the API server would ask podgate if the request got there.
fn review(case: &Case, object: &Value) -> Value {
    let api_version = object["apiVersion"].as_str().unwrap();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let user = case.user.as_ref().map_or("admin", |user| user.name.as_str());
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1",
        "operation": if case.old.is_some() { "UPDATE" } else { "CREATE" },
        "kind": {"group": group, "version": version, "kind": object["kind"]},
        "subResource": case.subresource,
        "name": object["metadata"]["name"],
        "namespace": object["metadata"]["namespace"],
        "userInfo": {"username": user},
        "object": object,
        "oldObject": case.old,
    }})
}

fn reqwest_client(ca: &str) -> reqwest::Client {
    let ca = reqwest::Certificate::from_pem(ca.as_bytes()).unwrap();
    reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap()
}
