//! What podgate does not judge is neither refused nor delayed, not even while podgate is down and its failurePolicy is Fail.

use http::Method;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::harness::{Answer, Cluster, Content, JUDGED_BY, Podgate, Register, STANDARD, collection, eventually, path};
use crate::harness::{conflicting_containers, deployment, pod, with};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("requests::what_is_not_judged_passes_without_podgate", what_is_not_judged_passes_without_podgate),
        test("requests::eviction_and_binding_pass_without_podgate", eviction_and_binding_pass_without_podgate),
        test("requests::connections_are_not_podgates_business", connections_are_not_podgates_business),
        test(
            "requests::a_terminating_pod_is_finalised_without_podgate",
            a_terminating_pod_is_finalised_without_podgate,
        ),
        test("requests::nodes_and_excluded_namespaces_pass_without_podgate", nodes_and_excluded_namespaces_pass),
        test("requests::resize_and_ephemeral_containers_are_judged", resize_and_ephemeral_containers_are_judged),
    ]
}

/// The value of the label for namespaces whose podgate is down, with failurePolicy Fail.
async fn down(cluster: &Cluster) -> &'static str {
    static DOWN: OnceCell<()> = OnceCell::const_new();
    let register = async || {
        let podgate = Podgate::start(cluster.processes(), Podgate::policy("{}")).await;
        let change = Register { failure_policy: Some("Fail"), ..Register::default() };
        cluster.register(podgate.reach(), "down", &change).await;
        podgate.stop().await;
    };
    DOWN.get_or_init(register).await;
    "down"
}

/// A namespace with these objects, where podgate has gone down after they were made.
async fn namespace_without_podgate(cluster: &Cluster, objects: impl Fn(&str) -> Vec<Value>) -> (String, Vec<Value>) {
    let namespace = cluster.unjudged_namespace().await;
    let objects = objects(&namespace);
    for object in &objects {
        cluster.client.create(object).await.accepted();
    }
    cluster.judge(&namespace, down(cluster).await).await;
    let refused = cluster.client.dry_run(&pod(&namespace, "canary")).await;
    assert!(is_failed_call(&refused), "podgate is asked, and down: {}", refused.body);
    (namespace, objects)
}

fn is_failed_call(answer: &Answer) -> bool {
    answer.status == 500 && answer.message().contains("failed calling webhook \"validate.podgate.dev\"")
}

async fn what_is_not_judged_passes_without_podgate(cluster: &'static Cluster) {
    let objects = |namespace: &str| {
        let pods = ["one", "two", "three"].map(|name| pod(namespace, name));
        // No controller is to be busy with it.
        let web = with(deployment(namespace, "web"), "/spec/replicas", 0);
        pods.into_iter().chain([web]).collect()
    };
    let (namespace, objects) = namespace_without_podgate(cluster, objects).await;
    let client = &cluster.client;
    let [one, _, _, web] = objects.as_slice() else { panic!("what was made is there") };

    let labelled = client.merge(one, "", &json!({"metadata": {"labels": {"seen": "yes"}}})).await;
    assert!(is_failed_call(&labelled), "this one is podgate's to judge: {}", labelled.body);

    client.merge(one, "status", &json!({"status": {"phase": "Running"}})).await.accepted();
    client.merge(web, "status", &json!({"status": {"replicas": 0}})).await.accepted();
    client.merge(web, "scale", &json!({"spec": {"replicas": 2}})).await.accepted();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map", "namespace": namespace}});
    client.create(&map).await.accepted();

    client.delete(one, "gracePeriodSeconds=0").await.accepted();
    client.delete(web, "").await.accepted();
    client.send(Method::DELETE, &collection(one), "gracePeriodSeconds=0", Content::None).await.accepted();
    eventually("the Pods are gone", async || client.list(one).await.is_empty().then_some(())).await;
}

async fn eviction_and_binding_pass_without_podgate(cluster: &'static Cluster) {
    // No scheduler is to be faster.
    let pod = |namespace: &str, name: &str| with(pod(namespace, name), "/spec/schedulerName", "none");
    let pods = |namespace: &str| ["bound", "evicted"].map(|name| pod(namespace, name)).into();
    let (_, pods) = namespace_without_podgate(cluster, pods).await;
    let [bound, evicted] = pods.as_slice() else { panic!("what was made is there") };
    let client = &cluster.client;

    let binding = json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": "bound"},
        "target": {"apiVersion": "v1", "kind": "Node", "name": "no-such-node"}
    });
    client.send(Method::POST, &path(bound, "binding"), "", Content::Json(&binding)).await.accepted();
    assert_eq!(client.get(bound).await.body["spec"]["nodeName"], "no-such-node");

    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "evicted"}});
    client.send(Method::POST, &path(evicted, "eviction"), "", Content::Json(&eviction)).await.accepted();
    eventually("the Pod is gone", async || (client.get(evicted).await.status == 404).then_some(())).await;
}

async fn connections_are_not_podgates_business(cluster: &'static Cluster) {
    let (_, pods) = namespace_without_podgate(cluster, |namespace| vec![pod(namespace, "web")]).await;
    for (method, subresource, query) in [
        (Method::POST, "exec", "command=true&stdout=true"),
        (Method::GET, "exec", "command=true&stdout=true"),
        (Method::POST, "attach", "stdout=true"),
        (Method::POST, "portforward", "ports=8080"),
        (Method::GET, "proxy", ""),
    ] {
        // No kubelet stands behind them; it is enough that the API server got as far as to miss it.
        let answer = cluster.client.send(method, &path(&pods[0], subresource), query, Content::None).await;
        assert!(!answer.is_accepted() && !answer.is_from_podgate(), "{subresource}: {}", answer.body);
        assert!(!answer.body.to_string().contains("webhook"), "{subresource}: {}", answer.body);
    }
}

async fn a_terminating_pod_is_finalised_without_podgate(cluster: &'static Cluster) {
    let finalized =
        |namespace: &str| vec![with(pod(namespace, "web"), "/metadata/finalizers", json!(["example.com/wait"]))];
    let (_, pods) = namespace_without_podgate(cluster, finalized).await;
    let (client, web) = (&cluster.client, &pods[0]);
    client.delete(web, "gracePeriodSeconds=0").await.accepted();
    assert!(client.get(web).await.body["metadata"]["deletionTimestamp"].is_string(), "it waits for its finalizer");
    client.merge(web, "", &json!({"metadata": {"labels": {"seen": "yes"}}})).await.accepted();
    client.merge(web, "", &json!({"metadata": {"finalizers": null}})).await.accepted();
    assert_eq!(client.get(web).await.status, 404);
}

async fn nodes_and_excluded_namespaces_pass(cluster: &'static Cluster) {
    let (namespace, _) = namespace_without_podgate(cluster, |_| Vec::new()).await;
    let node = cluster.client.impersonate("system:node:node-1", &["system:nodes", "system:masters"]);
    node.create(&pod(&namespace, "static-web")).await.accepted();

    // What the API server runs in the order of starting up, and podgate's own Pods.
    for namespace in ["kube-system", "kube-node-lease", "podgate"] {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        // The first two are there already, the third is so where another test was faster.
        cluster.client.create(&object).await;
        cluster.client.merge(&object, "", &json!({"metadata": {"labels": {JUDGED_BY: "down"}}})).await.accepted();
        cluster.client.dry_run(&pod(namespace, "web")).await.accepted();
    }
}

async fn resize_and_ephemeral_containers_are_judged(cluster: &'static Cluster) {
    let namespace = cluster.unjudged_namespace().await;
    let client = &cluster.client;
    // From before podgate: with a violation, and yet to be resized and debugged.
    let web = with(pod(&namespace, "web"), "/spec/containers", conflicting_containers());
    let web = with(web, "/spec/containers/0/resources", json!({"requests": {"cpu": "100m"}}));
    client.create(&web).await.accepted();
    cluster.judge(&namespace, STANDARD).await;
    client.merge(&web, "status", &json!({"status": {"phase": "Running"}})).await.accepted();

    let resized = json!([{"op": "replace", "path": "/spec/containers/0/resources/requests/cpu", "value": "200m"}]);
    let resized = client.send(Method::PATCH, &path(&web, "resize"), "", Content::JsonPatch(&resized)).await.accepted();
    assert_eq!(resized.body["spec"]["containers"][0]["resources"]["requests"]["cpu"], "200m");

    let debugger = json!({"spec": {"ephemeralContainers": [{"name": "debug", "image": "example.com/debug:1"}]}});
    let attached = client.merge(&web, "ephemeralcontainers", &debugger).await.accepted();
    assert_eq!(attached.body["spec"]["ephemeralContainers"][0]["name"], "debug");
}
