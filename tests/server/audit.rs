//! `podgate audit` before an API server that is large, busy and forgetful.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// How many namespaces the large cluster has; each has ten Deployments.
const NAMESPACES: usize = 20;
/// Sets another number, to measure with.
const MEASURED: &str = "PODGATE_AUDIT_NAMESPACES";
const WORKLOADS: usize = 10;

/// Makes the objects of lists as they are asked for.
struct Large {
    namespaces: usize,
    requests: AtomicUsize,
    busy: AtomicUsize,
    expired: AtomicUsize,
}

/// A kind that the cluster has: path, name in URLs, kind, how many in each namespace.
const KINDS: [(&str, &str, &str, usize); 6] = [
    ("/api/v1", "services", "Service", WORKLOADS),
    ("/api/v1", "pods", "Pod", 2 * WORKLOADS),
    ("/apis/apps/v1", "deployments", "Deployment", WORKLOADS),
    ("/apis/apps/v1", "replicasets", "ReplicaSet", 2 * WORKLOADS),
    ("/apis/policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", WORKLOADS),
    ("/apis/batch/v1", "jobs", "Job", 0),
];

/// The template of every workload: each fifth has no readiness probe, and each tenth declares a port twice.
fn spec(workload: usize) -> Value {
    let container = |name: &str| {
        let mut container = json!({
            "name": name, "image": "example.com/app:1", "ports": [{"name": name, "containerPort": 8080, "protocol": "TCP"}],
            "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 5, "failureThreshold": 3},
            "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
            "lifecycle": {"preStop": {"sleep": {"seconds": 5}}}, "terminationMessagePath": "/dev/termination-log",
            "env": (0..20).map(|index| json!({"name": format!("VARIABLE_{index}"), "value": "x".repeat(60)})).collect::<Vec<_>>(),
        });
        if workload.is_multiple_of(5) {
            container.as_object_mut().unwrap().remove("readinessProbe");
        }
        container
    };
    let mut containers = vec![container("app")];
    if workload.is_multiple_of(10) {
        containers.push(container("other"));
    }
    let labels = json!({"app": format!("web-{workload}")});
    json!({
        "containers": containers, "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels}, "matchLabelKeys": ["pod-template-hash"]}],
    })
}

fn item(kind: &str, namespace: &str, number: usize) -> Value {
    let each = if matches!(kind, "Pod" | "ReplicaSet") { 2 } else { 1 };
    let workload = number / each;
    let web = format!("web-{workload}");
    let labels = json!({"app": web, "pod-template-hash": format!("{}abc", number % each)});
    let owner = |kind: &str, name: String| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": name, "controller": true}]);
    let mut metadata = json!({
        "namespace": namespace, "uid": format!("{namespace}-{kind}-{number}"), "creationTimestamp": "2026-03-01T00:00:00Z",
        "labels": labels,
        "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": "x".repeat(1500)}}}}}],
    });
    let selector = json!({"matchLabels": {"app": web}});
    let template = json!({"metadata": {"labels": labels}, "spec": spec(workload)});
    let (name, owners, spec) = match kind {
        "Service" => {
            (web.clone(), None, json!({"selector": {"app": web}, "ports": [{"port": 80, "targetPort": 8080}]}))
        }
        "PodDisruptionBudget" => (
            web.clone(),
            None,
            json!({"maxUnavailable": 1, "selector": selector, "unhealthyPodEvictionPolicy": "AlwaysAllow"}),
        ),
        "Deployment" => (web.clone(), None, json!({"replicas": 2, "selector": selector, "template": template})),
        "ReplicaSet" => {
            let replicas = if number.is_multiple_of(2) { 2 } else { 0 };
            let name = format!("{web}-{}abc", number % 2);
            (
                name,
                Some(owner("Deployment", web)),
                json!({"replicas": replicas, "selector": selector, "template": template}),
            )
        }
        _ => {
            let set = format!("{web}-0abc");
            metadata["labels"]["pod-template-hash"] = json!("0abc");
            (format!("{set}-{}", number % 2), Some(owner("ReplicaSet", set)), self::spec(workload))
        }
    };
    metadata["name"] = json!(name);
    if let Some(owners) = owners {
        metadata["ownerReferences"] = owners;
    }
    json!({"metadata": metadata, "spec": spec, "status": {}})
}

/// Names of namespaces as etcd has them in order.
fn namespace(index: usize) -> String {
    format!("team-{index:05}")
}

fn text(status: StatusCode, body: &Value) -> Response {
    (status, [("content-type", "application/json")], Body::from(body.to_string())).into_response()
}

fn failure(code: u16, reason: &str) -> Response {
    let details = json!({"retryAfterSeconds": 0});
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": reason, "code": code, "details": details});
    text(StatusCode::from_u16(code).unwrap(), &body)
}

/// The kinds of a group, for discovery.
fn resources(path: &str) -> Value {
    let resource = |name: &str, kind: &str, namespaced: bool| json!({"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]});
    let kinds = KINDS.iter().filter(|(group, ..)| *group == path).map(|(_, name, kind, _)| resource(name, kind, true));
    let mut all: Vec<Value> = kinds.collect();
    if path == "/api/v1" {
        all.push(resource("namespaces", "Namespace", false));
        all.push(resource("limitranges", "LimitRange", true));
    }
    let version = path.trim_start_matches("/apis/").trim_start_matches("/api/");
    json!({"kind": "APIResourceList", "groupVersion": version, "resources": all})
}

async fn answer(State(large): State<Arc<Large>>, uri: Uri) -> Response {
    let path = uri.path();
    if path == "/apis" {
        let group = |name: &str| {
            let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
            json!({"name": name, "versions": [version], "preferredVersion": version})
        };
        let groups: Vec<Value> = ["apps", "batch", "policy"].into_iter().map(group).collect();
        return text(StatusCode::OK, &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}));
    }
    if path == "/api/v1" || path.matches('/').count() == 3 && path.starts_with("/apis/") {
        return text(StatusCode::OK, &resources(path));
    }
    let number = large.requests.fetch_add(1, Ordering::Relaxed);
    // Nobody may list LimitRanges here.
    if path.ends_with("/limitranges") {
        return failure(403, "Forbidden");
    }
    if number % 7 == 3 {
        large.busy.fetch_add(1, Ordering::Relaxed);
        return failure(429, "TooManyRequests");
    }
    let query = uri.query().unwrap_or_default();
    let parameter = |wanted: &str| query.split('&').find_map(|pair| pair.strip_prefix(wanted)?.strip_prefix('='));
    let begin: usize = parameter("continue").map_or(0, |token| token.parse().unwrap());
    let limit: usize = parameter("limit").unwrap().parse().unwrap();
    // Once a token is too old.
    if begin > 0 && path.ends_with("/pods") && large.expired.fetch_add(1, Ordering::Relaxed) == 0 {
        return failure(410, "Expired");
    }
    let (all, make): (usize, Box<dyn Fn(usize) -> Value + Send>) = if path.ends_with("/namespaces") {
        (large.namespaces, Box::new(|index| json!({"metadata": {"name": namespace(index), "labels": {"team": "a"}}})))
    } else {
        let (_, _, kind, each) = KINDS.iter().find(|(_, name, ..)| path.ends_with(&format!("/{name}"))).unwrap();
        (large.namespaces * each, Box::new(move |index| item(kind, &namespace(index / each), index % each)))
    };
    let end = all.min(begin + limit);
    let mut metadata = json!({"resourceVersion": "1"});
    if end < all {
        metadata["continue"] = json!(end.to_string());
    }
    let items: Vec<Value> = (begin..end).map(make).collect();
    text(StatusCode::OK, &json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items}))
}

async fn serve(large: Arc<Large>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer).with_state(large);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_reads_all_pages_of_a_busy_api_server() {
    let namespaces = std::env::var(MEASURED).map_or(NAMESPACES, |text| text.parse().unwrap());
    let (requests, busy, expired) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let large = Arc::new(Large { namespaces, requests, busy, expired });
    let address = serve(Arc::clone(&large)).await;
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "large",
        "contexts": [{"name": "large", "context": {"cluster": "large", "user": "large"}}],
        "clusters": [{"name": "large", "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": "large", "user": {}}],
    });
    fs::write(dir.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
    fs::write(dir.path().join("policy.yaml"), "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\n").unwrap();
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_podgate-under-test"))
        .args(["audit", "--policy", "policy.yaml", "--format", "json", "--output", "report.json"])
        .current_dir(dir.path())
        .env("KUBECONFIG", dir.path().join("kubeconfig"))
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let memory = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let kib =
            memory.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or(0));
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(status.success(), "{status}");
    let (requests, busy) = (large.requests.load(Ordering::Relaxed), large.busy.load(Ordering::Relaxed));
    println!(
        "{namespaces} namespaces: {:.1?}, {} MiB at most, {requests} requests, {busy} answered by 429",
        begin.elapsed(),
        peak / 1024
    );
    let report: Value = serde_json::from_slice(&fs::read(dir.path().join("report.json")).unwrap()).unwrap();
    assert!(large.expired.load(Ordering::Relaxed) > 1, "a token was too old");
    let objects = report["objects"].as_array().unwrap();
    let with = |id: &str| {
        let has = |object: &&Value| object["findings"].as_array().unwrap().iter().any(|finding| finding["id"] == id);
        objects.iter().filter(has).count()
    };
    assert_eq!((with("port-conflict"), with("missing-readiness-probe")), (namespaces, 2 * namespaces), "{report:#}");
    // Each Deployment with its ReplicaSets and Pods is one object.
    assert!(objects.iter().all(|object| object["kind"] == "Deployment" && object["pods"] == 2), "{report:#}");
    let not_judged = report["notJudged"].to_string();
    assert!(not_judged.contains("LimitRange"), "{not_judged}");
    assert!(peak / 1024 <= 150, "{peak} KiB");
}
