//! Watches what Pods wait for: each kind in each namespace, for as long as a Pod waits for something there.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Secret};
use k8s_openapi::api::discovery::v1::EndpointSlice as EndpointSliceObject;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, PartialObjectMeta};
use kube::core::DynamicResourceScope;
use kube::discovery::{Scope, pinned_kind};
use kube::runtime::watcher::Config;
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::super::list_watch::{WatchEvent, chain, list_watch};
use super::Task;
use super::controller::Seen;
use super::decide::Known;
use podgate_engine::lifecycle::waiting::{EndpointSlice, Target, TargetState, Until, Wait};

/// Limits the kinds and namespaces that are watched at a time: each takes a connection.
pub(super) const MAX_WATCHES: usize = 500;
/// A watch that nobody needs any more ends after this: a rollout needs it again and again.
const LINGER: Duration = Duration::from_secs(60);
/// The longest pause after an error. Somebody waits for what is seen.
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// The pauses between two looks for a kind that the API server does not have.
const NO_KIND: Duration = Duration::from_secs(10);
/// Limits the objects of a list that are in memory, whole, at a time.
const PAGE: u32 = 100;

/// What is read of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reads {
    /// The EndpointSlices of Services.
    Endpoints,
    /// Metadata alone, where it is enough that something exists.
    Metadata,
    /// All, of which status and numbers are kept.
    Whole,
}

/// A kind in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    reads: Reads,
    api_version: String,
    kind: String,
    namespace: String,
}

impl Place {
    /// Returns where a target, with its namespace, is seen.
    pub(super) fn of(wait: &Wait) -> Self {
        let reads = match wait.until {
            Until::ReadyEndpoints(_) => Reads::Endpoints,
            Until::Exists => Reads::Metadata,
            Until::Complete | Until::Available | Until::Bound | Until::Condition { .. } => Reads::Whole,
        };
        let Target { api_version, kind, namespace, .. } = &wait.target;
        Self { reads, api_version: api_version.clone(), kind: kind.clone(), namespace: namespace.clone() }
    }
}

/// What is kept of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    Slice(EndpointSlice),
    State(TargetState),
}

/// A change that a watch has seen. Names are those of the objects that are watched.
#[derive(Debug)]
pub(super) struct TargetChange {
    place: Arc<Place>,
    what: What,
}

#[derive(Debug)]
enum What {
    /// All that there are.
    Listed(Vec<(String, Kept)>),
    Set(String, Kept),
    Gone(String),
    /// Nothing is known any more, and why.
    Lost(String),
}

/// What is known of one place.
#[derive(Debug)]
struct Watched {
    objects: HashMap<String, Kept>,
    /// The names of the EndpointSlices of a Service.
    slices: HashMap<String, BTreeSet<String>>,
    /// True for as long as what is known is in order.
    is_known: bool,
    problem: Option<String>,
    /// Since when nobody waits for anything here.
    idle_since: Option<Instant>,
    _task: Task,
}

impl Watched {
    fn set(&mut self, name: String, kept: Kept) {
        self.remove(&name);
        if let Kept::Slice(slice) = &kept {
            self.slices.entry(slice.service.clone()).or_default().insert(name.clone());
        }
        self.objects.insert(name, kept);
    }

    fn remove(&mut self, name: &str) {
        if let Some(Kept::Slice(slice)) = self.objects.remove(name)
            && let Some(names) = self.slices.get_mut(&slice.service)
        {
            names.remove(name);
            if names.is_empty() {
                self.slices.remove(&slice.service);
            }
        }
    }
}

/// All that is watched.
pub(super) struct Targets {
    client: Client,
    changes: mpsc::Sender<Seen>,
    places: HashMap<Arc<Place>, Watched>,
}

/// What of a place has changed.
#[derive(Debug)]
pub(super) enum Changed {
    /// The target of this name: of EndpointSlices their Service.
    One(Arc<Place>, String),
    /// Everything there.
    All(Arc<Place>),
}

impl Targets {
    pub(super) fn new(client: Client, changes: mpsc::Sender<Seen>) -> Self {
        Self { client, changes, places: HashMap::new() }
    }

    /// Watches a place, if it is not watched yet. Returns whether it is; there may be no room.
    pub(super) fn want(&mut self, place: &Place) -> bool {
        if let Some(watched) = self.places.get_mut(place) {
            watched.idle_since = None;
            return true;
        }
        if self.places.len() >= MAX_WATCHES {
            // One that nobody needs makes room at once.
            let idle = self.places.iter().find(|(_, watched)| watched.idle_since.is_some());
            let Some(idle) = idle.map(|(place, _)| Arc::clone(place)) else { return false };
            self.places.remove(&idle);
        }
        let place = Arc::new(place.clone());
        let task = Task::spawn(watch(self.client.clone(), Arc::clone(&place), self.changes.clone()));
        let watched = Watched {
            objects: HashMap::new(),
            slices: HashMap::new(),
            is_known: false,
            problem: None,
            idle_since: None,
            _task: task,
        };
        self.places.insert(place, watched);
        true
    }

    /// Ends watches for which nobody `is_needed` has asked for a while.
    pub(super) fn sweep(&mut self, is_needed: impl Fn(&Place) -> bool) {
        self.places.retain(|place, watched| {
            if is_needed(place) {
                watched.idle_since = None;
                return true;
            }
            watched.idle_since.get_or_insert_with(Instant::now).elapsed() < LINGER
        });
    }

    /// Takes over what a watch has seen. `None` where nobody watches there any more.
    pub(super) fn apply(&mut self, TargetChange { place, what }: TargetChange) -> Option<Changed> {
        let watched = self.places.get_mut(&place)?;
        let target = |watched: &Watched, name: &String| match watched.objects.get(name) {
            Some(Kept::Slice(slice)) => slice.service.clone(),
            _ => name.clone(),
        };
        Some(match what {
            What::Listed(objects) => {
                (watched.objects, watched.slices) = (HashMap::new(), HashMap::new());
                for (name, kept) in objects {
                    watched.set(name, kept);
                }
                (watched.is_known, watched.problem) = (true, None);
                Changed::All(place)
            }
            What::Set(name, kept) => {
                // Most changes are of what nobody waits for, and of what is not kept.
                if watched.objects.get(&name) == Some(&kept) {
                    return None;
                }
                watched.set(name.clone(), kept);
                let target = target(watched, &name);
                Changed::One(place, target)
            }
            What::Gone(name) => {
                let target = target(watched, &name);
                watched.remove(&name);
                Changed::One(place, target)
            }
            What::Lost(why) => {
                (watched.is_known, watched.problem) = (false, Some(why));
                Changed::All(place)
            }
        })
    }

    /// Returns what is known of a target.
    pub(super) fn known(&self, wait: &Wait) -> Known {
        let Some(watched) = self.places.get(&Place::of(wait)) else {
            return Known::Problem(format!("{MAX_WATCHES} kinds and namespaces are watched already"));
        };
        if !watched.is_known {
            return watched.problem.clone().map_or(Known::NotYet, Known::Problem);
        }
        let name = &wait.target.name;
        Known::Progress(match &wait.until {
            Until::ReadyEndpoints(_) => {
                let names = watched.slices.get(name).into_iter().flatten();
                let slices = names.filter_map(|name| match watched.objects.get(name) {
                    Some(Kept::Slice(slice)) => Some(slice),
                    _ => None,
                });
                wait.until.progress_of_service(slices)
            }
            until => {
                let state = match watched.objects.get(name) {
                    Some(Kept::State(state)) => Some(state),
                    _ => None,
                };
                until.progress(state)
            }
        })
    }
}

/// Sends what changes in a place, for as long as it is polled.
async fn watch(client: Client, place: Arc<Place>, changes: mpsc::Sender<Seen>) -> Infallible {
    loop {
        let found = match place.reads {
            Reads::Endpoints => Ok((ApiResource::erase::<EndpointSliceObject>(&()), true)),
            Reads::Metadata | Reads::Whole => resource(&client, &place.api_version, &place.kind).await,
        };
        match found {
            Ok((resource, is_namespaced)) => {
                let namespace = Some(place.namespace.as_str()).filter(|_| is_namespaced);
                match place.reads {
                    // What kind it is of does not matter: only metadata are asked for.
                    Reads::Metadata => {
                        let api = api::<PartialObjectMeta<DynamicObject>>(&client, &resource, namespace);
                        watch_kind(api, &place, &changes).await
                    }
                    Reads::Endpoints | Reads::Whole => {
                        watch_kind(api::<DynamicObject>(&client, &resource, namespace), &place, &changes).await
                    }
                };
            }
            Err(why) => {
                let change = TargetChange { place: Arc::clone(&place), what: What::Lost(why) };
                // The receiver lives as long as this.
                let _ = changes.send(Seen::Target(change)).await;
                sleep(NO_KIND.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            }
        }
    }
}

pub(super) fn api<K>(client: &Client, resource: &ApiResource, namespace: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        None => Api::all_with(client.clone(), resource),
    }
}

/// Finds what the API server calls a kind, and whether its objects are in namespaces. Those that everybody has are known.
pub(super) async fn resource(client: &Client, api_version: &str, kind: &str) -> Result<(ApiResource, bool), String> {
    let known = match (api_version, kind) {
        ("batch/v1", "Job") => Some(ApiResource::erase::<Job>(&())),
        ("apps/v1", "Deployment") => Some(ApiResource::erase::<Deployment>(&())),
        ("apps/v1", "StatefulSet") => Some(ApiResource::erase::<StatefulSet>(&())),
        ("apps/v1", "DaemonSet") => Some(ApiResource::erase::<DaemonSet>(&())),
        ("v1", "PersistentVolumeClaim") => Some(ApiResource::erase::<PersistentVolumeClaim>(&())),
        ("v1", "ConfigMap") => Some(ApiResource::erase::<ConfigMap>(&())),
        ("v1", "Secret") => Some(ApiResource::erase::<Secret>(&())),
        ("v1", "Pod") => Some(ApiResource::erase::<Pod>(&())),
        _ => None,
    };
    if let Some(known) = known {
        return Ok((known, true));
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    match pinned_kind(client, &GroupVersionKind::gvk(group, version, kind)).await {
        Ok((resource, capabilities)) => Ok((resource, capabilities.scope == Scope::Namespaced)),
        Err(kube::Error::Discovery(_)) => Err(format!("there is no kind {kind} in {api_version}")),
        Err(kube::Error::Api(status)) if status.code == 404 => Err(format!("there is no kind {kind} in {api_version}")),
        Err(cause) => Err(chain(&cause)),
    }
}

async fn watch_kind<K>(api: Api<K>, place: &Arc<Place>, changes: &mpsc::Sender<Seen>) -> Infallible
where
    K: Resource + Clone + DeserializeOwned + Serialize + Debug + Send + 'static,
{
    let reduce = |object: K| {
        let name = object.meta().name.clone().unwrap_or_default();
        let value = serde_json::to_value(object).unwrap_or(Value::Null);
        let kept = match place.reads {
            Reads::Endpoints => EndpointSlice::read(&value).map(Kept::Slice),
            Reads::Metadata | Reads::Whole => Some(Kept::State(TargetState::read(&value))),
        };
        (name, kept)
    };
    let handle = |event: WatchEvent<(String, Option<Kept>)>| {
        let what = match event {
            WatchEvent::Listed(objects) => {
                What::Listed(objects.into_iter().filter_map(|(name, kept)| Some((name, kept?))).collect())
            }
            WatchEvent::Applied((name, Some(kept))) => What::Set(name, kept),
            WatchEvent::Applied((name, None)) | WatchEvent::Deleted((name, _)) => What::Gone(name),
            WatchEvent::Failed(why) => What::Lost(why),
        };
        let change = TargetChange { place: Arc::clone(place), what };
        async move {
            // The receiver lives as long as this.
            let _ = changes.send(Seen::Target(change)).await;
        }
    };
    list_watch(&place.kind, api, Config::default().page_size(PAGE), MAX_BACKOFF, reduce, handle).await
}
