//! The objects that are known, kept as the little of their text that an [`Inventory`] reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use tracing::warn;

use crate::model::Inventory;
use crate::policy::label::{self, PROFILE_LABEL};
use crate::server::log;

/// A kind that is watched.
#[derive(Debug)]
pub(super) struct Watched {
    group: &'static str,
    pub(super) kind: &'static str,
    namespaced: bool,
    /// The fields of `spec` that are worth keeping.
    spec: &'static [&'static str],
}

/// How many there are.
const KINDS: usize = 4;

pub(super) static NAMESPACES: Watched = Watched { group: "", kind: "Namespace", namespaced: false, spec: &[] };

pub(super) static SERVICES: Watched =
    Watched { group: "", kind: "Service", namespaced: true, spec: &["selector", "ports"] };

pub(super) static BUDGETS: Watched = Watched {
    group: "policy",
    kind: "PodDisruptionBudget",
    namespaced: true,
    spec: &["selector", "minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy"],
};

pub(super) static AUTOSCALERS: Watched = Watched {
    group: "autoscaling",
    kind: "HorizontalPodAutoscaler",
    namespaced: true,
    spec: &["scaleTargetRef", "minReplicas"],
};

/// One object, in a few fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// Where its entry belongs: of a Namespace its own name.
    namespace: String,
    name: String,
    text: String,
    /// The profile that a Namespace's label names.
    label: Option<String>,
}

impl Known {
    /// What of `object` is worth keeping.
    pub(super) fn of(watched: &Watched, object: &Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = text("/metadata/name");
        let namespace = if watched.namespaced { text("/metadata/namespace") } else { name.clone() };
        let mut metadata = Map::new();
        for field in ["name", "labels", "deletionTimestamp"] {
            keep(&mut metadata, field, object.pointer(&format!("/metadata/{field}")));
        }
        let mut spec = Map::new();
        for field in watched.spec {
            keep(&mut spec, field, object.pointer(&format!("/spec/{field}")));
        }
        let mut status = Map::new();
        keep(&mut status, "disruptionsAllowed", object.pointer("/status/disruptionsAllowed"));
        let label =
            (!watched.namespaced).then(|| metadata.get("labels")?.get(PROFILE_LABEL)?.as_str().map(str::to_owned));
        let text = json!({"metadata": metadata, "spec": spec, "status": status}).to_string();
        Self { namespace, name, text, label: label.flatten() }
    }
}

fn keep(into: &mut Map<String, Value>, field: &str, value: Option<&Value>) {
    if let Some(value) = value {
        into.insert(field.to_owned(), value.clone());
    }
}

/// What a watch has seen.
#[derive(Debug)]
pub(super) enum Change {
    /// All objects of a kind, in place of what was known of that kind.
    All(&'static Watched, Vec<Known>),
    /// A new or changed object.
    Set(&'static Watched, Known),
    /// An object that is gone.
    Gone(&'static Watched, Known),
}

/// By kind and name.
type Objects = BTreeMap<(&'static str, String), (&'static Watched, String)>;

/// Everything that the watches have seen, and the inventory of it. Only namespaces in which something has changed are read
/// anew.
#[derive(Debug, Default)]
pub(super) struct Collected {
    namespaces: BTreeMap<String, Objects>,
    changed: BTreeSet<String>,
    listed: BTreeSet<&'static str>,
    /// Namespaces whose label names no profile, with what it says, as far as that has been told.
    mislabelled: BTreeMap<String, String>,
    inventory: Inventory,
}

impl Collected {
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::All(watched, objects) => {
                for (namespace, known) in &mut self.namespaces {
                    let before = known.len();
                    known.retain(|(kind, _), _| *kind != watched.kind);
                    if known.len() != before {
                        self.changed.insert(namespace.clone());
                    }
                }
                self.listed.insert(watched.kind);
                for object in objects {
                    self.set(watched, object);
                }
            }
            Change::Set(watched, object) => self.set(watched, object),
            Change::Gone(watched, object) => {
                if let Some(known) = self.namespaces.get_mut(&object.namespace) {
                    known.remove(&(watched.kind, object.name));
                }
                self.changed.insert(object.namespace);
            }
        }
    }

    fn set(&mut self, watched: &'static Watched, object: Known) {
        if !watched.namespaced {
            self.tell_of_label(&object);
        }
        let known = self.namespaces.entry(object.namespace.clone()).or_default();
        known.insert((watched.kind, object.name), (watched, object.text));
        self.changed.insert(object.namespace);
    }

    /// Says once that the label of a namespace does nothing.
    fn tell_of_label(&mut self, object: &Known) {
        let wrong = object.label.as_ref().and_then(|value| Some((value, label::problem(value)?)));
        let Some((value, problem)) = wrong else {
            self.mislabelled.remove(&object.name);
            return;
        };
        if self.mislabelled.insert(object.name.clone(), value.clone()).as_ref() != Some(value) {
            let (namespace, problem) = (log::clean(&object.name), log::clean(&problem));
            let (namespace, problem) = (namespace.as_ref(), problem.as_ref());
            warn!(namespace, label = PROFILE_LABEL, problem, "a namespace's label has no effect");
        }
    }

    /// The inventory as it is now, once every kind has been listed: a part of it would be taken for the whole.
    pub(super) fn inventory(&mut self) -> Option<Inventory> {
        if self.listed.len() < KINDS {
            return None;
        }
        for namespace in std::mem::take(&mut self.changed) {
            let mut read = Inventory::default();
            let objects = self.namespaces.get(&namespace);
            for ((kind, name), (watched, text)) in objects.into_iter().flatten() {
                if let Err(cause) = read.add(watched.group, kind, &namespace, text) {
                    let (name, cause) = (log::clean(name), log::clean(&cause));
                    let (name, cause) = (name.as_ref(), cause.as_ref());
                    warn!(kind, namespace, name, cause, "an object cannot be read and is left out");
                }
            }
            self.inventory.replace(&namespace, &read);
            if objects.is_some_and(BTreeMap::is_empty) {
                self.namespaces.remove(&namespace);
            }
        }
        Some(self.inventory.clone())
    }
}
