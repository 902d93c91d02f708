//! What podgate leaves alone, and what becomes of those that wait: on the controllers that make the Pods.

use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::harness::{Content, eventually, path, pod, with};
use crate::log::{created, openings, writes};
use crate::objects::{WAIT_FOR, configmap, database, gated_pod, gates, is_true, job, waiting, waiting_pod};
use crate::scene::{PROMPT, Scene, name};
use crate::stage::Stage;
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("limits::the_gates_of_others_stay", the_gates_of_others_stay),
        test("limits::a_target_that_vanishes_later_changes_nothing", a_target_that_vanishes_later_changes_nothing),
        test("limits::a_gate_with_open_after_opens_by_time", a_gate_with_open_after_opens_by_time),
        test(
            "limits::an_ordered_stateful_set_waits_with_its_first_pod",
            an_ordered_stateful_set_waits_with_its_first_pod,
        ),
        test("limits::a_job_reaches_its_deadline_while_it_is_gated", a_job_reaches_its_deadline_while_it_is_gated),
        test("limits::a_job_that_has_failed_is_told_of_as_nothing_to_wait_for", a_failed_job_lets_nobody_go),
        test("limits::who_takes_the_annotation_away_starts_the_pod", who_takes_the_annotation_away_starts_the_pod),
    ]
}

async fn the_gates_of_others_stay(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let namespace = &scene.namespace;
    // One of the Pod's own, before podgate's, and one that the policy adds and somebody else removes.
    let web = gated_pod(namespace, "web", &["example.com/other"]);
    let web = with(web, "/metadata/annotations", json!({WAIT_FOR: "configmap/go"}));
    let web = with(web, "/metadata/labels/gate", "quota");
    scene.create([web.clone(), gated_pod(namespace, "alien", &["example.com/other"])]).await;
    let before = scene.plane.client.get(&web).await.accepted().body;
    assert_eq!(sorted(&before), ["example.com/other", "example.com/quota", WAIT_FOR]);
    scene.create([configmap(namespace, "go")]).await;
    let go = scene.written("the ConfigMap is there", |log| created(log, "configmaps", "go")).await;
    let after = scene.pods_once("one gate is open", "web", 1, |pod| gates(pod).len() == 2).await;
    assert_eq!(sorted(&after[0]), ["example.com/other", "example.com/quota"]);
    scene.opened_promptly(&after, &[go], None).await;
    stays(&scene, "web").await;
    assert_eq!(gates(&scene.pods("alien").await[0]), ["example.com/other"]);
}

fn sorted(pod: &Value) -> Vec<&str> {
    let mut gates = gates(pod);
    gates.sort_unstable();
    gates
}

async fn a_target_that_vanishes_later_changes_nothing(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let namespace = &scene.namespace;
    let [service, deployment] = database(namespace, 1);
    scene.create([service.clone(), deployment.clone(), configmap(namespace, "go")]).await;
    scene.create([waiting("Deployment", namespace, "web", 1, "service/db, configmap/go")]).await;
    scene.running("web", 1).await;
    for target in [&service, &deployment, &configmap(namespace, "go")] {
        scene.plane.client.delete(target, "propagationPolicy=Foreground").await.accepted();
    }
    scene.pods_once("the database is gone", "db", 0, |_| true).await;
    stays(&scene, "web").await;
    // Who comes later waits.
    scene.plane.client.merge(&workload(namespace), "", &json!({"spec": {"replicas": 2}})).await.accepted();
    let waits = |pod: &Value| is_true(pod, "Ready") || gates(pod) == [WAIT_FOR];
    let pods = scene.pods_once("the second Pod waits", "web", 2, waits).await;
    assert_eq!(pods.iter().filter(|pod| gates(pod).is_empty()).count(), 1);
}

fn workload(namespace: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace}})
}

/// Some seconds later the Pods of an app are the same, with the same spec, and podgate has not patched anything.
async fn stays(scene: &Scene, app: &str) {
    let specs = async || -> Vec<Value> { scene.pods(app).await.iter().map(|pod| pod["spec"].clone()).collect() };
    let (before, patches) = (specs().await, openings(&writes(scene.plane, &scene.namespace)).len());
    sleep(Duration::from_secs(3)).await;
    assert_eq!(specs().await, before);
    assert_eq!(openings(&writes(scene.plane, &scene.namespace)).len(), patches);
}

async fn a_gate_with_open_after_opens_by_time(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let soon = with(pod(&scene.namespace, "soon"), "/metadata/labels/gate", "soon");
    scene.create([soon.clone()]).await;
    assert_eq!(gates(&scene.plane.client.get(&soon).await.body), ["example.com/soon"]);
    scene.running("soon", 1).await;
    let opened = scene.told("soon", "GateOpenedByTime").await;
    assert_eq!(opened["type"], "Warning", "{opened}");
    assert!(scene.events("soon", "GateOpened").await.is_empty());
    let made = scene.written("the Pod was made", |log| created(log, "pods", "soon")).await;
    let [opening] = &scene.openings(1).await[..] else { panic!("one patch") };
    // A creation time has whole seconds: podgate may count almost one more.
    let bounds = Duration::from_secs(4)..=Duration::from_secs(5) + PROMPT;
    let passed = opening.after(made.done);
    println!("openAfter 5s: open after {} ms", passed.as_millis());
    assert!(bounds.contains(&passed), "{passed:?}");
}

async fn an_ordered_stateful_set_waits_with_its_first_pod(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let namespace = &scene.namespace;
    scene.create([waiting("StatefulSet", namespace, "ordered", 2, "configmap/go")]).await;
    let parallel = waiting("StatefulSet", namespace, "parallel", 2, "configmap/go");
    scene.create([with(parallel, "/spec/podManagementPolicy", "Parallel")]).await;
    scene.gated("ordered", 1).await;
    scene.gated("parallel", 2).await;
    sleep(Duration::from_secs(4)).await;
    assert_eq!(name(&scene.gated("ordered", 1).await[0]), "ordered-0");
    scene.create([configmap(namespace, "go")]).await;
    scene.running("ordered", 2).await;
    scene.running("parallel", 2).await;
}

async fn a_job_reaches_its_deadline_while_it_is_gated(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let namespace = &scene.namespace;
    let report = with(job(namespace, "report", "exit 0 after 1s"), "/spec/activeDeadlineSeconds", 4);
    let report = with(report, "/spec/template/metadata/annotations", json!({WAIT_FOR: "configmap/go"}));
    scene.create([report.clone()]).await;
    scene.gated("report", 1).await;
    let failed = eventually("the Job has failed", async || {
        let job = scene.plane.client.get(&report).await.accepted().body;
        let conditions = job["status"]["conditions"].as_array()?;
        conditions.iter().find(|it| it["type"] == "Failed" && it["status"] == "True").cloned()
    })
    .await;
    assert_eq!(failed["reason"], "DeadlineExceeded", "{failed}");
    assert!(openings(&writes(scene.plane, namespace)).is_empty(), "it never opened");
}

async fn a_failed_job_lets_nobody_go(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let namespace = &scene.namespace;
    scene.create([job(namespace, "migrate", "exit 1 after 1s"), waiting_pod(namespace, "web", "job/migrate")]).await;
    let told = scene.told("web", "WaitingForNothing").await;
    assert_eq!(told["type"], "Warning", "{told}");
    assert!(told["note"].as_str().unwrap().contains("job/migrate"), "{told}");
    scene.gated("web", 1).await;
}

async fn who_takes_the_annotation_away_starts_the_pod(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let pods = ["removed", "emptied"].map(|name| waiting_pod(&scene.namespace, name, "configmap/never"));
    scene.create(pods.clone()).await;
    for (pod, value) in pods.iter().zip([Value::Null, json!("")]) {
        scene.gated(name(pod), 1).await;
        let patch = json!({"metadata": {"annotations": {WAIT_FOR: value}}});
        let answer =
            scene.plane.client.send(http::Method::PATCH, &path(pod, ""), "", Content::MergePatch(&patch)).await;
        answer.accepted();
        scene.running(name(pod), 1).await;
    }
}
