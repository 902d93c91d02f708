//! The policy of `manifests/components/gates` that bounds podgate's right to patch Pods, in the API server.

use http::Method;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Cluster, Content, SERVICE_ACCOUNT, eventually, manifest, path, pod, with};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![test("pod_updates::podgate_removes_gates_and_changes_nothing_else", gates_and_nothing_else)]
}

/// Who is bound here in the place of podgate's ServiceAccount. They may do everything else: no right stands in for the policy.
const BOUND: &str = "system:serviceaccount:pod-updates:podgate";

async fn gates_and_nothing_else(cluster: &'static Cluster) {
    let namespace = cluster.unjudged_namespace().await;
    let bound = cluster.client.impersonate(BOUND, &["system:masters"]);
    let running = &created(cluster, pod(&namespace, "running")).await;
    let two = json!([{"name": "example.com/quota"}, {"name": "podgate.dev/wait-for"}]);
    let gated = with(pod(&namespace, "gated"), "/spec/schedulingGates", two);
    let gated = with(gated, "/metadata/finalizers", json!(["example.com/kept"]));
    let gated = &created(cluster, gated).await;
    bind(cluster).await;
    let image = json!([{"op": "replace", "path": "/spec/containers/0/image", "value": "example.com/other:1"}]);
    eventually("the policy is in force", async || {
        (!tried(&bound, running, "", &image).await.is_accepted()).then_some(())
    })
    .await;

    let add = |path: &str, value: Value| json!([{"op": "add", "path": path, "value": value}]);
    let node_affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms":
        [{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]}}});
    let owners = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "1"}]);
    let both = json!([{"op": "remove", "path": "/spec/schedulingGates/0"}, image[0]]);
    for (pod, patch, changed) in [
        (running, image.clone(), "spec.containers"),
        (running, add("/spec/activeDeadlineSeconds", json!(1)), "spec.activeDeadlineSeconds"),
        (running, add("/spec/tolerations/-", json!({"operator": "Exists"})), "spec.tolerations"),
        (running, add("/metadata/ownerReferences", owners), "metadata.ownerReferences"),
        (gated, image.clone(), "spec.containers"),
        (gated, both, "spec.containers"),
        (gated, add("/spec/nodeSelector", json!({"zone": "a"})), "spec.nodeSelector"),
        (gated, add("/spec/affinity", node_affinity), "spec.affinity"),
        (gated, add("/metadata/labels/app", json!("other")), "metadata.labels"),
        (gated, json!([{"op": "remove", "path": "/metadata/labels"}]), "metadata.labels"),
        (gated, add("/metadata/annotations", json!({"a": "b"})), "metadata.annotations"),
        (gated, json!([{"op": "remove", "path": "/metadata/finalizers"}]), "metadata.finalizers"),
    ] {
        tried(&cluster.client, pod, "", &patch).await.accepted();
        let refused = tried(&bound, pod, "", &patch).await;
        assert_eq!(refused.status, 403, "{patch}: {}", refused.body);
        let said = format!("may change nothing else of a Pod: {changed}");
        assert!(refused.message().ends_with(&said), "{patch}: {}", refused.message());
    }
    let container = json!([{"name": "debug", "image": "example.com/debug:1"}]);
    for (subresource, patch) in [
        ("ephemeralcontainers", add("/spec/ephemeralContainers", container)),
        ("resize", add("/spec/containers/0/resources", json!({}))),
    ] {
        tried(&cluster.client, running, subresource, &patch).await.accepted();
        let refused = tried(&bound, running, subresource, &patch).await;
        assert!(refused.message().contains("may use no subresource"), "{subresource}: {}", refused.body);
    }

    // What it is there for: one gate among others, as podgate removes it, and the last one.
    let own = json!([
        {"op": "test", "path": "/metadata/uid", "value": gated["metadata"]["uid"]},
        {"op": "test", "path": "/spec/schedulingGates/1/name", "value": "podgate.dev/wait-for"},
        {"op": "remove", "path": "/spec/schedulingGates/1"}
    ]);
    for patch in [own, json!([{"op": "remove", "path": "/spec/schedulingGates/0"}])] {
        bound.send(Method::PATCH, &path(gated, ""), "", Content::JsonPatch(&patch)).await.accepted();
    }
    assert_eq!(cluster.client.get(gated).await.accepted().body["spec"]["schedulingGates"], Value::Null);
}

/// Puts the shipped policy in force for somebody else than podgate, whom nothing else in this cluster is told of.
async fn bind(cluster: &Cluster) {
    let mut policy = manifest("components/gates/validating-admission-policy.yaml");
    let mut binding = manifest("components/gates/validating-admission-policy-binding.yaml");
    let who = &mut policy["spec"]["matchConditions"][0]["expression"];
    let expression = who.as_str().unwrap();
    assert!(expression.contains(&format!("\"{SERVICE_ACCOUNT}\"")), "{expression}");
    *who = expression.replace(SERVICE_ACCOUNT, BOUND).into();
    assert_eq!(binding["spec"]["policyName"], policy["metadata"]["name"]);
    binding["spec"]["policyName"] = "pod-updates".into();
    for mut object in [policy, binding] {
        object["metadata"]["name"] = "pod-updates".into();
        cluster.client.create(&object).await.accepted();
    }
}

/// The object as the API server keeps it.
async fn created(cluster: &Cluster, object: Value) -> Value {
    let created = cluster.client.create(&object).await.accepted().body;
    with(with(created, "/apiVersion", "v1"), "/kind", "Pod")
}

/// What the API server says of a patch that it need not keep.
async fn tried(client: &Client, pod: &Value, subresource: &str, patch: &Value) -> Answer {
    client.send(Method::PATCH, &path(pod, subresource), "dryRun=All", Content::JsonPatch(patch)).await
}
