//! Objects as the API server returns them: with every default, with a status, and with what admission adds.

use podgate_audit::{Audit, Auditor, Facts, Judged};
use podgate_engine::Engine;
use serde_json::{Value, json};

/// When every audit of these tests is made.
pub(crate) const NOW: &str = "2026-03-02T12:00:00Z";

/// Puts `patch` over `value`, as JSON Merge Patch does.
pub(crate) fn with(mut value: Value, patch: &Value) -> Value {
    json_patch::merge(&mut value, patch);
    value
}

/// Metadata of an object in namespace `shop`.
pub(crate) fn metadata(name: &str) -> Value {
    json!({
        "name": name, "namespace": "shop", "uid": format!("uid-of-{name}"), "resourceVersion": "1",
        "creationTimestamp": "2026-03-01T10:00:00Z", "generation": 1,
        "managedFields": [{"manager": "kubectl", "operation": "Update", "apiVersion": "v1", "time": "2026-03-01T10:00:00Z",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:containers": {}}}}],
    })
}

/// An owner reference.
pub(crate) fn owned_by(api_version: &str, kind: &str, name: &str) -> Value {
    json!({"metadata": {"ownerReferences": [{
        "apiVersion": api_version, "kind": kind, "name": name, "uid": format!("uid-of-{name}"),
        "controller": true, "blockOwnerDeletion": true,
    }]}})
}

/// A container in which nothing is wrong.
pub(crate) fn container() -> Value {
    json!({
        "name": "app", "image": "example.com/app:1", "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "initialDelaySeconds": 1,
            "timeoutSeconds": 1, "periodSeconds": 5, "successThreshold": 1, "failureThreshold": 3},
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    })
}

/// The spec of Pods of a template, with the API server's defaults.
pub(crate) fn pod_spec() -> Value {
    json!({
        "containers": [container()], "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst", "securityContext": {}, "schedulerName": "default-scheduler",
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": {"app": "web"}}, "matchLabelKeys": ["pod-template-hash"]}],
    })
}

/// The spec of a Pod that runs on a node: with what admission and the scheduler have added.
pub(crate) fn bound(spec: &Value) -> Value {
    let token = json!({"name": "kube-api-access-abcde", "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]}});
    let mount = json!({"name": "kube-api-access-abcde", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"});
    let until = |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
    let mut spec = with(
        spec.clone(),
        &json!({
            "nodeName": "node-1", "serviceAccountName": "default", "serviceAccount": "default", "enableServiceLinks": true,
            "preemptionPolicy": "PreemptLowerPriority", "priority": 0,
            "tolerations": [until("node.kubernetes.io/not-ready"), until("node.kubernetes.io/unreachable")],
        }),
    );
    push(&mut spec["volumes"], token);
    for list in ["containers", "initContainers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        containers.into_iter().flatten().for_each(|container| push(&mut container["volumeMounts"], mount.clone()));
    }
    spec
}

/// Adds to a list that may not be there.
fn push(list: &mut Value, item: Value) {
    match list.as_array_mut() {
        Some(list) => list.push(item),
        None => *list = Value::Array(vec![item]),
    }
}

/// A running Pod's status, with this in the place of its one container's.
pub(crate) fn status(of_container: &Value) -> Value {
    let of_app = json!({
        "name": "app", "image": "example.com/app:1", "imageID": "example.com/app@sha256:0", "containerID": "containerd://1",
        "ready": true, "started": true, "restartCount": 0, "lastState": {},
        "state": {"running": {"startedAt": "2026-03-01T10:00:05Z"}},
    });
    json!({
        "phase": "Running", "qosClass": "Burstable", "hostIP": "10.0.0.1", "podIP": "10.1.0.1", "startTime": "2026-03-01T10:00:00Z",
        "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": null, "lastTransitionTime": "2026-03-01T10:00:10Z"}],
        "containerStatuses": [with(of_app, of_container)],
    })
}

/// A Pod that runs.
pub(crate) fn pod(name: &str) -> Value {
    let metadata = with(metadata(name), &json!({"labels": {"app": "web"}, "generation": null}));
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": bound(&pod_spec()), "status": status(&json!({}))})
}

/// A Deployment.
pub(crate) fn deployment(name: &str) -> Value {
    let template = json!({"metadata": {"creationTimestamp": null, "labels": {"app": "web"}}, "spec": pod_spec()});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": with(metadata(name), &json!({"annotations": {"deployment.kubernetes.io/revision": "2"}})),
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600},
        "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
            "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}]},
    })
}

/// The ReplicaSet of a Deployment with this hash.
pub(crate) fn replica_set(deployment: &Value, hash: &str, replicas: i64) -> Value {
    let name = deployment["metadata"]["name"].as_str().unwrap();
    let labels = json!({"app": "web", "pod-template-hash": hash});
    let template = with(deployment["spec"]["template"].clone(), &json!({"metadata": {"labels": labels}}));
    let set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": with(metadata(&format!("{name}-{hash}")), &json!({"labels": labels})),
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
        "status": {"replicas": replicas},
    });
    with(set, &owned_by("apps/v1", "Deployment", name))
}

/// A Pod of a ReplicaSet.
pub(crate) fn pod_of(set: &Value, suffix: &str) -> Value {
    let name = set["metadata"]["name"].as_str().unwrap();
    let labels = set["spec"]["template"]["metadata"]["labels"].clone();
    let patch = json!({"metadata": {"labels": labels}, "spec": bound(&set["spec"]["template"]["spec"])});
    with(with(pod(&format!("{name}-{suffix}")), &patch), &owned_by("apps/v1", "ReplicaSet", name))
}

/// A PodDisruptionBudget of the Pods `app: web`, with a status.
pub(crate) fn budget(name: &str, allowed: i64) -> Value {
    json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata(name),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
        "status": {"disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 2, "observedGeneration": 1},
    })
}

/// A Service of the Pods `app: web`.
pub(crate) fn service(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": metadata(name),
        "spec": {"selector": {"app": "web"}, "type": "ClusterIP", "clusterIP": "10.2.0.1", "clusterIPs": ["10.2.0.1"],
            "sessionAffinity": "None", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster",
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]},
        "status": {"loadBalancer": {}},
    })
}

/// Audits objects under a policy, in the order in which they stand, as a cluster would have them listed.
pub(crate) fn audit_under(engine: &Engine, objects: &[Value]) -> Audit {
    let mut auditor = Auditor::new(engine);
    for object in objects.iter().filter(|object| object["kind"] != "Pod") {
        let version = object["apiVersion"].as_str().unwrap();
        let group = version.rsplit_once('/').map_or("", |(group, _)| group);
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        auditor.note(group, object["kind"].as_str().unwrap(), namespace, &object.to_string()).unwrap();
    }
    auditor.noted_all();
    objects.iter().filter(|object| object["kind"] != "Namespace").for_each(|object| auditor.judge(&object.to_string()));
    auditor.finish(Facts { cluster: "test".to_owned(), policy: "default".to_owned(), at: NOW.to_owned() })
}

/// Audits objects under the default policy.
pub(crate) fn audit(objects: &[Value]) -> Audit {
    audit_under(&Engine::default(), objects)
}

/// What was found in an object: level, id and message.
pub(crate) fn lines(judged: &Judged) -> Vec<String> {
    judged.found.iter().map(|found| format!("{}[{}] {}", found.level, found.source.id(), found.message)).collect()
}

/// Everything that was found, as `kind/name` and id.
pub(crate) fn ids(audit: &Audit) -> Vec<(String, &'static str)> {
    let each = |judged: &Judged| {
        let name = format!("{}/{}", judged.kind, judged.name);
        judged.found.iter().map(move |found| (name.clone(), found.source.id())).collect::<Vec<_>>()
    };
    audit.objects.iter().flat_map(each).collect()
}
