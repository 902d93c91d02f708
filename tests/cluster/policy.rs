//! The policy as an object of the cluster, by the CustomResourceDefinition and with the rights of the manifests.

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::harness::{Cluster, Program, Reach, Register, eventually, manifest};
use crate::harness::{conflicting_containers, pod, with};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![test("policy::an_object_of_the_cluster_decides_and_only_a_better_one_takes_its_place", shown)]
}

/// Shows it once.
pub async fn shown(cluster: &'static Cluster) {
    static SHOWN: OnceCell<()> = OnceCell::const_new();
    SHOWN.get_or_init(|| an_object_of_the_cluster_decides(cluster)).await;
}

fn object(level: &str) -> Value {
    json!({
        "apiVersion": "podgate.dev/v1alpha1", "kind": "LifecyclePolicy", "metadata": {"name": "default"},
        "spec": {"rules": {"port-conflict": level}}
    })
}

async fn an_object_of_the_cluster_decides(cluster: &'static Cluster) {
    let client = &cluster.client;
    let kubeconfig = cluster.service_account(&cluster.url).await;
    let program = Program::start(cluster, Some(&kubeconfig), &["--policy-from-cluster", "default"]).await;
    let url = format!("https://127.0.0.1:{}", program.port);
    let change = Register { failure_policy: Some("Fail"), ..Register::default() };
    cluster.register(Reach::Url { url: &url, ca: &program.ca() }, "policy", &change).await;
    let namespace = cluster.namespace(Some("policy")).await;
    let bad = with(pod(&namespace, "bad"), "/spec/containers", conflicting_containers());
    let refused = async || client.dry_run(&bad).await.status == 422;
    let wait_until = async |what: &str, status: u16, text: &str| {
        eventually(what, async || {
            let (found, said) = program.admin("/readyz").await?;
            (found == status && said.contains(text)).then_some(())
        })
        .await;
    };

    wait_until("podgate is not ready", 503, "LifecyclePolicy \\\"default\\\" in the cluster has not been read").await;
    let undecided = client.dry_run(&bad).await;
    assert_eq!(undecided.status, 500, "{}", undecided.body);
    assert_ne!(program.metric("podgate_errors_total{reason=\"no_policy\"}").await.unwrap(), "0");

    client.create(&manifest("crd/lifecyclepolicies.podgate.dev.yaml")).await.accepted();
    wait_until("the kind is there, and no object", 503, "there is no LifecyclePolicy").await;
    assert_eq!(client.dry_run(&bad).await.status, 500);

    client.create(&object("off")).await.accepted();
    wait_until("podgate is ready", 200, "ok").await;
    client.dry_run(&bad).await.accepted();
    client.merge(&object(""), "", &object("deny")).await.accepted();
    eventually("the change is in force", async || refused().await.then_some(())).await;

    // What the definition describes the API server looks at; what it does not podgate finds.
    let broken = client.merge(&object(""), "", &json!({"spec": {"profile": "Strict"}})).await;
    assert_eq!(broken.status, 422, "{}", broken.body);
    client.merge(&object(""), "", &object("dney")).await.accepted();
    let mistake = "LifecyclePolicy \"default\" in the cluster: spec.rules.port-conflict: unknown level \"dney\"";
    wait_until("podgate has seen it", 200, mistake).await;
    assert!(refused().await, "the last good one holds");
    let logged = |event: &Value| event["cause"].as_str().is_some_and(|cause| cause.starts_with(mistake));
    assert!(program.log().iter().any(|event| event["level"] == "ERROR" && logged(event)), "it is in the log");

    let failures = async || program.metric("podgate_policy_load_failures_total").await.unwrap().parse::<u64>().unwrap();
    let before = failures().await;
    client.delete(&object(""), "").await.accepted();
    wait_until("podgate has seen it", 200, "there is no LifecyclePolicy").await;
    assert!(refused().await, "the last good one holds");
    assert_eq!(failures().await, before + 1);

    client.create(&object("off")).await.accepted();
    eventually("the new one is in force", async || (!refused().await).then_some(())).await;
    wait_until("nothing is wrong", 200, "ok").await;
}
