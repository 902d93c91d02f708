//! # What it does
//!
//! Finds a readiness, liveness or startup probe on a regular init container.
//!
//! # Why it is bad
//!
//! A regular init container runs to completion before the next container starts. It never serves, so it can never become
//! ready, and the API server refuses the Pod and every workload of its own kinds with such a template. It does not look into the
//! templates of custom resources: there the mistake shows only when no Pod appears.
//! Sidecars, init containers with `restartPolicy: Always`, keep running and may have probes.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate
//!     image: example.com/migrate:1
//!     readinessProbe: # finding
//!       tcpSocket: {port: 8080}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! Remove the probe, or make the container a sidecar:
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: proxy
//!     image: example.com/proxy:1
//!     restartPolicy: Always
//!     startupProbe:
//!       tcpSocket: {port: 15021}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/>
//! - <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>

use crate::{
    lifecycle::stages::{self, Role},
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "init-container-probe",
    summary: "a regular init container has a probe, which only containers that keep running may have",
    level: Deny,
    since: "0.1.0",
    page: "init_container_probe.rs",
    check: InitContainerProbe {},
}

impl Check for InitContainerProbe {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new).filter(|(_, placed)| placed.role == Role::Init) {
            for (field, _) in placed.container.probes() {
                let name = &placed.container.name;
                out.at(
                    placed.path(template).key(field),
                    format_args!("init container \"{name}\" runs to completion and may not have a {field}; restartPolicy: Always makes it a sidecar"),
                );
            }
        }
    }
}
