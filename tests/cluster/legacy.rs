//! Workloads from before podgate keep their Pods, whatever happens to the cluster, while the policy is as strict as can be.

use std::fs;
use std::time::Duration;

use http::Method;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::harness::{
    Cluster, Content, Podgate, Program, Reach, Register, configurations, conflicting_containers, eventually, path, pod,
    with, workload,
};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("legacy::no_pod_is_taken_away", no_pod_is_taken_away),
        test("legacy::who_forges_an_owner_is_judged_in_full", who_forges_an_owner_is_judged_in_full),
    ]
}

const STRICT: &str = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {profile: strict}\n";
const NAME: &str = "legacy";

/// The kinds that the API's own controllers make Pods of; how many Pods each has.
const KINDS: [(&str, &str, usize); 7] = [
    ("apps", "Deployment", 2),
    ("apps", "ReplicaSet", 2),
    ("apps", "StatefulSet", 1),
    ("apps", "DaemonSet", 2),
    ("", "ReplicationController", 1),
    ("batch", "Job", 1),
    ("batch", "CronJob", 1),
];

/// What rule port-conflict refuses, and much that the profile strict does.
fn legacy(namespace: &str, group: &str, kind: &str, count: usize) -> Value {
    let name = kind.to_lowercase();
    let mut object = workload(group, kind, namespace, &name);
    let template = if kind == "CronJob" { "/spec/jobTemplate/spec/template" } else { "/spec/template" };
    let at = |field: &str| format!("{template}/spec/{field}");
    object = with(object, &at("containers"), conflicting_containers());
    object = with(object, &at("nodeSelector"), json!({"legacy": "yes"}));
    object = with(object, &at("tolerations"), json!([{"key": "legacy", "operator": "Exists"}]));
    object = with(object, &at("terminationGracePeriodSeconds"), 0);
    match kind {
        "Job" => with(object, &at("restartPolicy"), "Never"),
        "CronJob" => with(with(object, &at("restartPolicy"), "Never"), "/spec/suspend", true),
        "DaemonSet" => object,
        // Its Pods come one after the other, each once the one before is ready: nothing runs here.
        "StatefulSet" => with(with(object, "/spec/replicas", count), "/spec/podManagementPolicy", "Parallel"),
        _ => with(object, "/spec/replicas", count),
    }
}

async fn node(cluster: &Cluster, name: &str) -> Value {
    // For nobody else's Pods.
    let taint = json!({"key": "legacy", "effect": "NoSchedule"});
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"legacy": "yes"}},
        "spec": {"taints": [taint]}});
    cluster.client.create(&node).await.accepted();
    let room = json!({"cpu": "64", "memory": "64Gi", "pods": "500"});
    let status = json!({"status": {
        "capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]
    }});
    cluster.client.merge(&node, "status", &status).await.accepted();
    node
}

/// The Pods that are there and not about to go, by the kind at the beginning of their names.
async fn pods(cluster: &Cluster, namespace: &str, kind: &str) -> Vec<Value> {
    let prefix = format!("{}-", kind.to_lowercase());
    let pods = cluster.client.list(&pod(namespace, "")).await;
    let of = |pod: &Value| pod["metadata"]["name"].as_str().unwrap().starts_with(&prefix);
    pods.into_iter().filter(|pod| of(pod) && pod["metadata"]["deletionTimestamp"].is_null()).collect()
}

async fn wait_for_pods(cluster: &Cluster, namespace: &str, kind: &str, count: usize, accept: impl Fn(&Value) -> bool) {
    let what = format!("{kind} has {count} Pods as wanted");
    eventually(&what, async || {
        let pods = pods(cluster, namespace, kind).await;
        (pods.len() == count && pods.iter().all(&accept)).then_some(())
    })
    .await;
}

/// Starts podgate with the profile strict.
async fn strict(cluster: &Cluster) -> Program {
    let file = cluster.processes().dir().join("strict.yaml");
    fs::write(&file, STRICT).unwrap();
    Program::start(cluster, None, &["--policy", file.to_str().unwrap()]).await
}

async fn no_pod_is_taken_away(cluster: &'static Cluster) {
    cluster.controllers().await;
    let client = &cluster.client;
    let namespace = cluster.unjudged_namespace().await;
    let (first, _second) = (node(cluster, "legacy-1").await, node(cluster, "legacy-2").await);
    for (group, kind, count) in KINDS {
        client.create(&legacy(&namespace, group, kind, count)).await.accepted();
        if kind == "CronJob" {
            run_now(cluster, &namespace).await;
        }
    }
    for (_, kind, count) in KINDS {
        wait_for_pods(cluster, &namespace, kind, count, |_| true).await;
    }

    let program = strict(cluster).await;
    let url = format!("https://127.0.0.1:{}", program.port);
    let change = Register { failure_policy: Some("Fail"), ..Register::default() };
    cluster.register(Reach::Url { url: &url, ca: &program.ca() }, NAME, &change).await;
    cluster.judge(&namespace, NAME).await;
    let new = with(legacy(&namespace, "apps", "Deployment", 1), "/metadata/name", "new");
    assert!(!client.dry_run(&new).await.is_accepted(), "what is new is refused");

    // More of them, a new template, a restart.
    let counts = |kind: &str| KINDS.iter().find(|(_, of, _)| *of == kind).unwrap().2;
    for (group, kind) in
        [("apps", "Deployment"), ("apps", "ReplicaSet"), ("apps", "StatefulSet"), ("", "ReplicationController")]
    {
        let object = legacy(&namespace, group, kind, 0);
        client.merge(&object, "scale", &json!({"spec": {"replicas": counts(kind) + 1}})).await.accepted();
        wait_for_pods(cluster, &namespace, kind, counts(kind) + 1, |_| true).await;
    }
    let deployment = legacy(&namespace, "apps", "Deployment", 0);
    let image =
        json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "example.com/app:2"}]);
    let patched = client.send(Method::PATCH, &path(&deployment, ""), "", Content::JsonPatch(&image)).await;
    patched.accepted();
    let stuck = |pod: &Value| pod["spec"]["containers"][0]["image"] == "example.com/app:2";
    eventually("a Pod of the new template is there", async || {
        pods(cluster, &namespace, "Deployment").await.iter().any(stuck).then_some(())
    })
    .await;

    // In the middle of it another podgate takes the place of the first.
    let next = strict(cluster).await;
    let restarted =
        json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}});
    for (group, kind) in [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet")] {
        client.merge(&legacy(&namespace, group, kind, 0), "", &restarted).await.accepted();
    }
    let url = format!("https://127.0.0.1:{}", next.port);
    for mut configuration in configurations(Reach::Url { url: &url, ca: &next.ca() }, NAME, &change) {
        configuration["metadata"]["name"] = json!(format!("podgate-{NAME}"));
        client.merge(&configuration, "", &json!({"webhooks": configuration["webhooks"]})).await.accepted();
    }
    for (_, kind, _) in KINDS {
        evict(cluster, &namespace, kind).await;
    }
    // The API server goes on with the first until it has seen the change.
    tokio::time::sleep(Duration::from_secs(2)).await;
    program.stop().await;

    // A node goes, and with it its Pods: DaemonSets have one Pod less for good, all others as many as before.
    // Nothing gets ready here, so that the rollout goes on by hand.
    let all_at_once = json!({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": null}}});
    client.merge(&deployment, "", &all_at_once).await.accepted();
    client.delete(&first, "").await.accepted();
    for (_, kind, _) in KINDS {
        let gone =
            pods(cluster, &namespace, kind).await.into_iter().filter(|pod| pod["spec"]["nodeName"] == "legacy-1");
        for pod in gone {
            remove(cluster, pod).await;
        }
    }
    for (_, kind, count) in KINDS {
        let scaled = ["Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"].contains(&kind);
        let count = if kind == "DaemonSet" { 1 } else { count + usize::from(scaled) };
        wait_for_pods(cluster, &namespace, kind, count, |pod| pod["spec"]["nodeName"] == "legacy-2").await;
    }

    let events = client.list(&json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": namespace}})).await;
    let failed: Vec<_> = events.iter().filter(|event| event["reason"] == "FailedCreate").collect();
    assert!(failed.is_empty(), "{failed:?}");
    every_finding_is_told(cluster, &namespace, &next).await;
}

/// Nothing was lost: each finding has its audit annotation, log line and metric.
async fn every_finding_is_told(cluster: &Cluster, namespace: &str, podgate: &Program) {
    for (controller, owner) in [
        ("deployment-controller", "Deployment \\\"deployment\\\""),
        ("replicaset-controller", "Deployment \\\"deployment\\\""),
        ("replicaset-controller", "ReplicaSet \\\"replicaset\\\""),
        ("statefulset-controller", "StatefulSet \\\"statefulset\\\""),
        ("daemon-set-controller", "DaemonSet \\\"daemonset\\\""),
        ("replication-controller", "ReplicationController \\\"replicationcontroller\\\""),
        ("job-controller", "Job \\\"job\\\""),
        ("job-controller", "Job \\\"cronjob-"),
    ] {
        let user = format!("system:serviceaccount:kube-system:{controller}");
        let said = |event: &Value| {
            let text = event["annotations"].to_string();
            text.contains(&format!("deny for anybody but the controller; mend {owner}"))
        };
        let of_namespace = |event: &Value| event["objectRef"]["namespace"] == *namespace;
        eventually("the audit log names the owner", async || {
            cluster.audited(&user).iter().any(|event| of_namespace(event) && said(event)).then_some(())
        })
        .await;
    }
    let lines = podgate.log();
    let of_controller = |line: &&Value| line["namespace"] == *namespace && line["owner"] == "Deployment \"deployment\"";
    let line = lines.iter().find(of_controller).expect("a line that names the owner");
    assert!(line["policy_levels"].as_str().unwrap().contains("port-conflict=deny"), "{line}");
    assert_eq!(line["decision"], "allowed");
    let metric = format!(
        "podgate_controller_findings_total{{rule=\"port-conflict\",level=\"audit\",policy_level=\"deny\",namespace=\"{namespace}\"}}"
    );
    assert!(podgate.metric(&metric).await.unwrap().parse::<u64>().unwrap() >= 5);
}

/// Makes the CronJob's next run due: once a year, and long overdue.
async fn run_now(cluster: &Cluster, namespace: &str) {
    let cron_job = legacy(namespace, "batch", "CronJob", 1);
    let overdue = json!({"status": {"lastScheduleTime": "2020-01-01T00:00:00Z"}});
    cluster.client.merge(&cron_job, "status", &overdue).await.accepted();
    cluster.client.merge(&cron_job, "", &json!({"spec": {"suspend": false}})).await.accepted();
}

/// Evicts every Pod of a kind, and waits until others have come.
async fn evict(cluster: &Cluster, namespace: &str, kind: &str) {
    let before = pods(cluster, namespace, kind).await;
    for pod in &before {
        let metadata = json!({"name": pod["metadata"]["name"], "namespace": namespace});
        let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata,
            "deleteOptions": {"gracePeriodSeconds": 0}});
        let pod = with(with(pod.clone(), "/apiVersion", "v1"), "/kind", "Pod");
        let url = path(&pod, "eviction");
        let answer = cluster.client.send(Method::POST, &url, "", Content::Json(&eviction)).await;
        // Its controller may have been faster.
        assert!(answer.is_accepted() || answer.status == 404, "{} {}", answer.status, answer.body);
    }
    let uids: Vec<&Value> = before.iter().map(|pod| &pod["metadata"]["uid"]).collect();
    let what = format!("others have come for the evicted Pods of the {kind}");
    eventually(&what, async || {
        let now = pods(cluster, namespace, kind).await;
        let new = now.iter().all(|pod| !uids.contains(&&pod["metadata"]["uid"]));
        (new && now.len() >= KINDS.iter().find(|(_, of, _)| *of == kind).unwrap().2).then_some(())
    })
    .await;
}

/// What the controllers of nodes do once a node is gone.
async fn remove(cluster: &Cluster, pod: Value) {
    let pod = with(with(pod, "/apiVersion", "v1"), "/kind", "Pod");
    cluster.client.delete(&pod, "gracePeriodSeconds=0").await;
}

async fn who_forges_an_owner_is_judged_in_full(cluster: &'static Cluster) {
    let namespace = cluster.unjudged_namespace().await;
    let client = &cluster.client;
    let podgate = Podgate::start(cluster.processes(), Podgate::policy("{profile: strict}")).await;
    let name = "forged";
    cluster.register(podgate.reach(), name, &Register::default()).await;
    let owner = with(workload("apps", "ReplicaSet", &namespace, "web-5d4f8c"), "/spec/replicas", 0);
    let owner = client.create(&owner).await.accepted().body;
    cluster.judge(&namespace, name).await;
    let reference = |api_version: &str, kind: &str| {
        json!([{"apiVersion": api_version, "kind": kind, "name": "web-5d4f8c", "uid": owner["metadata"]["uid"],
            "controller": true}])
    };
    let bad = with(pod(&namespace, "web-5d4f8c-x"), "/spec/containers", conflicting_containers());
    let forged = with(bad.clone(), "/metadata/ownerReferences", reference("apps/v1", "ReplicaSet"));
    let conflict = "spec.containers[1].ports[0].containerPort";

    let controller = client.impersonate("system:serviceaccount:kube-system:replicaset-controller", &["system:masters"]);
    controller.dry_run(&forged).await.accepted();
    for user in ["jane", "system:serviceaccount:shop:replicaset-controller", "system:serviceaccount:kube-system:tiller"]
    {
        let refused = client.impersonate(user, &["system:masters"]).dry_run(&forged).await;
        assert!(refused.fields().contains(&conflict.to_owned()), "{user}: {}", refused.body);
        // What strict refuses besides is refused too, though a template could have carried it.
        assert!(refused.causes().iter().any(|cause| cause.rule() == "missing-readiness-probe"), "{}", refused.body);
    }
    // A controller whose owner nobody has judged, and one that creates a Pod for nobody.
    let unknown = with(bad.clone(), "/metadata/ownerReferences", reference("example.com/v1", "ReplicaSet"));
    let not_controller = with(forged.clone(), "/metadata/ownerReferences/0/controller", false);
    for pod in [unknown, not_controller, bad] {
        let refused = controller.dry_run(&pod).await;
        assert!(refused.fields().contains(&conflict.to_owned()), "{}", refused.body);
    }
}
