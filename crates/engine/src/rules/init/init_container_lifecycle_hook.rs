//! # What it does
//!
//! Finds `lifecycle` hooks on a regular init container.
//!
//! # Why it is bad
//!
//! A regular init container runs to completion and is never stopped from outside in the course of a normal start, so
//! `postStart` and `preStop` have no place in it; the API server refuses the Pod. Sidecars may have hooks.
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
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "init-container-lifecycle-hook",
    summary: "a regular init container has lifecycle hooks, which only containers that keep running may have",
    level: Deny,
    since: "0.1.0",
    page: "init_container_lifecycle_hook.rs",
    check: InitContainerLifecycleHook {},
}

impl Check for InitContainerLifecycleHook {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new).filter(|(_, placed)| placed.role == Role::Init) {
            if placed.container.lifecycle.is_some() {
                let name = &placed.container.name;
                out.at(
                    placed.path(template).key("lifecycle"),
                    format_args!("init container \"{name}\" runs to completion and may not have lifecycle hooks; restartPolicy: Always makes it a sidecar"),
                );
            }
        }
    }
}
