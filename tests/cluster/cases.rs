//! For every rule what it refuses or warns about, and what it leaves alone: the files in `cases/`. See `README.md`.

use std::collections::BTreeSet;

use http::Method;
use libtest_mimic::Trial;
use podgate_engine::model::Operation;
use podgate_engine::policy::{Engine, LifecyclePolicy};
use podgate_engine::rules::Level;
use serde_json::{Value, json};

use crate::case::{self, Case};
use crate::harness::{Answer, Asked, Client, Cluster, Content, judge, path};
use crate::test;

pub fn tests() -> Vec<Trial> {
    let cases = case::files().into_iter().map(|(rule, file)| {
        test(format!("case::{rule}"), async move |cluster: &'static Cluster| {
            run(cluster, &rule, &case::read(&file)).await;
        })
    });
    cases.chain([test("every_rule_has_its_cases", async |_| case::every_rule_has_its_cases())]).collect()
}

/// Runs the cases of one rule, in two namespaces of their own: podgate is registered in the first only, and only once
/// everything is there that the cases start from.
async fn run(cluster: &Cluster, rule: &str, cases: &[Case]) {
    let judged = cluster.unjudged_namespace().await;
    let unjudged = cluster.unjudged_namespace().await;
    for case in cases {
        let namespace = if case.api.is_empty() { &judged } else { &unjudged };
        for object in case.with.iter().chain(&case.old).chain(case.delete.then_some(&case.object)) {
            make(&cluster.client, &placed(object, namespace)).await;
        }
    }
    cluster.judge(&judged, cluster.watching().await).await;
    let others: BTreeSet<&str> =
        cases.iter().flat_map(|case| &case.with).map(|other| other["kind"].as_str().unwrap_or_default()).collect();
    for kind in others {
        // Each kind has a watch of its own.
        match kind {
            "PodDisruptionBudget" => cluster.wait_until_budgets_are_known(&judged).await,
            "Service" => cluster.wait_until_services_are_known(&judged).await,
            "HorizontalPodAutoscaler" => cluster.wait_until_autoscalers_are_known(&judged).await,
            "StatefulSet" => cluster.wait_until_stateful_sets_are_known(&judged).await,
            _ => panic!("{rule}: is every object of `with` known?"),
        }
    }
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
    if case.old.is_none() && object["kind"] == "Pod" {
        let rollout = rollout(&placed(&case.object, judged));
        check(cluster, rule, case, name, &cluster.client.dry_run(&rollout).await).await;
    } else {
        let found = judge(&Engine::new(&LifecyclePolicy::default()), &asked(case, &object)).unwrap();
        let denied = found.iter().filter(|finding| finding.level == Level::Deny);
        check_denied(rule, case, name, denied.map(|finding| (finding.rule.id.to_owned(), finding.at.to_string())));
    }
}

/// The request of a case as podgate would get it.
fn asked<'a>(case: &'a Case, object: &'a Value) -> Asked<'a> {
    let operation = match case {
        Case { delete: true, .. } => Operation::Delete,
        Case { old: Some(_), .. } => Operation::Update,
        _ => Operation::Create,
    };
    Asked {
        operation,
        object,
        old: case.old.as_ref(),
        subresource: &case.subresource,
        user: &case.user.name,
        groups: &case.user.groups,
    }
}

/// The request of a case, as a dry run.
async fn send(cluster: &Cluster, case: &Case, object: &Value, namespace: &str) -> Answer {
    // Which requests somebody may make is not what is tested.
    let groups = case.user.groups.iter().map(String::as_str).chain(["system:masters"]);
    let client = cluster.client.impersonate(&case.user.name, &groups.collect::<Vec<_>>());
    if case.delete {
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
        assert_eq!((answer.status, &answer.body["reason"]), (422, &json!("Invalid")), "{name}: {}", answer.body);
        let causes = answer.causes().into_iter();
        check_denied(rule, case, name, causes.map(|cause| (cause.rule().to_owned(), cause.field)));
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

/// The rule, and nothing but it and those `besides`, refuses: `denied` are all rules with the fields that they refuse.
fn check_denied(rule: &str, case: &Case, name: &str, denied: impl Iterator<Item = (String, String)>) {
    let (by_rule, by_others): (Vec<_>, Vec<_>) = denied.partition(|(by, _)| by == rule);
    let others: BTreeSet<String> = by_others.into_iter().map(|(by, _)| by).collect();
    assert_eq!(others, case.besides, "{name}: other rules that refuse it");
    let fields: BTreeSet<String> = by_rule.into_iter().map(|(_, field)| field).collect();
    assert_eq!(fields, case.deny, "{name}");
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
