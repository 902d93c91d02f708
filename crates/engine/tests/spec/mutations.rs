//! What the mutations add, exactly; and where they add nothing. Each statement of their pages, both ways.

use podgate_engine::{
    lifecycle::waiting::WAIT_FOR,
    model::{Objects, Operation, Request, Review, Target, User, Workload},
    policy::Engine,
};
use serde_json::{Value, json};

use super::judging::{Circumstances, json as yaml_to_json, policy, with_review};

/// The patch of the object under a policy's `mutations`, as JSON; `null` where there is none.
fn patch_in(mutations: &str, object: &str, circumstances: &Circumstances) -> Value {
    let indented = mutations.trim_end().replace('\n', "\n  ");
    let engine = Engine::new(&policy(&format!("mutations:\n  {}\n", indented.trim_start())));
    with_review(&yaml_to_json(object), None, circumstances, None, |review| {
        let mutated = review.map(|review| engine.mutate(review).unwrap()).unwrap_or_default();
        assert_eq!(mutated.patch.is_none(), mutated.by.is_empty());
        serde_json::to_value(mutated.patch).unwrap()
    })
}

fn patch(mutations: &str, object: &str) -> Value {
    patch_in(mutations, object, &Circumstances::default())
}

fn pod(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\nspec: {spec}\n")
}

const READINESS: &str = "defaultProbes:\n  readiness: {httpPath: /healthz, periodSeconds: 5}";

/// The readiness probe that a container with these ports gets; `null` for none.
fn probe(ports: &str) -> Value {
    let patch = patch(READINESS, &pod(&format!("{{containers: [{{name: app, ports: {ports}}}]}}")));
    if patch.is_null() {
        return patch;
    }
    assert_eq!(patch.as_array().unwrap().len(), 1, "{patch}");
    assert_eq!((&patch[0]["op"], &patch[0]["path"]), (&json!("add"), &json!("/spec/containers/0/readinessProbe")));
    let mut probe = patch[0]["value"].clone();
    assert_eq!(probe.as_object_mut().unwrap().remove("periodSeconds"), Some(json!(5)));
    probe
}

#[test]
fn the_handler_follows_the_port() {
    let http = |port: u16| json!({"httpGet": {"path": "/healthz", "port": port}});
    let https = |port: u16| json!({"httpGet": {"path": "/healthz", "port": port, "scheme": "HTTPS"}});
    let grpc = |port: u16| json!({"grpc": {"port": port}});
    let tcp = |port: u16| json!({"tcpSocket": {"port": port}});
    let cases = [
        ("[{name: http, containerPort: 8080}]", http(8080)),
        ("[{name: http2-api, containerPort: 8080}]", http(8080)),
        ("[{name: web, containerPort: 8080}]", http(8080)),
        ("[{name: website, containerPort: 8080}]", tcp(8080)),
        ("[{name: https, containerPort: 8443}]", https(8443)),
        ("[{name: https-admin, containerPort: 8443}]", https(8443)),
        ("[{name: grpc, containerPort: 9000}]", grpc(9000)),
        ("[{name: grpc-web, containerPort: 9000}]", grpc(9000)),
        ("[{name: redis, containerPort: 6379}]", tcp(6379)),
        ("[{name: HTTP, containerPort: 80}]", tcp(80)),
        ("[{containerPort: 80}]", tcp(80)),
        ("[{name: null, containerPort: 80, protocol: null}]", tcp(80)),
        ("[{containerPort: 80, protocol: TCP}]", tcp(80)),
        ("[{containerPort: 65535}]", tcp(65535)),
        // Of several: httpGet before grpc before the first of all, and the first of equals.
        ("[{containerPort: 1}, {name: grpc, containerPort: 2}, {name: http, containerPort: 3}]", http(3)),
        ("[{containerPort: 1}, {name: grpc, containerPort: 2}]", grpc(2)),
        ("[{containerPort: 1}, {containerPort: 2}]", tcp(1)),
        ("[{name: web, containerPort: 1}, {name: http, containerPort: 2}]", http(1)),
        ("[{name: grpc-a, containerPort: 1}, {name: grpc-b, containerPort: 2}]", grpc(1)),
        // No TCP port that can be probed: no probe.
        ("[]", json!(null)),
        ("null", json!(null)),
        ("[{name: http, containerPort: 80, protocol: UDP}]", json!(null)),
        ("[{containerPort: 80, protocol: SCTP}]", json!(null)),
        ("[{containerPort: 0}]", json!(null)),
        ("[{containerPort: 65536}]", json!(null)),
        ("[{containerPort: -1}]", json!(null)),
        ("[{name: http}]", json!(null)),
        ("[{name: http, containerPort: 80, protocol: UDP}, {containerPort: 81}]", tcp(81)),
        ("[{name: http, containerPort: 0}, {containerPort: 81}]", tcp(81)),
    ];
    for (ports, expected) in cases {
        assert_eq!(probe(ports), expected, "{ports}");
    }
}

#[test]
fn without_a_path_http_ports_are_only_connected_to() {
    let mutations = "defaultProbes: {readiness: {}}";
    for (name, handler) in [("http", "tcpSocket"), ("web", "tcpSocket"), ("https", "tcpSocket"), ("grpc", "grpc")] {
        let object = pod(&format!("{{containers: [{{ports: [{{name: {name}, containerPort: 80}}]}}]}}"));
        let expected =
            json!([{"op": "add", "path": "/spec/containers/0/readinessProbe", "value": {handler: {"port": 80}}}]);
        assert_eq!(patch(mutations, &object), expected, "{name}");
    }
}

#[test]
fn all_that_a_policy_says_is_in_the_probe_and_nothing_else() {
    let mutations = "
defaultProbes:
  readiness: {httpPath: /r, initialDelaySeconds: 1, periodSeconds: 3, timeoutSeconds: 2, failureThreshold: 4, successThreshold: 5}
  startup: {httpPath: /s}
  liveness: {periodSeconds: 7}";
    let object = pod("{containers: [{name: app, ports: [{name: http, containerPort: 80}]}]}");
    let expected = json!([
        {"op": "add", "path": "/spec/containers/0/readinessProbe", "value": {"failureThreshold": 4,
            "httpGet": {"path": "/r", "port": 80}, "initialDelaySeconds": 1, "periodSeconds": 3, "successThreshold": 5,
            "timeoutSeconds": 2}},
        {"op": "add", "path": "/spec/containers/0/startupProbe", "value": {"httpGet": {"path": "/s", "port": 80}}},
        {"op": "add", "path": "/spec/containers/0/livenessProbe", "value": {"periodSeconds": 7, "tcpSocket": {"port": 80}}},
    ]);
    assert_eq!(patch(mutations, &object), expected);
}

/// The paths that a policy with all three probes patches.
fn patched_paths(object: &str) -> Vec<String> {
    let patch = patch("defaultProbes: {readiness: {}, startup: {failureThreshold: 30}, liveness: {}}", object);
    let operations = patch.as_array().cloned().unwrap_or_default();
    operations.iter().map(|operation| operation["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn probes_that_are_there_are_kept() {
    let with =
        |probes: &str| patched_paths(&pod(&format!("{{containers: [{{ports: [{{containerPort: 80}}], {probes}}}]}}")));
    let all = ["readinessProbe", "startupProbe", "livenessProbe"].map(|probe| format!("/spec/containers/0/{probe}"));
    assert_eq!(with(""), all);
    assert_eq!(with("readinessProbe: null, livenessProbe: null"), all);
    assert_eq!(with("readinessProbe: {exec: {command: [a]}}"), all[1..]);
    // Also one that means nothing: it is the API server's to refuse. It would give up no later than the livenessProbe.
    assert_eq!(with("startupProbe: {}"), all[..1]);
    assert!(with("readinessProbe: {}, startupProbe: {}, livenessProbe: {}").is_empty());
}

#[test]
fn which_containers_get_probes() {
    let ports = "ports: [{containerPort: 80}]";
    let object = pod(&format!(
        "{{initContainers: [{{name: i, {ports}}}, {{name: s, restartPolicy: Always, {ports}}}, {{name: f, restartPolicy: OnFailure, {ports}}}],
           containers: [{{name: a}}, {{name: b, {ports}}}], ephemeralContainers: [{{name: e, {ports}}}]}}"
    ));
    let paths = patch(READINESS, &object);
    let paths: Vec<&Value> = paths.as_array().unwrap().iter().map(|operation| &operation["path"]).collect();
    assert_eq!(paths, ["/spec/initContainers/1/readinessProbe", "/spec/containers/1/readinessProbe"]);
}

#[test]
fn which_pods_get_probes() {
    let containers = "containers: [{name: app, ports: [{containerPort: 80}]}]";
    let spec = |more: &str| pod(&format!("{{{containers}, {more}}}"));
    let metadata =
        |metadata: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {metadata}\nspec: {{{containers}}}\n");
    for (object, gets) in [
        (spec(""), true),
        (spec("restartPolicy: Always"), true),
        (spec("restartPolicy: null"), true),
        (spec("restartPolicy: OnFailure"), false),
        (spec("restartPolicy: Never"), false),
        // The scheduler has nothing to do with probes.
        (spec("nodeName: n1"), true),
        (spec("hostNetwork: true"), true),
        (
            metadata("{generateName: web-, namespace: shop, ownerReferences: [{kind: ReplicaSet, controller: true}]}"),
            true,
        ),
        (metadata("{name: web, namespace: shop, annotations: {kubernetes.io/config.mirror: x}}"), false),
        (metadata("{name: web, namespace: shop, labels: {serving.knative.dev/revision: web-1}}"), false),
        (metadata("{name: web, namespace: shop, labels: {serving.knative.dev/service: web}}"), true),
        (metadata("{name: web, namespace: shop, deletionTimestamp: '2026-01-01T00:00:00Z'}"), true),
        (metadata("{name: web, namespace: kube-system}"), false),
        (metadata("{name: web, namespace: podgate}"), false),
        (metadata("null"), true),
    ] {
        assert_eq!(!patched_paths(&object).is_empty(), gets, "{object}");
    }
}

const GATES: &str = "
schedulingGates:
- name: example.com/quota
- name: example.com/licence";

#[test]
fn gates_that_are_missing_are_added() {
    let add = |path: &str, value: Value| json!({"op": "add", "path": path, "value": value});
    let (quota, licence) = (json!({"name": "example.com/quota"}), json!({"name": "example.com/licence"}));
    let both = json!([quota, licence]);
    let cases = [
        ("{containers: []}", json!([add("/spec/schedulingGates", both.clone())])),
        ("{schedulingGates: null}", json!([add("/spec/schedulingGates", both.clone())])),
        // No Pod: the API server refuses it, and there is nothing to hold back.
        ("null", json!(null)),
        (
            "{schedulingGates: []}",
            json!([add("/spec/schedulingGates/-", quota.clone()), add("/spec/schedulingGates/-", licence.clone())]),
        ),
        (
            "{schedulingGates: [{name: own}]}",
            json!([add("/spec/schedulingGates/-", quota), add("/spec/schedulingGates/-", licence.clone())]),
        ),
        ("{schedulingGates: [{name: example.com/quota}]}", json!([add("/spec/schedulingGates/-", licence)])),
        ("{schedulingGates: [{name: example.com/licence}, {name: example.com/quota}]}", json!(null)),
        // A gate holds back the scheduler, and a Pod with a node does not wait for it.
        ("{nodeName: n1}", json!(null)),
        ("{nodeName: ''}", json!([add("/spec/schedulingGates", both)])),
    ];
    for (spec, expected) in cases {
        assert_eq!(patch(GATES, &pod(spec)), expected, "{spec}");
    }
}

/// The gates that a Pod in this namespace, with these labels, gets.
fn gates(policy: &str, namespace: &str, labels: &str) -> Vec<String> {
    let object =
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web, labels: {labels}}}\nspec: {{containers: []}}\n");
    let circumstances = Circumstances { namespace: Some(namespace.to_owned()), ..Circumstances::default() };
    let patch = patch_in(&format!("schedulingGates:\n{policy}"), &object, &circumstances);
    let gates = patch.pointer("/0/value").and_then(Value::as_array).cloned().unwrap_or_default();
    gates.iter().map(|gate| gate["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_gate_named_twice_is_added_once() {
    let policy = "- {name: a}\n- {name: b}\n- {name: a, namespaces: [shop]}\n- {name: a}\n";
    assert_eq!(gates(policy, "shop", "{}"), ["a", "b"]);
}

#[test]
fn gates_go_to_the_namespaces_that_are_named() {
    let cases = [
        ("[shop]", "shop", true),
        ("[shop]", "shopping", false),
        ("['batch-*']", "batch-1", true),
        ("['batch-*']", "a-batch-1", false),
        ("['batch-?']", "batch-12", false),
        ("[a, 's*p']", "shop", true),
        ("['*']", "shop", true),
        // Exemption wins over whatever a gate says.
        ("['*']", "kube-system", false),
        ("[podgate]", "podgate", false),
    ];
    for (globs, namespace, gets) in cases {
        assert_eq!(
            !gates(&format!("- {{name: g, namespaces: {globs}}}"), namespace, "{}").is_empty(),
            gets,
            "{globs} {namespace}"
        );
    }
}

#[test]
fn gates_go_to_the_pods_that_are_selected() {
    let cases = [
        ("{}", "{}", true),
        ("{}", "null", true),
        ("{matchLabels: {queue: a}}", "{queue: a}", true),
        ("{matchLabels: {queue: a}}", "{queue: b}", false),
        ("{matchLabels: {queue: a}}", "{}", false),
        ("{matchExpressions: [{key: queue, operator: Exists}]}", "{queue: ''}", true),
        ("{matchExpressions: [{key: queue, operator: Exists}]}", "{other: a}", false),
        ("{matchExpressions: [{key: queue, operator: NotIn, values: [a]}]}", "{}", true),
        ("{matchExpressions: [{key: queue, operator: In, values: [a, b]}]}", "{queue: b}", true),
        ("{matchLabels: {tier: gold}, matchExpressions: [{key: queue, operator: Exists}]}", "{queue: a}", false),
    ];
    for (selector, labels, gets) in cases {
        let policy = format!("- {{name: g, podSelector: {selector}}}");
        assert_eq!(!gates(&policy, "shop", labels).is_empty(), gets, "{selector} {labels}");
    }
}

#[test]
fn mirror_pods_and_workloads_get_nothing() {
    let both = format!("{READINESS}{GATES}");
    let spec = "{containers: [{name: app, ports: [{containerPort: 80}]}]}";
    assert_eq!(patch(&both, &pod(spec)).as_array().unwrap().len(), 2);
    let mirror = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{annotations: {{kubernetes.io/config.mirror: ''}}}}\nspec: {spec}\n"
    );
    assert_eq!(patch(&both, &mirror), Value::Null);
    for (version, kind) in
        [("apps/v1", "ReplicaSet"), ("apps/v1", "Deployment"), ("v1", "ReplicationController"), ("batch/v1", "Job")]
    {
        let workload = format!(
            "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{template: {{spec: {spec}}}}}\n"
        );
        assert_eq!(patch(&both, &workload), Value::Null, "{kind}");
    }
    assert_eq!(patch(&both, &format!("apiVersion: v1\nkind: PodTemplate\ntemplate: {{spec: {spec}}}\n")), Value::Null);
}

#[test]
fn only_new_pods_are_patched() {
    let engine = Engine::new(&policy(super::judging::FIRING));
    let old = yaml_to_json(&pod("{containers: [{name: app}]}"));
    let new = yaml_to_json(&pod("{containers: [{name: app, ports: [{containerPort: 80}]}]}"));
    for sub_resource in ["", "ephemeralcontainers", "resize"] {
        let circumstances = Circumstances { sub_resource: sub_resource.to_owned(), ..Circumstances::default() };
        with_review(&new, Some(&old), &circumstances, None, |review| {
            let review = review.unwrap();
            assert_eq!(review.operation, Operation::Update);
            assert!(engine.mutate(review).unwrap().patch.is_none(), "{sub_resource}");
        });
    }
    let exempt = Circumstances { groups: vec!["system:nodes".to_owned()], ..Circumstances::default() };
    with_review(&new, None, &exempt, None, |review| assert!(engine.mutate(review.unwrap()).unwrap().patch.is_none()));
    with_review(&new, None, &Circumstances::default(), None, |review| {
        assert!(engine.mutate(review.unwrap()).unwrap().patch.is_some());
    });
}

/// What comes of a new Pod, where somebody opens gates or nobody does: the patch, and the gates that are left out, each with the reason.
fn opened(mutations: &str, object: &str, namespace: &str, opens_gates: bool) -> (Value, Vec<(String, String)>) {
    let indented = mutations.trim_end().replace('\n', "\n  ");
    let engine = Engine::new(&policy(&format!("mutations:\n  {}\n", indented.trim_start())));
    let pod = Workload::find("", "Pod").unwrap();
    let text = yaml_to_json(object);
    let request = Request {
        target: Target::of(Operation::Create, pod, "").unwrap(),
        sub_resource: "".into(),
        namespace: namespace.into(),
        user: User::default(),
        objects: Objects::created(&text),
        inventory: None,
    };
    let review = Review { opens_gates, ..Review::read(request).unwrap().unwrap() };
    let mutated = engine.mutate(&review).unwrap();
    let left_out = mutated.left_out.into_iter().map(|left_out| (left_out.gate, left_out.why)).collect();
    (serde_json::to_value(mutated.patch).unwrap(), left_out)
}

/// A Pod with this text as its [`WAIT_FOR`].
fn waiting(text: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web, annotations: {{{WAIT_FOR}: {text:?}}}}}\nspec: {spec}\n")
}

const NOBODY: &str = "nobody would remove it";

#[test]
fn a_gate_that_podgate_opens_is_added_where_somebody_opens_it() {
    let mutations =
        "schedulingGates:\n- {name: example.com/db, openWhen: [{service: db}]}\n- {name: example.com/quota}";
    let both = json!([{"op": "add", "path": "/spec/schedulingGates",
        "value": [{"name": "example.com/db"}, {"name": "example.com/quota"}]}]);
    let other = json!([{"op": "add", "path": "/spec/schedulingGates", "value": [{"name": "example.com/quota"}]}]);
    let plain = pod("{containers: []}");
    assert_eq!(opened(mutations, &plain, "shop", true), (both, Vec::new()));
    let (patch, left_out) = opened(mutations, &plain, "shop", false);
    assert_eq!(patch, other);
    let [(gate, why)] = left_out.as_slice() else { panic!("{left_out:?}") };
    assert!(gate == "example.com/db" && why.starts_with(NOBODY), "{gate}: {why}");
    // What is there is not added again, and nobody misses it.
    let gated = pod("{schedulingGates: [{name: example.com/db}, {name: example.com/quota}], containers: []}");
    for opens_gates in [true, false] {
        assert_eq!(opened(mutations, &gated, "shop", opens_gates), (Value::Null, Vec::new()));
        assert_eq!(opened(mutations, &pod("{nodeName: n1}"), "shop", opens_gates), (Value::Null, Vec::new()));
    }
}

#[test]
fn pods_that_say_what_they_wait_for_get_the_gate() {
    let gate = json!({"name": WAIT_FOR});
    let added = |at: &str, value: &Value| json!([{"op": "add", "path": at, "value": value}]);
    let new = added("/spec/schedulingGates", &json!([gate]));
    let unreadable = "the annotation podgate.dev/wait-for cannot be followed: ";
    let cases = [
        ("service/db", "{containers: []}", new.clone(), None),
        ("service/db", "{schedulingGates: [], containers: []}", added("/spec/schedulingGates/-", &gate), None),
        ("service/db", "{schedulingGates: [{name: own}]}", added("/spec/schedulingGates/-", &gate), None),
        ("service/db", "{schedulingGates: [{name: podgate.dev/wait-for}]}", json!(null), None),
        ("service/db", "{nodeName: n1}", json!(null), None),
        ("", "{containers: []}", json!(null), None),
        (" , ", "{containers: []}", json!(null), None),
        (
            "svc/db",
            "{containers: []}",
            json!(null),
            Some("\"svc/db\": \"svc\" is not waited for (did you mean \"service\"?)"),
        ),
        ("shared/service/db", "{containers: []}", new.clone(), None),
        ("shop/service/db", "{containers: []}", new, None),
        ("other/service/db", "{containers: []}", json!(null), Some("\"other/service/db\" is in namespace \"other\"")),
    ];
    let mutations = "waitFor: {targetNamespaces: [shar*]}";
    for (text, spec, expected, why) in cases {
        let object = waiting(text, spec);
        let (patch, left_out) = opened(mutations, &object, "shop", true);
        assert_eq!(patch, expected, "{text} {spec}");
        match (why, left_out.as_slice()) {
            (None, []) => {}
            (Some(why), [(gate, said)]) => {
                assert!(gate == WAIT_FOR && said.starts_with(&format!("{unreadable}{why}")), "{said}");
            }
            (_, left_out) => panic!("{text}: {left_out:?}"),
        }
        // Where nobody opens gates none is added; of what would have been the answer warns.
        let (patch, left_out) = opened(mutations, &object, "shop", false);
        assert_eq!(patch, Value::Null, "{text} {spec}");
        let would_be = !expected.is_null();
        assert_eq!(
            left_out.iter().any(|(gate, why)| gate == WAIT_FOR && why.starts_with(NOBODY)),
            would_be,
            "{text} {spec}"
        );
        // Without the mutation the annotation is a text as any other.
        assert_eq!(opened("schedulingGates: []", &object, "shop", true), (Value::Null, Vec::new()));
    }
    assert_eq!(opened(mutations, &pod("{containers: []}"), "shop", true), (Value::Null, Vec::new()));
}

#[test]
fn a_pod_may_get_both_gates_and_each_of_them_once() {
    let mutations = "waitFor: {}\nschedulingGates:\n- {name: example.com/db, openWhen: [{service: db}]}";
    let (patch, left_out) = opened(mutations, &waiting("job/migrate", "{containers: []}"), "shop", true);
    let expected = json!([
        {"op": "add", "path": "/spec/schedulingGates", "value": [{"name": "example.com/db"}]},
        {"op": "add", "path": "/spec/schedulingGates/-", "value": {"name": WAIT_FOR}},
    ]);
    assert_eq!((patch, left_out), (expected, Vec::new()));
    let there = "{schedulingGates: [{name: example.com/db}, {name: podgate.dev/wait-for}]}";
    assert_eq!(opened(mutations, &waiting("job/migrate", there), "shop", true), (Value::Null, Vec::new()));
    let (patch, left_out) = opened(mutations, &waiting("job/migrate", "{containers: []}"), "shop", false);
    let gates: Vec<&str> = left_out.iter().map(|(gate, _)| gate.as_str()).collect();
    assert_eq!((patch, gates), (Value::Null, vec!["example.com/db", WAIT_FOR]));
}
