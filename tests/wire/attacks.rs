//! What a tenant may write to kill, stall or get around the judgement: it is judged, within bounds, or refused to be judged
//! in words. What it costs is counted by `tests/growth`.

use std::cell::Cell;

use podgate_engine::{
    admission::{Cluster, Decision, ErrorReason, Mode, Response, handle, handle_within},
    policy::Engine,
};
use serde_json::{Value, json};

use super::{
    api_server::{accept, ask, ask_kind},
    judging::{FIRING, policy},
};

/// A Pod of two containers that take the same ports: one conflict less than `count`.
fn ports(count: usize, annotations: &Value) -> Value {
    let ports: Vec<Value> = (1..count).map(|number| json!({"containerPort": number})).collect();
    let container = |name: &str| {
        json!({"name": name, "image": "example.com/app:1", "ports": ports,
            "readinessProbe": {"tcpSocket": {"port": 80}}, "livenessProbe": {"tcpSocket": {"port": 80}}})
    };
    json!({"metadata": {"name": "web", "annotations": annotations},
        "spec": {"containers": [container("app"), container("other")]}})
}

/// How many findings of a rule at a level an answer counts.
fn counted(response: &Response<'_>, rule: &str, level: &str) -> usize {
    let kept = response.record.findings.iter().filter(|(id, its)| *id == rule && *its == level).count();
    let more = response.record.more.iter().filter(|more| more.rule == rule && more.level == level);
    kept + more.map(|more| more.count).sum::<usize>()
}

fn validate(body: &[u8]) -> Response<'_> {
    handle(Box::leak(Box::new(Engine::default())), Mode::Validate, body)
}

#[test]
fn a_long_reason_of_many_findings_is_kept_once() {
    let reason = "because ".repeat(31_250);
    let body = ask("CREATE", &ports(1100, &json!({"ignore.podgate.dev/port-conflict": reason})).to_string(), "null");
    let response = validate(&body);
    assert_eq!((response.status, response.record.decision), (200, Decision::Allowed));
    assert_eq!(counted(&response, "port-conflict", "ignored"), 1099);
    assert!(response.record.findings.len() < 200 && response.body.len() < 40_000, "{}", response.body.len());
    let accepted = accept(Mode::Validate, &body, &response).unwrap();
    let said = &accepted.annotations["port-conflict"];
    assert!(said.contains("ignored deny") && said.ends_with(" more findings"), "{said}");
}

#[test]
fn a_long_name_of_many_findings_is_cut_where_it_is_written() {
    let mut pod = ports(4000, &json!({}));
    pod["spec"]["containers"][1]["name"] = "n".repeat(500_000).into();
    let object = json!({"metadata": {"name": "web"}, "spec": {"template": {"spec": pod["spec"]}}});
    let body = ask_kind("CREATE", "argoproj.io", "Rollout", &object.to_string(), "null");
    let response = validate(&body);
    assert_eq!(response.record.decision, Decision::Denied);
    assert_eq!(counted(&response, "port-conflict", "deny"), 3999);
    let accepted = accept(Mode::Validate, &body, &response).unwrap();
    assert!(accepted.causes.iter().all(|(_, message)| message.chars().count() < 1100));
    assert!(response.body.len() < 300_000, "{}", response.body.len());
}

#[test]
fn more_than_the_api_server_can_store_is_said_to_be_that() {
    let pod =
        format!(r#"{{"metadata": {{"name": "web"}}, "spec": {{"containers": [{}{{}}]}}}}"#, "{},".repeat(150_000));
    let rollout = format!(r#"{{"spec": {{"template": {pod}}}}}"#);
    for (mode, body) in [
        (Mode::Validate, ask("CREATE", &pod, "null")),
        (Mode::Mutate, ask("CREATE", &pod, "null")),
        (Mode::Validate, ask_kind("CREATE", "argoproj.io", "Rollout", &rollout, "null")),
        (Mode::Validate, ask_kind("UPDATE", "argoproj.io", "Rollout", &rollout, "{\"spec\": {}}")),
    ] {
        let response = handle(&Engine::default(), mode, &body);
        let error = response.record.error.as_deref().unwrap_or_default();
        assert_eq!((response.status, response.record.decision), (500, Decision::Error(ErrorReason::UnreadableObject)));
        assert!(
            error.contains("containers: ") && error.contains("there is more in lists than the API server can store"),
            "{error}"
        );
    }
    // As many containers as etcd can hold of those that the API server accepts: about 70 bytes each.
    let containers: Vec<Value> = (0..22_000)
        .map(|index| {
            json!({"name": format!("c{index}"), "image": "a", "ports": [{"containerPort": 1 + index}],
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"})
        })
        .collect();
    let pod = json!({"metadata": {"name": "web"}, "spec": {"containers": containers}}).to_string();
    assert_eq!(validate(&ask("CREATE", &pod, "null")).status, 200);
}

#[test]
fn a_judgement_that_nobody_waits_for_is_given_up() {
    let pod = ports(50_000, &json!({})).to_string();
    let body = ask("CREATE", &pod, "null");
    for asked in [0, 1, 5] {
        let times = Cell::new(0);
        let is_over = || times.replace(times.get() + 1) >= asked;
        let response = handle_within(&Engine::default(), Cluster::default(), Mode::Validate, &body, &is_over);
        assert_eq!((response.status, response.record.decision), (503, Decision::Error(ErrorReason::Exhausted)));
        let error = response.record.error.as_deref().unwrap();
        assert!(error.starts_with("the judgement took too long, and was given up at "), "{error}");
        assert_eq!(response.record.uid, "uid-1");
        assert!(response.record.findings.is_empty() && response.record.more.is_empty());
    }
    let containers = vec![json!({"name": "app", "ports": [{"containerPort": 80}]}); 500];
    let pod = json!({"metadata": {"name": "web"}, "spec": {"containers": containers}}).to_string();
    let body = ask("CREATE", &pod, "null");
    let firing = Engine::new(&policy(FIRING));
    let response = handle_within(&firing, Cluster::default(), Mode::Mutate, &body, &|| true);
    assert_eq!((response.status, response.record.decision), (503, Decision::Error(ErrorReason::Exhausted)));
    assert!(response.record.error.as_deref().unwrap().ends_with("default-probes"));
    assert_eq!(handle(&firing, Mode::Mutate, &body).record.decision, Decision::Patched);
}

/// What an UPDATE of a Pod from `old` to `new` is refused for besides that it changes what is fixed: how many findings.
fn refused(old: &Value, new: &Value) -> usize {
    let body = ask("UPDATE", &new.to_string(), &old.to_string());
    let response = validate(&body);
    assert_eq!(response.status, 200, "{:?}", response.record.error);
    let counts = |rule: &str, level: &str| level == "deny" && rule != "pod-field-change";
    response.record.findings.iter().filter(|(rule, level)| counts(rule, level)).count()
        + response.record.more.iter().filter(|more| counts(more.rule, more.level)).map(|more| more.count).sum::<usize>()
}

#[test]
fn the_ratchet_counts_also_what_is_not_kept() {
    let image = |mut pod: Value, image: &str| {
        pod["spec"]["containers"][0]["image"] = image.into();
        pod
    };
    let none = json!({});
    let old = ports(3000, &none);
    assert_eq!(refused(&old, &image(ports(3000, &none), "example.com/app:2")), 0);
    assert_eq!(refused(&old, &image(ports(2000, &none), "example.com/app:2")), 0);
    assert_eq!(refused(&old, &ports(3001, &none)), 1);
    assert_eq!(refused(&ports(2, &none), &old), 2998);
    let ignored = json!({"ignore.podgate.dev/port-conflict": "legacy"});
    assert_eq!(refused(&ports(2, &none), &ports(3000, &ignored)), 0);
}

#[test]
fn an_old_warning_excuses_no_denial_and_no_worse_measure() {
    let pod = |grace: i64, sleep: i64| {
        json!({"metadata": {"name": "web"}, "spec": {"terminationGracePeriodSeconds": grace, "containers": [
            {"name": "app", "image": "a", "lifecycle": {"preStop": {"sleep": {"seconds": sleep}}}}]}})
    };
    // All of the grace period: a warning. More than all of it: refused.
    assert_eq!(refused(&pod(30, 30), &pod(30, 300)), 1);
    assert_eq!(refused(&pod(30, 300), &pod(30, 30)), 0);
    assert_eq!(refused(&pod(30, 31), &pod(30, 31)), 0);
    // The same finding, and worse: how far beyond the grace period is what counts.
    assert_eq!(refused(&pod(30, 40), &pod(30, 300)), 1);
    assert_eq!(refused(&pod(30, 40), &pod(20, 30)), 0);
    assert_eq!(refused(&pod(30, 40), &pod(20, 31)), 1);
    assert_eq!(refused(&pod(30, 40), &pod(60, 65)), 0);
    let request = |request: &str, limit: &str| {
        json!({"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "a",
            "resources": {"requests": {"memory": request}, "limits": {"memory": limit}}}]}})
    };
    assert_eq!(refused(&request("2Gi", "1Gi"), &request("3Gi", "1Gi")), 1);
    assert_eq!(refused(&request("2Gi", "1Gi"), &request("3Gi", "2Gi")), 0);
    // Of two findings at one field each excuses one.
    let two = |one: i64, other: i64| {
        let container = |name: &str, sleep: i64| json!({"name": name, "image": "a", "lifecycle": {"preStop": {"sleep": {"seconds": sleep}}}});
        json!({"metadata": {"name": "web"}, "spec": {"containers": [container("a", one), container("b", other)]}})
    };
    assert_eq!(refused(&two(40, 30), &two(40, 30)), 0);
    assert_eq!(refused(&two(40, 30), &two(30, 40)), 1, "another container");
    assert_eq!(refused(&two(40, 50), &two(50, 40)), 1, "one of them is worse");
}

#[test]
fn a_mark_of_what_is_there_already_does_not_keep_a_new_pod_from_its_gates() {
    let firing = Engine::new(&policy(FIRING));
    let pod = |metadata: Value| json!({"metadata": metadata, "spec": {"containers": [{"name": "app", "ports": [{"containerPort": 80}]}]}});
    let patched = |metadata: Value, user: &str| {
        let body = String::from_utf8(ask("CREATE", &pod(metadata).to_string(), "null")).unwrap();
        let body = body.replacen(r#""username": "jane""#, user, 1);
        handle(&firing, Mode::Mutate, body.as_bytes()).record.mutations
    };
    let both = ["default-probes", "scheduling-gates"];
    let (jane, kubelet) = (r#""username": "jane""#, r#""username": "system:node:n1", "groups": ["system:nodes"]"#);
    assert_eq!(patched(json!({"name": "web", "deletionTimestamp": "2026-01-01T00:00:00Z"}), jane), both);
    let mirror = json!({"name": "web", "annotations": {"kubernetes.io/config.mirror": "x"}});
    assert_eq!(patched(mirror.clone(), jane), both);
    assert!(patched(mirror.clone(), kubelet).is_empty());
    let naked = |user: &str| {
        let body = String::from_utf8(ask("CREATE", &pod(mirror.clone()).to_string(), "null")).unwrap();
        let body = body.replacen(jane, user, 1);
        validate(body.as_bytes()).record.findings.iter().any(|(rule, _)| *rule == "naked-pod")
    };
    assert!(naked(jane) && !naked(kubelet));
}
