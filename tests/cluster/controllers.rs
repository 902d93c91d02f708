//! Pods that controllers make, as podgate mutates and judges them.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::harness::{Cluster, Podgate, Register, conflicting_containers, deployment, eventually, pod, with, workload};
use crate::mutation::mutated_namespace;
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("controllers::pods_of_workloads_are_mutated", pods_of_workloads_are_mutated),
        test("controllers::pods_of_jobs_are_gated_but_not_probed", pods_of_jobs_are_gated_but_not_probed),
        test("controllers::a_refused_pod_shows_at_its_owner", a_refused_pod_shows_at_its_owner),
        test("controllers::a_deployment_rolls_out_and_goes", a_deployment_rolls_out_and_goes),
    ]
}

/// The workload with a port in its template, and Pods that get a gate.
fn gated(workload: Value, template: &str) -> Value {
    let workload = with(workload, &format!("{template}/metadata/labels/gated"), "yes");
    with(workload, &format!("{template}/spec/containers/0/ports"), json!([{"containerPort": 8080}]))
}

/// Waits until the namespace has `count` Pods, and gives them.
async fn pods(cluster: &Cluster, namespace: &str, count: usize) -> Vec<Value> {
    let like = pod(namespace, "");
    eventually("the controller has made its Pods", async || {
        let pods = cluster.client.list(&like).await;
        (pods.len() == count).then_some(pods)
    })
    .await
}

async fn pods_of_workloads_are_mutated(cluster: &'static Cluster) {
    cluster.controllers().await;
    for kind in ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"] {
        let namespace = mutated_namespace(cluster).await;
        let workload = gated(workload("apps", kind, &namespace, "web"), "/spec/template");
        let created = cluster.client.create(&workload).await.accepted().body;
        let replicas = created["spec"]["replicas"].as_u64().unwrap_or(1);
        for pod in pods(cluster, &namespace, usize::try_from(replicas).unwrap()).await {
            let container = &pod["spec"]["containers"][0];
            assert_eq!(container["readinessProbe"]["tcpSocket"], json!({"port": 8080}), "{kind}");
            assert_eq!(container["startupProbe"]["failureThreshold"], 30, "{kind}");
            assert_eq!(pod["spec"]["schedulingGates"], json!([{"name": "example.com/quota"}]), "{kind}");
        }
    }
}

async fn pods_of_jobs_are_gated_but_not_probed(cluster: &'static Cluster) {
    cluster.controllers().await;
    for kind in ["Job", "CronJob"] {
        let namespace = mutated_namespace(cluster).await;
        let job = workload("batch", kind, &namespace, "report");
        if kind == "Job" {
            let job = with(job, "/spec/template/spec/restartPolicy", "Never");
            cluster.client.create(&gated(job, "/spec/template")).await.accepted();
        } else {
            // Once a year, and long overdue: it starts now.
            let job = with(job, "/spec/jobTemplate/spec/template/spec/restartPolicy", "Never");
            let cron_job = gated(with(job, "/spec/suspend", true), "/spec/jobTemplate/spec/template");
            cluster.client.create(&cron_job).await.accepted();
            let overdue = json!({"status": {"lastScheduleTime": "2020-01-01T00:00:00Z"}});
            cluster.client.merge(&cron_job, "status", &overdue).await.accepted();
            cluster.client.merge(&cron_job, "", &json!({"spec": {"suspend": false}})).await.accepted();
        }
        for pod in pods(cluster, &namespace, 1).await {
            assert_eq!(pod["spec"]["schedulingGates"], json!([{"name": "example.com/quota"}]), "{kind}");
            assert_eq!(pod["spec"]["containers"][0].get("readinessProbe"), None, "{kind}: its Pods end");
        }
    }
}

/// A template from before podgate, whose Pods are refused where the policy wants that: controllers show the message of the refusal only.
async fn a_refused_pod_shows_at_its_owner(cluster: &'static Cluster) {
    cluster.controllers().await;
    let namespace = cluster.unjudged_namespace().await;
    let legacy = with(deployment(&namespace, "legacy"), "/spec/template/spec/containers", conflicting_containers());
    let legacy = with(legacy, "/spec/replicas", 0);
    cluster.client.create(&legacy).await.accepted();
    let replica_set = workload("apps", "ReplicaSet", &namespace, "");
    eventually("it has a ReplicaSet", async || (cluster.client.list(&replica_set).await.len() == 1).then_some(()))
        .await;
    let podgate = Podgate::start(cluster.processes(), Podgate::policy("{controllers: {level: deny}}")).await;
    cluster.register(podgate.reach(), "refusing", &Register::default()).await;
    cluster.judge(&namespace, "refusing").await;
    cluster.client.merge(&legacy, "scale", &json!({"spec": {"replicas": 1}})).await.accepted();
    let message = eventually("the Deployment says why it has no Pods", async || {
        let deployment = cluster.client.get(&legacy).await.body;
        let conditions = deployment["status"]["conditions"].as_array()?.clone();
        let failure = conditions.into_iter().find(|condition| condition["type"] == "ReplicaFailure")?;
        Some(failure["message"].as_str()?.to_owned())
    })
    .await;
    assert!(message.contains("spec.containers[1].ports[0].containerPort: "), "{message}");
    assert!(message.contains("(podgate: port-conflict)"), "{message}");
}

/// One ReplicaSet for each template, however often podgate adds to the Pods; and nothing is left of it in the end.
async fn a_deployment_rolls_out_and_goes(cluster: &'static Cluster) {
    cluster.controllers().await;
    let namespace = mutated_namespace(cluster).await;
    let client = &cluster.client;
    let web = gated(deployment(&namespace, "web"), "/spec/template");
    client.create(&web).await.accepted();
    let observed = async |generation: u64| {
        eventually("the Deployment is rolled out", async || {
            let status = client.get(&web).await.body["status"].clone();
            let seen = status["observedGeneration"].as_u64()? >= generation && status["updatedReplicas"] == 1;
            seen.then_some(())
        })
        .await;
    };
    observed(1).await;
    let image =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "example.com/app:2"}]}}}});
    client.merge(&web, "", &image).await.accepted();
    observed(2).await;
    let replica_set = workload("apps", "ReplicaSet", &namespace, "");
    assert_eq!(client.list(&replica_set).await.len(), 2);

    client.delete(&web, "propagationPolicy=Foreground").await.accepted();
    eventually("all of it is gone", async || {
        let gone = client.get(&web).await.status == 404;
        // The kubelet would do so: nobody else ends a Pod that has been placed.
        let pods = client.list(&pod(&namespace, "")).await;
        for pod in &pods {
            let pod = with(pod.clone(), "/apiVersion", "v1");
            client.delete(&with(pod, "/kind", "Pod"), "gracePeriodSeconds=0").await;
        }
        (gone && pods.is_empty()).then_some(())
    })
    .await;
}
