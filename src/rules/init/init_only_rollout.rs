//! # What it does
//!
//! Finds an UPDATE of a Deployment, StatefulSet or DaemonSet whose Pod template differs from the old one in its regular init
//! containers only.
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

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    lifecycle::stages::is_sidecar,
    model::{Container, Object, Review},
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
        if new_init == old_init || new_spec.get("template") != old_spec.get("template") {
            return;
        }
        let Some(template) = review.new.templates.first() else { return };
        let regular = template.spec.init_containers.iter().enumerate().filter(|(_, container)| !is_sidecar(container));
        let changed = regular.zip(&new_init).zip(old_init.iter().map(Some).chain(std::iter::repeat(None)));
        let changed = changed
            .map(|(((index, container), new), old)| (index, container, Some(new) != old))
            .find(|(.., changed)| *changed);
        let list = template.spec_path("initContainers");
        let (at, what) = match changed {
            Some((index, Container { name, .. }, _)) => (list.index(index), format!("init container \"{name}\"")),
            // What is left is as it was: something was removed from the end.
            None => (list, "a removed init container".to_owned()),
        };
        out.at(at, format!("every Pod is replaced although {what} is all that changes in the template"));
    }
}

fn workload_spec(object: &Object<'_>) -> Option<Value> {
    // The text has been read as this kind already; one deeper than a Value can be is left alone.
    let mut object: Value = serde_json::from_str(object.text).ok()?;
    object.get_mut("spec").map(Value::take)
}

/// Whether a changed template makes the controller replace Pods now: not while paused, without replicas, or where Pods are
/// only replaced when somebody deletes them.
fn rolls_out(spec: &Value) -> bool {
    let on_delete = spec.pointer("/updateStrategy/type").and_then(Value::as_str) == Some("OnDelete");
    let paused = spec.get("paused").and_then(Value::as_bool) == Some(true);
    let none = spec.get("replicas").and_then(Value::as_i64) == Some(0);
    !(on_delete || paused || none)
}

/// Takes the regular init containers out of a workload's template.
fn take_init_containers(spec: &mut Value) -> Vec<Value> {
    let Some(Value::Array(list)) = spec.pointer_mut("/template/spec/initContainers") else { return Vec::new() };
    let sidecar = |container: &Value| container.get("restartPolicy").and_then(Value::as_str) == Some("Always");
    let (sidecars, regular) = std::mem::take(list).into_iter().partition(sidecar);
    *list = sidecars;
    if list.is_empty()
        && let Some(Value::Object(pod_spec)) = spec.pointer_mut("/template/spec")
    {
        pod_spec.remove("initContainers");
    }
    regular
}
