//! Objects that tests start from. podgate has nothing to say about any of them by default.

use podgate_engine::model::{Workload, workload::Holds};
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

/// What rule `request-exceeds-limit` refuses, of a container that is in no Pod's spec.
pub fn excessive_container() -> Value {
    let resources = json!({"requests": {"cpu": "2"}, "limits": {"cpu": "1"}});
    json!({"name": "app", "image": "example.com/app:1", "resources": resources})
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
        _ => {
            let mut spec = json!({"template": template});
            let places = Workload::find(group, kind).map_or([].as_slice(), Workload::places);
            if !places.is_empty() {
                let mut object = json!({});
                for place in places {
                    let held = match place.holds {
                        Holds::Template => template.clone(),
                        Holds::JobSpec => job.clone(),
                        Holds::Container => pod["containers"][0].clone(),
                    };
                    let steps: Vec<&str> = place.at.split('.').collect();
                    put(&mut object, &steps, &held);
                }
                spec = object["spec"].take();
            }
            (CUSTOM_VERSION, "spec", spec)
        }
    };
    let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut metadata = json!({"name": name, "namespace": namespace});
    if kind == "Pod" {
        // Nothing else: a controller would take a workload with the labels of its own for one that it has made.
        metadata["labels"] = labels;
    }
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, member: value})
}

/// Puts `held` at the place that `steps` lead to: twice where a list is on the way.
fn put(object: &mut Value, steps: &[&str], held: &Value) {
    let Some((step, rest)) = steps.split_first() else { return *object = held.clone() };
    let (key, is_list) = step.strip_suffix("[*]").map_or((*step, false), |key| (key, true));
    let member = &mut object[if key == "*" { "Worker" } else { key }];
    if !is_list {
        return put(member, rest, held);
    }
    if member.is_null() {
        *member = json!([{}, {}]);
    }
    for item in member.as_array_mut().unwrap() {
        put(item, rest, held);
    }
}
