//! What ten thousand Pods that wait cost: `tests/gates/run --ignored figures` prints it.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use k8s_openapi::jiff::Timestamp;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::harness::{ControlPlane, Program, eventually, with};
use crate::log::asked;
use crate::objects::waiting_pod;
use crate::scene::Scene;
use crate::stage::Stage;
use crate::test;

pub fn tests() -> Vec<Trial> {
    let name = "figures::ten_thousand_pods_are_gated_and_opened";
    vec![test(name, ten_thousand_pods_are_gated_and_opened).with_ignored_flag(true)]
}

const NAMESPACES: usize = 50;
const PODS: usize = 200;
const TARGETS: usize = 10;

/// Requests of the test's own at a time.
const AT_A_TIME: usize = 16;

async fn ten_thousand_pods_are_gated_and_opened(stage: &'static Stage) {
    let podgate = stage.alone().await;
    let leader = podgate.leader().await;
    let (leader, standby) = (&podgate.running[leader], &podgate.running[1 - leader]);
    let scenes: Vec<Scene> = stream::iter(0..NAMESPACES).then(|_| Scene::new(stage)).collect().await;
    let all = NAMESPACES * PODS;
    println!("before: {}", memory(leader, standby));

    let begin = Instant::now();
    let pods = scenes.iter().flat_map(|scene| (0..PODS).map(|number| pod(&scene.namespace, number)));
    create(stage.plane, pods).await;
    println!("{all} Pods in {NAMESPACES} namespaces are made, and gated, in {:.1} s", begin.elapsed().as_secs_f64());
    known(leader, "podgate_gated_pods", all).await;
    println!("the leader knows all of them {:.1} s after the first was made", begin.elapsed().as_secs_f64());
    println!("while they wait: {}", memory(leader, standby));
    let before = requests(stage.plane);
    println!("requests until then: {}", told(&before, &BTreeMap::new()));

    let targets = scenes.iter().flat_map(|scene| (0..TARGETS).map(|number| endpoint(&scene.namespace, number)));
    let begin = Timestamp::now();
    create(stage.plane, targets).await;
    let last_target = Timestamp::now();
    known(leader, "podgate_gates_opened_total", all).await;
    // What is counted is written in the log, soon.
    sleep(Duration::from_secs(1)).await;
    let (count, last) = opened(stage.plane, &scenes);
    assert_eq!(count, all, "one patch for each Pod");
    let since = |from: Timestamp| last.duration_since(from).as_secs_f64();
    println!(
        "{} targets are made within {:.1} s",
        NAMESPACES * TARGETS,
        last_target.duration_since(begin).as_secs_f64()
    );
    println!(
        "the last Pod is open {:.1} s after the last target, {:.1} s after the first",
        since(last_target),
        since(begin)
    );
    println!("all open: {}", memory(leader, standby));
    println!("requests since: {}", told(&requests(stage.plane), &before));
}

fn pod(namespace: &str, number: usize) -> Value {
    let target = format!("service/target-{}", number % TARGETS);
    // Nobody runs it.
    with(waiting_pod(namespace, &format!("pod-{number}"), &target), "/spec/schedulerName", "nobody")
}

/// A ready endpoint of a Service, as its controller writes it.
fn endpoint(namespace: &str, number: usize) -> Value {
    let name = format!("target-{number}");
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": name, "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
        "endpoints": [{"addresses": ["10.9.0.1"], "conditions": {"ready": true}}]
    })
}

async fn create(plane: &ControlPlane, objects: impl Iterator<Item = Value>) {
    let create = async |object: Value| drop(plane.client.create(&object).await.accepted());
    stream::iter(objects).map(create).buffer_unordered(AT_A_TIME).collect::<()>().await;
}

/// Waits until a metric of podgate's, over all labels, has a value.
async fn known(program: &Program, metric: &str, wanted: usize) {
    eventually(metric, async || {
        sleep(Duration::from_millis(100)).await;
        let (_, text) = program.admin("/metrics").await?;
        let samples = text.lines().filter_map(|line| line.strip_prefix(metric)?.strip_prefix('{')?.rsplit(' ').next());
        let sum: f64 = samples.map(|value| value.parse::<f64>().unwrap()).sum();
        (format!("{sum}") == wanted.to_string()).then_some(())
    })
    .await;
}

/// How many Pods of these namespaces podgate has opened, and when the last.
fn opened(plane: &ControlPlane, scenes: &[Scene]) -> (usize, Timestamp) {
    let events = asked(plane, &[]);
    let is_ours = |event: &&Value| scenes.iter().any(|scene| event["objectRef"]["namespace"] == *scene.namespace);
    let is_patch = |event: &&Value| event["verb"] == "patch" && event["responseStatus"]["code"] == 200;
    let times = events.iter().filter(is_patch).filter(is_ours);
    let times: Vec<Timestamp> = times.map(|event| event["stageTimestamp"].as_str().unwrap().parse().unwrap()).collect();
    (times.len(), times.iter().max().copied().expect("Pods are open"))
}

/// How often podgate asked for what, with success or without.
fn requests(plane: &ControlPlane) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in asked(plane, &[]) {
        // A watch is in the log when it begins, and once more when it ends.
        if event["verb"] == "watch" && event["stage"] != "ResponseStarted" {
            continue;
        }
        let text = |value: &Value| value.as_str().unwrap_or("other").to_owned();
        let code = event["responseStatus"]["code"].as_u64().unwrap_or_default();
        let refused = if code < 400 { String::new() } else { format!(" ({code})") };
        let key = format!("{} {}{refused}", text(&event["verb"]), text(&event["objectRef"]["resource"]));
        *counts.entry(key).or_default() += 1;
    }
    counts
}

fn told(counts: &BTreeMap<String, usize>, before: &BTreeMap<String, usize>) -> String {
    let more = counts.iter().map(|(key, count)| (key, count - before.get(key).unwrap_or(&0)));
    more.filter(|(_, count)| *count > 0).map(|(key, count)| format!("{count} {key}")).collect::<Vec<_>>().join(", ")
}

fn memory(leader: &Program, standby: &Program) -> String {
    format!("the leader has had {} of memory at most, the other {}", most_memory(leader), most_memory(standby))
}

fn most_memory(program: &Program) -> String {
    let status = fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("an unknown amount".to_owned(), |text| text.trim().to_owned())
}
