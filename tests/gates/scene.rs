//! One test's part of the cluster: a namespace where podgate is registered.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::harness::{ControlPlane, eventually, pod};
use crate::log::{Write, openings, writes};
use crate::objects::{WAIT_FOR, gates, is_true};
use crate::stage::{GATES, Stage};

/// How soon podgate opens a gate after what it waits for is there.
pub const PROMPT: Duration = Duration::from_secs(1);

pub struct Scene {
    pub plane: &'static ControlPlane,
    pub namespace: String,
}

impl Scene {
    pub async fn new(stage: &Stage) -> Self {
        Self { plane: stage.plane, namespace: stage.plane.namespace(Some(GATES)).await }
    }

    pub async fn create(&self, objects: impl IntoIterator<Item = Value>) {
        for object in objects {
            self.plane.client.create(&object).await.accepted();
        }
    }

    /// Creates an object as a controller does: again where the process that the webhook's request had gone to was killed.
    pub async fn create_again(&self, object: &Value) {
        eventually("the object is created", async || {
            let answer = self.plane.client.create(object).await;
            assert!(
                answer.is_accepted() || answer.body.to_string().contains("failed to call webhook"),
                "{}",
                answer.body
            );
            answer.is_accepted().then_some(())
        })
        .await;
    }

    /// The Pods with a label `app`, in the order of their names.
    pub async fn pods(&self, app: &str) -> Vec<Value> {
        let mut pods = self.plane.client.list(&pod(&self.namespace, "")).await;
        pods.retain(|pod| pod["metadata"]["labels"]["app"] == app);
        pods.sort_by_key(|pod| name(pod).to_owned());
        pods
    }

    /// The Pods of an app, once there are so many and this is so of each.
    pub async fn pods_once(&self, what: &str, app: &str, count: usize, is_so: impl Fn(&Value) -> bool) -> Vec<Value> {
        eventually(&format!("{app}: {what}"), async || {
            self.plane.processes.check();
            let pods = self.pods(app).await;
            (pods.len() == count && pods.iter().all(&is_so)).then_some(pods)
        })
        .await
    }

    /// The Pods of an app, once there are so many, and each waits at the gate of the annotation and is not scheduled.
    pub async fn gated(&self, app: &str, count: usize) -> Vec<Value> {
        self.pods_once("the Pods are gated", app, count, |pod| {
            let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
            gates(pod) == [WAIT_FOR] && conditions.into_iter().any(|it| it["reason"] == "SchedulingGated")
        })
        .await
    }

    /// The Pods of an app, once there are so many, and each runs.
    pub async fn running(&self, app: &str, count: usize) -> Vec<Value> {
        self.pods_once("the Pods run", app, count, |pod| gates(pod).is_empty() && is_true(pod, "Ready")).await
    }

    /// The one Event with this reason that speaks of a Pod, once it is there.
    pub async fn told(&self, pod: &str, reason: &str) -> Value {
        eventually(&format!("{pod}: an Event {reason}"), async || {
            let events = self.events(pod, reason).await;
            events.into_iter().next()
        })
        .await
    }

    /// podgate's Events of a reason that speak of a Pod.
    pub async fn events(&self, pod: &str, reason: &str) -> Vec<Value> {
        let like =
            json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"namespace": self.namespace}});
        let mut events = self.plane.client.list(&like).await;
        events.retain(|event| {
            let is_ours = event["reportingController"] == "podgate.dev/gates";
            is_ours && event["reason"] == reason && event["regarding"]["name"] == pod
        });
        events
    }

    /// Something that the audit log has, once it does.
    pub async fn written<T>(&self, what: &str, find: impl Fn(&[Write]) -> Option<T>) -> T {
        eventually(what, async || {
            tokio::time::sleep(Duration::from_millis(100)).await;
            find(&writes(self.plane, &self.namespace))
        })
        .await
    }

    /// The patches by which podgate opened Pods, once there are so many.
    pub async fn openings(&self, count: usize) -> Vec<Write> {
        self.written("podgate's patches are in the audit log", |writes| {
            let openings = openings(writes);
            (openings.len() >= count).then_some(openings)
        })
        .await
    }

    /// Holds against the audit log that podgate opened the gate of each of these Pods by one patch, that no patch came before the
    /// last of `conditions` was there, and all at most a second after that. `since` is when podgate could do so at the
    /// earliest, where that is later than the conditions. Returns how long the last one took.
    pub async fn opened_promptly(&self, pods: &[Value], conditions: &[Write], since: Option<Timestamp>) -> Duration {
        let openings = self.openings(pods.len()).await;
        let last = conditions.iter().max_by_key(|write| write.done).expect("there are conditions");
        let due = since.map_or(last.done, |since| since.max(last.done));
        let mut slowest = Duration::ZERO;
        for pod in pods {
            let of_pod: Vec<&Write> = openings.iter().filter(|write| write.name == name(pod)).collect();
            let [opening] = of_pod[..] else { panic!("{} was patched so often: {of_pod:#?}", name(pod)) };
            removes_only(opening, pod, WAIT_FOR);
            // A watcher may know of a write before whoever wrote it.
            assert!(opening.begun >= last.begun, "{} was opened before {last:#?}", name(pod));
            slowest = slowest.max(opening.after(due));
        }
        assert_eq!(openings.len(), pods.len(), "no other Pod was patched: {openings:#?}");
        println!("{}: open {} ms after what they waited for", name(&pods[0]), slowest.as_millis());
        assert!(slowest <= PROMPT, "{slowest:?} after {last:#?}");
        slowest
    }
}

pub fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}

/// Holds that a patch removes a gate of that very Pod, where it is still that gate, and does nothing else.
fn removes_only(opening: &Write, pod: &Value, gate: &str) {
    let steps = opening.body.as_array().unwrap_or_else(|| panic!("no JSON patch: {}", opening.body));
    let [uid, place, remove] = &steps[..] else { panic!("{}", opening.body) };
    assert_eq!(*uid, json!({"op": "test", "path": "/metadata/uid", "value": pod["metadata"]["uid"]}));
    let path = remove["path"].as_str().unwrap();
    assert_eq!(remove["op"], "remove");
    assert!(path.starts_with("/spec/schedulingGates/"), "{path}");
    assert_eq!(*place, json!({"op": "test", "path": format!("{path}/name"), "value": gate}));
}
