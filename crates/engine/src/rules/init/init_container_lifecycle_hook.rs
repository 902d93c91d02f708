//! # What it does
//!
//! Finds `lifecycle` hooks on a regular init container. A `lifecycle` that holds nothing but a `stopSignal` is at level audit.
//!
//! # Why it is bad
//!
//! A regular init container runs to completion and is never stopped from outside in the course of a normal start, so
//! `postStart` and `preStop` have no place in it; the API server refuses the Pod. Sidecars may have hooks.
//!
//! A `stopSignal` alone is dropped by the API server, and the Pod accepted, unless the feature gate ContainerStopSignals is on, which
//! is alpha and off in Kubernetes 1.37; then it is refused too.
//!
//! # Examples
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
//!         lifecycle: # finding
//!           preStop:
//!             exec: {command: [/bin/flush]}
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! Do the work in the container's own command, or make the container a sidecar with `restartPolicy: Always`.
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: log-shipper
//!     image: example.com/shipper:1
//!     restartPolicy: Always
//!     lifecycle:
//!       preStop:
//!         exec: {command: [/bin/flush]}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#differences-from-regular-containers>
//! - <https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/>

use crate::{
    lifecycle::stages::{self, Role},
    model::Review,
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "init-container-lifecycle-hook",
    summary: "a regular init container has lifecycle hooks, which only containers that keep running may have",
    level: Deny,
    since: "0.1.0",
    page: "init_container_lifecycle_hook.rs",
    check: InitContainerLifecycleHook {},
    other_levels: [LevelCase::of(Level::Audit, "there is nothing but a stopSignal", |_| true)],
}

impl Check for InitContainerLifecycleHook {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new).filter(|(_, placed)| placed.role == Role::Init) {
            let Some(lifecycle) = &placed.container.lifecycle else { continue };
            let (name, at) = (&placed.container.name, placed.path(template).key("lifecycle"));
            if lifecycle.hooks().next().is_none() && !lifecycle.stop_signal.is_empty() {
                out.at_level(
                    Level::Audit,
                    at.key("stopSignal"),
                    format_args!(
                        "init container \"{name}\" has a stopSignal, which the API server drops or refuses; remove it"
                    ),
                );
            } else {
                out.at(
                    at,
                    format_args!("init container \"{name}\" runs to completion and may not have lifecycle hooks; restartPolicy: Always makes it a sidecar"),
                );
            }
        }
    }
}
