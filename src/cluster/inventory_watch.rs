//! Watches the objects that rules look up.

use std::convert::Infallible;
use std::fmt::Debug;
use std::time::Duration;

use futures_util::future::{join4, join5};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, ReplicationController, Service};
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

use super::inventory::{
    AUTOSCALERS, BUDGETS, Change, InventoryBuilder, KeptObject, LIMIT_RANGES, NAMESPACES, SERVICES, WORKLOADS,
    WatchedKind,
};
use super::list_watch::{MAX_BACKOFF, WatchEvent, list_watch};
use crate::server::ClusterState;

/// Changes often come together: a rollout, a list. They are taken up together, as soon as this after the first.
const GATHER: Duration = Duration::from_millis(100);
const MAX_GATHERED: usize = 10_000;
const QUEUE: usize = 1024;
/// Limits the objects of a list that are in memory, whole, at a time.
const PAGE: u32 = 100;

/// Keeps `cluster_state` up to date with Namespaces, Services, PodDisruptionBudgets, HorizontalPodAutoscalers, LimitRanges and the
/// workloads that keep replicas, for as long as it is polled. Nothing is known until the first four kinds have been listed; what
/// was known stays while the API server is gone.
pub async fn watch_inventory(client: Client, cluster_state: ClusterState) -> Infallible {
    let (changes, received) = mpsc::channel(QUEUE);
    // Of namespaces, nothing but metadata is asked for.
    let namespaces = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
    let services = all::<Service>(&client);
    let budgets = all::<PodDisruptionBudget>(&client);
    let autoscalers = all::<HorizontalPodAutoscaler>(&client);
    let [deployments, stateful_sets, replica_sets, controllers] = &WORKLOADS;
    let watch_workloads = join4(
        watch_kind(deployments, all::<Deployment>(&client), changes.clone(), &cluster_state),
        watch_kind(stateful_sets, all::<StatefulSet>(&client), changes.clone(), &cluster_state),
        watch_kind(replica_sets, all::<ReplicaSet>(&client), changes.clone(), &cluster_state),
        watch_kind(controllers, all::<ReplicationController>(&client), changes.clone(), &cluster_state),
    );
    let limit_ranges = all::<LimitRange>(&client);
    let watch_others = join5(
        watch_kind(&NAMESPACES, namespaces, changes.clone(), &cluster_state),
        watch_kind(&SERVICES, services, changes.clone(), &cluster_state),
        watch_kind(&BUDGETS, budgets, changes.clone(), &cluster_state),
        watch_kind(&AUTOSCALERS, autoscalers, changes.clone(), &cluster_state),
        watch_kind(&LIMIT_RANGES, limit_ranges, changes.clone(), &cluster_state),
    );
    tokio::select! {
        (never, ..) = watch_others => match never {},
        (never, ..) = watch_workloads => match never {},
        never = collect(received, &cluster_state) => match never {},
    }
}

/// Not as its Kubernetes type: an object that a newer API server writes in another way must not end the watch of all.
fn all<K: Resource<DynamicType = ()>>(client: &Client) -> Api<DynamicObject> {
    Api::all_with(client.clone(), &ApiResource::erase::<K>(&()))
}

async fn collect(mut received: mpsc::Receiver<Change>, cluster_state: &ClusterState) -> Infallible {
    let mut collected = InventoryBuilder::default();
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
            cluster_state.publish(inventory);
            if !known {
                info!("rules about other objects are in force");
                known = true;
            }
        }
    }
}

/// Passes on what is seen of one kind.
async fn watch_kind<K>(
    watched: &'static WatchedKind,
    api: Api<K>,
    changes: mpsc::Sender<Change>,
    cluster_state: &ClusterState,
) -> Infallible
where
    K: Resource + Clone + DeserializeOwned + Serialize + Debug + Send + 'static,
{
    let reduce = |object: K| KeptObject::of(watched, &serde_json::to_value(object).unwrap_or(Value::Null));
    let handle = |seen: WatchEvent<KeptObject>| {
        let change = match seen {
            WatchEvent::Listed(objects) => {
                cluster_state.found(watched.kind);
                Some(Change::All(watched, objects.into_iter().filter(|known| !known.is_managed).collect()))
            }
            WatchEvent::Applied(known) if known.is_managed => Some(Change::Gone(watched, known)),
            WatchEvent::Applied(known) => Some(Change::Set(watched, known)),
            WatchEvent::Deleted(known) => Some(Change::Gone(watched, known)),
            WatchEvent::Failed(_) => {
                cluster_state.lost(watched.kind);
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
    list_watch(watched.kind, api, Config::default().page_size(PAGE), MAX_BACKOFF, reduce, handle).await
}
