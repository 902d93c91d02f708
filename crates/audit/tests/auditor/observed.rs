//! What is seen of running objects: each trap from both sides.

use podgate_audit::{OBSERVATIONS, find_observation};
use podgate_engine::{Engine, Level, parse, policy::ignore, rules::RULES};
use serde_json::{Value, json};

use crate::objects::{
    audit, audit_under, budget, container, deployment, lines, pod, pod_of, replica_set, service, status, with,
};

/// What is seen of a Pod that nobody owns: without what rules find in it.
fn seen(patch: &Value) -> Vec<String> {
    let audit = audit(&[with(pod("web-0"), patch)]);
    let lines: Vec<String> = audit.objects.iter().flat_map(lines).collect();
    let is_seen = |line: &String| OBSERVATIONS.iter().any(|one| line.contains(&format!("[{}]", one.id)));
    lines.into_iter().filter(is_seen).collect()
}

/// The state of a container that has ended with this code after so many seconds.
fn ended(exit_code: i64, reason: &str, ran_seconds: i64) -> Value {
    let end = format!("2026-03-02T10:{:02}:{:02}Z", ran_seconds / 60, ran_seconds % 60);
    json!({"terminated": {"exitCode": exit_code, "reason": reason, "startedAt": "2026-03-02T10:00:00Z", "finishedAt": end}})
}

/// A probe as the API server returns it.
fn probe(fields: &Value) -> Value {
    let defaults = json!({"httpGet": {"path": "/", "port": 8080, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10,
        "successThreshold": 1, "failureThreshold": 3});
    with(defaults, fields)
}

/// A Pod whose container has these probes, and has been restarted after it ended like this.
fn restarted(probes: &Value, last: &Value) -> Value {
    let container = with(container(), probes);
    let of_app = json!({"restartCount": 3, "lastState": last});
    json!({"spec": {"containers": [container]}, "status": status(&of_app)})
}

#[test]
fn ids_are_no_ids_of_rules_and_are_found() {
    // The engine knows their names: an annotation that ignores one is no mistake.
    assert!(OBSERVATIONS.iter().map(|one| one.id).eq(ignore::OBSERVATIONS));
    assert!(OBSERVATIONS.is_sorted_by_key(|one| one.id));
    for observation in OBSERVATIONS {
        assert!(RULES.iter().all(|rule| rule.id != observation.id), "{}", observation.id);
        assert_eq!(find_observation(observation.id).map(|found| found.id), Some(observation.id));
        assert!(matches!(observation.level, Level::Warn | Level::Audit) && !observation.source.is_empty());
    }
    assert!(find_observation("port-conflict").is_none());
}

#[test]
fn a_container_that_is_killed_at_the_end_of_its_startup_window() {
    let liveness = json!({"livenessProbe": probe(&json!({"failureThreshold": 6}))});
    let told = "warn[startup-window-passed] container \"app\" was killed 62 s after its start; its livenessProbe gives up after 60 s: it needs longer to start";
    assert_eq!(seen(&restarted(&liveness, &ended(137, "Error", 62))), [told]);
    assert_eq!(seen(&restarted(&liveness, &ended(143, "Error", 62))), [told]);
    // It may be killed as soon as 50 s after its start, and has 30 s to end, a period later at most.
    for (ran, sees) in [(49, false), (50, true), (60, true), (100, true), (101, false)] {
        let seen = seen(&restarted(&liveness, &ended(137, "Error", ran)));
        assert_eq!(seen.iter().any(|line| line.contains("[startup-window-passed]")), sees, "{ran}: {seen:?}");
    }
    // The startupProbe counts before the livenessProbe, and its own grace period before the Pod's.
    let startup = json!({
        "livenessProbe": probe(&json!({})),
        "startupProbe": probe(&json!({"initialDelaySeconds": 5, "periodSeconds": 2, "failureThreshold": 30, "terminationGracePeriodSeconds": 1})),
    });
    assert_eq!(
        seen(&restarted(&startup, &ended(137, "Error", 66))),
        [
            "warn[startup-window-passed] container \"app\" was killed 66 s after its start; its startupProbe gives up after 65 s: it needs longer to start"
        ]
    );
    assert!(!seen(&restarted(&startup, &ended(137, "Error", 69))).iter().any(|line| line.contains("startup-window")));
}

#[test]
fn a_container_that_ended_by_itself_was_not_killed() {
    let liveness = json!({"livenessProbe": probe(&json!({"failureThreshold": 6}))});
    for (code, reason) in [(1, "Error"), (0, "Completed"), (137, "ContainerStatusUnknown"), (255, "Unknown")] {
        assert_eq!(seen(&restarted(&liveness, &ended(code, reason, 62))), [""; 0], "{code} {reason}");
    }
    // Nobody but a probe knows a window.
    assert_eq!(seen(&restarted(&json!({}), &ended(137, "Error", 62))), [""; 0]);
    // Times that are not known, or in the wrong order.
    let unknown = json!({"terminated": {"exitCode": 137, "reason": "Error", "startedAt": null, "finishedAt": null}});
    assert_eq!(seen(&restarted(&liveness, &unknown)), [""; 0]);
    let backwards = json!({"terminated": {"exitCode": 137, "startedAt": "2026-03-02T10:01:02Z", "finishedAt": "2026-03-02T10:00:00Z"}});
    assert_eq!(seen(&restarted(&liveness, &backwards)), [""; 0]);
}

#[test]
fn a_container_that_ended_with_its_pod_was_not_killed_by_a_probe() {
    let liveness = json!({"livenessProbe": probe(&json!({"failureThreshold": 6}))});
    let now = |of_pod: &Value| {
        let container = with(container(), &liveness);
        let of_app = json!({"restartCount": 0, "state": with(ended(143, "Error", 62), &json!({"running": null}))});
        with(json!({"spec": {"containers": [container]}, "status": status(&of_app)}), of_pod)
    };
    assert_eq!(seen(&now(&json!({"status": {"phase": "Failed"}}))).len(), 1);
    for of_pod in [
        json!({"status": {"phase": "Failed", "reason": "Evicted"}}),
        json!({"status": {"phase": "Failed", "reason": "DeadlineExceeded"}}),
        json!({"status": {"phase": "Succeeded"}}),
        json!({"metadata": {"deletionTimestamp": "2026-03-02T11:59:59Z", "deletionGracePeriodSeconds": 30}}),
    ] {
        assert_eq!(seen(&now(&of_pod)), [""; 0], "{of_pod}");
    }
}

#[test]
fn a_container_that_had_started_was_probably_killed_by_its_liveness_probe() {
    let liveness = json!({"livenessProbe": probe(&json!({}))});
    let ran = json!({"terminated": {"exitCode": 143, "reason": "Error", "startedAt": "2026-03-01T10:00:00Z", "finishedAt": "2026-03-01T15:00:00Z"}});
    assert_eq!(
        seen(&restarted(&liveness, &ran)),
        [
            "audit[killed-by-liveness] container \"app\" was killed after it had run for 5 h, probably by its livenessProbe (3 restarts)"
        ]
    );
    assert_eq!(seen(&restarted(&json!({"startupProbe": probe(&json!({}))}), &ran)), [""; 0]);
    assert_eq!(seen(&restarted(&json!({}), &ran)), [""; 0]);
    let by_itself = with(ran, &json!({"terminated": {"exitCode": 1}}));
    assert_eq!(seen(&restarted(&liveness, &by_itself)), [""; 0]);
}

#[test]
fn a_sidecar_is_looked_at_too() {
    let sidecar = json!({"name": "proxy", "image": "example.com/proxy:1", "restartPolicy": "Always",
        "startupProbe": probe(&json!({})), "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "1Mi"}}});
    let of = |restart_policy: Value| {
        let container = with(sidecar.clone(), &json!({"restartPolicy": restart_policy}));
        let status = json!({"initContainerStatuses": [{"name": "proxy", "restartCount": 1, "lastState": ended(137, "Error", 33)}]});
        seen(&json!({"spec": {"initContainers": [container]}, "status": status}))
    };
    assert_eq!(
        of(json!("Always")),
        [
            "warn[startup-window-passed] container \"proxy\" was killed 33 s after its start; its startupProbe gives up after 30 s: it needs longer to start"
        ]
    );
    // Of a regular init container the probe does not count, and its restart is something else.
    assert_eq!(
        of(json!(null)),
        [
            "audit[init-container-restarted] init container \"proxy\" failed with exit code 137 and was restarted once and has not succeeded yet"
        ]
    );
}

#[test]
fn a_container_that_was_killed_for_want_of_memory() {
    let killed = ended(137, "OOMKilled", 62);
    let liveness = json!({"livenessProbe": probe(&json!({"failureThreshold": 6}))});
    let own = "warn[out-of-memory] container \"app\" was killed for want of memory at its limit of 256Mi";
    // It is no startup window, however long it ran.
    assert_eq!(seen(&restarted(&liveness, &killed)), [own]);
    let now = json!({"status": {"phase": "Failed", "containerStatuses": [{"name": "app", "state": killed}]}});
    assert_eq!(seen(&now), [own]);
    let without = json!({"resources": {"limits": null, "requests": {"memory": "64Mi"}}});
    assert_eq!(
        seen(&restarted(&without, &killed)),
        ["warn[out-of-memory] container \"app\" was killed for want of memory of the node: it has no limit; set one"]
    );
    let of_pod = with(restarted(&without, &killed), &json!({"spec": {"resources": {"limits": {"memory": "512Mi"}}}}));
    assert_eq!(
        seen(&of_pod),
        [
            "warn[out-of-memory] container \"app\" was killed for want of memory at the Pod's limit of 512Mi: it has no limit of its own"
        ]
    );
    assert_eq!(seen(&restarted(&json!({}), &ended(137, "Error", 62))), [""; 0]);
    // A status of a container that the spec does not have says nothing.
    assert_eq!(seen(&json!({"status": {"containerStatuses": [{"name": "gone", "lastState": killed}]}})), [""; 0]);
}

#[test]
fn an_init_container_that_was_restarted() {
    let of = |fields: Value| {
        let container = json!({"name": "migrate", "image": "example.com/app:1", "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "1Mi"}}});
        let of_init = with(json!({"name": "migrate", "restartCount": 4}), &fields);
        seen(&json!({"spec": {"initContainers": [container]}, "status": {"initContainerStatuses": [of_init]}}))
    };
    let failed = ended(1, "Error", 2);
    assert_eq!(
        of(json!({"lastState": failed, "state": {"waiting": {"reason": "CrashLoopBackOff"}}})),
        [
            "audit[init-container-restarted] init container \"migrate\" failed with exit code 1 and was restarted 4 times and has not succeeded yet"
        ]
    );
    assert_eq!(
        of(json!({"lastState": failed, "state": ended(0, "Completed", 2)})),
        [
            "audit[init-container-restarted] init container \"migrate\" failed with exit code 1 and was restarted 4 times before it succeeded"
        ]
    );
    // The sandbox was made anew, and it ran once more.
    assert_eq!(of(json!({"lastState": ended(0, "Completed", 2), "state": ended(0, "Completed", 2)})), [""; 0]);
    assert_eq!(of(json!({"restartCount": 0, "state": ended(1, "Error", 2)})), [""; 0]);
}

/// A Pod that waits behind gates since nine o'clock.
fn gated(gates: &[&str]) -> Value {
    let gates: Vec<Value> = gates.iter().map(|name| json!({"name": name})).collect();
    json!({"spec": {"nodeName": null, "schedulingGates": gates}, "status": {"phase": "Pending", "containerStatuses": null,
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "lastTransitionTime": "2026-03-02T09:00:00Z"}]}})
}

#[test]
fn a_pod_that_waits_behind_gates() {
    let told = |text: &str| vec![format!("audit[gated] the Pod has been waiting 3 h for the removal of {text}")];
    let nobody = "gate \"example.com/x\", which no known controller removes";
    assert_eq!(seen(&gated(&["example.com/x"])), told(nobody));
    assert_eq!(seen(&gated(&["podgate.dev/wait-for"])), told("gate \"podgate.dev/wait-for\" by podgate"));
    assert_eq!(
        seen(&gated(&["kueue.x-k8s.io/admission", "example.com/x", "a.b/c", "d.e/f"])),
        told(&format!(
            "gate \"kueue.x-k8s.io/admission\" by Kueue, {nobody}, gate \"a.b/c\", which no known controller removes and 1 more"
        ))
    );
    // Since when it waits is not known: since it was created, the day before.
    let unknown = with(
        gated(&["example.com/x"]),
        &json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}}),
    );
    assert!(seen(&unknown)[0].contains("waiting 26 h for"), "{:?}", seen(&unknown));
    for other in [json!("Unschedulable"), json!(null)] {
        let other = with(
            gated(&["example.com/x"]),
            &json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": other}]}}),
        );
        assert_eq!(seen(&other), [""; 0]);
    }
    assert_eq!(seen(&with(gated(&[]), &json!({"spec": {"schedulingGates": null}}))), [""; 0]);
}

#[test]
fn gates_of_the_policy_are_told_with_who_removes_them() {
    let policy = "{apiVersion: podgate.dev/v1alpha1, kind: LifecyclePolicy, spec: {mutations: {schedulingGates: [
        {name: example.com/ours, openWhen: [{service: db}]}, {name: example.com/theirs}]}}}";
    let engine = Engine::new(&parse(policy, "policy").unwrap());
    let of = |gate: &str| lines(&audit_under(&engine, &[with(pod("web-0"), &gated(&[gate]))]).objects[0]).concat();
    assert!(of("example.com/ours").contains("gate \"example.com/ours\" by podgate"), "{}", of("example.com/ours"));
    assert!(of("example.com/theirs").contains("which the policy adds and somebody else removes"));
}

#[test]
fn a_pod_that_is_still_there_after_its_grace_period() {
    let deleted = |end: &str, more: &Value| {
        seen(&with(json!({"metadata": {"deletionTimestamp": end, "deletionGracePeriodSeconds": 30}}), more))
    };
    let node = "warn[terminating-past-grace] the Pod is still there 2 h after the end of its grace period of 30 s: the kubelet of node \"node-1\" has not said that its containers have ended";
    assert_eq!(deleted("2026-03-02T10:00:00Z", &json!({})), [node]);
    let finalizers = |names: &[&str]| json!({"metadata": {"finalizers": names}});
    let one = deleted("2026-03-02T10:00:00Z", &finalizers(&["example.com/a"]));
    assert!(one[0].ends_with(": finalizer \"example.com/a\" is not removed"), "{one:?}");
    let four = deleted("2026-03-02T10:00:00Z", &finalizers(&["a", "b", "c", "d"]));
    assert!(four[0].ends_with(": finalizers \"a\", \"b\", \"c\" and 1 more are not removed"), "{four:?}");
    let nowhere = deleted("2026-03-02T10:00:00Z", &json!({"spec": {"nodeName": ""}, "status": {"phase": "Pending"}}));
    assert!(nowhere[0].ends_with("it has no finalizer and no node; delete it once more"), "{nowhere:?}");
    // The timestamp is the end of the grace period already. A minute after it is no time at all.
    assert_eq!(deleted("2026-03-02T11:58:59Z", &json!({})).len(), 1);
    for end in ["2026-03-02T11:59:00Z", "2026-03-02T13:00:00Z", "soon"] {
        assert_eq!(deleted(end, &json!({})), [""; 0], "{end}");
    }
}

#[test]
fn a_budget_that_allows_no_eviction() {
    let web = deployment("web");
    let of = |status: &Value| {
        let audit = audit(&[web.clone(), service("web"), with(budget("web", 0), &json!({"status": status}))]);
        audit.objects.iter().flat_map(lines).collect::<Vec<_>>()
    };
    assert_eq!(
        of(&json!({})),
        ["audit[no-disruption-allowed] no eviction is allowed now: 1 of 2 Pods is healthy, and 1 must be"]
    );
    assert_eq!(of(&json!({"disruptionsAllowed": 1})), [""; 0]);
    assert_eq!(of(&json!({"expectedPods": 0})), [""; 0]);
    assert_eq!(of(&json!({"disruptionsAllowed": null})), [""; 0]);
}

/// A Deployment, its ReplicaSet and what it has beside it, and three Pods with these statuses of their container.
fn web_with(of_web: &Value, of_pods: [Value; 3]) -> Vec<Value> {
    let web = with(deployment("web"), of_web);
    let set = replica_set(&web, "5d8f7c9b4", 3);
    let pod = |(number, patch): (usize, Value)| with(pod_of(&set, &number.to_string()), &patch);
    let pods: Vec<Value> = of_pods.into_iter().enumerate().map(pod).collect();
    [vec![web, budget("web", 1), service("web"), set], pods].concat()
}

fn last(state: &Value) -> Value {
    json!({"status": status(&json!({"restartCount": 1, "lastState": state}))})
}

#[test]
fn the_same_of_many_pods_is_told_once_and_the_worst_counts() {
    let killed = |restarts: i64| {
        with(
            last(&ended(137, "OOMKilled", 62)),
            &json!({"status": status(&json!({"restartCount": restarts, "lastState": ended(137, "OOMKilled", 62)}))}),
        )
    };
    let of_memory = audit(&web_with(&json!({}), [killed(1), last(&json!({})), killed(7)]));
    let [web] = of_memory.objects.as_slice() else { panic!("{of_memory:#?}") };
    assert_eq!((web.kind.as_str(), web.pods, web.found.len(), web.found[0].pods), ("Deployment", 3, 1, 2));
    assert_eq!(web.found[0].path, "status.containerStatuses[0]");
    // Of the time after which they were killed the longest counts.
    let liveness = json!({"spec": {"template": {"spec": {"containers": [with(container(), &json!({"livenessProbe": probe(&json!({"failureThreshold": 6}))}))]}}}});
    let runs = [62, 75, 61].map(|ran| last(&ended(137, "Error", ran)));
    let of_windows = audit(&web_with(&liveness, runs));
    let [web] = of_windows.objects.as_slice() else { panic!("{of_windows:#?}") };
    let seen: Vec<_> = web.found.iter().filter(|found| found.source.id() == "startup-window-passed").collect();
    assert!(seen.len() == 1 && seen[0].pods == 3 && seen[0].message.contains("was killed 75 s after"), "{seen:?}");
}

#[test]
fn annotations_ignore_observations_as_they_do_rules() {
    let ignore = |reason: &str| json!({"metadata": {"annotations": {"ignore.podgate.dev/out-of-memory": reason}}});
    let killed = || [1, 2, 3].map(|_| last(&ended(137, "OOMKilled", 62)));
    let count = |objects: &[Value], engine: &Engine| {
        let audit = audit_under(engine, objects);
        let ignored = audit.not_judged.iter().find(|one| one.why.starts_with("ignored")).map_or(0, |one| one.count);
        (audit.objects.iter().map(|one| one.found.len()).sum::<usize>(), ignored)
    };
    let engine = Engine::default();
    // On the owner.
    assert_eq!(count(&web_with(&json!({}), killed()), &engine), (1, 0));
    assert_eq!(count(&web_with(&ignore("a leak, to be mended"), killed()), &engine), (0, 1));
    assert_eq!(count(&web_with(&ignore(" "), killed()), &engine), (1, 0));
    // On one Pod, and on all of them by the template.
    let mut one = web_with(&json!({}), killed());
    one[4] = with(one[4].clone(), &ignore("a leak"));
    assert_eq!(count(&one, &engine), (1, 1));
    let template = json!({"spec": {"template": ignore("a leak")}});
    assert_eq!(count(&web_with(&template, killed().map(|pod| with(pod, &ignore("a leak")))), &engine), (0, 3));
    // The policy may say that none counts.
    let policy = "{apiVersion: podgate.dev/v1alpha1, kind: LifecyclePolicy, spec: {exemptions: {annotations: none}}}";
    let strict = Engine::new(&parse(policy, "policy").unwrap());
    assert_eq!(count(&web_with(&ignore("a leak"), killed()), &strict), (1, 0));
    assert_eq!(count(&one, &strict), (1, 0));
}
