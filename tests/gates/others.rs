//! What podgate tells those who write what Pods wait for, and what it does where it is refused.

use http::Method;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::harness::{Client, Content, SERVICE_ACCOUNT, eventually, path, with};
use crate::log::created;
use crate::objects::{configmap, waiting_pod};
use crate::scene::Scene;
use crate::stage::Stage;
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("others::an_annotation_that_cannot_be_read_is_refused_with_a_suggestion", a_mistake_is_refused),
        test("others::targets_are_in_the_namespaces_that_the_policy_allows", targets_in_other_namespaces),
        test("others::a_refused_patch_is_tried_again", shown),
    ]
}

async fn a_mistake_is_refused(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let refused = scene.plane.client.create(&waiting_pod(&scene.namespace, "web", "servce/db")).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let causes = refused.causes();
    let cause = causes.iter().find(|cause| cause.rule() == "invalid-wait-for").expect("the rule refuses it");
    assert!(cause.message.contains("servce") && cause.message.contains("service"), "{}", cause.message);
}

async fn targets_in_other_namespaces(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let infra = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "infra"}});
    scene.create([infra, waiting_pod(&scene.namespace, "web", "infra/configmap/go")]).await;
    let pods = scene.gated("web", 1).await;
    scene.create([configmap("infra", "go")]).await;
    scene.running("web", 1).await;
    let go = created(&crate::log::writes(scene.plane, "infra"), "configmaps", "go").unwrap();
    scene.opened_promptly(&pods, &[go], None).await;
    let answer = scene.plane.client.create(&waiting_pod(&scene.namespace, "prying", "kube-system/configmap/go")).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert!(answer.message().contains("targetNamespaces"), "{}", answer.message());
}

/// Shows it once: the rights' test wants what podgate asks after a refusal.
pub async fn shown(stage: &'static Stage) {
    static SHOWN: OnceCell<()> = OnceCell::const_new();
    SHOWN.get_or_init(|| a_refused_patch_is_tried_again(stage)).await;
}

async fn a_refused_patch_is_tried_again(stage: &'static Stage) {
    let podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let web = with(waiting_pod(&scene.namespace, "web", "configmap/go"), "/metadata/labels/refuse", "yes");
    scene.create([web.clone()]).await;
    scene.gated("web", 1).await;
    let clients = [scene.plane.client.clone(), podgate.api_server.client()];
    refuse_podgate(&clients, &web).await;
    let leader = &podgate.running[podgate.leader().await];
    let failures =
        async || leader.metric("podgate_gate_patch_failures_total").await.map_or(0, |it| it.parse().unwrap());
    let before: u64 = failures().await;
    scene.create([configmap(&scene.namespace, "go")]).await;
    eventually("podgate counts refusals", async || (failures().await > before + 1).then_some(())).await;
    scene.gated("web", 1).await;
    scene.plane.client.merge(&web, "", &json!({"metadata": {"labels": {"refuse": Value::Null}}})).await.accepted();
    scene.running("web", 1).await;
}

/// A policy of the cluster that refuses podgate what it wants to do with Pods of a label. Each API server has to know it.
async fn refuse_podgate(clients: &[Client; 2], pod: &Value) {
    let is_podgate = format!("request.userInfo.username == \"{SERVICE_ACCOUNT}\"");
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "not-now"},
        "spec": {
            "matchConstraints": {
                "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["UPDATE"]}],
                "objectSelector": {"matchLabels": {"refuse": "yes"}}
            },
            "matchConditions": [{"name": "podgate", "expression": is_podgate}],
            "validations": [{"expression": "false", "message": "not now"}]
        }
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "not-now"}, "spec": {"policyName": "not-now", "validationActions": ["Deny"]}
    });
    for object in [policy, binding] {
        clients[0].create(&object).await.accepted();
    }
    let patch = json!([{"op": "test", "path": "/metadata/labels/refuse", "value": "yes"}]);
    for client in clients {
        let podgate = client.impersonate(SERVICE_ACCOUNT, &["system:authenticated"]);
        eventually("podgate is refused", async || {
            let answer = podgate.send(Method::PATCH, &path(pod, ""), "dryRun=All", Content::JsonPatch(&patch)).await;
            answer.message().contains("not now").then_some(())
        })
        .await;
    }
}
