//! Pods that wait while podgate is replaced, killed or cut off: each is opened, once.

use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::harness::{eventually, with};
use crate::log::{Write, created, job_complete, openings, service_ready, takeovers, writes};
use crate::objects::{WAIT_FOR, configmap, database, gates, migration, waiting, waiting_pod};
use crate::scene::{PROMPT, Scene, name};
use crate::stage::Stage;
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("disturbances::a_rolling_update_of_podgate_loses_no_opening", a_rolling_update_loses_no_opening),
        test(
            "disturbances::gates_that_come_due_while_podgate_is_rolled_open_once",
            gates_come_due_during_a_rolling_update,
        ),
        test("disturbances::another_replica_opens_where_the_leader_was_killed", the_leader_is_killed_before),
        test("disturbances::what_came_while_nobody_led_opens_with_the_new_leader", the_leader_is_killed_meanwhile),
        test("disturbances::a_restart_of_the_api_server_loses_no_opening", the_api_server_is_restarted),
        test("disturbances::where_nobody_opens_gates_none_is_added", nobody_opens_gates),
    ]
}

/// How long a Lease is held by a replica that is gone, and how much longer another may take to notice.
const LEASE: Duration = Duration::from_secs(15);
const TO_NOTICE: Duration = Duration::from_secs(2);

/// How long podgate may take to be back after the API server is: it asks again after pauses that double.
const RECOVERY: Duration = Duration::from_secs(10);

/// `web` waits for the database and the migration; the database is there already.
async fn half_ready(stage: &Stage) -> (Scene, Vec<Value>, Write) {
    let scene = Scene::new(stage).await;
    scene.create([waiting("Deployment", &scene.namespace, "web", 2, "service/db, job/migrate")]).await;
    scene.create(database(&scene.namespace, 1)).await;
    let pods = scene.gated("web", 2).await;
    let database = scene.written("the database is ready", |log| service_ready(log, "db")).await;
    (scene, pods, database)
}

/// When the migration was complete.
async fn migrated(scene: &Scene) -> Write {
    scene.written("the migration is complete", |log| job_complete(log, "migrate")).await
}

async fn a_rolling_update_loses_no_opening(stage: &'static Stage) {
    let mut podgate = stage.alone().await;
    let (scene, pods, database) = half_ready(stage).await;
    let before: Vec<String> = podgate.running.iter().map(|program| program.name.clone()).collect();
    podgate.roll().await;
    assert!(podgate.running.iter().all(|program| !before.contains(&program.name)));
    podgate.leader().await;
    scene.gated("web", 2).await;
    scene.create([migration(&scene.namespace, 1)]).await;
    scene.running("web", 2).await;
    scene.opened_promptly(&pods, &[database, migrated(&scene).await], None).await;
}

/// Pods come due all the time, each by a target of its own.
async fn gates_come_due_during_a_rolling_update(stage: &'static Stage) {
    const PODS: usize = 60;
    let mut podgate = stage.alone().await;
    let scene = Scene::new(stage).await;
    let names: Vec<String> = (0..PODS).map(|number| format!("go-{number}")).collect();
    for target in &names {
        let pod = waiting_pod(&scene.namespace, target, &format!("configmap/{target}"));
        // Nobody needs to run them.
        scene.create([with(with(pod, "/metadata/labels/app", "many"), "/spec/schedulerName", "nobody")]).await;
    }
    scene.pods_once("all are gated", "many", PODS, |pod| gates(pod) == [WAIT_FOR]).await;
    let make_targets = async {
        for target in &names {
            scene.create([configmap(&scene.namespace, target)]).await;
            sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::join!(podgate.roll(), make_targets);
    scene.pods_once("all are open", "many", PODS, |pod| gates(pod).is_empty()).await;
    let openings = scene.openings(PODS).await;
    assert_eq!(openings.len(), PODS, "one patch each");
    let (log, leaders) = (writes(scene.plane, &scene.namespace), takeovers(scene.plane));
    let (mut slowest, mut slowest_led) = (Duration::ZERO, Duration::ZERO);
    for opening in &openings {
        let target = created(&log, "configmaps", &opening.name).unwrap();
        assert!(opening.begun >= target.begun, "{} is opened before its target is there", opening.name);
        // Between two leaders nobody opens.
        let led = leaders.iter().rfind(|(holder, write)| !holder.is_empty() && write.done <= opening.begun);
        let since = led.map_or(target.done, |(_, write)| write.done.max(target.done));
        slowest = slowest.max(opening.after(target.done));
        slowest_led = slowest_led.max(opening.after(since));
        assert!(opening.after(since) <= PROMPT, "{}: {:?} after {since}", opening.name, opening.after(since));
    }
    let (after_target, led) = (slowest.as_millis(), slowest_led.as_millis());
    println!(
        "rolling update: {PODS} Pods open, at most {after_target} ms after their targets, {led} ms where one leads"
    );
}

async fn the_leader_is_killed_before(stage: &'static Stage) {
    let mut podgate = stage.alone().await;
    let (scene, pods, database) = half_ready(stage).await;
    let killed = podgate.kill_leader().await;
    let begin = Instant::now();
    let holder = another_holds(&podgate, &killed).await;
    println!("leader killed: {holder} holds the Lease after {} ms", begin.elapsed().as_millis());
    assert!(begin.elapsed() <= LEASE + TO_NOTICE, "{:?}", begin.elapsed());
    scene.gated("web", 2).await;
    scene.create([migration(&scene.namespace, 1)]).await;
    scene.running("web", 2).await;
    scene.opened_promptly(&pods, &[database, migrated(&scene).await], None).await;
}

async fn the_leader_is_killed_meanwhile(stage: &'static Stage) {
    let mut podgate = stage.alone().await;
    let (scene, pods, database) = half_ready(stage).await;
    let killed = podgate.kill_leader().await;
    scene.create_again(&migration(&scene.namespace, 1)).await;
    let migrated = migrated(&scene).await;
    assert_eq!(podgate.holder().await.as_ref(), Some(&killed), "nobody leads yet, or this shows nothing");
    scene.gated("web", 2).await;
    let holder = another_holds(&podgate, &killed).await;
    scene.running("web", 2).await;
    let took_over = takeovers(scene.plane).into_iter().rfind(|(by, _)| *by == holder).unwrap().1;
    assert!(took_over.done > migrated.done);
    scene.opened_promptly(&pods, &[database, migrated], Some(took_over.done)).await;
}

/// Who holds the Lease next.
async fn another_holds(podgate: &crate::replicas::Replicas, before: &str) -> String {
    eventually("another replica holds the Lease", async || podgate.holder().await.filter(|holder| holder != before))
        .await
}

/// The one that podgate asks; what podgate waits for goes on meanwhile.
async fn the_api_server_is_restarted(stage: &'static Stage) {
    let mut podgate = stage.alone().await;
    let (scene, pods, database) = half_ready(stage).await;
    podgate.api_server.kill();
    scene.create([migration(&scene.namespace, 1)]).await;
    let migrated = migrated(&scene).await;
    sleep(Duration::from_secs(2)).await;
    assert!(openings(&writes(scene.plane, &scene.namespace)).is_empty());
    podgate.start_api_server().await;
    let back = podgate.starts.last().unwrap().ready;
    scene.running("web", 2).await;
    let openings = scene.openings(2).await;
    assert_eq!(openings.len(), 2, "{openings:#?}");
    for opening in &openings {
        assert!(pods.iter().any(|pod| name(pod) == opening.name));
        assert!(opening.begun > database.done && opening.begun > migrated.done);
        println!("API server restarted: {} open {} ms after it", opening.name, opening.after(back).as_millis());
        assert!(opening.after(back) <= RECOVERY, "{:?}", opening.after(back));
    }
    // And then all is as it was.
    podgate.leader().await;
    scene.create([waiting_pod(&scene.namespace, "late", "configmap/go")]).await;
    scene.gated("late", 1).await;
    scene.told("late", "WaitingForTargets").await;
    scene.create([configmap(&scene.namespace, "go")]).await;
    scene.running("late", 1).await;
    let go = scene.written("the ConfigMap is there", |log| created(log, "configmaps", "go")).await;
    let opening = scene.openings(3).await.pop().unwrap();
    assert!(opening.after(go.done) <= PROMPT, "{:?}", opening.after(go.done));
}

async fn nobody_opens_gates(stage: &'static Stage) {
    let mut podgate = stage.alone().await;
    let scene = Scene::new(stage).await;
    for replica in podgate.running.drain(..).collect::<Vec<_>>() {
        replica.stop().await;
    }
    assert_eq!(podgate.holder().await, None, "who ends lets go of the Lease");
    let only_judges = podgate.watcher().await;
    podgate.balancer.serve([&only_judges]);
    let web = waiting_pod(&scene.namespace, "web", "configmap/never");
    let soon =
        with(waiting_pod(&scene.namespace, "soon", ""), "/metadata/labels", json!({"app": "soon", "gate": "soon"}));
    for (pod, gate) in [(&web, WAIT_FOR), (&soon, "example.com/soon")] {
        let answer = scene.plane.client.create(pod).await.accepted();
        assert!(gates(&answer.body).is_empty(), "{}", answer.body);
        let warning = answer.warnings.iter().find(|text| text.contains(gate));
        assert!(warning.is_some_and(|text| text.contains("not added")), "{:?}", answer.warnings);
        let metric = format!("podgate_gates_not_added_total{{gate=\"{gate}\"}}");
        assert_eq!(only_judges.metric(&metric).await.as_deref(), Some("1"));
        let in_log = |line: &Value| line["gates_not_added"].as_str().is_some_and(|text| text.contains(gate));
        assert!(only_judges.log().iter().any(in_log), "{:#?}", only_judges.log());
        let warns = |line: &Value| line["level"] == "WARN" && line["gate"] == gate;
        assert!(only_judges.log().iter().any(warns), "{:#?}", only_judges.log());
        scene.running(name(pod), 1).await;
    }
    // What somebody else opens is added all the same.
    let quota = with(waiting_pod(&scene.namespace, "quota", ""), "/metadata/labels/gate", "quota");
    let answer = scene.plane.client.create(&quota).await.accepted();
    assert_eq!(gates(&answer.body), ["example.com/quota"]);

    // Somebody who opens gates shows by the Lease; the one that does not is asked still.
    let opener = podgate.opener().await;
    eventually("the Lease is known", async || {
        let answer =
            scene.plane.client.dry_run(&waiting_pod(&scene.namespace, "next", "configmap/never")).await.accepted();
        (gates(&answer.body) == [WAIT_FOR] && answer.warnings.iter().all(|text| !text.contains("not added")))
            .then_some(())
    })
    .await;
    podgate.running.push(opener);
    podgate.restore().await;
    only_judges.stop().await;
}
