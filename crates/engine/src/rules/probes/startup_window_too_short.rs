//! # What it does
//!
//! Finds a `startupProbe` that gives up no later than the container's `livenessProbe` would do alone: initialDelaySeconds +
//! failureThreshold × periodSeconds of both, counted from the container's start.
//!
//! # Why it is bad
//!
//! A startup probe is there to give a slow container time before the liveness probe begins. One that gives up earlier does
//! the opposite: the container is killed while it starts, where the liveness probe alone would have let it.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     startupProbe:
//!       tcpSocket: {port: 8080}
//!       periodSeconds: 2
//!       failureThreshold: 10 # finding
//!     livenessProbe:
//!       tcpSocket: {port: 8080}
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     startupProbe:
//!       tcpSocket: {port: 8080}
//!       periodSeconds: 2
//!       failureThreshold: 60
//!     livenessProbe:
//!       tcpSocket: {port: 8080}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-startup-probes>
//! - Kubelet scenario: `probes/startup-window-shorter-than-liveness`
//! - Kubelet scenario: `probes/startup-initial-delay`
//! - [What it looks like](../pictures/startup-window.svg)

use crate::{
    lifecycle::{
        probes::{Timing, startup_window_seconds},
        stages,
    },
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "startup-window-too-short",
    summary: "a startupProbe gives up no later than the livenessProbe alone would",
    level: Warn,
    since: "0.1.0",
    page: "startup_window_too_short.rs",
    check: StartupWindowTooShort {},
}

impl Check for StartupWindowTooShort {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let budget = container.liveness_probe.as_ref().map(|probe| Timing::of(probe).budget_seconds());
            if let Some((window, budget)) = startup_window_seconds(container).zip(budget)
                && window <= budget
            {
                out.measured(
                    budget.saturating_sub(window),
                    placed.path(template).keys(&["startupProbe", "failureThreshold"]),
                    format_args!(
                        "container \"{}\" has {window} s to start by its startupProbe, and {budget} s by its livenessProbe alone: the startupProbe only makes it restart earlier",
                        container.name
                    ),
                );
            }
        }
    }
}
