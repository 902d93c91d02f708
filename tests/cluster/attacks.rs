//! What a tenant may send through the API server to get around podgate.

use http::Method;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::harness::{Client, Cluster, Content, STANDARD, conflicting_containers, deployment, path, pod, with};
use crate::mutation::mutated_namespace;
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("attacks::a_new_pod_that_seems_to_terminate_gets_its_gates", a_new_pod_that_seems_to_terminate),
        test("attacks::a_new_pod_that_seems_a_mirror_gets_its_probes", a_new_pod_that_seems_a_mirror),
        test("attacks::what_the_api_server_escapes_is_not_too_large", what_the_api_server_escapes_is_not_too_large),
        test("attacks::a_long_reason_of_many_findings", a_long_reason_of_many_findings),
        test("attacks::a_warning_from_before_excuses_no_denial", a_warning_from_before_excuses_no_denial),
    ]
}

async fn apply(client: &Client, object: &Value) -> Value {
    let query = "fieldManager=tenant&force=true";
    client.send(Method::PATCH, &path(object, ""), query, Content::Apply(object)).await.accepted().body
}

async fn a_new_pod_that_seems_to_terminate(cluster: &'static Cluster) {
    let namespace = mutated_namespace(cluster).await;
    let client = cluster.client.impersonate("tenant", &["system:masters"]);
    let gated = with(pod(&namespace, "terminating"), "/metadata/labels/gated", "yes");
    let gated = with(gated, "/spec/containers/0/ports", json!([{"name": "http", "containerPort": 8080}]));
    let gated = with(gated, "/metadata/deletionTimestamp", "2026-01-01T00:00:00Z");
    let made = apply(&client, &gated).await;
    assert!(made["metadata"]["deletionTimestamp"].is_null(), "the API server takes it away: {made}");
    assert_eq!(made["spec"]["schedulingGates"], json!([{"name": "example.com/quota"}]));
    assert!(made["spec"]["containers"][0]["readinessProbe"].is_object());
}

async fn a_new_pod_that_seems_a_mirror(cluster: &'static Cluster) {
    let namespace = mutated_namespace(cluster).await;
    let client = cluster.client.impersonate("tenant", &["system:masters"]);
    // The API server wants a mirror Pod to be on a node; it may have no gates then.
    let mirror = with(pod(&namespace, "mirror"), "/metadata/annotations", json!({"kubernetes.io/config.mirror": "x"}));
    let mirror = with(mirror, "/spec/nodeName", "node-1");
    let mirror = with(mirror, "/spec/containers/0/ports", json!([{"name": "http", "containerPort": 8080}]));
    let made = client.create(&mirror).await.accepted().body;
    assert!(made["spec"]["containers"][0]["readinessProbe"].is_object(), "{made}");
}

async fn what_the_api_server_escapes_is_not_too_large(cluster: &'static Cluster) {
    let namespace = cluster.judged_namespace().await;
    // Each byte of it has six in the review.
    let large = |name: &str, bytes: usize| {
        let bad = with(pod(&namespace, name), "/spec/containers", conflicting_containers());
        with(bad, "/spec/containers/0/env", json!([{"name": "TEXT", "value": "<".repeat(bytes)}]))
    };
    let refused = cluster.client.create(&large("create", 1_420_000)).await;
    assert_eq!(refused.fields(), ["spec.containers[1].ports[0].containerPort"], "{}", refused.status);
    // Of an UPDATE the old object counts as well.
    let good = with(
        pod(&namespace, "update"),
        "/spec/containers/0/env",
        json!([{"name": "TEXT", "value": "<".repeat(707_000)}]),
    );
    let workload = |spec: &Value| {
        let workload = deployment(&namespace, "update");
        with(workload, "/spec/template/spec", spec.clone())
    };
    cluster.client.create(&workload(&good["spec"])).await.accepted();
    let refused = cluster.client.replace(&workload(&large("update", 707_000)["spec"]), "", "").await;
    assert_eq!(refused.fields(), ["spec.template.spec.containers[1].ports[0].containerPort"], "{}", refused.status);
}

async fn a_long_reason_of_many_findings(cluster: &'static Cluster) {
    let namespace = cluster.judged_namespace().await;
    let ports: Vec<Value> = (1..=1099).map(|number| json!({"containerPort": number})).collect();
    let container = |name: &str| json!({"name": name, "image": "example.com/app:1", "ports": ports});
    let many = with(pod(&namespace, "many"), "/spec/containers", json!([container("app"), container("other")]));
    let reason = json!({"ignore.podgate.dev/port-conflict": "x".repeat(250_000)});
    let ignored = with(many.clone(), "/metadata/annotations", reason);
    for _ in 0..20 {
        let answer = cluster.client.dry_run(&ignored).await;
        assert!(answer.is_accepted(), "{} {}", answer.status, answer.message());
    }
    // It is there, and judges.
    let refused = cluster.client.dry_run(&many).await;
    assert_eq!(refused.causes().len(), 51);
    assert!(refused.message().ends_with("and 1049 more findings"), "{}", refused.message());
}

async fn a_warning_from_before_excuses_no_denial(cluster: &'static Cluster) {
    let namespace = cluster.unjudged_namespace().await;
    let with_hook = |seconds: u64| {
        // The API server itself takes no `sleep` that is longer than the grace period; into a command it does not look.
        let hook = json!({"preStop": {"exec": {"command": ["sleep", seconds.to_string()]}}});
        let object = with(deployment(&namespace, "legacy"), "/spec/template/spec/containers/0/lifecycle", hook);
        with(object, "/spec/template/spec/terminationGracePeriodSeconds", 30)
    };
    cluster.client.create(&with_hook(29)).await.accepted();
    cluster.judge(&namespace, STANDARD).await;
    let answer = cluster.client.replace(&with_hook(30), "", "").await;
    assert!(answer.is_accepted() && answer.warnings.iter().any(|text| text.contains("prestop-exceeds-grace")));
    let refused = cluster.client.replace(&with_hook(300), "", "").await;
    assert_eq!(refused.fields(), ["spec.template.spec.containers[0].lifecycle.preStop.exec.command"]);
    assert!(refused.message().contains("prestop-exceeds-grace"), "{}", refused.message());
}
