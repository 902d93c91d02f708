//! Keeps the objects that the watches have seen, as the little of their text that an [`Inventory`] reads.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use serde_json::{Map, Value, json};
use tracing::warn;

use crate::server::log;
use podgate_engine::model::Inventory;
use podgate_engine::model::inventory_object::{IGNORE_PREFIX, WAIT_FOR};
use podgate_engine::policy::label::{self, PROFILE_LABEL};

/// A kind that is watched.
#[derive(Debug)]
pub(super) struct WatchedKind {
    group: &'static str,
    pub(super) kind: &'static str,
    namespaced: bool,
    /// The fields of `spec` that are worth keeping.
    spec: &'static [&'static str],
    /// The fields of `status` that are.
    status: &'static [&'static str],
}

pub(super) const NAMESPACES: WatchedKind =
    WatchedKind { group: "", kind: "Namespace", namespaced: false, spec: &[], status: &[] };

pub(super) const SERVICES: WatchedKind = WatchedKind {
    group: "",
    kind: "Service",
    namespaced: true,
    spec: &["selector", "ports", "type", "clusterIP", "publishNotReadyAddresses"],
    status: &[],
};

pub(super) const BUDGETS: WatchedKind = WatchedKind {
    group: "policy",
    kind: "PodDisruptionBudget",
    namespaced: true,
    spec: &["selector", "minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy"],
    status: &["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"],
};

pub(super) const AUTOSCALERS: WatchedKind = WatchedKind {
    group: "autoscaling",
    kind: "HorizontalPodAutoscaler",
    namespaced: true,
    spec: &["scaleTargetRef", "minReplicas", "maxReplicas", "metrics"],
    status: &[],
};

/// What fills in the requests of containers that say nothing, by which an autoscaler computes.
pub(super) const LIMIT_RANGES: WatchedKind =
    WatchedKind { group: "", kind: "LimitRange", namespaced: true, spec: &["limits"], status: &[] };

/// Kinds that keep a number of replicas; custom kinds are not watched: most clusters do not have them.
pub(super) static WORKLOADS: [WatchedKind; 4] = [
    workload("apps", "Deployment"),
    workload("apps", "StatefulSet"),
    workload("apps", "ReplicaSet"),
    workload("", "ReplicationController"),
];

const fn workload(group: &'static str, kind: &'static str) -> WatchedKind {
    WatchedKind { group, kind, namespaced: true, spec: &["replicas"], status: &[] }
}

impl WatchedKind {
    fn is_workload(&self) -> bool {
        WORKLOADS.iter().any(|workload| workload.kind == self.kind)
    }
}

/// Kinds without which there is no inventory: a part would be taken for the whole.
const NEEDED: [&str; 4] = [NAMESPACES.kind, SERVICES.kind, BUDGETS.kind, AUTOSCALERS.kind];

/// One object, in a few fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeptObject {
    /// Its namespace: of a Namespace its own name.
    namespace: String,
    name: String,
    text: String,
    /// True where its owner says what it says: of a ReplicaSet its Deployment.
    pub(super) is_managed: bool,
    /// The profile that a Namespace's label names.
    label: Option<String>,
}

impl KeptObject {
    /// Returns what of `object` is worth keeping.
    pub(super) fn of(watched: &WatchedKind, object: &Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = text("/metadata/name");
        let namespace = if watched.namespaced { text("/metadata/namespace") } else { name.clone() };
        let controlled = |owner: &Value| owner.get("controller").and_then(Value::as_bool).unwrap_or(false);
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        if watched.is_workload() && owners.is_some_and(|owners| owners.iter().any(controlled)) {
            return Self { namespace, name, text: String::new(), is_managed: true, label: None };
        }
        let mut metadata = Map::new();
        for field in ["name", "labels", "deletionTimestamp", "ownerReferences"] {
            let is_kept = match field {
                "labels" => !watched.namespaced,
                // Tells which ScaledObject keeps an autoscaler.
                "ownerReferences" => watched.kind == AUTOSCALERS.kind,
                _ => true,
            };
            if is_kept {
                keep(&mut metadata, field, object.pointer(&format!("/metadata/{field}")));
            }
        }
        keep_annotations(&mut metadata, object.pointer("/metadata/annotations"), |key| key.starts_with(IGNORE_PREFIX));
        let mut spec = Map::new();
        if let Some(template) = object.pointer("/spec/template/metadata") {
            let mut kept = Map::new();
            keep(&mut kept, "labels", template.get("labels"));
            // And by which Pods wait for each other.
            let is_kept = |key: &str| key.starts_with(IGNORE_PREFIX) || key == WAIT_FOR;
            keep_annotations(&mut kept, template.get("annotations"), is_kept);
            spec.insert("template".to_owned(), json!({"metadata": kept}));
        }
        for field in watched.spec {
            keep(&mut spec, field, object.pointer(&format!("/spec/{field}")));
        }
        let mut status = Map::new();
        for field in watched.status {
            keep(&mut status, field, object.pointer(&format!("/status/{field}")));
        }
        let label =
            (!watched.namespaced).then(|| metadata.get("labels")?.get(PROFILE_LABEL)?.as_str().map(str::to_owned));
        let text = json!({"metadata": metadata, "spec": spec, "status": status}).to_string();
        Self { namespace, name, text, is_managed: false, label: label.flatten() }
    }
}

fn keep(into: &mut Map<String, Value>, field: &str, value: Option<&Value>) {
    if let Some(value) = value {
        into.insert(field.to_owned(), value.clone());
    }
}

/// Keeps some of the annotations: those by which rules are ignored.
fn keep_annotations(into: &mut Map<String, Value>, annotations: Option<&Value>, is_kept: impl Fn(&str) -> bool) {
    let all = annotations.and_then(Value::as_object).into_iter().flatten();
    let kept: Map<String, Value> =
        all.filter(|(key, _)| is_kept(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    if !kept.is_empty() {
        into.insert("annotations".to_owned(), kept.into());
    }
}

/// A change that a watch has seen.
#[derive(Debug)]
pub(super) enum Change {
    /// All objects of a kind, in place of what was known of that kind.
    All(&'static WatchedKind, Vec<KeptObject>),
    /// A new or changed object.
    Set(&'static WatchedKind, KeptObject),
    /// An object that is gone.
    Gone(&'static WatchedKind, KeptObject),
}

/// By kind and name.
type Objects = BTreeMap<(&'static str, String), (&'static WatchedKind, String)>;

/// Everything that the watches have seen, and the inventory of it. Only namespaces in which something has changed are read
/// anew.
#[derive(Debug, Default)]
pub(super) struct InventoryBuilder {
    namespaces: BTreeMap<String, Objects>,
    changed: BTreeSet<String>,
    listed: BTreeSet<&'static str>,
    /// Namespaces whose label names no profile, with what it says, as far as that has been told.
    mislabelled: BTreeMap<String, String>,
    inventory: Inventory,
}

impl InventoryBuilder {
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
                let known = self.namespaces.get_mut(&object.namespace);
                if known.is_some_and(|known| known.remove(&(watched.kind, object.name)).is_some()) {
                    self.changed.insert(object.namespace);
                }
            }
        }
    }

    fn set(&mut self, watched: &'static WatchedKind, object: KeptObject) {
        if !watched.namespaced {
            self.tell_of_label(&object);
        }
        let known = self.namespaces.entry(object.namespace.clone()).or_default();
        let entry = (watched, object.text);
        // Most changes of workloads are of their status.
        match known.entry((watched.kind, object.name)) {
            btree_map::Entry::Occupied(there) if there.get().1 == entry.1 => return,
            btree_map::Entry::Occupied(mut there) => drop(there.insert(entry)),
            btree_map::Entry::Vacant(place) => drop(place.insert(entry)),
        }
        self.changed.insert(object.namespace);
    }

    /// Says once that the label of a namespace does nothing.
    fn tell_of_label(&mut self, object: &KeptObject) {
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

    /// Returns the inventory as it is now, once every kind that is needed has been listed; with workloads once all of these have,
    /// which an older ClusterRole does not allow.
    pub(super) fn inventory(&mut self) -> Option<Inventory> {
        if !NEEDED.iter().all(|kind| self.listed.contains(kind)) {
            return None;
        }
        let knows_workloads = WORKLOADS.iter().all(|workload| self.listed.contains(workload.kind));
        // So do LimitRanges.
        self.inventory.set_knows_limit_ranges(self.listed.contains(LIMIT_RANGES.kind));
        if knows_workloads != self.inventory.knows_workloads() {
            self.inventory.set_knows_workloads(knows_workloads);
            self.changed.extend(self.namespaces.keys().cloned());
        }
        for namespace in std::mem::take(&mut self.changed) {
            let mut read = Inventory::default();
            let objects = self.namespaces.get(&namespace);
            // All that there are have been listed. A namespace that is gone holds nothing.
            if objects.is_some_and(|objects| !objects.is_empty()) {
                read.set_knows_services(&namespace);
                read.set_knows_budgets(&namespace);
            }
            let objects_read = objects.into_iter().flatten();
            for ((kind, name), (watched, text)) in
                objects_read.filter(|(_, (it, _))| knows_workloads || !it.is_workload())
            {
                if let Err(errors) = read.add(watched.group, kind, &namespace, text) {
                    let cause = errors.to_string();
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
