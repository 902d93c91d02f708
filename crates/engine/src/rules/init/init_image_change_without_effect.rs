//! # What it does
//!
//! Finds an UPDATE of a Pod that changes the image of a regular init container although the Pod is past its init containers:
//! its status says that it is initialised, or one of its app containers has started. A Pod with a restart rule of action
//! `RestartAllContainers` is left alone: its init containers run again with the rule, from the new image.
//!
//! # Why it is bad
//!
//! A finished init container does not run again, so that the new image is not started, unless the Pod gets a new sandbox: after its
//! node has been started anew, or its sandbox has crashed. The update looks as if it had worked.
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
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! status:
//!   conditions:
//!   - {type: Initialized, status: "True"}
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate
//!     image: example.com/migrate:2 # finding
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! status:
//!   conditions:
//!   - {type: Initialized, status: "True"}
//! ```
//!
//! # Use instead
//!
//! Change the template of the workload that owns the Pod, or replace the Pod. While the init container still runs, or fails
//! again and again because of its image, the change takes effect:
//!
//! ```yaml old
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate
//!     image: example.com/no-such-image:1
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! status:
//!   conditions:
//!   - {type: Initialized, status: "False"}
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate
//!     image: example.com/migrate:1
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! status:
//!   conditions:
//!   - {type: Initialized, status: "False"}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#detailed-behavior>
//! - Kubelet scenario: `order/image-of-finished-init-changes`
//! - Kubelet scenario: `order/image-of-finished-init-changes-and-all-restart`

use std::collections::{HashMap, HashSet};

use crate::{
    lifecycle::stages::{self, Role},
    model::{PodStatus, Review},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "init-image-change-without-effect",
    summary: "an update changes the image of an init container that has already finished",
    level: Warn,
    since: "0.1.0",
    page: "init_image_change_without_effect.rs",
    check: InitImageChangeWithoutEffect {},
}

impl Check for InitImageChangeWithoutEffect {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(old) = review.old.as_ref().filter(|_| review.workload.is_pod()) else { return };
        let Some(evidence) = past_init(&old.status) else { return };
        let mut rules = stages::all(&review.new).flat_map(|(_, placed)| placed.container.restart_policy_rules.iter());
        if rules.any(|rule| rule.action == "RestartAllContainers") {
            return;
        }
        // The images that each of them had; a name that two have is a fault, but not of this change.
        let mut before: HashMap<&str, HashSet<&str>> = HashMap::new();
        for (_, placed) in stages::all(old).filter(|(_, placed)| placed.role == Role::Init) {
            before.entry(&placed.container.name).or_default().insert(&placed.container.image);
        }
        for (template, placed) in stages::all(&review.new).filter(|(_, placed)| placed.role == Role::Init) {
            let (name, image) = (&placed.container.name, &placed.container.image);
            if before.get(&**name).is_some_and(|images| !images.contains(&**image)) {
                out.at(
                    placed.path(template).key("image"),
                    format_args!("init container \"{name}\" has finished ({evidence}): image \"{image}\" will not run unless the Pod gets a new sandbox; replace the Pod"),
                );
            }
        }
    }
}

/// Why the Pod is known to be past its init containers, if it is.
fn past_init(status: &PodStatus<'_>) -> Option<&'static str> {
    let initialized =
        status.conditions.iter().any(|condition| condition.kind == "Initialized" && condition.status == "True");
    let started = status
        .container_statuses
        .iter()
        .any(|status| status.state.running.is_some() || status.state.terminated.is_some());
    match (initialized, started) {
        (true, _) => Some("the Pod is initialised"),
        (false, true) => Some("an app container has started"),
        (false, false) => None,
    }
}
