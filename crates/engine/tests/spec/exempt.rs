//! Exemptions that the policy makes: containers by name or image, and named objects with an end.

use podgate_engine::{
    admission::{Mode, handle},
    policy::{Engine, Verdict, day::Day, label},
};
use serde_json::{Value, json};

use super::judging::{self, Circumstances, policy};

fn engine(spec: &str) -> Engine {
    Engine::new(&policy(spec))
}

fn create(engine: &Engine, object: &Value, user: &str) -> Verdict {
    let circumstances = Circumstances { user: user.to_owned(), ..Circumstances::default() };
    judging::judge(engine, &object.to_string(), None, &circumstances)
}

fn found(verdict: &Verdict) -> Vec<String> {
    verdict.findings.iter().map(|finding| format!("{} {}", finding.rule.id, finding.at)).collect()
}

/// An app and an injected sidecar, both with a bad probe and a port that nobody probes.
fn injected() -> Value {
    let bad = |name: &str, image: &str| {
        json!({"name": name, "image": image, "ports": [{"name": "p", "containerPort": 80}],
            "livenessProbe": {"tcpSocket": {"port": "nowhere"}}})
    };
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": {
        "containers": [bad("istio-proxy", "docker.io/istio/proxyv2:1.20"), bad("app", "e/app:1")],
        "initContainers": [{"name": "istio-init", "image": "istio/proxyv2:1.20", "livenessProbe": {"tcpSocket": {"port": 1}}}],
    }})
}

#[test]
fn containers_are_left_alone() {
    let places = |spec: &str, container: &str| {
        found(&create(&engine(spec), &injected(), "jane")).iter().filter(|text| text.contains(container)).count()
    };
    let (proxy, app, init) = (".containers[0]", ".containers[1]", ".initContainers[0]");
    for container in [proxy, app, init] {
        assert!(places("{}", container) > 0, "{container}");
    }
    for (exempt, left) in [
        ("[istio-proxy]", [0, 1, 1]),
        ("[\"istio-*\"]", [0, 1, 0]),
        ("[{image: \"docker.io/istio/*\"}]", [0, 1, 0]),
        ("[{image: docker.io/istio/proxyv2}]", [0, 1, 0]),
        ("[{image: \"*.example.com/*\"}, sidecar]", [1, 1, 1]),
    ] {
        let spec = format!("exemptions: {{containers: {exempt}}}");
        let found = [proxy, app, init].map(|container| places(&spec, container).min(1));
        assert_eq!(found, left, "{exempt}");
    }
    // All else is judged as it is: volumes that only the sidecar mounts are mounted.
    let mut pod = injected();
    pod["spec"]["volumes"] = json!([{"name": "v", "emptyDir": {}}]);
    pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
    let found = found(&create(&engine("exemptions: {containers: [istio-proxy]}"), &pod, "jane"));
    assert!(!found.iter().any(|text| text.starts_with("unused-volume")), "{found:?}");
}

#[test]
fn containers_of_templates_are_left_alone_too() {
    let pod = injected();
    let template = json!({"spec": pod["spec"]});
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "r"},
        "spec": {"jobTemplate": {"spec": {"template": template}}}});
    let found = found(&create(&engine("exemptions: {containers: [\"istio-*\"]}"), &cron, "jane"));
    assert!(found.iter().any(|text| text.contains(".containers[1]")), "{found:?}");
    assert!(!found.iter().any(|text| text.contains(".containers[0]") || text.contains("initContainers")), "{found:?}");
}

#[test]
fn exempt_containers_get_no_default_probes() {
    let patch = |spec: &str| {
        let mut pod = injected();
        for container in pod["spec"]["containers"].as_array_mut().unwrap() {
            container.as_object_mut().unwrap().remove("livenessProbe");
        }
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u",
            "operation": "CREATE", "namespace": "shop", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": pod}});
        let review = review.to_string();
        let response = handle(&engine(spec), Mode::Mutate, review.as_bytes());
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        let patch = answer["response"]["patch"].as_str().map(|text| {
            let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text).unwrap();
            String::from_utf8(bytes).unwrap()
        });
        patch.unwrap_or_default()
    };
    let probes = "mutations: {defaultProbes: {readiness: {}}}";
    let all = patch(probes);
    assert!(
        all.contains("/spec/containers/0/readinessProbe") && all.contains("/spec/containers/1/readinessProbe"),
        "{all}"
    );
    let some = patch(&format!("{{{probes}, exemptions: {{containers: [istio-proxy]}}}}"));
    assert!(!some.contains("/containers/0/") && some.contains("/spec/containers/1/readinessProbe"), "{some}");
}

const GRAFANA: &str = "exemptions: {objects: [{kind: Deployment, namespace: \"mon*\", name: grafana, \
    rules: [single-replica, port-conflict], reason: \"chart of others,\\n ticket OPS-12\", expires: 2027-03-31}]}";

fn grafana(kind: &str, name: &str, namespace: &str, owner: Option<Value>) -> Value {
    let ports = json!([{"containerPort": 80}]);
    let containers =
        json!([{"name": "a", "image": "e/a:1", "ports": ports}, {"name": "b", "image": "e/b:1", "ports": ports}]);
    let (api_version, spec) = match kind {
        "Pod" => ("v1", json!({"containers": containers})),
        _ => ("apps/v1", json!({"replicas": 1, "template": {"spec": {"containers": containers}}})),
    };
    let mut object = json!({"apiVersion": api_version, "kind": kind, "spec": spec,
        "metadata": {"name": name, "namespace": namespace, "labels": {"pod-template-hash": "1a2b"}}});
    if let Some(owner) = owner {
        object["metadata"]["ownerReferences"] = json!([owner]);
    }
    object
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

#[test]
fn named_objects_are_set_aside_until_their_day() {
    let last = engine(GRAFANA).with_clock(|| day("2027-03-31"));
    let after = engine(GRAFANA).with_clock(|| day("2027-04-01"));
    let ids = |verdict: &Verdict| verdict.findings.iter().map(|finding| finding.rule.id).collect::<Vec<_>>();
    let object = grafana("Deployment", "grafana", "monitoring", None);
    let verdict = create(&last, &object, "jane");
    assert!(!verdict.is_denied() && ids(&verdict).contains(&"missing-readiness-probe"));
    let ignored: Vec<_> = verdict.ignored.iter().map(|ignored| ignored.finding.rule.id).collect();
    assert!(ignored.contains(&"single-replica") && ignored.contains(&"port-conflict"), "{ignored:?}");
    assert!(verdict.ignored[0].reason.ends_with(" [spec.exemptions.objects[0], until 2027-03-31]"));
    assert!(create(&after, &object, "jane").is_denied());
    for other in [
        grafana("Deployment", "grafana-2", "monitoring", None),
        grafana("Deployment", "grafana", "shop", None),
        grafana("StatefulSet", "grafana", "monitoring", None),
    ] {
        assert!(create(&last, &other, "jane").is_denied(), "{other}");
    }
    // What its controllers make of it has the same exemption, and nobody else's object has.
    let replica_set =
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "grafana-1a2b", "controller": true});
    let pod = grafana("Pod", "grafana-1a2b-x", "monitoring", Some(replica_set));
    let made = create(&last, &pod, "system:serviceaccount:kube-system:replicaset-controller");
    assert!(!ids(&made).contains(&"port-conflict") && made.ignored.len() == 1, "{:?}", ids(&made));
    assert!(create(&last, &pod, "jane").is_denied());
}

#[test]
fn endings_are_told_from_two_weeks_before() {
    let policy = policy(GRAFANA);
    let text = |today: &str| {
        let endings = policy.spec.exemptions.endings(day(today));
        endings.iter().map(|ending| format!("{} {ending}", ending.has_expired)).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(text("2027-03-16"), "");
    assert!(text("2027-03-17").starts_with(
        "false spec.exemptions.objects[0]: the exemption of Deployment mon*/grafana expires in 14 days, on 2027-03-31 ("
    ));
    assert!(text("2027-03-30").contains(" expires tomorrow, ") && text("2027-03-31").contains(" expires today, "));
    assert!(
        text("2027-04-01").contains("true ")
            && text("2027-04-01").contains("has expired on 2027-03-31 and counts no more")
    );
}

#[test]
fn strict_lets_nobody_ignore_by_annotation() {
    let mut object = grafana("Deployment", "web", "shop", None);
    object["metadata"]["annotations"] = json!({"ignore.podgate.dev/port-conflict": "later"});
    let denied =
        |spec: &str| create(&engine(spec), &object, "jane").findings.iter().any(|it| it.rule.id == "port-conflict");
    assert!(!denied("{}") && !denied("profile: advisory"));
    assert!(denied("profile: strict"));
    assert!(!denied("{profile: strict, exemptions: {annotations: all}}"));
    assert!(!denied("{profile: strict, exemptions: {annotations: [port-conflict]}}"));
    assert!(denied("{profile: strict, exemptions: {users: [x]}}"));
    // The profile that counts is that of the scope.
    assert!(denied("scopes: [{name: s, namespaces: [shop], profile: strict}]"));
    assert!(!denied("{profile: strict, scopes: [{name: s, namespaces: [shop], profile: standard}]}"));
    assert!(!denied("{exemptions: {annotations: all}, scopes: [{name: s, namespaces: [shop], profile: strict}]}"));
}

#[test]
fn a_label_that_names_no_profile_is_told_of() {
    let warning = |spec: &str, labels: Value, operation: &str| {
        let object = json!({"metadata": {"name": "shop", "labels": labels}});
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u",
            "operation": operation, "namespace": "shop", "name": "shop", "object": object, "oldObject": object,
            "kind": {"group": "", "version": "v1", "kind": "Namespace"}}});
        let review = review.to_string();
        let response = handle(&engine(spec), Mode::Validate, review.as_bytes());
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(answer["response"]["allowed"], true);
        let warning = answer["response"]["warnings"][0].as_str().map(str::to_owned);
        assert_eq!(warning.is_some(), response.record.notice.is_some());
        warning
    };
    let (asks, silent) = ("namespaceLabels: true", "{}");
    let wrong = warning(asks, json!({"podgate.dev/profile": "strickt"}), "UPDATE").unwrap();
    assert_eq!(
        wrong,
        "metadata.labels[podgate.dev/profile]: has no effect: \"strickt\" is no profile (did you mean \"strict\"?); profiles are audit, advisory, standard, strict, off (podgate)"
    );
    assert!(warning(asks, json!({"podgate.dev/profile": ""}), "CREATE").is_some());
    for good in ["audit", "advisory", "standard", "strict", "off"] {
        assert_eq!(warning(asks, json!({"podgate.dev/profile": good}), "CREATE"), None);
        assert!(label::problem(good).is_none());
        assert!(
            warning(silent, json!({"podgate.dev/profile": good}), "CREATE").unwrap().contains("spec.namespaceLabels")
        );
    }
    assert_eq!(warning(asks, json!({"app": "x"}), "CREATE"), None);
    assert_eq!(warning(asks, Value::Null, "CREATE"), None);
}
