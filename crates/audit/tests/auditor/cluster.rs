//! A cluster of forty workloads, each with one fault that is known: each is told of once, and nothing else is.

use std::collections::BTreeMap;

use podgate_audit::Audit;
use serde_json::{Value, json};

use crate::objects::{
    audit, budget, container, deployment, metadata, owned_by, pod, pod_of, replica_set, service, status, with,
};

/// What is wrong with one workload, and where the rest of it stands.
#[derive(Clone)]
struct Fault {
    /// The id of what finds it.
    id: &'static str,
    /// Put over the Deployment.
    of_deployment: Value,
    /// Put over the Pod's spec in its template.
    of_spec: Value,
    /// Put over its container.
    of_container: Value,
    /// Put over its first Pod.
    of_pod: Value,
    /// Put over its budget and its Service.
    of_budget: Value,
    of_service: Value,
    /// The kind that it is told of.
    kind: &'static str,
}

fn fault(id: &'static str) -> Fault {
    let nothing = || json!({});
    Fault {
        id,
        kind: "Deployment",
        of_deployment: nothing(),
        of_spec: nothing(),
        of_container: nothing(),
        of_pod: nothing(),
        of_budget: nothing(),
        of_service: nothing(),
    }
}

fn in_container(id: &'static str, of_container: Value) -> Fault {
    Fault { of_container, ..fault(id) }
}

fn in_spec(id: &'static str, of_spec: Value) -> Fault {
    Fault { of_spec, ..fault(id) }
}

fn in_pod(id: &'static str, of_pod: Value) -> Fault {
    Fault { of_pod, ..fault(id) }
}

fn second(patch: &Value) -> Value {
    json!({"containers": [container(), with(container(), patch)]})
}

/// Faults of the spec of Pods.
fn of_specs() -> Vec<Fault> {
    let other = json!({"name": "other", "readinessProbe": {"httpGet": {"port": 9090}}});
    let init = json!({"name": "init", "image": "example.com/app:1", "resources": container()["resources"]});
    vec![
        in_spec("restart-policy-not-allowed", json!({"restartPolicy": "Never"})),
        in_spec(
            "port-conflict",
            second(&with(
                other.clone(),
                &json!({"ports": [{"containerPort": 8080, "protocol": "TCP"}], "readinessProbe": {"httpGet": {"port": 8080}}}),
            )),
        ),
        in_spec("node-name-set", json!({"nodeName": "node-7"})),
        in_container("hook-tcp-socket", json!({"lifecycle": {"postStart": {"tcpSocket": {"port": 8080}}}})),
        in_spec("grace-too-long", json!({"terminationGracePeriodSeconds": 90_000})),
        in_spec("unused-volume", json!({"volumes": [{"name": "cache", "emptyDir": {}}]})),
        in_spec("no-spread", json!({"topologySpreadConstraints": null})),
        in_spec(
            "eternal-toleration",
            json!({"tolerations": [{"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}]}),
        ),
        in_spec("unknown-scheduling-gate", json!({"schedulingGates": [{"name": "example.com/nobody"}]})),
        in_spec(
            "sidecar-without-probe",
            json!({"initContainers": [with(init.clone(), &json!({"restartPolicy": "Always"}))]}),
        ),
    ]
}

/// Faults of the container.
fn of_containers() -> Vec<Fault> {
    let http = |port: Value| json!({"path": "/", "port": port, "scheme": "HTTP"});
    let other = json!({"name": "other", "readinessProbe": {"httpGet": {"port": 9090}}});
    vec![
        in_container("undeclared-volume", json!({"volumeMounts": [{"name": "data", "mountPath": "/data"}]})),
        in_container("missing-readiness-probe", json!({"readinessProbe": null})),
        in_container("missing-memory-limit", json!({"resources": {"limits": null}})),
        in_container("request-exceeds-limit", json!({"resources": {"requests": {"memory": "512Mi"}}})),
        in_container("missing-requests", json!({"resources": {"requests": null}})),
        in_container("prestop-exceeds-grace", json!({"lifecycle": {"preStop": {"sleep": {"seconds": 60}}}})),
        in_container("no-drain-window", json!({"lifecycle": null})),
        in_container(
            "invalid-port",
            json!({"ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}, {"name": "big", "containerPort": 70_000, "protocol": "TCP"}]}),
        ),
        in_spec(
            "duplicate-port-name",
            second(&with(
                other.clone(),
                &json!({"ports": [{"name": "http", "containerPort": 9090, "protocol": "TCP"}]}),
            )),
        ),
        in_container(
            "unresolved-named-port",
            json!({"startupProbe": {"httpGet": http(json!("admin")), "failureThreshold": 30}}),
        ),
        in_container(
            "undeclared-probe-port",
            json!({"startupProbe": {"httpGet": http(json!(9999)), "failureThreshold": 30}}),
        ),
        in_container("probe-timeout-exceeds-period", json!({"readinessProbe": {"timeoutSeconds": 20}})),
        in_container(
            "liveness-as-readiness",
            json!({
                "startupProbe": {"httpGet": http(json!("http")), "failureThreshold": 30},
                "livenessProbe": with(container()["readinessProbe"].clone(), &json!({})),
            }),
        ),
        in_container(
            "liveness-without-startup",
            json!({"livenessProbe": {"httpGet": http(json!("http")), "periodSeconds": 5, "failureThreshold": 3}}),
        ),
    ]
}

/// Faults of the workload, of what stands beside it, and of its Pods' status.
fn of_others() -> Vec<Fault> {
    let http = |port: Value| json!({"path": "/", "port": port, "scheme": "HTTP"});
    let killed = |reason: &str| {
        json!({"status": status(&json!({"restartCount": 1, "lastState": {"terminated": {"exitCode": 137, "reason": reason,
        "startedAt": "2026-03-02T10:00:00Z", "finishedAt": "2026-03-02T10:00:31Z"}}}))})
    };
    let liveness = json!({"startupProbe": {"httpGet": http(json!("http")), "periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 1,
        "successThreshold": 1}});
    let gated = json!({"spec": {"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}, "status": {"phase": "Pending", "containerStatuses": null,
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "lastTransitionTime": "2026-03-02T09:00:00Z"}]}});
    vec![
        Fault { of_deployment: json!({"spec": {"replicas": 1}}), ..fault("single-replica") },
        Fault {
            of_deployment: json!({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": "100%"}}}}),
            ..fault("full-outage-rollout")
        },
        Fault {
            of_deployment: json!({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 0}}}}),
            ..fault("invalid-update-strategy")
        },
        Fault {
            of_budget: json!({"spec": {"selector": {"matchLabels": {"app": "nobody"}}}}),
            ..fault("missing-disruption-budget")
        },
        Fault {
            of_budget: json!({"spec": {"maxUnavailable": 0}}),
            kind: "PodDisruptionBudget",
            ..fault("blocking-disruption-budget")
        },
        Fault {
            of_budget: json!({"spec": {"maxUnavailable": null, "minAvailable": 2}}),
            kind: "PodDisruptionBudget",
            ..fault("blocking-disruption-budget")
        },
        Fault {
            of_budget: json!({"status": {"disruptionsAllowed": 0}}),
            kind: "PodDisruptionBudget",
            ..fault("no-disruption-allowed")
        },
        Fault {
            of_service: json!({"spec": {"ports": [{"port": 80, "targetPort": "nowhere", "protocol": "TCP"}]}}),
            kind: "Service",
            ..fault("service-port-unresolved")
        },
        in_pod("out-of-memory", killed("OOMKilled")),
        Fault { of_container: liveness, ..in_pod("startup-window-passed", killed("Error")) },
        in_pod(
            "terminating-past-grace",
            json!({"metadata": {"deletionTimestamp": "2026-03-02T10:00:00Z", "deletionGracePeriodSeconds": 30}}),
        ),
        in_pod("gated", gated),
    ]
}

/// Everything of one Deployment: it, its budget, its Service, two ReplicaSets and two Pods.
fn objects_of(name: &str, fault: &Fault) -> Vec<Value> {
    let mut web = with(deployment(name), &fault.of_deployment);
    let spec = &mut web["spec"]["template"]["spec"];
    *spec = with(spec.clone(), &fault.of_spec);
    spec["containers"][0] = with(spec["containers"][0].clone(), &fault.of_container);
    let (set, old) = (replica_set(&web, "5d8f7c9b4", 2), replica_set(&web, "6b7d", 0));
    let pods = [with(pod_of(&set, "a"), &fault.of_pod), pod_of(&set, "b")];
    let beside = [with(budget(name, 1), &fault.of_budget), with(service(name), &fault.of_service)];
    [vec![web], beside.to_vec(), vec![set, old], pods.to_vec()].concat()
}

/// Puts an object into a namespace, and its Pods under a label of their own.
fn placed(object: &Value, namespace: &str, name: &str) -> Value {
    let text = object.to_string().replace("\"app\":\"web\"", &format!("\"app\":\"{name}\""));
    with(serde_json::from_str(&text).unwrap(), &json!({"metadata": {"namespace": namespace}}))
}

/// Workloads of other kinds, with what is found in them.
fn others() -> Vec<(&'static str, &'static str, Vec<Value>)> {
    let wrong = json!({"spec": {"restartPolicy": "Sometimes"}});
    let set = {
        let mut set = deployment("db");
        set["kind"] = "StatefulSet".into();
        set["spec"]
            .as_object_mut()
            .unwrap()
            .retain(|field, _| matches!(field.as_str(), "selector" | "template" | "replicas"));
        with(
            set,
            &json!({"spec": {"serviceName": "db", "updateStrategy": {"type": "RollingUpdate"}, "podManagementPolicy": "OrderedReady"}}),
        )
    };
    let stateful =
        vec![set, budget("db", 1), service("db"), with(pod("db-0"), &owned_by("apps/v1", "StatefulSet", "db"))];
    let custom = |name: &str| with(with(pod(name), &owned_by("db.example.com/v1", "Cluster", "main")), &wrong);
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata("once"), "spec": {"backoffLimit": 6,
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"restartPolicy": "Never", "containers": [with(container(), &json!({"readinessProbe": null, "lifecycle": null, "ports": null}))]}}}});
    vec![
        ("StatefulSet/db", "stateful-service-missing", stateful),
        ("Cluster/main", "invalid-restart-policy", vec![custom("main-0"), custom("main-1")]),
        ("Pod/naked", "naked-pod", vec![pod("naked")]),
        ("Job/once", "finished-job-kept", vec![job]),
    ]
}

/// How often each fault is told of, by namespace, object and id.
fn told(audit: &Audit) -> BTreeMap<(String, String, &'static str), usize> {
    let mut told = BTreeMap::new();
    for judged in &audit.objects {
        for found in &judged.found {
            let object = format!("{}/{}", judged.kind, judged.name);
            *told.entry((judged.namespace.clone(), object, found.source.id())).or_default() += 1;
        }
    }
    told
}

#[test]
fn each_of_forty_faults_is_told_of_once() {
    let (mut objects, mut expected) = (Vec::new(), BTreeMap::new());
    let mut workloads = 0;
    let mut place = |of_one: Vec<Value>, object: String, id: &'static str| {
        let namespace = format!("team-{}", workloads % 8);
        let label = format!("app-{workloads}");
        objects.extend(of_one.iter().map(|object| placed(object, &namespace, &label)));
        expected.insert((namespace, object, id), 1);
        workloads += 1;
    };
    let faults = [of_specs(), of_containers(), of_others()].concat();
    for (number, fault) in faults.iter().enumerate() {
        let name = format!("web-{number}");
        place(objects_of(&name, fault), format!("{}/{name}", fault.kind), fault.id);
    }
    for (object, id, of_one) in others() {
        place(of_one, object.to_owned(), id);
    }
    assert_eq!(workloads, 40);
    // As they are listed: kind by kind.
    let rank = |object: &Value| match object["kind"].as_str() {
        Some("Pod") => 2,
        Some("ReplicaSet") => 1,
        _ => 0,
    };
    objects.sort_by_key(rank);
    let audit = audit(&objects);
    let told = told(&audit);
    let missing: Vec<_> = expected.keys().filter(|key| !told.contains_key(*key)).collect();
    let surplus: Vec<_> = told.iter().filter(|(key, count)| expected.get(*key) != Some(*count)).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing: {missing:#?}\nsurplus: {surplus:#?}");
    assert_eq!(audit.namespaces, 8);
    // Each of the Deployments with its budget and its Service, the StatefulSet with its, and three that stand alone.
    assert_eq!(audit.judged, 36 * 3 + 3 + 3);
    assert!(audit.not_judged.is_empty(), "{:?}", audit.not_judged);
}
