//! The rights of `manifests/components/gates`: podgate uses all and needs no other, and cannot do more than they are for.

use http::Method;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::harness::{Content, Rights, SERVICE_ACCOUNT, all_are_used, eventually, path};
use crate::log::asked;
use crate::objects::{configmap, waiting_pod};
use crate::scene::Scene;
use crate::stage::Stage;
use crate::{others, test};

pub fn tests() -> Vec<Trial> {
    vec![
        test("rights::all_that_are_granted_are_used_and_no_other_is_asked_for", every_right_is_used),
        test(
            "rights::a_stolen_token_can_open_gates_and_change_nothing_else_of_a_pod",
            a_stolen_token_changes_nothing_else,
        ),
    ]
}

/// The words of the annotation.
const EVERY_KIND: &str = "service/a, job/a, deployment/a, statefulset/a, daemonset/a, pvc/a, configmap/a";

async fn every_right_is_used(stage: &'static Stage) {
    // Reads Pods again.
    others::shown(stage).await;
    let podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    scene.create([waiting_pod(&scene.namespace, "web", EVERY_KIND)]).await;
    scene.gated("web", 1).await;
    let kinds =
        ["endpointslices", "jobs", "deployments", "statefulsets", "daemonsets", "persistentvolumeclaims", "configmaps"];
    eventually("podgate watches every kind in the namespace", async || {
        let events = scene.plane.audited_by_all(&format!("\"{}\"", scene.namespace));
        let watches = |kind: &&str| {
            events.iter().any(|event| {
                let by_podgate = event["user"]["username"] == SERVICE_ACCOUNT;
                by_podgate && event["verb"] == "watch" && event["objectRef"]["resource"] == **kind
            })
        };
        kinds.iter().all(watches).then_some(())
    })
    .await;
    let rights = all_are_used(&asked(scene.plane, &podgate.starts), Rights::Gates);
    assert!(rights >= 20, "{rights}");
}

async fn a_stolen_token_changes_nothing_else(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let [web, running] =
        ["web", "running"].map(|name| waiting_pod(&scene.namespace, name, &format!("configmap/{name}")));
    scene.create([web.clone(), running.clone(), configmap(&scene.namespace, "running")]).await;
    scene.gated("web", 1).await;
    scene.running("running", 1).await;
    let podgate = scene.plane.client.impersonate(SERVICE_ACCOUNT, &["system:authenticated"]);
    let patches = [
        ("spec.containers", json!({"spec": {"containers": [{"name": "app", "image": "example.com/evil:1"}]}})),
        ("metadata.labels", json!({"metadata": {"labels": {"app": "other"}}})),
        ("metadata.annotations", json!({"metadata": {"annotations": {"example.com/note": "x"}}})),
        ("metadata.finalizers", json!({"metadata": {"finalizers": ["example.com/keep"]}})),
    ];
    for pod in [&web, &running] {
        for (field, patch) in &patches {
            let content = Content::StrategicPatch(patch);
            let answer = podgate.send(Method::PATCH, &path(pod, ""), "", content).await;
            assert_eq!(answer.status, 403, "{field}: {}", answer.body);
            let message = answer.message();
            assert!(message.contains("podgate-gates-only") && message.contains(field), "{field}: {message}");
        }
    }
    for (method, of) in [(Method::DELETE, &web), (Method::GET, &configmap(&scene.namespace, "running"))] {
        let answer = podgate.send(method, &path(of, ""), "", Content::None).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert!(!answer.message().contains("podgate-gates-only"), "RBAC refuses it: {}", answer.message());
    }
    let add = json!({"spec": {"schedulingGates": [{"name": "example.com/more"}]}});
    let answer = podgate.send(Method::PATCH, &path(&web, ""), "", Content::StrategicPatch(&add)).await;
    assert!(!answer.is_accepted(), "{}", answer.body);
    // With an image besides, too.
    let both = json!([
        {"op": "remove", "path": "/spec/schedulingGates/0"},
        {"op": "replace", "path": "/spec/containers/0/image", "value": "example.com/evil:1"}
    ]);
    assert_eq!(podgate.send(Method::PATCH, &path(&web, ""), "", Content::JsonPatch(&both)).await.status, 403);
    let open: Value = json!([{"op": "remove", "path": "/spec/schedulingGates/0"}]);
    podgate.send(Method::PATCH, &path(&web, ""), "", Content::JsonPatch(&open)).await.accepted();
}
