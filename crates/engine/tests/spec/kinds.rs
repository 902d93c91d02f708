//! Kinds that a policy adds.

use podgate_engine::{
    admission::{Decision, Mode, Response, handle},
    model::Review,
    policy::Engine,
    rules::Level,
};
use serde_json::{Value, json};

use super::judging::policy;

const ADDED: &str =
    "kinds: [{group: example.com, kind: Fleet, templates: ['spec.crews[*].pod'], restartPolicies: [Always]}]";

fn fleet(restart_policy: &str) -> Value {
    let ports = json!([{"containerPort": 8080}]);
    let containers = json!([{"name": "a", "ports": ports}, {"name": "b", "ports": ports}]);
    json!({"apiVersion": "example.com/v1", "kind": "Fleet", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"crews": [{"pod": {"spec": {"containers": []}}},
            {"pod": {"spec": {"restartPolicy": restart_policy, "containers": containers}}}]}})
}

fn create<'a>(engine: &Engine, object: &Value, body: &'a mut String) -> Response<'a> {
    *body = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "kind": {"group": "example.com", "version": "v1", "kind": "Fleet"},
        "resource": {"group": "example.com", "version": "v1", "resource": "fleets"},
        "name": "web", "namespace": "shop", "operation": "CREATE", "userInfo": {"username": "jane"}, "object": object
    }})
    .to_string();
    handle(engine, Mode::Validate, body.as_bytes())
}

fn rules(response: &Response<'_>) -> Vec<&'static str> {
    response.record.findings.iter().filter(|(_, level)| *level == "deny").map(|(rule, _)| *rule).collect()
}

#[test]
fn are_judged_at_their_templates() {
    let mut body = String::new();
    let engine = Engine::new(&policy(ADDED));
    let refused = create(&engine, &fleet("Always"), &mut body);
    assert_eq!((refused.record.kind, rules(&refused)), ("Fleet", vec!["port-conflict"]));
    let said: Value = serde_json::from_slice(&refused.body).unwrap();
    let field = "spec.crews[1].pod.spec.containers[1].ports[0].containerPort";
    assert_eq!(said["response"]["status"]["details"]["causes"][0]["field"], field);
    let refused = create(&engine, &fleet("Never"), &mut body);
    assert_eq!(rules(&refused), ["port-conflict", "restart-policy-not-allowed"]);
    // An object that is not what the policy says of its kind is an error, as it is of other kinds.
    let unreadable = create(&engine, &json!({"spec": {"crews": {}}}), &mut body);
    let why = unreadable.record.error.unwrap();
    assert_eq!(unreadable.status, 500);
    assert!(why.ends_with("as Fleet: spec.crews: is an object; a list is expected"), "{why}");
}

#[test]
fn are_left_alone_by_other_policies() {
    let mut body = String::new();
    let allowed = create(&Engine::default(), &fleet("Always"), &mut body);
    assert_eq!((allowed.record.kind, allowed.record.decision), ("other", Decision::Allowed));
    assert!(allowed.record.findings.is_empty());
    assert!(Review::created(Engine::default().kinds(), &fleet("Always").to_string(), "shop").unwrap().is_none());
}

#[test]
fn scopes_and_exemptions_may_name_them() {
    let mut body = String::new();
    let scope = format!("{ADDED}\nscopes: [{{name: fleets, kinds: [Fleet.example.com], profile: advisory}}]");
    let warned = create(&Engine::new(&policy(&scope)), &fleet("Always"), &mut body);
    assert_eq!(warned.record.decision, Decision::Allowed);
    assert!(warned.record.findings.contains(&("port-conflict", Level::Warn.as_str())), "{:?}", warned.record);
    let exempt = format!(
        "{ADDED}\nexemptions: {{objects: [{{kind: Fleet.example.com, namespace: shop, name: web, rules: [port-conflict], reason: of others}}]}}"
    );
    assert!(rules(&create(&Engine::new(&policy(&exempt)), &fleet("Always"), &mut body)).is_empty());
}
