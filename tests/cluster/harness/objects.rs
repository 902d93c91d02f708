//! Objects that tests start from. podgate has nothing to say about any of them by default.

use serde_json::{Value, json};

/// The version of every custom kind in this cluster: any, since the place of the template is the same in all.
pub const CUSTOM_VERSION: &str = "v1alpha1";

/// A Pod spec in order.
fn harmless() -> Value {
    json!({"containers": [{"name": "app", "image": "example.com/app:1"}]})
}

/// What rule `port-conflict` refuses and the API server does not.
pub fn conflicting_containers() -> Value {
    json!([
        {"name": "app", "image": "example.com/app:1", "ports": [{"containerPort": 8080}]},
        {"name": "metrics", "image": "example.com/metrics:1", "ports": [{"containerPort": 8080}]}
    ])
}

/// A harmless Pod.
pub fn pod(namespace: &str, name: &str) -> Value {
    object("", "Pod", namespace, name, &harmless())
}

/// A harmless Deployment.
pub fn deployment(namespace: &str, name: &str) -> Value {
    workload("apps", "Deployment", namespace, name)
}

/// A harmless workload whose Pods do not end.
pub fn workload(group: &str, kind: &str, namespace: &str, name: &str) -> Value {
    object(group, kind, namespace, name, &harmless())
}

/// An object of a kind that makes Pods, or holds a template for them, with this Pod spec wherever it has one.
pub fn object(group: &str, kind: &str, namespace: &str, name: &str, pod: &Value) -> Value {
    let labels = json!({"app": name});
    let template = json!({"metadata": {"labels": labels}, "spec": pod});
    let selector = json!({"matchLabels": labels});
    let job = json!({"template": template});
    let (version, member, value) = match (group, kind) {
        ("", "Pod") => ("v1", "spec", pod.clone()),
        ("", "PodTemplate") => ("v1", "template", template),
        ("", _) => ("v1", "spec", json!({"template": template})),
        ("apps", "StatefulSet") => {
            ("v1", "spec", json!({"template": template, "selector": selector, "serviceName": name}))
        }
        ("apps", _) => ("v1", "spec", json!({"template": template, "selector": selector})),
        ("batch", "CronJob") => ("v1", "spec", json!({"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job}})),
        ("batch", _) => ("v1", "spec", job),
        (_, "AdvancedCronJob") => (CUSTOM_VERSION, "spec", json!({"template": {"jobTemplate": {"spec": job}}})),
        (_, "JobSet") => (
            CUSTOM_VERSION,
            "spec",
            json!({"replicatedJobs": [{"template": {"spec": job}}, {"template": {"spec": job}}]}),
        ),
        (_, "LeaderWorkerSet") => {
            let templates = json!({"leaderTemplate": template, "workerTemplate": template});
            (CUSTOM_VERSION, "spec", json!({"leaderWorkerTemplate": templates}))
        }
        _ => (CUSTOM_VERSION, "spec", json!({"template": template})),
    };
    let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut metadata = json!({"name": name, "namespace": namespace});
    if kind == "Pod" {
        // Nothing else: a controller would take a workload with the labels of its own for one that it has made.
        metadata["labels"] = labels;
    }
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, member: value})
}
