//! # What it does
//!
//! Finds a container whose preStop hook takes as long as its livenessProbe or startupProbe gives it to stop, or longer: the probe has a
//! `terminationGracePeriodSeconds` of its own, which counts instead of the Pod's where the probe kills. How long a hook takes is known of
//! `sleep` and of commands that sleep; others are left alone.
//!
//! # Why it is bad
//!
//! The hook runs before SIGTERM and takes its time from the same grace period. When the probe kills the container, the hook is cut off at
//! the end of that period, and the process has two seconds after SIGTERM.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   terminationGracePeriodSeconds: 60
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     lifecycle: {preStop: {sleep: {seconds: 20}}}
//!     livenessProbe:
//!       tcpSocket: {port: 8080}
//!       terminationGracePeriodSeconds: 10 # finding
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   terminationGracePeriodSeconds: 60
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     lifecycle: {preStop: {sleep: {seconds: 20}}}
//!     livenessProbe:
//!       tcpSocket: {port: 8080}
//!       terminationGracePeriodSeconds: 30
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#probe-level-terminationgraceperiodseconds>
//! - `setTerminationGracePeriod` and `killContainer` of the kubelet
//! - Kubelet scenario: `probes/liveness-kill-with-a-hook-longer-than-its-grace`

use std::time::Duration;

use crate::{
    lifecycle::{
        shutdown::hook_duration,
        stages::{self, Role},
    },
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "prestop-exceeds-probe-grace",
    summary: "a preStop hook takes all the time to stop that a probe which kills leaves",
    level: Warn,
    since: "0.1.0",
    page: "prestop_exceeds_probe_grace.rs",
    check: PrestopExceedsProbeGrace {},
}

impl Check for PrestopExceedsProbeGrace {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let hook = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
            let Some(hook) = hook.filter(|_| matches!(placed.role, Role::App | Role::Sidecar)) else { continue };
            for (field, probe) in container.probes().filter(|(field, _)| *field != "readinessProbe") {
                // The API server refuses one below 1.
                let Some(grace) = probe.termination_grace_period_seconds.filter(|seconds| *seconds > 0) else {
                    continue;
                };
                let Some(takes) = hook_duration(hook) else { continue };
                if takes < Duration::from_secs(grace.unsigned_abs()) {
                    continue;
                }
                out.at(
                    placed.path(template).keys(&[field, "terminationGracePeriodSeconds"]),
                    format_args!(
                        "container \"{}\" has {grace} s to stop once its {field} kills it, all of which its preStop hook takes; give it more than the hook needs",
                        container.name
                    ),
                );
            }
        }
    }
}
