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

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    model::{Object, Review, json},
    rules::rule::{Check, Code, Level, Report, Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "init-only-rollout",
    summary: "an update replaces every Pod although only init containers changed",
    level: Level::Warn,
    since: "0.1.0",
    source: include_str!("init_only_rollout.rs"),
    code: Code::of::<InitOnlyRollout>(),
};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InitOnlyRollout {}

impl Check for InitOnlyRollout {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let workload = (review.workload.group, review.workload.kind);
        if !matches!(workload, ("apps", "Deployment" | "StatefulSet" | "DaemonSet")) {
            return;
        }
        let Some(old) = &review.old else { return };
        let Some((mut new_spec, mut old_spec)) = workload_spec(&review.new).zip(workload_spec(old)) else { return };
        if !rolls_out(&new_spec) {
            return;
        }
        let (new_init, old_init) = (take_init_containers(&mut new_spec), take_init_containers(&mut old_spec));
        if new_spec.get("template").zip(old_spec.get("template")).is_none_or(|(new, old)| !json::same(new, old)) {
            return;
        }
        let in_order =
            new_init.len() == old_init.len() && new_init.iter().zip(&old_init).all(|(new, old)| json::same(new, old));
        let Some(template) = review.new.templates.first().filter(|_| !in_order) else { return };
        let old_by_name: HashMap<&str, &Value> =
            old_init.iter().map(|container| (name(container), container)).collect();
        let new_names: HashSet<&str> = new_init.iter().map(name).collect();
        let is_changed = |new: &&Value| old_by_name.get(name(new)).is_none_or(|old| !json::same(new, old));
        let changed = new_init.iter().filter(is_changed).map(name);
        let removed = old_init.iter().map(name).filter(|name| !new_names.contains(name));
        let list = template.spec_path("initContainers");
        let first = changed.clone().next();
        let place = template.spec.init_containers.iter().position(|container| first == Some(&*container.name));
        let names: Vec<String> = changed
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
            format!("every Pod is replaced although the template differs only in {what}"),
        );
    }
}

fn name(container: &Value) -> &str {
    container.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn workload_spec(object: &Object<'_>) -> Option<Value> {
    // The text has been read as this kind already; one deeper than a Value can be is left alone.
    serde_json::from_str(object.spec_text?).ok()
}

/// Whether a changed template makes the controller replace Pods now: not while paused, where Pods are only replaced when
/// somebody deletes them, or without replicas above the partition of a StatefulSet (0 by default).
fn rolls_out(spec: &Value) -> bool {
    let on_delete = spec.pointer("/updateStrategy/type").and_then(Value::as_str) == Some("OnDelete");
    let paused = spec.get("paused").and_then(Value::as_bool) == Some(true);
    let replicas = spec.get("replicas").and_then(Value::as_i64).unwrap_or(1);
    let partition = spec.pointer("/updateStrategy/rollingUpdate/partition").and_then(Value::as_i64).unwrap_or(0);
    !(on_delete || paused || replicas <= partition)
}

/// Takes the regular init containers out of a workload's template.
fn take_init_containers(spec: &mut Value) -> Vec<Value> {
    let Some(Value::Object(pod_spec)) = spec.pointer_mut("/template/spec") else { return Vec::new() };
    let Some(Value::Array(all)) = pod_spec.remove("initContainers") else { return Vec::new() };
    let sidecar = |container: &Value| container.get("restartPolicy").and_then(Value::as_str) == Some("Always");
    let (sidecars, regular): (Vec<_>, Vec<_>) = all.into_iter().partition(sidecar);
    if !sidecars.is_empty() {
        pod_spec.insert("initContainers".to_owned(), Value::Array(sidecars));
    }
    regular
}
