//! Watches of the objects that rules look up.

use std::convert::Infallible;
use std::fmt::Debug;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join4;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{ApiResource, DynamicObject, PartialObjectMeta};
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{debug, info, warn};

use super::inventory::{Change, Collected, Known};
use crate::server::{Knowledge, log};

/// After this the API server ends a watch and it is begun anew; one that is broken without a word is noticed soon after.
const WATCH_SECONDS: u32 = 60;
/// Pauses after an error; each is longer than the one before, until a list has been read.
const BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(30);
/// Changes often come together: a rollout, a list. They are taken up together, as soon as this after the first.
const GATHER: Duration = Duration::from_millis(100);
const MAX_GATHERED: usize = 10_000;
const QUEUE: usize = 1024;

/// A kind that is watched.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) namespaced: bool,
    /// The fields of `spec` that are worth keeping.
    pub(super) spec: &'static [&'static str],
}

const KINDS: usize = 4;

static NAMESPACES: Watched = Watched { group: "", kind: "Namespace", namespaced: false, spec: &[] };

static SERVICES: Watched = Watched { group: "", kind: "Service", namespaced: true, spec: &["selector", "ports"] };

static BUDGETS: Watched = Watched {
    group: "policy",
    kind: "PodDisruptionBudget",
    namespaced: true,
    spec: &["selector", "minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy"],
};

static AUTOSCALERS: Watched = Watched {
    group: "autoscaling",
    kind: "HorizontalPodAutoscaler",
    namespaced: true,
    spec: &["scaleTargetRef", "minReplicas"],
};

/// Keeps `knowledge` up to date with Namespaces, Services, PodDisruptionBudgets and HorizontalPodAutoscalers for as long as
/// it is polled. Nothing is known until all four have been listed; what was known stays while the API server is gone.
pub async fn watch(client: Client, knowledge: Knowledge) -> Infallible {
    let (changes, changed) = mpsc::channel(QUEUE);
    // Of namespaces, nothing but metadata is asked for.
    let namespaces = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
    let services = all::<Service>(&client);
    let budgets = all::<PodDisruptionBudget>(&client);
    let autoscalers = all::<HorizontalPodAutoscaler>(&client);
    let follow_all = join4(
        follow(&NAMESPACES, namespaces, changes.clone(), &knowledge),
        follow(&SERVICES, services, changes.clone(), &knowledge),
        follow(&BUDGETS, budgets, changes.clone(), &knowledge),
        follow(&AUTOSCALERS, autoscalers, changes.clone(), &knowledge),
    );
    tokio::select! {
        (never, ..) = follow_all => match never {},
        never = collect(changed, &knowledge) => match never {},
    }
}

/// Not as its Kubernetes type: an object that a newer API server writes in another way must not end the watch of all.
fn all<K: Resource<DynamicType = ()>>(client: &Client) -> Api<DynamicObject> {
    Api::all_with(client.clone(), &ApiResource::erase::<K>(&()))
}

async fn collect(mut changed: mpsc::Receiver<Change>, knowledge: &Knowledge) -> Infallible {
    let mut collected = Collected::default();
    let mut known = false;
    loop {
        // There is a sender for as long as this is polled.
        let Some(change) = changed.recv().await else { std::future::pending().await };
        collected.apply(change);
        let gathered = Instant::now() + GATHER;
        for _ in 0..MAX_GATHERED {
            match timeout_at(gathered, changed.recv()).await {
                Ok(Some(change)) => collected.apply(change),
                Ok(None) | Err(_) => break,
            }
        }
        if let Some(inventory) = collected.inventory(KINDS) {
            knowledge.publish(inventory);
            if !known {
                info!("rules about other objects are in force");
                known = true;
            }
        }
    }
}

/// Lists and watches one kind. After an error it lists again, so that what is known is known to be in order.
async fn follow<K>(
    watched: &'static Watched,
    api: Api<K>,
    changes: mpsc::Sender<Change>,
    knowledge: &Knowledge,
) -> Infallible
where
    K: Resource + Clone + DeserializeOwned + Serialize + Debug + Send + 'static,
{
    let kind = watched.kind;
    let known = |object: &K| Known::of(watched, &serde_json::to_value(object).unwrap_or(Value::Null));
    let mut backoff = BACKOFF;
    let mut in_order = true;
    loop {
        let mut events = pin!(watcher(api.clone(), Config::default().timeout(WATCH_SECONDS)));
        let mut listed = Vec::new();
        while let Some(event) = events.next().await {
            let change = match event {
                Ok(Event::Init) => {
                    listed.clear();
                    continue;
                }
                Ok(Event::InitApply(object)) => {
                    listed.push(known(&object));
                    continue;
                }
                Ok(Event::InitDone) => {
                    if !in_order {
                        info!(kind, "the watch is in order again");
                    }
                    (in_order, backoff) = (true, BACKOFF);
                    knowledge.found(kind);
                    Change::All(watched, std::mem::take(&mut listed))
                }
                Ok(Event::Apply(object)) => Change::Set(watched, known(&object)),
                Ok(Event::Delete(object)) => Change::Gone(watched, known(&object)),
                Err(cause) => {
                    knowledge.lost(kind);
                    let cause = error_chain(&cause);
                    let cause = log::clean(&cause);
                    let cause = cause.as_ref();
                    if in_order {
                        warn!(kind, cause, "the watch is broken; what was known stays in force");
                        in_order = false;
                    } else {
                        debug!(kind, cause, "the watch is still broken");
                    }
                    break;
                }
            };
            // The receiver lives as long as this.
            let _ = changes.send(change).await;
        }
        sleep(backoff.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}

/// An error with its causes, in one line.
pub(super) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Many libraries repeat the cause in their own text.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
