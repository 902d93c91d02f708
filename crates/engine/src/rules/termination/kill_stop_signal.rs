//! # What it does
//!
//! Finds `lifecycle.stopSignal: SIGKILL` of apps and sidecars.
//!
//! # Why it is bad
//!
//! The stop signal is what asks a container to end. SIGKILL does not ask: no process can catch it, so that the container has none of
//! its grace period to finish requests, flush data or release locks.
//!
//! The feature gate ContainerStopSignals is alpha and off in Kubernetes 1.37: without it the API server drops `stopSignal`, and the
//! container gets the image's own signal, or SIGTERM. The setting does its harm from the day the gate is on.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   os: {name: linux}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     lifecycle:
//!       stopSignal: SIGKILL # finding
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   os: {name: linux}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     lifecycle:
//!       stopSignal: SIGQUIT
//! ```
//!
//! # References
//!
//! - KEP-4960, Container stop signals
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-stop-signals>

use crate::{
    lifecycle::stages::{self, Role},
    model::{Review, version::STOP_SIGNALS},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "kill-stop-signal",
    summary: "the stop signal is SIGKILL: the container cannot stop gracefully",
    level: Warn,
    since: "0.1.0",
    page: "kill_stop_signal.rs",
    check: KillStopSignal {},
    feature: STOP_SIGNALS,
}

impl Check for KillStopSignal {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let signal = container.lifecycle.as_ref().map_or("", |lifecycle| &lifecycle.stop_signal);
            if signal == "SIGKILL" && matches!(placed.role, Role::App | Role::Sidecar) {
                out.at(
                    placed.path(template).keys(&["lifecycle", "stopSignal"]),
                    format_args!(
                        "container \"{}\" has stopSignal SIGKILL: it is killed at once, whatever the grace period, where the cluster honours stopSignal; use SIGTERM or the program's own",
                        container.name
                    ),
                );
            }
        }
    }
}
