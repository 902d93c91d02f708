//! # What it does
//!
//! Finds an UPDATE of a Deployment, StatefulSet or DaemonSet whose Pod template differs from the old one in its regular init
//! containers only. One that replaces no Pod now (paused, no replicas, `OnDelete`, held back by a partition) is left alone.
//!
//! # Why it is bad
//!
//! Any change of the template replaces every Pod. Here the app containers stay as they were, so that all replicas are
//! restarted for work that is over before they start.
//!
//! # Examples
//!
//! ```yaml old
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   template:
//!     spec:
//!       initContainers:
//!       - name: migrate
//!         image: example.com/migrate:1
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   template:
//!     spec:
//!       initContainers:
//!       - name: migrate # finding
//!         image: example.com/migrate:2
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! Let the change go out with the next change of the app, or run one-off work as a Job:
//!
//! ```yaml old
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   template:
//!     spec:
//!       initContainers:
//!       - name: migrate
//!         image: example.com/migrate:1
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   template:
//!     spec:
//!       initContainers:
//!       - name: migrate
//!         image: example.com/migrate:2
//!       containers:
//!       - name: app
//!         image: example.com/app:2
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#updating-a-deployment>
//! - Kubelet scenario: `workloads/deployment-init-image`

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    model::{Object, Review},
    rules::rule::{Check, Report, rule},
    syntax::{
        Str,
        json::{self, same_text},
    },
};

rule! {
    id: "init-only-rollout",
    summary: "an update replaces every Pod although only init containers changed",
    level: Warn,
    since: "0.1.0",
    page: "init_only_rollout.rs",
    check: InitOnlyRollout {},
}

impl Check for InitOnlyRollout {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let workload = (review.workload.group, review.workload.kind);
        if !matches!(workload, ("apps", "Deployment" | "StatefulSet" | "DaemonSet")) {
            return;
        }
        let Some(old) = &review.old else { return };
        let has_init =
            |object: &Object<'_>| object.templates.iter().any(|template| !template.spec.init_containers.is_empty());
        if !has_init(&review.new) && !has_init(old) {
            return;
        }
        let Some((new_spec, old_spec)) = members(review.new.spec_text).zip(members(old.spec_text)) else { return };
        if !rolls_out(review.new.controller.replicas, review.new.controller.paused, text(&new_spec, "updateStrategy")) {
            return;
        }
        let templates = members(text(&new_spec, "template")).zip(members(text(&old_spec, "template")));
        let Some((new_template, old_template)) = templates else { return };
        let pods = members(text(&new_template, "spec")).zip(members(text(&old_template, "spec")));
        let Some((new_pod, old_pod)) = pods else { return };
        if !same_but(&new_template, &old_template, "spec") || !same_but(&new_pod, &old_pod, "initContainers") {
            return;
        }
        let (new_init, new_sidecars) = init_containers(&new_pod);
        let (old_init, old_sidecars) = init_containers(&old_pod);
        if !all_same(&new_sidecars, &old_sidecars) {
            return;
        }
        let in_order = all_same(&new_init, &old_init);
        let Some(template) = review.new.templates.first().filter(|_| !in_order) else { return };
        let old_by_name: HashMap<&str, &str> =
            old_init.iter().map(|container| (&*container.name, container.text)).collect();
        let new_names: HashSet<&str> = new_init.iter().map(|container| &*container.name).collect();
        let is_changed = |new: &&InitContainer<'_>| {
            old_by_name.get(&*new.name).is_none_or(|old| !same_text(Some(new.text), Some(*old)))
        };
        let changed: Vec<&str> = new_init.iter().filter(is_changed).map(|container| &*container.name).collect();
        let old_names = old_init.iter().map(|container| &*container.name);
        let removed = old_names.filter(|name| !new_names.contains(name));
        let list = template.spec_path("initContainers");
        let first = changed.first().copied();
        let place = template.spec.init_containers.iter().position(|container| first == Some(&*container.name));
        let names: Vec<String> = changed
            .iter()
            .map(|name| format!("\"{name}\""))
            .chain(removed.map(|name| format!("\"{name}\" (removed)")))
            .collect();
        let what = match names.len() {
            0 => "the order of its init containers".to_owned(),
            1 => format!("init container {}", names.concat()),
            _ => format!("init containers {}", names.join(", ")),
        };
        out.at(
            place.map_or(list.clone(), |place| list.index(place)),
            format_args!("every Pod is replaced although the template differs only in {what}"),
        );
    }
}

/// The members of an object as they were received. Most are compared as text: to read a spec as a whole would take many times
/// its size.
type Members<'a> = BTreeMap<Str<'a>, &'a RawValue>;

fn members(object: Option<&str>) -> Option<Members<'_>> {
    serde_json::from_str(object?).ok()
}

/// A member; `null` is the same as absent.
fn text<'a>(members: &Members<'a>, field: &str) -> Option<&'a str> {
    members.get(field).map(|value| value.get()).filter(|value| *value != "null")
}

/// Returns whether all members but one mean the same.
fn same_but(one: &Members<'_>, other: &Members<'_>, field: &str) -> bool {
    let mut fields = one.keys().chain(other.keys()).filter(|name| **name != field);
    fields.all(|name| same_text(text(one, name), text(other, name)))
}

/// An init container as it was received.
struct InitContainer<'a> {
    name: Str<'a>,
    text: &'a str,
}

/// Regular init containers, and sidecars.
fn init_containers<'a>(pod: &Members<'a>) -> (Vec<InitContainer<'a>>, Vec<InitContainer<'a>>) {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Read<'a> {
        #[serde(borrow)]
        name: Str<'a>,
        #[serde(borrow)]
        restart_policy: Str<'a>,
    }
    let texts: Vec<&RawValue> =
        text(pod, "initContainers").and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default();
    let (mut regular, mut sidecars) = (Vec::new(), Vec::new());
    for text in texts.into_iter().map(RawValue::get) {
        // The text has been read as a container already.
        let read: Read<'_> = serde_json::from_str(text).unwrap_or_default();
        let list = if read.restart_policy == "Always" { &mut sidecars } else { &mut regular };
        list.push(InitContainer { name: read.name, text });
    }
    (regular, sidecars)
}

fn all_same(one: &[InitContainer<'_>], other: &[InitContainer<'_>]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_text(Some(one.text), Some(other.text)))
}

/// Returns whether a changed template makes the controller replace Pods now: not while paused, where Pods are only replaced when
/// somebody deletes them, or without replicas above the partition of a StatefulSet (0 by default).
fn rolls_out(replicas: Option<i64>, paused: Option<bool>, update_strategy: Option<&str>) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct UpdateStrategy<'a> {
        #[serde(borrow, rename = "type")]
        kind: Str<'a>,
        #[serde(deserialize_with = "json::object_or_default")]
        rolling_update: RollingUpdate,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct RollingUpdate {
        partition: Option<i64>,
    }
    let strategy: UpdateStrategy<'_> =
        update_strategy.and_then(|strategy| serde_json::from_str(strategy).ok()).unwrap_or_default();
    let partition = strategy.rolling_update.partition.unwrap_or(0);
    strategy.kind != "OnDelete" && paused != Some(true) && replicas.unwrap_or(1) > partition
}
