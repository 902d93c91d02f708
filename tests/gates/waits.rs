//! An app that waits for its database's Service and for a migration, in every order in which they may be made.

use k8s_openapi::jiff::Timestamp;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::harness::eventually;
use crate::log::{Write, job_complete, service_ready};
use crate::objects::{database, migration, waiting};
use crate::scene::{Scene, name};
use crate::stage::Stage;
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("waits::an_app_that_is_there_first_opens_once_its_migration_is_complete", the_app_first),
        test("waits::an_app_that_comes_later_opens_once_its_database_is_ready", the_targets_first),
        test("waits::an_app_that_comes_last_opens_at_once", all_there_before),
    ]
}

const TARGETS: &str = "service/db, job/migrate";

async fn the_app_first(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let namespace = &scene.namespace;
    scene.create([waiting("Deployment", namespace, "web", 2, TARGETS)]).await;
    let pods = scene.gated("web", 2).await;
    for pod in &pods {
        eventually("an Event says what is waited for", async || {
            let events = scene.events(name(pod), "WaitingForTargets").await;
            let both = |event: &&Value| {
                let note = event["note"].as_str().unwrap();
                note.contains("service/db") && note.contains("job/migrate")
            };
            assert_eq!(events.iter().find(both)?["type"], "Normal");
            Some(())
        })
        .await;
    }
    scene.create(database(namespace, 3)).await;
    scene.create([migration(namespace, 6)]).await;
    runs_once_both_are_there(&scene, 2, |database, migration| migration > database).await;
}

async fn the_targets_first(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let namespace = &scene.namespace;
    scene.create([migration(namespace, 2)]).await;
    scene.create(database(namespace, 6)).await;
    scene.create([waiting("Deployment", namespace, "web", 2, TARGETS)]).await;
    let pods = scene.gated("web", 2).await;
    for pod in &pods {
        scene.told(name(pod), "WaitingForTargets").await;
    }
    runs_once_both_are_there(&scene, 2, |database, migration| database > migration).await;
}

async fn all_there_before(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let namespace = &scene.namespace;
    scene.create([migration(namespace, 1)]).await;
    scene.create(database(namespace, 1)).await;
    scene.written("both are there", |log| service_ready(log, "db").zip(job_complete(log, "migrate"))).await;
    scene.create([waiting("Deployment", namespace, "web", 1, TARGETS)]).await;
    let pods = scene.running("web", 1).await;
    scene.told(name(&pods[0]), "GateOpened").await;
    // A Pod with a generated name has none yet in the request that makes it.
    let is_made = |write: &&Write| write.verb == "create" && write.resource == "pods" && write.subresource.is_empty();
    let made = scene.written("the Pod was made", |log| log.iter().rfind(is_made).cloned()).await;
    scene.opened_promptly(&pods, &[made], None).await;
}

/// Waits until the Pods of `web` run, and holds against the audit log that they were opened in time. `order` is that of the
/// times at which the database and the migration were there, without which a test would show nothing.
async fn runs_once_both_are_there(scene: &Scene, count: usize, order: impl Fn(Timestamp, Timestamp) -> bool) {
    let pods = scene.running("web", count).await;
    let find = |log: &[Write]| service_ready(log, "db").zip(job_complete(log, "migrate"));
    let (database, migration) = scene.written("both are there", find).await;
    assert!(order(database.done, migration.done), "{database:#?} {migration:#?}");
    scene.opened_promptly(&pods, &[database, migration], None).await;
    for pod in &pods {
        let opened = scene.told(name(pod), "GateOpened").await;
        assert_eq!(scene.events(name(pod), "GateOpened").await.len(), 1);
        for waited in scene.events(name(pod), "WaitingForTargets").await {
            assert!(time(&waited) < time(&opened), "{waited} {opened}");
        }
    }
}

fn time(event: &Value) -> &str {
    event["eventTime"].as_str().unwrap()
}
