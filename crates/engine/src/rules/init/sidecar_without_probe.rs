//! # What it does
//!
//! Finds a sidecar (an init container with `restartPolicy: Always`) that has neither a `readinessProbe` nor a `startupProbe`.
//! Pods that run to completion are left alone.
//!
//! # Why it is bad
//!
//! The containers after a sidecar wait until it has *started*: without a startup probe that is as soon as its process runs,
//! not when it can serve them. Without a readiness probe the Pod is Ready, and gets traffic, while the sidecar cannot pass
//! it on. A liveness probe changes neither.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: proxy # finding
//!     image: example.com/proxy:1
//!     restartPolicy: Always
//!   containers:
//!   - name: app
//!     image: example.com/app:1
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
//!   - name: proxy
//!     image: example.com/proxy:1
//!     restartPolicy: Always
//!     startupProbe:
//!       httpGet: {path: /ready, port: 15021}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
//! - KEP-753, Sidecar containers
//! - Kubelet scenario: `order/sidecar-without-probe-does-not-hold-back`
//! - Kubelet scenario: `order/sidecar-startup-probe-holds-back`
//! - Kubelet scenario: `order/sidecar-readiness-probe-does-not-hold-back`
//! - [What it looks like](../pictures/sidecar-order.svg)

use crate::{
    lifecycle::{
        restart::is_long_running,
        stages::{self, Role},
    },
    model::{Review, version::SIDECARS},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "sidecar-without-probe",
    summary: "a sidecar has neither readinessProbe nor startupProbe: nothing waits until it serves",
    level: Warn,
    since: "0.1.0",
    page: "sidecar_without_probe.rs",
    check: SidecarWithoutProbe {},
    feature: SIDECARS,
}

impl Check for SidecarWithoutProbe {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let waited_for = container.readiness_probe.is_some() || container.startup_probe.is_some();
            if placed.role == Role::Sidecar && !waited_for && is_long_running(review.workload, template) {
                out.at(
                    placed.path(template),
                    format_args!("sidecar \"{}\" has neither readinessProbe nor startupProbe: the containers after it and the Pod's readiness do not wait until it serves", container.name),
                );
            }
        }
    }
}
