//! # What it does
//!
//! Finds an UPDATE of a Pod that changes an init container in anything but its `image`: any field, known to podgate or not,
//! and init containers that are added, removed, renamed or put in another order. Resizing (`pods/resize`) may change
//! `resources` too. The templates of workloads may change freely.
//!
//! # Why it is bad
//!
//! A Pod's init containers have been planned, and mostly run, before the update; the API server refuses to change them.
//!
//! # Examples
//!
//! ```yaml old
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate
//!     image: example.com/migrate:1
//!     args: [up]
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate
//!     image: example.com/migrate:2
//!     args: [down] # finding
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! Delete the Pod and create the changed one; or change the template of the workload that owns it, which replaces its Pods:
//!
//! ```yaml old
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       initContainers:
//!       - name: migrate
//!         image: example.com/migrate:1
//!         args: [up]
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       initContainers:
//!       - name: migrate
//!         image: example.com/migrate:1
//!         args: [down]
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement>
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/>

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    model::{Path, Review, json},
    rules::rule::{Check, Code, Level, Report, Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "init-container-field-change",
    summary: "an update of a Pod changes an init container in more than its image",
    level: Level::Deny,
    since: "0.1.0",
    source: include_str!("init_container_field_change.rs"),
    code: Code::of::<InitContainerFieldChange>(),
};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InitContainerFieldChange {}

impl Check for InitContainerFieldChange {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(old) = review.old.as_ref().filter(|_| review.workload.is_pod()) else { return };
        let (new, old) = (init_containers(review.new.text), init_containers(old.text));
        let at = |index| Path::of(&["spec", "initContainers"]).index(index);
        let may_change: &[&str] = if review.sub_resource == "resize" { &["image", "resources"] } else { &["image"] };

        let new_names: HashSet<&str> = new.iter().map(name).collect();
        let old_by_name: HashMap<&str, (usize, &Map<String, Value>)> =
            old.iter().enumerate().rev().map(|(place, before)| (name(before), (place, before))).collect();
        for removed in old.iter().map(name).filter(|name| !new_names.contains(name)) {
            out.at(
                Path::of(&["spec", "initContainers"]),
                format!("init container \"{removed}\" is removed; the init containers of a Pod are fixed"),
            );
        }
        for (index, after) in new.iter().enumerate() {
            let name = name(after);
            let Some(&(place, before)) = old_by_name.get(name) else {
                out.at(
                    at(index),
                    format!("init container \"{name}\" is added; the init containers of a Pod are fixed"),
                );
                continue;
            };
            if new.len() == old.len() && place != index {
                out.at(at(index), format!("init container \"{name}\" moves from place {place} to {index}; the init containers of a Pod are fixed"));
            }
            for field in changed(before, after).filter(|field| !may_change.contains(&field.as_str())) {
                out.at(
                    at(index).key(field.clone()),
                    format!("init container \"{name}\" changes {field}; only its image may change in a Pod"),
                );
            }
        }
    }
}

/// The init containers with all their fields, also those that podgate does not know.
fn init_containers(text: &str) -> Vec<Map<String, Value>> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Pod {
        #[serde(deserialize_with = "json::object_or_default")]
        spec: Spec,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Spec {
        init_containers: json::List<Map<String, Value>>,
    }
    // The text has been read as a Pod already, so that this cannot fail.
    json::from_object::<Pod>(text).unwrap_or_default().spec.init_containers.into_vec()
}

fn name(container: &Map<String, Value>) -> &str {
    container.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// The fields that differ.
fn changed<'c>(before: &'c Map<String, Value>, after: &'c Map<String, Value>) -> impl Iterator<Item = &'c String> {
    let gone = before.keys().filter(|field| !after.contains_key(*field));
    after.keys().chain(gone).filter(move |field| !json::same_member(before, after, field))
}
