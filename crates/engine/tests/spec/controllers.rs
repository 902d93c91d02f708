//! What controllers create, and who is one.

use podgate_engine::{
    admission::{Decision, Mode, handle},
    policy::{Engine, Verdict},
    rules::Level,
};
use serde_json::{Value, json};

use super::judging::{self, Circumstances, policy};

const CONTROLLER: &str = "system:serviceaccount:kube-system:replicaset-controller";

fn engine(spec: &str) -> Engine {
    Engine::new(&policy(spec))
}

fn pod(owner: &Value) -> Value {
    let ports = json!([{"containerPort": 8080}]);
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"generateName": "web-5d4f8c-", "ownerReferences": [owner],
            "labels": {"app": "web", "pod-template-hash": "5d4f8c"}},
        "spec": {"containers": [{"name": "a", "image": "e/a:1", "ports": ports}, {"name": "b", "image": "e/b:1", "ports": ports}]}})
}

fn owner(api_version: &str, kind: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "name": "web-5d4f8c", "uid": "u", "controller": true})
}

fn create(engine: &Engine, object: &Value, user: &str) -> Verdict {
    let circumstances = Circumstances { user: user.to_owned(), ..Circumstances::default() };
    judging::judge(engine, &object.to_string(), None, &circumstances)
}

fn level(verdict: &Verdict, rule: &str) -> Option<(Level, Level, Level)> {
    let finding = verdict.findings.iter().find(|finding| finding.rule.id == rule)?;
    Some((finding.level, finding.policy_level, finding.own_level))
}

#[test]
fn what_they_create_is_let_be_and_said() {
    let made = pod(&owner("apps/v1", "ReplicaSet"));
    for (spec, conflict, probe) in [
        ("{}", (Level::Audit, Level::Deny, Level::Deny), (Level::Audit, Level::Warn, Level::Warn)),
        ("profile: strict", (Level::Audit, Level::Deny, Level::Deny), (Level::Audit, Level::Deny, Level::Warn)),
        ("profile: audit", (Level::Audit, Level::Audit, Level::Deny), (Level::Audit, Level::Audit, Level::Warn)),
        (
            "controllers: {level: warn}",
            (Level::Warn, Level::Deny, Level::Deny),
            (Level::Warn, Level::Warn, Level::Warn),
        ),
        (
            "controllers: {level: deny}",
            (Level::Deny, Level::Deny, Level::Deny),
            (Level::Warn, Level::Warn, Level::Warn),
        ),
    ] {
        let verdict = create(&engine(spec), &made, CONTROLLER);
        assert_eq!(level(&verdict, "port-conflict"), Some(conflict), "{spec}");
        assert_eq!(level(&verdict, "missing-readiness-probe"), Some(probe), "{spec}");
        assert_eq!(verdict.owner.unwrap().to_string(), "Deployment \"web\"");
    }
}

#[test]
fn the_owner_to_mend_is_named() {
    let owner_of = |object: &Value| create(&Engine::default(), object, CONTROLLER).owner.unwrap().to_string();
    let mut made = pod(&owner("apps/v1", "ReplicaSet"));
    made["metadata"]["labels"] = json!({"rollouts-pod-template-hash": "5d4f8c"});
    assert_eq!(owner_of(&made), "Rollout \"web\"");
    for labels in [json!({}), json!({"pod-template-hash": "other"}), json!({"pod-template-hash": ""})] {
        made["metadata"]["labels"] = labels;
        assert_eq!(owner_of(&made), "ReplicaSet \"web-5d4f8c\"");
    }
    assert_eq!(owner_of(&pod(&owner("batch/v1", "Job"))), "Job \"web-5d4f8c\"");
}

#[test]
fn nobody_else_is_one() {
    let forged = pod(&owner("apps/v1", "ReplicaSet"));
    let in_full = |verdict: &Verdict| {
        level(verdict, "port-conflict").unwrap().0 == Level::Deny
            && level(verdict, "missing-readiness-probe").unwrap().0 == Level::Warn
            && verdict.owner.is_none()
    };
    let users = [
        "jane",
        "system:serviceaccount:shop:replicaset-controller",
        "system:serviceaccount:kube-system:replicaset-controller:x",
        "system:serviceaccount:kube-system:tiller",
        "system:kube-scheduler",
    ];
    for user in users {
        assert!(in_full(&create(&Engine::default(), &forged, user)), "{user}");
    }
    // A policy may name others, and then these are no others.
    let argo = "system:serviceaccount:argo-rollouts:argo-rollouts";
    let named = engine(&format!("controllers: {{users: [\"{argo}\"]}}"));
    assert!(create(&named, &forged, argo).owner.is_some() && in_full(&create(&named, &forged, CONTROLLER)));
    assert!(in_full(&create(&engine("controllers: {users: []}"), &forged, CONTROLLER)));

    // An owner that nobody has judged: the Pod is the first place.
    let not_controller =
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "u", "controller": false});
    for unknown in [
        owner("example.com/v1", "ReplicaSet"),
        owner("example.com/v1", "Fleet"),
        owner("v1", "Pod"),
        owner("policy/v1", "PodDisruptionBudget"),
        owner("v1", "Node"),
        not_controller,
    ] {
        assert!(in_full(&create(&Engine::default(), &pod(&unknown), CONTROLLER)), "{unknown}");
    }
}

#[test]
fn a_replica_set_and_a_job_are_made_too() {
    let spec = pod(&Value::Null)["spec"].clone();
    let mut job_spec = spec.clone();
    job_spec["restartPolicy"] = json!("Never");
    for (api_version, kind, maker, user, spec) in [
        ("apps/v1", "ReplicaSet", owner("apps/v1", "Deployment"), "deployment-controller", spec),
        ("batch/v1", "Job", owner("batch/v1", "CronJob"), "cronjob-controller", job_spec),
    ] {
        let object = json!({"apiVersion": api_version, "kind": kind,
            "metadata": {"name": "web-1", "ownerReferences": [maker]}, "spec": {"template": {"spec": spec}}});
        let user = format!("system:serviceaccount:kube-system:{user}");
        assert!(!create(&Engine::default(), &object, &user).is_denied(), "{kind}");
        assert!(create(&Engine::default(), &object, "jane").is_denied(), "{kind}");
    }
}

#[test]
fn answer_and_record_say_it() {
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "namespace": "shop", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "userInfo": {"username": CONTROLLER}, "object": pod(&owner("apps/v1", "ReplicaSet")),
    }})
    .to_string();
    let response = handle(&engine("profile: strict"), Mode::Validate, review.as_bytes());
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(response.record.decision, Decision::Allowed);
    assert_eq!(answer["response"].get("warnings"), None);
    let audit = &answer["response"]["auditAnnotations"];
    let end = "(deny for anybody but the controller; mend Deployment \"web\")";
    let conflict = audit["port-conflict"].as_str().unwrap();
    assert!(conflict.starts_with("audit spec.containers[1].") && conflict.ends_with(end), "{audit}");
    let controlled = response.record.controlled.unwrap();
    assert_eq!(controlled.owner, "Deployment \"web\"");
    assert!(controlled.lowered.contains(&("missing-readiness-probe", "audit", "deny")));
    let place = response.record.findings.iter().position(|(rule, _)| *rule == "missing-readiness-probe").unwrap();
    assert_eq!(response.record.own_levels[place], "warn");
}

#[test]
fn profile_audit_is_silent_and_says_what_would_be() {
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "namespace": "shop", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "userInfo": {"username": "jane"}, "object": pod(&owner("apps/v1", "ReplicaSet")),
    }})
    .to_string();
    let response = handle(&engine("profile: audit"), Mode::Validate, review.as_bytes());
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((response.record.decision, answer["response"].get("warnings")), (Decision::Allowed, None));
    let conflict = answer["response"]["auditAnnotations"]["port-conflict"].as_str().unwrap();
    assert!(conflict.ends_with(" (deny under profile standard)"), "{conflict}");
    let found: Vec<_> = response.record.findings.iter().zip(&response.record.own_levels).collect();
    assert!(found.contains(&(&("port-conflict", "audit"), &"deny")), "{found:?}");
    // A rule that the policy names keeps its level, as under any profile.
    let named = engine("{profile: audit, rules: {port-conflict: deny}}");
    assert_eq!(handle(&named, Mode::Validate, review.as_bytes()).record.decision, Decision::Denied);
}
