//! Watches the Pods that are not scheduled yet: only these can have a gate.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ApiResource, NotUsed, Object};
use kube::runtime::watcher::Config;
use kube::{Api, Client};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::super::list_watch::{WatchEvent, list_watch};
use crate::server::ClusterState;
use podgate_engine::lifecycle::waiting::WAIT_FOR;

/// A Pod that waits is waited for.
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// Limits the Pods of a list that are in memory, whole, at a time.
const PAGE: u32 = 500;
/// The Pods that no node has: a gated Pod has none.
pub(super) const UNSCHEDULED: &str = "spec.nodeName=,status.phase=Pending";

/// A Pod, as far as gates are concerned.
pub(super) type PodObject = Object<PodGates, NotUsed>;

/// What of a Pod's spec is read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PodGates {
    scheduling_gates: Option<Vec<Gate>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Gate {
    name: String,
}

/// A Pod with a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GatedPod {
    pub(super) uid: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    /// Its annotation [`WAIT_FOR`].
    pub(super) wait_for: Option<String>,
    /// The names of its gates, in their order.
    pub(super) gates: Vec<String>,
    pub(super) created: Timestamp,
}

impl From<PodObject> for GatedPod {
    fn from(pod: PodObject) -> Self {
        let metadata = pod.metadata;
        let gates = pod.spec.scheduling_gates.unwrap_or_default();
        Self {
            uid: metadata.uid.unwrap_or_default(),
            namespace: metadata.namespace.unwrap_or_default(),
            name: metadata.name.unwrap_or_default(),
            labels: metadata.labels.unwrap_or_default(),
            wait_for: metadata.annotations.and_then(|mut annotations| annotations.remove(WAIT_FOR)),
            gates: gates.into_iter().map(|gate| gate.name).collect(),
            created: metadata.creation_timestamp.map_or_else(Timestamp::now, |time| time.0),
        }
    }
}

/// Returns how long a Pod has been there. By a clock that is behind the API server's no time has passed.
pub(super) fn waited(pod: &GatedPod) -> Duration {
    Timestamp::now().duration_since(pod.created).try_into().unwrap_or_default()
}

/// A change of the Pods that are not scheduled.
#[derive(Debug)]
pub(super) enum PodChange {
    /// All there are.
    Listed(Vec<GatedPod>),
    /// A new or changed one.
    Applied(Box<GatedPod>),
    /// One that is scheduled or gone, by its uid.
    Gone(String),
}

/// Returns the API of Pods of all namespaces.
pub(super) fn api(client: &Client) -> Api<PodObject> {
    Api::all_with(client.clone(), &ApiResource::erase::<Pod>(&()))
}

/// Sends what changes, for as long as it is polled.
pub(super) async fn watch_pods(
    client: Client,
    changes: mpsc::Sender<super::controller::Seen>,
    cluster_state: ClusterState,
) -> Infallible {
    const KIND: &str = "Pod";
    let handle = |event: WatchEvent<GatedPod>| {
        let change = match event {
            WatchEvent::Listed(pods) => {
                cluster_state.found(KIND);
                Some(PodChange::Listed(pods.into_iter().filter(|pod| !pod.gates.is_empty()).collect()))
            }
            WatchEvent::Applied(pod) if pod.gates.is_empty() => Some(PodChange::Gone(pod.uid)),
            WatchEvent::Applied(pod) => Some(PodChange::Applied(Box::new(pod))),
            WatchEvent::Deleted(pod) => Some(PodChange::Gone(pod.uid)),
            WatchEvent::Failed(_) => {
                cluster_state.lost(KIND);
                None
            }
        };
        let changes = &changes;
        async move {
            if let Some(change) = change {
                // The receiver lives as long as this.
                let _ = changes.send(super::controller::Seen::Pod(change)).await;
            }
        }
    };
    let config = Config::default().fields(UNSCHEDULED).page_size(PAGE);
    list_watch(KIND, api(&client), config, MAX_BACKOFF, GatedPod::from, handle).await
}
