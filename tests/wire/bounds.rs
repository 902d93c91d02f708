//! Large objects: an answer of bounded size, in time that grows with the object and not faster.

use std::time::Duration;

use podgate_engine::{
    admission::{Mode, handle},
    model::Inventory,
    policy::Engine,
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use super::{
    api_server::{accept, ask, ask_kind},
    judging::{Circumstances, FIRING, judge, judge_among, policy},
};

fn engine() -> Engine {
    Engine::new(&policy(&format!("profile: strict\n{FIRING}")))
}

/// Requests of each kind with something wrong in every one of `count` parts.
fn requests(count: usize) -> Vec<(&'static str, Vec<u8>)> {
    let pod = |spec: Value| json!({"metadata": {"name": "web"}, "spec": spec}).to_string();
    let each = |part: &dyn Fn(usize) -> Value| -> Value { (0..count).map(part).collect() };
    let wrong = |index: usize| {
        json!({"name": format!("c{index}"), "image": "a:1",
            "ports": [{"name": "http", "containerPort": 80, "hostPort": 80}, {"containerPort": 80}],
            "startupProbe": {"httpGet": {"port": "x y"}}})
    };
    let containers = each(&wrong);
    let mut other = containers.clone();
    other.as_array_mut().unwrap().reverse();
    let init = |args: &str| {
        each(&|index| json!({"name": format!("i{index}"), "image": args, "args": [args], "lifecycle": {}}))
    };
    let gates = |prefix: &str| each(&|index| json!({"name": format!("{prefix}-{index}-")}));
    let ports = each(&|index| json!({"containerPort": 1 + index % 7, "name": "x"}));
    let jobs = |image: &str| {
        let job = |index: usize| {
            let container = json!({"name": format!("c{index}"), "image": image, "startupProbe": {}});
            json!({"template": {"spec": {"template": {"spec": {"containers": [container]}}}}})
        };
        json!({"spec": {"replicatedJobs": each(&job)}}).to_string()
    };
    let initialised = |spec: Value| {
        let status = json!({"conditions": [{"type": "Initialized", "status": "True"}]});
        json!({"metadata": {"name": "web"}, "spec": spec, "status": status}).to_string()
    };
    vec![
        ("containers", ask("CREATE", &pod(json!({"containers": containers})), "null")),
        (
            "containers reversed",
            ask("UPDATE", &pod(json!({"containers": other})), &pod(json!({"containers": containers}))),
        ),
        ("init containers", ask("CREATE", &pod(json!({"initContainers": init("a")})), "null")),
        (
            "init containers changed",
            ask(
                "UPDATE",
                &initialised(json!({"initContainers": init("b")})),
                &initialised(json!({"initContainers": init("a")})),
            ),
        ),
        ("gates", ask("CREATE", &pod(json!({"schedulingGates": gates("a")})), "null")),
        (
            "gates changed",
            ask("UPDATE", &pod(json!({"schedulingGates": gates("b")})), &pod(json!({"schedulingGates": gates("a")}))),
        ),
        ("ports", ask("CREATE", &pod(json!({"containers": [{"name": "c", "ports": ports}]})), "null")),
        (
            "ports of a changed container",
            ask(
                "UPDATE",
                &pod(json!({"containers": [{"name": "c", "image": "b", "ports": ports}]})),
                &pod(json!({"containers": [{"name": "c", "image": "a", "ports": ports}]})),
            ),
        ),
        ("templates", ask_kind("CREATE", "jobset.x-k8s.io", "JobSet", &jobs("a"), "null")),
        ("templates changed", ask_kind("UPDATE", "jobset.x-k8s.io", "JobSet", &jobs("b"), &jobs("a"))),
    ]
}

/// Requests of which other lists than those are long.
fn other_requests(count: usize) -> Vec<(&'static str, Vec<u8>)> {
    let pod = |spec: Value| json!({"metadata": {"name": "web"}, "spec": spec}).to_string();
    let each = |part: &dyn Fn(usize) -> Value| -> Value { (0..count).map(part).collect() };
    let named = |prefix: &str, value: &str| -> Value {
        let all = (0..count).map(|index| (format!("{prefix}{index}"), json!(value)));
        Value::Object(all.collect())
    };
    let containers = each(&|index| json!({"name": format!("c{index}"), "image": "a:1", "startupProbe": {}}));
    vec![
        (
            "annotations",
            ask(
                "CREATE",
                &json!({"metadata": {"name": "web", "annotations": named("ignore.podgate.dev/port-conflic", "reason")}, "spec": {"containers": containers}})
                    .to_string(),
                "null",
            ),
        ),
        (
            "labels",
            ask_kind(
                "CREATE",
                "apps",
                "Deployment",
                &json!({"metadata": {"name": "web"}, "spec": {"replicas": 2, "selector": {"matchLabels": named("l", "v")},
                    "template": {"metadata": {"labels": named("l", "v")}, "spec": {"containers": containers, "topologySpreadConstraints":
                        each(&|index| json!({"maxSkew": 1, "topologyKey": format!("k{index}"), "labelSelector": {"matchLabels": {"l": "v"}}}))}}}})
                .to_string(),
                "null",
            ),
        ),
        (
            "volumes",
            ask_kind(
                "CREATE",
                "apps",
                "StatefulSet",
                &json!({"metadata": {"name": "web"}, "spec": {
                    "volumeClaimTemplates": each(&|index| json!({"metadata": {"name": format!("t{index}")}})),
                    "template": {"spec": {
                        "volumes": each(&|index| json!({"name": format!("v{index}"), "emptyDir": {"medium": "Memory"}})),
                        "initContainers": [{"name": "i", "volumeMounts": each(&|index| json!({"name": format!("v{index}"), "mountPath": "/"}))}],
                        "containers": [{"name": "c", "volumeMounts": each(&|index| json!({"name": format!("u{index}"), "mountPath": "/"}))}],
                    }}}})
                .to_string(),
                "null",
            ),
        ),
        (
            "resources",
            ask(
                "CREATE",
                &pod(json!({"resources": {"requests": named("r", "2"), "limits": named("r", "1")}, "containers": [
                    {"name": "c", "resources": {"requests": named("r", "2"), "limits": named("r", "1")}},
                    {"name": "d", "resources": {"requests": named("s", "2"), "limits": named("s", "1")}}],
                    "initContainers": each(&|index| json!({"name": format!("i{index}"), "resources": {"requests": {format!("r{index}"): "3"}}}))})),
                "null",
            ),
        ),
        (
            "small lists",
            ask(
                "CREATE",
                &pod(json!({
                    "tolerations": each(&|_| json!({"operator": "Exists"})),
                    "containers": [{"name": "c", "restartPolicy": "Never",
                        "restartPolicyRules": each(&|index| json!({"action": "Restart", "exitCodes": {"operator": "In", "values": [index, 7]}})),
                        "livenessProbe": {"httpGet": {"port": "none", "httpHeaders": each(&|_| json!({"name": "x y"}))}},
                        "lifecycle": {"preStop": {"exec": {"command": each(&|_| json!("sleep 99999"))}}},
                        "command": each(&|_| json!("tail -f")), "env": each(&|_| json!({"name": "PORT", "value": "80"}))}]})),
                "null",
            ),
        ),
        (
            "probed names",
            ask(
                "CREATE",
                &pod(json!({
                    "containers": each(&|index| json!({"name": format!("c{index}"), "ports": [{"name": format!("p{index}"), "containerPort": index + 1}],
                        "readinessProbe": {"httpGet": {"port": format!("p{}", index + 1)}}, "livenessProbe": {"tcpSocket": {"port": index + 2}}})),
                    "initContainers": each(&|index| json!({"name": format!("i{index}"), "restartPolicy": "Always",
                        "ports": [{"name": format!("p{index}"), "containerPort": index + 1}],
                        "startupProbe": {"httpGet": {"port": format!("q{index}")}}}))})),
                "null",
            ),
        ),
        (
            "owners",
            ask(
                "CREATE",
                &json!({"metadata": {"name": "web", "ownerReferences": each(&|_| json!({"kind": "Job"}))}, "spec": {"containers": containers}})
                    .to_string(),
                "null",
            ),
        ),
    ]
}

#[test]
fn answers_stay_small() {
    for (what, request) in requests(5000).into_iter().take(1).chain(requests(500)) {
        let response = handle(&engine(), Mode::Validate, &request);
        let accepted = accept(Mode::Validate, &request, &response).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(response.body.len() < 100_000, "{what}: {} bytes", response.body.len());
        assert!(accepted.causes.len() <= 50 && accepted.warnings.len() <= 51, "{what}");
        // Of an update the ratchet may leave none.
        let more: usize = response.record.more.iter().map(|more| more.count).sum();
        let found = response.record.findings.len() + more;
        assert!(found >= 400 || response.record.operation == "UPDATE", "{what}: {found} findings");
    }
    // A patch is as large as what it adds.
    for (what, request) in requests(500) {
        let response = handle(&engine(), Mode::Mutate, &request);
        accept(Mode::Mutate, &request, &response).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(response.body.len() < 500 * 1000, "{what}: {} bytes", response.body.len());
    }
}

/// The processor time of this thread alone: what else the machine has to do does not count.
fn spent() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap()
}

/// Eight times as much takes about eight times as long; what looks at every pair would take sixty-four times.
#[test]
fn time_grows_with_size_and_not_with_its_square() {
    fn best(request: &[u8], mode: Mode) -> Duration {
        let engine = engine();
        let once = || {
            let start = spent();
            assert_eq!(handle(&engine, mode, request).status, 200);
            spent().saturating_sub(start)
        };
        (0..3).map(|_| once()).min().unwrap()
    }
    let all = |count| requests(count).into_iter().chain(other_requests(count));
    for ((what, small), (_, large)) in all(200).zip(all(1600)) {
        for mode in [Mode::Validate, Mode::Mutate] {
            let (small, large) = (best(&small, mode), best(&large, mode));
            // Below this nothing is worth measuring.
            let floor = Duration::from_millis(1);
            assert!(large < small.max(floor) * 24, "{what}, {mode:?}: {small:?}, of eight times as much {large:?}");
        }
    }
}

/// A body of nine mebibytes is the server's to refuse; what gets here is answered.
#[test]
fn a_large_review_is_answered() {
    let filling = "x".repeat(9 << 20);
    let pod = format!(
        r#"{{"metadata": {{"name": "web", "annotations": {{"a": "{filling}"}}}}, "spec": {{"containers": []}}}}"#
    );
    for request in [ask("CREATE", &pod, "null"), ask("UPDATE", &pod, r#"{"spec": {}}"#)] {
        for mode in [Mode::Validate, Mode::Mutate] {
            let response = handle(&engine(), mode, &request);
            assert!(
                accept(mode, &request, &response).is_ok() && response.body.len() < 1000,
                "{}",
                String::from_utf8_lossy(&response.body)
            );
        }
    }
}

/// Among eight times as many Services, budgets and autoscalers, of one namespace and with a label that all have, each of
/// eight times as many Deployments is judged about as fast.
#[test]
fn other_objects_are_looked_up_and_not_searched() {
    fn judged(count: usize) -> Duration {
        let engine = engine();
        let mut inventory = Inventory::default();
        let deployment = |number: usize| {
            let labels = json!({"common": "x", "app": format!("a{number}")});
            let container = json!({"name": "app", "image": "a:1", "ports": [{"containerPort": 80}]});
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": format!("a{number}")},
                "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}})
            .to_string()
        };
        for number in 0..count {
            let selector = json!({"common": "x", "app": format!("a{number}")});
            let target = json!({"kind": "Deployment", "name": format!("a{number}")});
            for (group, kind, spec) in [
                ("", "Service", json!({"selector": selector, "ports": [{"port": 80}]})),
                ("policy", "PodDisruptionBudget", json!({"selector": {"matchLabels": selector}, "minAvailable": 2})),
                ("autoscaling", "HorizontalPodAutoscaler", json!({"scaleTargetRef": target, "minReplicas": 2})),
            ] {
                let text = json!({"metadata": {"name": format!("a{number}")}, "spec": spec}).to_string();
                inventory.add(group, kind, "default", &text).unwrap();
            }
            inventory.add("apps", "Deployment", "default", &deployment(number)).unwrap();
        }
        let start = spent();
        for number in 0..count {
            let verdict = judge_among(&engine, &deployment(number), None, &Circumstances::default(), Some(&inventory));
            assert!(verdict.findings.iter().any(|finding| finding.rule.id == "no-drain-window"), "{number}");
        }
        spent().saturating_sub(start)
    }
    let (small, large) = (judged(125), judged(1000));
    assert!(large < small * 24, "125 in {small:?}, 1000 in {large:?}");
}

/// As long as the labels of the namespace are not known any scope may hold. That many of them set the same costs no more
/// judgements than if it were one.
#[test]
fn scopes_that_set_the_same_are_judged_once() {
    let engine = |count: usize| {
        let scope = |number: usize| {
            json!({"name": format!("s{number}"), "profile": "strict",
                "namespaceSelector": {"matchLabels": {"team": format!("t{number}")}}})
        };
        let scopes: Vec<Value> = (0..count).map(scope).collect();
        Engine::new(&policy(&json!({"scopes": scopes}).to_string()))
    };
    let containers: Vec<Value> =
        (0..200).map(|number| json!({"name": format!("c{number}"), "image": "a:1", "startupProbe": {}})).collect();
    let pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": containers}});
    let pod = pod.to_string();
    let best = |engine: &Engine| {
        let once = || {
            let start = spent();
            let verdict = judge(engine, &pod, None, &Circumstances::default());
            (spent().saturating_sub(start), verdict)
        };
        (0..3).map(|_| once()).min_by_key(|(time, _)| *time).unwrap()
    };
    let ((small, one), (large, many)) = (best(&engine(1)), best(&engine(200)));
    assert!(one.findings.len() > 200 && one == many);
    assert!(large < small * 8, "1 scope in {small:?}, 200 in {large:?}");
}
