//! An object is read where it stands or from its text, depending on what comes first in the body; the answer is the same.

use podgate_engine::{
    admission::{Mode, handle},
    model::{Workload, workload::WORKLOADS},
    policy::Engine,
};
use serde_json::{Value, json};

/// An object of a kind in which something is found wherever it has Pods: a port that two containers have.
fn object(workload: &Workload, image: &str) -> Value {
    let container = |name| json!({"name": name, "image": image, "ports": [{"containerPort": 8080}]});
    let containers = json!([container("a"), container("b")]);
    let pod = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}});
    let job = json!({"template": pod, "selector": {"matchLabels": {"app": "other"}}, "backoffLimit": 0});
    let mut object = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {
        "containers": containers, "template": pod, "jobTemplate": {"spec": job}, "replicas": 2,
        "selector": {"matchLabels": {"app": "other"}}, "maxUnavailable": 0, "strategy": {"type": "Recreate"},
        "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 5, "maxReplicas": 2,
    }});
    match workload.kind {
        "PodTemplate" => object["template"] = pod,
        "Job" | "BroadcastJob" => object["spec"].as_object_mut().unwrap().extend(job.as_object().unwrap().clone()),
        "Service" if workload.group.is_empty() => object["spec"]["selector"] = json!({"app": "web"}),
        "LeaderWorkerSet" => {
            object["spec"]["leaderWorkerTemplate"] = json!({"leaderTemplate": pod, "workerTemplate": pod});
        }
        "JobSet" => object["spec"]["replicatedJobs"] = json!([{"name": "a", "template": {"spec": job}}]),
        "Task" => object["spec"]["steps"] = json!([{"name": "a", "image": image, "ports": [{"containerPort": 0}]}]),
        _ => {}
    }
    object
}

/// A request whose kind comes before its objects, as the API server writes it, or after them.
fn body(workload: &Workload, operation: &str, [new, old]: [&Value; 2], kind_first: bool) -> String {
    let kind = json!({"group": workload.group, "version": "v1", "kind": workload.kind});
    let what = format!(r#""uid": "u", "kind": {kind}, "operation": "{operation}", "namespace": "shop""#);
    let objects = format!(r#""object": {new}, "oldObject": {old}"#);
    let request = if kind_first { format!("{what}, {objects}") } else { format!("{objects}, {what}") };
    format!(r#"{{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {{{request}}}}}"#)
}

/// Returns what is answered and written down, which has to be the same both ways.
fn answer(workload: &Workload, operation: &str, objects: [&Value; 2]) -> String {
    let engine = Engine::default();
    let [in_place, from_text] = [true, false].map(|kind_first| {
        let body = body(workload, operation, objects, kind_first);
        let response = handle(&engine, Mode::Validate, body.as_bytes());
        format!("{} {} {:?}", response.status, String::from_utf8_lossy(&response.body), response.record)
    });
    assert_eq!(in_place, from_text, "{operation} {}", workload.kind);
    in_place
}

#[test]
fn the_order_of_a_request_does_not_matter() {
    let mut found = 0;
    for workload in WORKLOADS {
        let (new, old) = (object(workload, "example.com/web:2"), object(workload, "example.com/web:1"));
        let mut relabelled = old.clone();
        relabelled["metadata"]["labels"] = json!({"app": "web"});
        let created = answer(workload, "CREATE", [&new, &Value::Null]);
        found += usize::from(created.contains("port-conflict") || created.contains("selector-mismatch"));
        answer(workload, "UPDATE", [&new, &old]);
        answer(workload, "UPDATE", [&relabelled, &old]);
        answer(workload, "UPDATE", [&new, &json!({"metadata": {"name": "web"}, "spec": null})]);
    }
    assert!(found > 10, "in objects of {found} kinds something was found");
}

#[test]
fn what_is_wrong_is_told_in_the_same_words() {
    for workload in WORKLOADS {
        let good = object(workload, "example.com/web:1");
        for (at, wrong) in [
            ("/metadata/name", json!(1)),
            ("/spec", json!([])),
            ("/spec/template", json!("x")),
            ("/spec/template/spec/containers/0/ports", json!({})),
            ("/spec/replicas", json!("two")),
            ("/spec/selector", json!([])),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(at).unwrap() = wrong;
            answer(workload, "CREATE", [&bad, &Value::Null]);
            answer(workload, "UPDATE", [&bad, &good]);
            answer(workload, "UPDATE", [&good, &bad]);
        }
        for missing in [[&Value::Null, &good], [&good, &Value::Null]] {
            let said = answer(workload, "UPDATE", missing);
            assert!(said.starts_with("500") && said.contains("it is missing"), "{said}");
        }
    }
}
