//! What podgate says of a cluster that runs, and the reports that it keeps there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use podgate_engine::syntax::yaml;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::harness::{Cluster, Program, eventually, object, with};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("audit::a_cluster_of_forty_workloads_is_told_of_its_faults_once_each", forty_workloads),
        test("audit::reports_appear_change_and_go", shown),
    ]
}

/// A container in which nothing is wrong.
fn container() -> Value {
    json!({
        "name": "app", "image": "example.com/app:1",
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "16Mi"}},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    })
}

/// A Deployment in which nothing is wrong, with its budget and its Service.
fn web(namespace: &str, name: &str) -> [Value; 3] {
    let labels = json!({"app": name});
    let spec = json!({
        "containers": [container()],
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels}, "matchLabelKeys": ["pod-template-hash"]}],
    });
    let deployment = with(object("apps", "Deployment", namespace, name, &spec), "/spec/replicas", 2);
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": namespace},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
    });
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": "http"}]},
    });
    [deployment, budget, service]
}

/// What may be wrong with a Deployment: what finds it, and the place in it.
fn faults() -> [(&'static str, &'static str, Value); 10] {
    const CONTAINERS: &str = "/spec/template/spec/containers";
    let liveness = json!({"httpGet": {"path": "/live", "port": "http"}, "periodSeconds": 5, "failureThreshold": 3});
    let admin = json!({"httpGet": {"path": "/ready", "port": "admin"}, "periodSeconds": 5});
    let second = json!([container(), with(container(), "/name", "other")]);
    [
        (
            "prestop-exceeds-grace",
            CONTAINERS,
            json!([with(container(), "/lifecycle/preStop", json!({"exec": {"command": ["sleep", "60"]}}))]),
        ),
        ("liveness-without-startup", CONTAINERS, json!([with(container(), "/livenessProbe", liveness)])),
        ("missing-readiness-probe", CONTAINERS, json!([with(container(), "/readinessProbe", Value::Null)])),
        ("unresolved-named-port", CONTAINERS, json!([with(container(), "/readinessProbe", admin)])),
        ("no-drain-window", CONTAINERS, json!([with(container(), "/lifecycle", Value::Null)])),
        ("single-replica", "/spec/replicas", json!(1)),
        ("full-outage-rollout", "/spec/strategy", json!({"rollingUpdate": {"maxUnavailable": "100%"}})),
        ("port-conflict", CONTAINERS, second),
        ("unknown-scheduling-gate", "/spec/template/spec/schedulingGates", json!([{"name": "example.com/nobody"}])),
        ("grace-too-long", "/spec/template/spec/terminationGracePeriodSeconds", json!(7200)),
    ]
}

/// A policy file that says nothing, so that nobody else's policy counts.
fn policy(cluster: &Cluster) -> PathBuf {
    let file = cluster.processes().dir().join("audit-policy.yaml");
    let text = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nmetadata: {name: audited}\n";
    fs::write(&file, text).unwrap();
    file
}

fn audit(cluster: &Cluster, namespace: &str, args: &[&str]) -> (Option<i32>, String) {
    let policy = policy(cluster);
    let output = Command::new(env!("CARGO_BIN_EXE_podgate-under-test"))
        .args(["audit", "--namespace", namespace, "--policy", policy.to_str().unwrap()])
        .args(args)
        .env_clear()
        .env("KUBECONFIG", cluster.admin_kubeconfig())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text)
}

async fn forty_workloads(cluster: &'static Cluster) {
    cluster.controllers().await;
    let namespace = cluster.namespace(None).await;
    let faults = faults();
    let mut expected = BTreeMap::new();
    for number in 0..40 {
        let name = format!("web-{number}");
        let [mut deployment, budget, service] = web(&namespace, &name);
        // Every fourth has one.
        if let Some((id, at, value)) = faults.get(number / 4).filter(|_| number % 4 == 0) {
            deployment = with(deployment, at, value.clone());
            expected.insert((format!("Deployment/{name}"), (*id).to_owned()), 1);
        }
        for object in [deployment, budget, service] {
            cluster.client.create(&object).await.accepted();
        }
    }
    assert_eq!(expected.len(), 10);
    let pods = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace}});
    // One of them wants one Pod, all others two.
    eventually("all Pods are made", async || (cluster.client.list(&pods).await.len() == 79).then_some(())).await;
    let (code, text) = audit(cluster, &namespace, &["--format", "json"]);
    assert_eq!(code, Some(0), "{text}");
    let report: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
    for object in report["objects"].as_array().unwrap() {
        assert_eq!(object["namespace"], namespace.as_str());
        let name = format!("{}/{}", object["kind"].as_str().unwrap(), object["name"].as_str().unwrap());
        for finding in object["findings"].as_array().unwrap() {
            *found.entry((name.clone(), finding["id"].as_str().unwrap().to_owned())).or_default() += 1;
        }
    }
    // The Pods of a Deployment with a gate wait at it, which their status tells.
    let gated = found.remove(&("Deployment/web-32".to_owned(), "gated".to_owned()));
    assert_eq!(gated, Some(1), "{found:#?}");
    assert_eq!(found, expected, "{text}");

    let (code, text) = audit(cluster, &namespace, &["--fail-on", "deny"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("would be refused"), "{text}");
    let (code, page) = audit(cluster, &namespace, &["--format", "html"]);
    assert!(code == Some(0) && page.starts_with("<!DOCTYPE html>") && page.contains("web-28"), "{page}");
    compare(cluster, &namespace, &report);
}

/// What is there already is not new, and what is mended is told.
fn compare(cluster: &Cluster, namespace: &str, report: &Value) {
    let file = cluster.processes().dir().join("earlier-audit.json");
    let since = |report: &Value| {
        fs::write(&file, report.to_string()).unwrap();
        audit(cluster, namespace, &["--fail-on", "audit", "--since", file.to_str().unwrap()])
    };
    let (code, text) = since(report);
    assert_eq!(code, Some(0), "nothing is new: {text}");
    let mut earlier = report.clone();
    let objects = earlier["objects"].as_array_mut().unwrap();
    objects.retain(|object| object["name"] != "web-28");
    let (code, text) = since(&earlier);
    assert!(code == Some(1) && text.contains("web-28"), "{text}");
}

/// Shows it once: the rights' test wants what podgate asks for.
pub async fn shown(cluster: &'static Cluster) {
    static SHOWN: OnceCell<()> = OnceCell::const_new();
    SHOWN.get_or_init(|| reports(cluster)).await;
}

async fn reports(cluster: &'static Cluster) {
    let kubeconfig = cluster.service_account(&cluster.url).await;
    let namespace = cluster.namespace(None).await;
    let [deployment, budget, service] = web(&namespace, "web");
    let second = json!([container(), with(container(), "/name", "b")]);
    let bad = with(deployment.clone(), "/spec/template/spec/containers", second);
    for object in [&bad, &budget, &service] {
        cluster.client.create(object).await.accepted();
    }
    let report = |api_version: &str, kind: &str| json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "podgate", "namespace": namespace}});
    let (older, newer) =
        (report("wgpolicyk8s.io/v1alpha2", "PolicyReport"), report("openreports.io/v1alpha1", "Report"));
    install("wgpolicyk8s.io.yaml", cluster).await;
    let program = start(cluster, &kubeconfig).await;
    let once = async |what: &str, report: &Value, is_so: fn(&Value) -> bool| {
        eventually(what, async || Some(cluster.client.get(report).await.body).filter(is_so)).await
    };
    let fails = |report: &Value| report["summary"]["fail"].as_u64().is_some_and(|fail| fail > 0);
    let is_gone = |report: &Value| report["code"] == 404;
    let body = once("the report says what is wrong", &older, fails).await;
    let is_of_rule = |result: &Value| result["rule"] == "port-conflict" && result["result"] == "fail";
    assert!(body["results"].as_array().unwrap().iter().any(is_of_rule), "{body}");
    install("openreports.io.yaml", cluster).await;
    once("the newer kind takes the place of the older one", &newer, fails).await;
    once("the older one is removed", &older, is_gone).await;
    // One fault is left, of another rule.
    let lonely = json!({"spec": {"replicas": 1, "template": {"spec": {"containers": deployment["spec"]["template"]["spec"]["containers"]}}}});
    cluster.client.merge(&deployment, "", &lonely).await.accepted();
    let changed = |report: &Value| {
        let rules = report["results"].as_array().into_iter().flatten().map(|result| &result["rule"]);
        rules.collect::<Vec<_>>() == ["single-replica"]
    };
    once("the report changes", &newer, changed).await;
    cluster.client.merge(&deployment, "", &json!({"spec": {"replicas": 2}})).await.accepted();
    once("the report goes", &newer, is_gone).await;
    program.stop().await;
}

async fn install(file: &str, cluster: &'static Cluster) {
    for definition in definitions(file) {
        cluster.client.create(&definition).await.accepted();
    }
}

async fn start(cluster: &'static Cluster, kubeconfig: &Path) -> Program {
    let policy = policy(cluster);
    let args = ["--reports", "--reports-every", "1s", "--policy", policy.to_str().unwrap()];
    Program::start(cluster, Some(kubeconfig), &args).await
}

/// The CustomResourceDefinitions of a file.
fn definitions(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(crate::tree::root().join("tests/cluster/crds").join(file)).unwrap();
    let documents = yaml::documents(&text).unwrap();
    documents.iter().map(|document| serde_json::from_str(&document.to_json().unwrap()).unwrap()).collect()
}
