//! The requests that are measured: AdmissionReviews as an API server sends them, without spaces, of a given size.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, missing_docs)]

use std::time::Instant;

use podgate_engine::{
    admission::Mode,
    policy::{Engine, parse},
};
use serde_json::{Value, json};

/// The least time of one call in so many rounds of so many calls, in nanoseconds: everything else on the machine only adds to it.
pub fn least_nanoseconds(rounds: usize, calls: usize, mut call: impl FnMut()) -> f64 {
    let mut round = || {
        let begin = Instant::now();
        (0..calls).for_each(|_| call());
        begin.elapsed().as_nanos() as f64 / calls as f64
    };
    (0..rounds).map(|_| round()).fold(f64::INFINITY, f64::min)
}

/// One thing to measure; made when it is asked for.
#[derive(Clone, Copy)]
pub struct Case {
    pub name: &'static str,
    pub mode: Mode,
    pub engine: fn() -> Engine,
    pub body: fn() -> Vec<u8>,
}

/// All of them, the one that matters most first.
pub static CASES: [Case; 21] = [
    case("validate, Pod, 6 KiB", Mode::Validate, Engine::default, small),
    case("validate, Pod, 60 KiB", Mode::Validate, Engine::default, large),
    case("validate, UPDATE of a Pod, 65 KiB", Mode::Validate, Engine::default, update),
    case("validate, UPDATE of labels, 65 KiB", Mode::Validate, Engine::default, relabel),
    case("validate, Pod, 100 containers", Mode::Validate, Engine::default, || create(&pod(100, 3))),
    case("validate, Pod, 1,000 containers", Mode::Validate, Engine::default, || create(&pod(1000, 3))),
    case("validate, Pod, 6 KiB, 200 scopes", Mode::Validate, scopes, small),
    case("validate, Pod, 6 KiB, denied", Mode::Validate, Engine::default, conflicting),
    case("mutate, Pod, 6 KiB, nothing to add", Mode::Mutate, Engine::default, small),
    case("mutate, Pod, 6 KiB, probes to add", Mode::Mutate, probes, unprobed),
    case("mutate, Pod, 60 KiB, nothing to add", Mode::Mutate, Engine::default, large),
    case("captured, CREATE of a Pod", Mode::Validate, Engine::default, || captured(CREATED)),
    case("captured, UPDATE of a Deployment", Mode::Validate, Engine::default, || captured(UPDATED)),
    case("captured, Deployment, only metadata", Mode::Validate, Engine::default, annotated),
    case("captured, Deployment, only status", Mode::Validate, Engine::default, progressed),
    case("captured, CREATE of a Deployment", Mode::Validate, Engine::default, || captured(DEPLOYED)),
    case("validate, Deployment, 6 KiB", Mode::Validate, Engine::default, || {
        create_of("apps", &deployment("Deployment"))
    }),
    case("validate, DaemonSet, 6 KiB", Mode::Validate, Engine::default, || create_of("apps", &deployment("DaemonSet"))),
    case("validate, Job, 6 KiB", Mode::Validate, Engine::default, || create_of("batch", &job())),
    case("validate, UPDATE of a Job, 13 KiB", Mode::Validate, Engine::default, resumed),
    case("validate, UPDATE of a Deployment, 65 KiB", Mode::Validate, Engine::default, rolled_out),
];

/// What a real API server sent, in files that are indented.
const CREATED: &[u8] = include_bytes!("../../tests/data/controllers/deployment.07.json");
const UPDATED: &[u8] = include_bytes!("../../tests/data/controllers/deployment-set-image.01.json");
const DEPLOYED: &[u8] = include_bytes!("../../tests/data/controllers/deployment.01.json");

const fn case(name: &'static str, mode: Mode, engine: fn() -> Engine, body: fn() -> Vec<u8>) -> Case {
    Case { name, mode, engine, body }
}

fn small() -> Vec<u8> {
    create(&pod(2, 3))
}

fn large() -> Vec<u8> {
    create(&pod(6, 50))
}

fn policy(spec: &str) -> Engine {
    Engine::new(
        &parse(&format!("apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n{spec}"), "policy").unwrap(),
    )
}

/// 200 scopes of which none selects the Pod.
fn scopes() -> Engine {
    let scope = |n| {
        format!(
            "  - {{name: s{n}, profile: strict, namespaces: [\"team-{n}-*\"], podSelector: {{matchLabels: {{tier: t{n}}}}}}}\n"
        )
    };
    policy(&format!("  scopes:\n{}", (0..200).map(scope).collect::<String>()))
}

fn probes() -> Engine {
    policy(
        "  mutations:\n    defaultProbes:\n      readiness: {periodSeconds: 5}\n      startup: {failureThreshold: 60}\n      liveness: {failureThreshold: 6}\n",
    )
}

/// A container of a Pod that was made from a template, with the API's defaults applied.
fn container(number: usize, variables: usize) -> Value {
    let port = 8000 + number;
    let env: Vec<Value> = (0..variables)
        .map(|n| match n % 3 {
            0 => json!({"name": format!("SETTING_{n}"), "value": format!("value-{n}-of-container-{number}")}),
            1 => json!({"name": format!("SECRET_{n}"), "valueFrom": {"secretKeyRef": {"name": "web-credentials", "key": format!("key-{n}")}}}),
            _ => json!({"name": format!("URL_{n}"), "value": format!("https://service-{n}.shop.svc.cluster.local:8443/api/v1?format=json")}),
        })
        .collect();
    json!({
        "name": format!("app-{number}"),
        "image": format!("registry.example.com/shop/app-{number}:1.27.4"),
        "args": ["--listen", format!(":{port}"), "--log-format=json"],
        "ports": [{"name": format!("http-{number}"), "containerPort": port, "protocol": "TCP"}],
        "env": env,
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/app", "readOnly": true},
            {"name": "kube-api-access-x7k2p", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
        ],
        "livenessProbe": {"httpGet": {"path": "/livez", "port": format!("http-{number}"), "scheme": "HTTP"}, "timeoutSeconds": 1,
            "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 6},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": format!("http-{number}"), "scheme": "HTTP"}, "timeoutSeconds": 1,
            "periodSeconds": 5, "successThreshold": 1, "failureThreshold": 3},
        "startupProbe": {"httpGet": {"path": "/livez", "port": format!("http-{number}"), "scheme": "HTTP"}, "timeoutSeconds": 1,
            "periodSeconds": 2, "successThreshold": 1, "failureThreshold": 60},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"capabilities": {"drop": ["ALL"]}, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true},
    })
}

/// Who set which field: the part of an object that nobody reads, and often its largest.
fn managed_fields(containers: usize, variables: usize) -> Value {
    let of_container = |number: usize| {
        let mut env: serde_json::Map<String, Value> = (0..variables)
            .map(|n| (format!("k:{{\"name\":\"SETTING_{n}\"}}"), json!({".": {}, "f:name": {}, "f:value": {}})))
            .collect();
        env.insert(".".to_owned(), json!({}));
        (
            format!("k:{{\"name\":\"app-{number}\"}}"),
            json!({".": {}, "f:args": {}, "f:env": env, "f:image": {}, "f:livenessProbe": {"f:httpGet": {}}, "f:name": {}}),
        )
    };
    let containers: serde_json::Map<String, Value> = (0..containers).map(of_container).collect();
    json!([{
        "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T08:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": {"f:containers": containers}},
    }])
}

/// A Pod that a ReplicaSet creates and in which nothing is found.
fn pod(containers: usize, variables: usize) -> Value {
    let list: Vec<Value> = (0..containers).map(|number| container(number, variables)).collect();
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "generateName": "web-6d5f8c9b7d-", "namespace": "shop", "creationTimestamp": null,
            "labels": {"app": "web", "app.kubernetes.io/name": "web", "pod-template-hash": "6d5f8c9b7d"},
            "annotations": {"checksum/config": "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6d5f8c9b7d",
                "uid": "9b3a1c52-2f0e-4a55-8a0e-6f0d0f7f2a11", "controller": true, "blockOwnerDeletion": true}],
            "managedFields": managed_fields(containers, variables),
        },
        "spec": {
            "volumes": [
                {"name": "config", "configMap": {"name": "web", "defaultMode": 420}},
                {"name": "kube-api-access-x7k2p", "projected": {"defaultMode": 420, "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                ]}},
            ],
            "containers": list,
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "web", "serviceAccount": "web", "securityContext": {"runAsNonRoot": true},
            "schedulerName": "default-scheduler", "priority": 0, "enableServiceLinks": true,
            "preemptionPolicy": "PreemptLowerPriority",
            "tolerations": [
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
            ],
        },
        "status": {},
    })
}

/// As it was sent.
fn captured(indented: &[u8]) -> Vec<u8> {
    serde_json::to_vec(&serde_json::from_slice::<Value>(indented).unwrap()).unwrap()
}

fn set(object: &mut Value, pointer: &str, value: Value) {
    *object.pointer_mut(pointer).unwrap() = value;
}

/// Two containers listen on one port.
fn conflicting() -> Vec<u8> {
    let mut pod = pod(2, 3);
    set(&mut pod, "/spec/containers/1/ports/0/containerPort", 8000.into());
    create(&pod)
}

/// Containers without probes.
fn unprobed() -> Vec<u8> {
    let mut pod = pod(2, 9);
    for container in pod["spec"]["containers"].as_array_mut().unwrap() {
        container.as_object_mut().unwrap().retain(|field, _| !field.ends_with("Probe"));
    }
    create(&pod)
}

/// A Pod that runs.
fn running() -> Value {
    let mut pod = pod(4, 44);
    pod["metadata"]["name"] = "web-6d5f8c9b7d-x2x4z".into();
    pod["spec"]["nodeName"] = "node-17".into();
    pod["status"] = json!({"phase": "Running", "podIP": "10.1.2.3", "startTime": "2026-01-01T08:00:00Z", "conditions": [
        {"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"},
    ]});
    pod
}

fn update() -> Vec<u8> {
    let old = running();
    let mut new = old.clone();
    set(&mut new, "/spec/containers/0/image", "registry.example.com/shop/app-0:1.27.5".into());
    review("UPDATE", &new, &old)
}

fn relabel() -> Vec<u8> {
    let old = running();
    let mut new = old.clone();
    set(&mut new, "/metadata/labels/app", "web-2".into());
    review("UPDATE", &new, &old)
}

/// The captured Deployment before its change, and changed in nothing but one member.
fn changed(pointer: &str, value: Value) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(UPDATED).unwrap();
    let mut new = body["request"]["oldObject"].clone();
    set(&mut new, pointer, value);
    body["request"]["object"] = new;
    serde_json::to_vec(&body).unwrap()
}

/// What the Deployment's controller writes after a rollout.
fn annotated() -> Vec<u8> {
    changed("/metadata/annotations", json!({"deployment.kubernetes.io/revision": "2"}))
}

/// What a controller of others writes that does not use the subresource.
fn progressed() -> Vec<u8> {
    changed("/status/unavailableReplicas", 1.into())
}

/// A controller whose Pods have the spec of [`pod`] with 2 containers, and whose metadata is as large.
fn deployment(kind: &str) -> Value {
    let Value::Object(mut pod) = pod(2, 3) else { unreachable!() };
    let labels = json!({"app": "web", "app.kubernetes.io/name": "web"});
    let mut metadata = pod["metadata"].clone();
    let fields = metadata.as_object_mut().unwrap();
    fields.retain(|field, _| !matches!(field.as_str(), "generateName" | "ownerReferences"));
    fields.insert("name".to_owned(), "web".into());
    let template = json!({"metadata": {"creationTimestamp": null, "labels": labels}, "spec": pod["spec"].take()});
    let mut spec = json!({"selector": {"matchLabels": labels}, "template": template, "revisionHistoryLimit": 10});
    let more = match kind {
        "DaemonSet" => {
            json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}})
        }
        _ => {
            json!({"replicas": 3, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}, "progressDeadlineSeconds": 600})
        }
    };
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"kind": kind, "apiVersion": "apps/v1", "metadata": metadata, "spec": spec, "status": {}})
}

/// A Job of the same containers, which have no probes.
fn job() -> Value {
    let mut job = deployment("Deployment");
    job["kind"] = "Job".into();
    job["apiVersion"] = "batch/v1".into();
    let mut template = job["spec"]["template"].take();
    template["spec"]["restartPolicy"] = "Never".into();
    for container in template["spec"]["containers"].as_array_mut().unwrap() {
        container.as_object_mut().unwrap().retain(|field, _| !field.ends_with("Probe"));
    }
    job["spec"] = json!({"parallelism": 1, "completions": 1, "backoffLimit": 6, "template": template,
        "completionMode": "NonIndexed", "suspend": true, "podReplacementPolicy": "TerminatingOrFailed"});
    job
}

/// A Job that may begin now.
fn resumed() -> Vec<u8> {
    let old = job();
    let mut new = old.clone();
    set(&mut new, "/spec/suspend", false.into());
    review_of("UPDATE", "batch", &new, &old)
}

/// A large Deployment with another image.
fn rolled_out() -> Vec<u8> {
    let mut old = deployment("Deployment");
    let large = pod(4, 44);
    old["spec"]["template"]["spec"] = large["spec"].clone();
    old["metadata"]["managedFields"] = large["metadata"]["managedFields"].clone();
    let mut new = old.clone();
    set(&mut new, "/spec/template/spec/containers/0/image", "registry.example.com/shop/app-0:1.27.5".into());
    review_of("UPDATE", "apps", &new, &old)
}

fn create(pod: &Value) -> Vec<u8> {
    create_of("", pod)
}

fn create_of(group: &str, object: &Value) -> Vec<u8> {
    review_of("CREATE", group, object, &Value::Null)
}

fn review(operation: &str, object: &Value, old: &Value) -> Vec<u8> {
    review_of(operation, "", object, old)
}

fn review_of(operation: &str, group: &str, object: &Value, old: &Value) -> Vec<u8> {
    let name = object["kind"].as_str().unwrap();
    let kind = json!({"group": group, "version": "v1", "kind": name});
    let resource = json!({"group": group, "version": "v1", "resource": format!("{}s", name.to_lowercase())});
    let review = json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": kind, "resource": resource,
            "requestKind": kind, "requestResource": resource, "namespace": "shop", "operation": operation,
            "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller",
                "uid": "c0a1f1f0-5b6f-4d7e-9a43-1a2b3c4d5e6f",
                "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"]},
            "object": object, "oldObject": old, "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    });
    serde_json::to_vec(&review).unwrap()
}
