//! What podgate adds to Pods, as the API server and its clients see it.

use http::Method;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::harness::{Cluster, Content, Podgate, Register, collection, eventually, path, pod, with};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("mutation::a_pod_gets_probes_and_gates_and_nothing_else", a_pod_gets_probes_and_gates_and_nothing_else),
        test("mutation::a_second_apply_changes_nothing", a_second_apply_changes_nothing),
        test("mutation::server_side_apply_has_no_conflict_loop", server_side_apply_has_no_conflict_loop),
        test("mutation::a_dry_run_has_no_effect", a_dry_run_has_no_effect),
        test("mutation::generated_names_are_mutated_too", generated_names_are_mutated_too),
        test("mutation::templates_are_left_alone", templates_are_left_alone),
        test("mutation::a_removed_gate_stays_away", a_removed_gate_stays_away),
    ]
}

/// Probes for every container with a port, a gate for every Pod with the label `gated: "yes"`.
const POLICY: &str = r#"{mutations: {
    defaultProbes: {readiness: {periodSeconds: 5, httpPath: /healthz}, startup: {failureThreshold: 30}},
    schedulingGates: [{name: example.com/quota, podSelector: {matchLabels: {gated: "yes"}}}]
}}"#;

/// The label for namespaces where [`POLICY`] applies.
const MUTATING: &str = "mutating";

/// A new namespace where podgate mutates.
pub async fn mutated_namespace(cluster: &Cluster) -> String {
    static REGISTERED: OnceCell<Podgate> = OnceCell::const_new();
    let register = async || {
        let podgate = Podgate::start(cluster.processes(), Podgate::policy(POLICY)).await;
        let change = Register { mutating: true, ..Register::default() };
        cluster.register(podgate.reach(), MUTATING, &change).await;
        podgate
    };
    REGISTERED.get_or_init(register).await;
    cluster.namespace(Some(MUTATING)).await
}

/// A Pod that gets both.
fn gated_pod(namespace: &str, name: &str) -> Value {
    let pod = with(pod(namespace, name), "/metadata/labels/gated", "yes");
    with(pod, "/spec/containers/0/ports", json!([{"name": "http", "containerPort": 8080}]))
}

/// What [`gated_pod`] gets, with the defaults that the API server adds to it.
fn added() -> Value {
    let handler = json!({"path": "/healthz", "port": 8080, "scheme": "HTTP"});
    let tcp = json!({"port": 8080});
    json!({
        "readinessProbe": {
            "httpGet": handler, "periodSeconds": 5, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3
        },
        "startupProbe": {
            "tcpSocket": tcp, "periodSeconds": 10, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 30
        }
    })
}

async fn a_pod_gets_probes_and_gates_and_nothing_else(cluster: &'static Cluster) {
    let mutated = mutated_namespace(cluster).await;
    let plain = cluster.unjudged_namespace().await;
    // The same, with fields of all kinds: what podgate does not know and does not read has to survive.
    let rich = |namespace: &str| {
        let pod = gated_pod(namespace, "rich");
        let pod = with(pod, "/metadata/annotations", json!({"example.com/unicode": "ä \u{2028} <&> \"\\/"}));
        let pod = with(pod, "/spec/hostnameOverride", "web.example.com");
        let pod = with(
            pod,
            "/spec/topologySpreadConstraints",
            json!([{
                "topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"gated": "yes"}}, "matchLabelKeys": ["app"]
            }]),
        );
        let pod = with(pod, "/spec/volumes", json!([{"name": "data", "emptyDir": {"sizeLimit": "1Gi"}}]));
        let pod = with(
            pod,
            "/spec/containers/0/volumeMounts",
            json!([{
                "name": "data", "mountPath": "/data", "recursiveReadOnly": "Disabled"
            }]),
        );
        with(
            pod,
            "/spec/containers/0/resources",
            json!({"requests": {"cpu": "0.5"}, "limits": {"example.com/gpu": "1"}}),
        )
    };
    let with_podgate = cluster.client.create(&rich(&mutated)).await.accepted().body;
    let without = cluster.client.create(&rich(&plain)).await.accepted().body;

    let expected = with(without["spec"].clone(), "/containers/0/readinessProbe", added()["readinessProbe"].clone());
    let expected = with(expected, "/containers/0/startupProbe", added()["startupProbe"].clone());
    let expected = with(expected, "/schedulingGates", json!([{"name": "example.com/quota"}]));
    assert_eq!(with_podgate["spec"], expected);
    for field in ["labels", "annotations"] {
        assert_eq!(with_podgate["metadata"][field], without["metadata"][field]);
    }
}

async fn a_second_apply_changes_nothing(cluster: &'static Cluster) {
    let namespace = mutated_namespace(cluster).await;
    let pod = gated_pod(&namespace, "web");
    let created = cluster.client.create(&pod).await.accepted().body;
    assert_eq!(created["spec"]["schedulingGates"], json!([{"name": "example.com/quota"}]));
    // What client-side apply comes to, and an edit that changes nothing.
    let patch = Content::StrategicPatch(&pod);
    let merged = cluster.client.send(Method::PATCH, &path(&pod, ""), "", patch).await.accepted().body;
    let replaced = cluster.client.replace(&created, "", "").await.accepted().body;
    for again in [merged, replaced] {
        assert_eq!(again["metadata"]["resourceVersion"], created["metadata"]["resourceVersion"]);
        assert_eq!(again["spec"], created["spec"]);
    }
    // The same Pod with all that was added gets nothing more.
    let copy = json!({
        "apiVersion": "v1", "kind": "Pod", "spec": created["spec"],
        "metadata": {"name": "copy", "namespace": namespace, "labels": created["metadata"]["labels"]}
    });
    assert_eq!(cluster.client.create(&copy).await.accepted().body["spec"], created["spec"]);
}

async fn server_side_apply_has_no_conflict_loop(cluster: &'static Cluster) {
    let namespace = mutated_namespace(cluster).await;
    let pod = gated_pod(&namespace, "web");
    let apply = async |pod: &Value, manager: &str| {
        let query = format!("fieldManager={manager}");
        cluster.client.send(Method::PATCH, &path(pod, ""), &query, Content::Apply(pod)).await.accepted().body
    };
    let first = apply(&pod, "deployer").await;
    let second = apply(&pod, "deployer").await;
    assert_eq!(first["metadata"]["resourceVersion"], second["metadata"]["resourceVersion"]);
    // Somebody else applies the same, and the first again with a change.
    apply(&pod, "somebody").await;
    let changed = with(pod.clone(), "/metadata/labels/round", "2");
    let third = apply(&changed, "deployer").await;
    let fourth = apply(&changed, "deployer").await;
    assert_eq!(third["metadata"]["resourceVersion"], fourth["metadata"]["resourceVersion"]);
    assert_eq!(fourth["spec"], first["spec"]);
    assert_eq!(fourth["metadata"]["labels"]["round"], "2");
}

async fn a_dry_run_has_no_effect(cluster: &'static Cluster) {
    let namespace = mutated_namespace(cluster).await;
    let pod = gated_pod(&namespace, "web");
    let shown = cluster.client.dry_run(&pod).await.accepted().body;
    assert_eq!(shown["spec"]["containers"][0]["readinessProbe"], added()["readinessProbe"]);
    assert_eq!(cluster.client.get(&pod).await.status, 404);
}

async fn generated_names_are_mutated_too(cluster: &'static Cluster) {
    let namespace = mutated_namespace(cluster).await;
    let mut pod = gated_pod(&namespace, "unused");
    pod["metadata"].as_object_mut().unwrap().remove("name");
    pod["metadata"]["generateName"] = json!("web-");
    let created = cluster.client.create(&pod).await.accepted().body;
    assert!(created["metadata"]["name"].as_str().unwrap().starts_with("web-"));
    assert_eq!(created["spec"]["containers"][0]["startupProbe"], added()["startupProbe"]);

    // A refusal names what there is to name.
    let refused = with(pod, "/spec/containers", crate::harness::conflicting_containers());
    let refused = cluster.client.create(&refused).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body["details"]["name"].as_str().unwrap().starts_with("web-"), "{}", refused.body);
}

async fn templates_are_left_alone(cluster: &'static Cluster) {
    let namespace = mutated_namespace(cluster).await;
    let plain = cluster.unjudged_namespace().await;
    for kind in ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"] {
        let workload = |namespace: &str| {
            let workload = crate::harness::workload("apps", kind, namespace, "web");
            with(workload, "/spec/template/spec/containers/0/ports", json!([{"name": "http", "containerPort": 8080}]))
        };
        let mutated = cluster.client.dry_run(&workload(&namespace)).await.accepted().body;
        let plain = cluster.client.dry_run(&workload(&plain)).await.accepted().body;
        assert_eq!(mutated["spec"], plain["spec"], "{kind}");
    }
}

/// A client removes the gate that podgate has added: it is not added again, and the scheduler places the Pod.
async fn a_removed_gate_stays_away(cluster: &'static Cluster) {
    cluster.controllers().await;
    let namespace = mutated_namespace(cluster).await;
    let (client, pod) = (&cluster.client, gated_pod(&namespace, "web"));
    client.create(&pod).await.accepted();
    let opened = client.merge(&pod, "", &json!({"spec": {"schedulingGates": null}})).await.accepted().body;
    assert_eq!(opened["spec"].get("schedulingGates"), None);
    eventually("the Pod is placed", async || {
        let pod = client.get(&pod).await.body;
        (pod["spec"]["nodeName"] == "node-1").then_some(())
    })
    .await;
    assert_eq!(client.list(&pod).await.len(), 1, "{}", collection(&pod));
}
