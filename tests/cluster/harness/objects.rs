//! Objects that tests start from. podgate has nothing to say about any of them by default.

use serde_json::{Value, json};

/// A harmless Pod.
pub fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]}
    })
}

/// A harmless workload of a kind that has `spec.template`; of apps/v1 it gets a selector as well.
pub fn workload(api_version: &str, kind: &str, namespace: &str, name: &str) -> Value {
    let template = json!({
        "metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]}
    });
    let mut spec = json!({"template": template});
    if api_version == "apps/v1" {
        spec["selector"] = json!({"matchLabels": {"app": name}});
    }
    if kind == "StatefulSet" {
        spec["serviceName"] = json!(name);
    }
    json!({
        "apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec
    })
}

/// A harmless Deployment.
pub fn deployment(namespace: &str, name: &str) -> Value {
    workload("apps/v1", "Deployment", namespace, name)
}

/// What rule `port-conflict` refuses and the API server does not.
pub fn conflicting_containers() -> Value {
    json!([
        {"name": "app", "image": "example.com/app:1", "ports": [{"containerPort": 8080}]},
        {"name": "metrics", "image": "example.com/metrics:1", "ports": [{"containerPort": 8080}]}
    ])
}
