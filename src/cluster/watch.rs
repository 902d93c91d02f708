//! Watches of the objects that rules look up.

use std::convert::Infallible;
use std::fmt::Debug;
use std::time::Duration;

use futures_util::future::join4;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Namespace, ReplicationController, Service};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{ApiResource, DynamicObject, PartialObjectMeta};
use kube::runtime::watcher::Config;
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tracing::info;

use super::follow::{Seen, follow};
use super::inventory::{AUTOSCALERS, BUDGETS, Change, Collected, Known, NAMESPACES, SERVICES, WORKLOADS, Watched};
use crate::server::Knowledge;

/// Changes often come together: a rollout, a list. They are taken up together, as soon as this after the first.
const GATHER: Duration = Duration::from_millis(100);
const MAX_GATHERED: usize = 10_000;
const QUEUE: usize = 1024;
/// How many objects of a list are in memory, whole, at a time.
const PAGE: u32 = 100;

/// Keeps `knowledge` up to date with Namespaces, Services, PodDisruptionBudgets, HorizontalPodAutoscalers and the workloads
/// that keep replicas, for as long as it is polled. Nothing is known until all kinds have been listed; what was known stays while the API server is gone.
pub async fn watch(client: Client, knowledge: Knowledge) -> Infallible {
    let (changes, received) = mpsc::channel(QUEUE);
    // Of namespaces, nothing but metadata is asked for.
    let namespaces = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
    let services = all::<Service>(&client);
    let budgets = all::<PodDisruptionBudget>(&client);
    let autoscalers = all::<HorizontalPodAutoscaler>(&client);
    let [deployments, stateful_sets, replica_sets, controllers] = &WORKLOADS;
    let follow_workloads = join4(
        watch_kind(deployments, all::<Deployment>(&client), changes.clone(), &knowledge),
        watch_kind(stateful_sets, all::<StatefulSet>(&client), changes.clone(), &knowledge),
        watch_kind(replica_sets, all::<ReplicaSet>(&client), changes.clone(), &knowledge),
        watch_kind(controllers, all::<ReplicationController>(&client), changes.clone(), &knowledge),
    );
    let follow_all = join4(
        watch_kind(&NAMESPACES, namespaces, changes.clone(), &knowledge),
        watch_kind(&SERVICES, services, changes.clone(), &knowledge),
        watch_kind(&BUDGETS, budgets, changes.clone(), &knowledge),
        watch_kind(&AUTOSCALERS, autoscalers, changes.clone(), &knowledge),
    );
    tokio::select! {
        (never, ..) = follow_all => match never {},
        (never, ..) = follow_workloads => match never {},
        never = collect(received, &knowledge) => match never {},
    }
}

/// Not as its Kubernetes type: an object that a newer API server writes in another way must not end the watch of all.
fn all<K: Resource<DynamicType = ()>>(client: &Client) -> Api<DynamicObject> {
    Api::all_with(client.clone(), &ApiResource::erase::<K>(&()))
}

async fn collect(mut received: mpsc::Receiver<Change>, knowledge: &Knowledge) -> Infallible {
    let mut collected = Collected::default();
    let mut known = false;
    loop {
        // There is a sender for as long as this is polled.
        let Some(change) = received.recv().await else { std::future::pending().await };
        collected.apply(change);
        let gathered = Instant::now() + GATHER;
        for _ in 0..MAX_GATHERED {
            match timeout_at(gathered, received.recv()).await {
                Ok(Some(change)) => collected.apply(change),
                Ok(None) | Err(_) => break,
            }
        }
        if let Some(inventory) = collected.inventory() {
            knowledge.publish(inventory);
            if !known {
                info!("rules about other objects are in force");
                known = true;
            }
        }
    }
}

/// Passes on what is seen of one kind.
async fn watch_kind<K>(
    watched: &'static Watched,
    api: Api<K>,
    changes: mpsc::Sender<Change>,
    knowledge: &Knowledge,
) -> Infallible
where
    K: Resource + Clone + DeserializeOwned + Serialize + Debug + Send + 'static,
{
    let reduce = |object: K| Known::of(watched, &serde_json::to_value(object).unwrap_or(Value::Null));
    let tell = |seen: Seen<Known>| {
        let change = match seen {
            Seen::All(objects) => {
                knowledge.found(watched.kind);
                Some(Change::All(watched, objects.into_iter().filter(|known| !known.is_managed).collect()))
            }
            Seen::Set(known) if known.is_managed => Some(Change::Gone(watched, known)),
            Seen::Set(known) => Some(Change::Set(watched, known)),
            Seen::Gone(known) => Some(Change::Gone(watched, known)),
            Seen::Lost => {
                knowledge.lost(watched.kind);
                None
            }
        };
        let changes = &changes;
        async move {
            if let Some(change) = change {
                // The receiver lives as long as this.
                let _ = changes.send(change).await;
            }
        }
    };
    follow(watched.kind, api, Config::default().page_size(PAGE), reduce, tell).await
}
