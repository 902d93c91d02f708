//! Events that tell whoever describes a Pod what it waits for. At a bounded rate, and of each Pod the last that is to be said.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::time::{MissedTickBehavior, interval};
use tracing::debug;

use super::super::list_watch::chain;
use super::pods::GatedPod;
use crate::server::log;
use podgate_engine::syntax::text::beginning;

/// The value of `reportingController`.
const CONTROLLER: &str = "podgate.dev/gates";
/// Time between two events: 50 a second at most.
const BETWEEN: Duration = Duration::from_millis(20);
/// Limits the events that are still to be written; what is beyond is left out.
const MAX_PENDING: usize = 20_000;
/// The longest note that the API server takes, in bytes (`NoteLengthLimit`).
const MAX_NOTE: usize = 1024;
/// The longest prefix of an Event's name that is taken from its Pod's.
const MAX_NAME: usize = 200;

/// What an Event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind {
    /// A Pod waits for something.
    Waiting,
    /// A Pod waits for what will not come by itself.
    WaitingForNothing,
    /// A gate was removed.
    Opened,
    /// A gate was removed because the Pod has waited for long enough.
    OpenedByTime,
}

impl EventKind {
    fn reason(self) -> &'static str {
        match self {
            Self::Waiting => "WaitingForTargets",
            Self::WaitingForNothing => "WaitingForNothing",
            Self::Opened => "GateOpened",
            Self::OpenedByTime => "GateOpenedByTime",
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Waiting | Self::WaitingForNothing => "Wait",
            Self::Opened | Self::OpenedByTime => "OpenGate",
        }
    }

    fn event_type(self) -> &'static str {
        match self {
            Self::Waiting | Self::Opened => "Normal",
            Self::WaitingForNothing | Self::OpenedByTime => "Warning",
        }
    }
}

/// An event that is still to be written: as little as it takes, since there may be thousands.
#[derive(Debug)]
struct Said {
    namespace: String,
    name: String,
    number: u32,
    kind: EventKind,
    note: String,
}

/// The events that are still to be written, by the uids of their Pods and in their order.
#[derive(Debug, Default)]
struct Pending {
    order: VecDeque<String>,
    events: HashMap<String, Said>,
}

/// Takes events.
#[derive(Debug, Clone, Default)]
pub(super) struct Events {
    pending: Arc<Mutex<Pending>>,
    /// This replica, for `reportingInstance`.
    identity: String,
}

impl Events {
    pub(super) fn new(identity: String) -> Self {
        Self { pending: Arc::default(), identity }
    }

    /// Has an event written about a Pod, in place of one about it that is not written yet. `number` tells events of one Pod apart that
    /// say the same: one that another replica has written already is not written again.
    pub(super) fn say(&self, pod: &GatedPod, number: u32, kind: EventKind, note: &str) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let (namespace, name, note) = (pod.namespace.clone(), pod.name.clone(), beginning(note, MAX_NOTE).to_owned());
        let said = Said { namespace, name, number, kind, note };
        if pending.events.len() >= MAX_PENDING && !pending.events.contains_key(&pod.uid) {
            debug!("an event is left out: too many are to be written");
        } else if pending.events.insert(pod.uid.clone(), said).is_none() {
            pending.order.push_back(pod.uid.clone());
        }
    }

    fn next(&self) -> Option<Event> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let uid = pending.order.pop_front()?;
        let said = pending.events.remove(&uid)?;
        Some(event(uid, said, &self.identity))
    }

    /// Writes events for as long as it is polled. One that cannot be written is lost: nothing depends on it.
    pub(super) async fn write(self, client: Client) -> Infallible {
        let mut turn = interval(BETWEEN);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turn.tick().await;
            let Some(event) = self.next() else { continue };
            let namespace = event.metadata.namespace.clone().unwrap_or_default();
            let api: Api<Event> = Api::namespaced(client.clone(), &namespace);
            match api.create(&PostParams::default(), &event).await {
                Ok(_) => {}
                // Said already, by a replica before this one.
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                Err(cause) => {
                    let cause = chain(&cause);
                    let cause = log::clean(&cause);
                    debug!(cause = cause.as_ref(), "an event cannot be written");
                }
            }
        }
    }
}

fn event(uid: String, said: Said, identity: &str) -> Event {
    let Said { namespace, name, number, kind, note } = said;
    let mut hasher = DefaultHasher::new();
    (&uid, number, kind.reason(), &note).hash(&mut hasher);
    let prefix = beginning(&name, MAX_NAME).trim_end_matches(['.', '-']);
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{prefix}.{:016x}", hasher.finish())),
            namespace: Some(namespace.clone()),
            ..ObjectMeta::default()
        },
        event_time: Some(MicroTime(Timestamp::now())),
        reporting_controller: Some(CONTROLLER.to_owned()),
        reporting_instance: Some(beginning(identity, 128).to_owned()),
        action: Some(kind.action().to_owned()),
        reason: Some(kind.reason().to_owned()),
        type_: Some(kind.event_type().to_owned()),
        note: Some(note),
        regarding: Some(ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Pod".to_owned()),
            name: Some(name),
            namespace: Some(namespace),
            uid: Some(uid),
            ..ObjectReference::default()
        }),
        ..Event::default()
    }
}
