//! Real objects of a real API server, as its admission requests carried them: nothing that the cluster has added is taken for a fault.

use std::{collections::BTreeMap, fs, path::Path};

use podgate_audit::{Auditor, Facts, output::text};
use podgate_engine::Engine;
use serde_json::{Value, json};

use crate::objects::{NOW, audit, ids, lines, pod, status, with};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data");

/// The last state of every object of the requests in a folder, workloads before ReplicaSets before Pods.
fn objects(folder: &str, prefix: &str) -> Vec<Value> {
    let entries = fs::read_dir(Path::new(FOLDER).join(folder)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.file_name().unwrap().to_str().unwrap().starts_with(prefix));
    files.sort();
    let mut last: BTreeMap<(usize, String), Value> = BTreeMap::new();
    for file in files {
        let review: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let object = &review["request"]["object"];
        let kind = object["kind"].as_str().unwrap_or_default();
        let has_uid = object["metadata"]["uid"].is_string() && object["metadata"]["name"].is_string();
        // A Pod that is being created has no name and no uid yet; it gets them here as the API server gives them.
        if !has_uid && kind != "Pod" && kind != "ReplicaSet" && kind != "Job" {
            continue;
        }
        let rank = ["Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet", "Pod"];
        let Some(rank) = rank.iter().position(|known| *known == kind) else { continue };
        let name = object["metadata"]["name"].as_str().map(str::to_owned);
        let name = name
            .unwrap_or_else(|| format!("{}{}", object["metadata"]["generateName"].as_str().unwrap_or("p"), last.len()));
        let object = with(object.clone(), &json!({"metadata": {"name": name, "uid": "u", "deletionTimestamp": null}}));
        last.insert((rank, name), object);
    }
    last.into_values().collect()
}

#[test]
fn a_rollout_as_controllers_made_it_is_one_object() {
    let objects = objects("controllers", "deployment-set-image");
    let kinds: Vec<&str> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"Deployment") && kinds.contains(&"ReplicaSet") && kinds.contains(&"Pod"), "{kinds:?}");
    let audit = audit(&objects);
    let names: Vec<(&str, &str)> = audit.objects.iter().map(|one| (one.kind.as_str(), one.name.as_str())).collect();
    assert_eq!(names, [("Deployment", "web")]);
    let pods = kinds.iter().filter(|kind| **kind == "Pod").count();
    assert_eq!((audit.judged, audit.objects[0].pods), (1, pods));
}

#[test]
fn what_controllers_make_is_told_of_at_their_owners() {
    for (prefix, kind) in [("daemonset", "DaemonSet"), ("statefulset", "StatefulSet"), ("job", "Job")] {
        let audit = audit(&objects("controllers", prefix));
        let kinds: Vec<&str> = audit.objects.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!((kinds, audit.judged), (vec![kind], 1), "{prefix}");
        assert!(audit.objects[0].pods > 0, "{prefix}");
    }
}

#[test]
fn everything_of_a_cluster_gives_the_same_text() {
    let objects: Vec<Value> = objects("requests", "").into_iter().chain(objects("controllers", "")).collect();
    assert!(objects.len() > 25, "{}", objects.len());
    let engine = Engine::default();
    let mut auditor = Auditor::new(&engine);
    auditor.noted_all();
    for object in &objects {
        auditor.judge(&object.to_string());
    }
    let audit = auditor.finish(Facts { at: NOW.to_owned(), ..Facts::default() });
    let text = text::write(&audit, true);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/live.txt");
    if fs::read_to_string(path).ok().as_ref() != Some(&text) {
        assert!(
            std::env::var_os("UPDATE").is_some(),
            "tests/data/live.txt is another one: run UPDATE=1 cargo test\n{text}"
        );
        fs::write(path, text).unwrap();
    }
}

/// The ids of what is found in a Pod that nobody owns.
fn found(patch: &Value) -> Vec<&'static str> {
    ids(&audit(&[with(pod("web-0"), patch)])).into_iter().map(|(_, id)| id).collect()
}

#[test]
fn what_the_cluster_has_added_is_no_fault() {
    // It has a node, tolerations, a token and every default; what is left is that nobody owns it.
    assert_eq!(found(&json!({})), ["naked-pod"]);
    // Priority and preemption, a host that a finished Pod ran on, and what a resize leaves.
    assert_eq!(found(&json!({"status": {"phase": "Succeeded"}})), ["naked-pod"]);
    let resized = json!({"resources": {"requests": {"memory": "256Mi"}}, "allocatedResources": {"memory": "256Mi"}});
    assert_eq!(found(&json!({"status": status(&resized)})), ["naked-pod"]);
}

#[test]
fn what_somebody_has_written_is_one() {
    // A node of a Pod that has no status, and runs nowhere yet, somebody has chosen.
    assert_eq!(found(&json!({"status": {"phase": null}})), ["node-name-set", "naked-pod"]);
    let forever = json!([{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}]);
    assert!(found(&json!({"spec": {"tolerations": forever}})).contains(&"eternal-toleration"));
    assert!(found(&json!({"spec": {"terminationGracePeriodSeconds": 1}})).contains(&"prestop-exceeds-grace"));
    assert!(found(&json!({"spec": {"volumes": [{"name": "unused", "emptyDir": {}}]}})).contains(&"unused-volume"));
}

#[test]
fn a_gated_pod_of_a_known_gate_waits() {
    let gated = json!({"spec": {"nodeName": null, "schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}, "status": {
        "phase": "Pending", "containerStatuses": null, "conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "SchedulingGated", "lastTransitionTime": "2026-03-02T09:00:00Z"}]}});
    let audit = audit(&[with(pod("web-0"), &gated)]);
    assert_eq!(
        lines(&audit.objects[0])[0],
        "audit[gated] the Pod has been waiting 3 h for the removal of gate \"kueue.x-k8s.io/admission\" by Kueue"
    );
}
