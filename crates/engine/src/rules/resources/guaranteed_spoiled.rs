//! # What it does
//!
//! Finds Pods of which every app has requests equal to limits for cpu and memory, while an init container or sidecar has not. Pods
//! with resources of their own are left alone: their class is decided by these.
//!
//! # Why it is bad
//!
//! The class of a Pod is that of all its containers, init containers and sidecars included. One that has no limits makes the Pod
//! Burstable: it is evicted earlier, and gets no cpus of its own from the static CPU manager, though its apps were set up for it.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate # finding: init container "migrate" has neither requests nor limits
//!     image: example.com/migrate:1
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     resources:
//!       limits: {cpu: 1, memory: 1Gi}
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate
//!     image: example.com/migrate:1
//!     resources:
//!       limits: {cpu: 1, memory: 256Mi}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     resources:
//!       limits: {cpu: 1, memory: 1Gi}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>
//! - <https://kubernetes.io/docs/tasks/administer-cluster/cpu-management-policies/#static-policy>
//! - Kubelet scenario: `workloads/qos-of-a-sidecar`

use crate::{
    lifecycle::{
        resources::{QosClass, container_qos, pod_level},
        stages::{self, Role},
    },
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "guaranteed-spoiled",
    summary: "an init container or sidecar keeps the Pod from Guaranteed, which its apps qualify for",
    level: Warn,
    since: "0.1.0",
    page: "guaranteed_spoiled.rs",
    check: GuaranteedSpoiled {},
}

impl Check for GuaranteedSpoiled {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in review.new.templates.iter().filter(|template| pod_level(&template.spec).is_none()) {
            let apps = &template.spec.containers;
            if apps.is_empty() || apps.iter().any(|app| container_qos(app).0 != QosClass::Guaranteed) {
                continue;
            }
            for placed in stages::containers(&template.spec) {
                let what = match placed.role {
                    Role::Init => "init container",
                    Role::Sidecar => "sidecar",
                    Role::App | Role::Ephemeral => continue,
                };
                if let (_, Some(flaw)) = container_qos(placed.container) {
                    out.at(
                        placed.path(template).key("resources"),
                        format_args!(
                            "{what} \"{}\" {flaw}, which makes the Pod Burstable; its apps qualify for Guaranteed",
                            placed.container.name
                        ),
                    );
                }
            }
        }
    }
}
