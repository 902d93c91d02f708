//! What the rules about PodDisruptionBudgets say of the API server: what it does with evictions and deletions.

use http::Method;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::harness::{Answer, Cluster, Content, path, pod, with};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("budgets::two_budgets_make_evictions_fail", two_budgets_make_evictions_fail),
        test("budgets::a_deletion_does_not_ask_the_budget", a_deletion_does_not_ask_the_budget),
    ]
}

async fn two_budgets_make_evictions_fail(cluster: &'static Cluster) {
    let namespace = cluster.unjudged_namespace().await;
    let pod = running_pod(cluster, &namespace).await;
    for name in ["one", "another"] {
        make_budget(cluster, &namespace, name, 1).await;
    }
    let refused = evict(cluster, &pod).await;
    assert_eq!(refused.status, 500, "{}", refused.body);
    assert!(refused.message().contains("more than one PodDisruptionBudget"), "{}", refused.body);
}

async fn a_deletion_does_not_ask_the_budget(cluster: &'static Cluster) {
    let namespace = cluster.unjudged_namespace().await;
    let pod = running_pod(cluster, &namespace).await;
    make_budget(cluster, &namespace, "web", 0).await;
    let refused = evict(cluster, &pod).await;
    assert_eq!(refused.status, 429, "{}", refused.body);
    cluster.client.delete(&pod, "gracePeriodSeconds=0").await.accepted();
    assert_eq!(cluster.client.get(&pod).await.status, 404);
}

/// A Pod that counts for a budget. Only its status says that it runs.
async fn running_pod(cluster: &Cluster, namespace: &str) -> Value {
    let pod = with(pod(namespace, "web"), "/spec/nodeName", "no-such-node");
    cluster.client.create(&pod).await.accepted();
    let status = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    cluster.client.merge(&pod, "status", &status).await.accepted();
    pod
}

/// A budget with the status that its controller would give it.
async fn make_budget(cluster: &Cluster, namespace: &str, name: &str, allowed: u32) {
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": namespace},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    });
    cluster.client.create(&budget).await.accepted();
    let status = json!({"status": {
        "observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 0, "expectedPods": 1
    }});
    cluster.client.merge(&budget, "status", &status).await.accepted();
}

async fn evict(cluster: &Cluster, pod: &Value) -> Answer {
    let eviction =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod["metadata"]["name"]}});
    cluster.client.send(Method::POST, &path(pod, "eviction"), "", Content::Json(&eviction)).await
}
