//! What the tests make. Containers play scripts; tests/kubelet/README.md has their language.

use serde_json::{Value, json};

use crate::harness::{object, pod, with};

pub const NODE: &str = "node-1";

/// The annotation that says what a Pod waits for, and the gate that it gets.
pub const WAIT_FOR: &str = "podgate.dev/wait-for";

fn app(script: &[&str]) -> Value {
    json!({"containers": [{"name": "app", "image": "example.com/app:1", "args": script}], "terminationGracePeriodSeconds": 1})
}

/// A workload whose Pods wait.
pub fn waiting(kind: &str, namespace: &str, name: &str, replicas: u32, targets: &str) -> Value {
    let workload = with(object("apps", kind, namespace, name, &app(&[])), "/spec/replicas", replicas);
    with(workload, "/spec/template/metadata/annotations", json!({WAIT_FOR: targets}))
}

/// A Pod of nobody's that waits.
pub fn waiting_pod(namespace: &str, name: &str, targets: &str) -> Value {
    let pod = with(pod(namespace, name), "/spec", app(&[]));
    with(pod, "/metadata/annotations", json!({WAIT_FOR: targets}))
}

/// A Pod with gates of its own.
pub fn gated_pod(namespace: &str, name: &str, gates: &[&str]) -> Value {
    let gates: Vec<Value> = gates.iter().map(|gate| json!({"name": gate})).collect();
    with(with(pod(namespace, name), "/spec", app(&[])), "/spec/schedulingGates", gates)
}

/// A Service and the Deployment behind it, whose Pod is ready some seconds after its start.
pub fn database(namespace: &str, seconds: u32) -> [Value; 2] {
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": namespace},
        "spec": {"selector": {"app": "db"}, "ports": [{"port": 5432}]}
    });
    let mut spec = app(&[&format!("exec ready from {seconds}s")]);
    spec["containers"][0]["readinessProbe"] = json!({"exec": {"command": ["ready"]}, "periodSeconds": 1});
    let deployment = object("apps", "Deployment", namespace, "db", &spec);
    // Its address has to be one that EndpointSlices may hold.
    let annotations = json!({"example.com/unreached": "yes"});
    [service, with(deployment, "/spec/template/metadata/annotations", annotations)]
}

/// A Job whose Pod takes some seconds.
pub fn migration(namespace: &str, seconds: u32) -> Value {
    job(namespace, "migrate", &format!("exit 0 after {seconds}s"))
}

/// A Job of one Pod that is not tried again.
pub fn job(namespace: &str, name: &str, script: &str) -> Value {
    let spec = with(app(&[script]), "/restartPolicy", "Never");
    with(object("batch", "Job", namespace, name, &spec), "/spec/backoffLimit", 0)
}

pub fn configmap(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}})
}

/// The names of the gates that a Pod has.
pub fn gates(pod: &Value) -> Vec<&str> {
    let gates = pod["spec"]["schedulingGates"].as_array().into_iter().flatten();
    gates.map(|gate| gate["name"].as_str().unwrap()).collect()
}

/// Whether a condition of an object is true.
pub fn is_true(object: &Value, condition: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|it| it["type"] == condition && it["status"] == "True")
}
