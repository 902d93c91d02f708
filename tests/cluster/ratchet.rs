//! Objects from before podgate stay editable, and what is new about them is judged.

use http::Method;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Cluster, Content, STANDARD, conflicting_containers, path, pod, with, workload};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("ratchet::workloads_from_before_stay_editable", workloads_from_before_stay_editable),
        test("ratchet::pods_from_before_stay_editable", pods_from_before_stay_editable),
    ]
}

const WORKLOADS: [(&str, &str); 5] = [
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("argoproj.io", "Rollout"),
];

async fn workloads_from_before_stay_editable(cluster: &'static Cluster) {
    let namespace = cluster.unjudged_namespace().await;
    let client = &cluster.client;
    let objects = WORKLOADS.map(|(group, kind)| {
        let object = workload(group, kind, &namespace, "legacy");
        let object = with(object, "/spec/template/spec/containers", conflicting_containers());
        with(object, "/metadata/finalizers", json!(["example.com/wait"]))
    });
    for object in &objects {
        client.create(object).await.accepted();
    }
    cluster.judge(&namespace, STANDARD).await;

    for object in &objects {
        let kind = object["kind"].as_str().unwrap();
        let same = with(object.clone(), "/metadata/name", "another");
        let refused = client.dry_run(&same).await;
        assert_eq!(refused.fields(), ["spec.template.spec.containers[1].ports[0].containerPort"], "{kind}");

        client.merge(object, "", &json!({"metadata": {"labels": {"seen": "yes"}}})).await.accepted();
        if kind != "DaemonSet" {
            client.merge(object, "", &json!({"spec": {"replicas": 3}})).await.accepted();
        }
        // A ReplicaSet's template may change as well; nobody uses it for Pods that are there.
        let other =
            json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "example.com/app:2"}]);
        patch(client, object, &other).await.accepted();

        let worse = json!([{"op": "add", "path": "/spec/template/spec/containers/-", "value": {
            "name": "third", "image": "example.com/third:1", "ports": [{"containerPort": 8080}]
        }}]);
        let refused = patch(client, object, &worse).await;
        assert_eq!(refused.fields(), ["spec.template.spec.containers[2].ports[0].containerPort"], "{kind}");

        client.delete(object, "propagationPolicy=Background").await.accepted();
        client.merge(object, "", &json!({"metadata": {"finalizers": null}})).await.accepted();
        assert_eq!(client.get(object).await.status, 404, "{kind}");
    }
}

async fn pods_from_before_stay_editable(cluster: &'static Cluster) {
    let namespace = cluster.unjudged_namespace().await;
    let client = &cluster.client;
    let legacy = with(pod(&namespace, "legacy"), "/spec/containers", conflicting_containers());
    let legacy = with(legacy, "/metadata/finalizers", json!(["example.com/wait"]));
    client.create(&legacy).await.accepted();
    cluster.judge(&namespace, STANDARD).await;

    let same = with(legacy.clone(), "/metadata/name", "another");
    assert_eq!(client.dry_run(&same).await.fields(), ["spec.containers[1].ports[0].containerPort"]);

    client.merge(&legacy, "", &json!({"metadata": {"labels": {"seen": "yes"}}})).await.accepted();
    client.merge(&legacy, "", &json!({"spec": {"activeDeadlineSeconds": 3600}})).await.accepted();
    let other = json!([{"op": "replace", "path": "/spec/containers/0/image", "value": "example.com/app:2"}]);
    patch(client, &legacy, &other).await.accepted();
    let status = json!({"status": {"phase": "Running"}});
    client.merge(&legacy, "status", &status).await.accepted();

    client.delete(&legacy, "gracePeriodSeconds=0").await.accepted();
    client.merge(&legacy, "", &json!({"metadata": {"finalizers": null}})).await.accepted();
    assert_eq!(client.get(&legacy).await.status, 404);
}

async fn patch(client: &Client, object: &Value, patch: &Value) -> Answer {
    client.send(Method::PATCH, &path(object, ""), "", Content::JsonPatch(patch)).await
}
