//! # What it does
//!
//! Finds a Deployment, or another kind with a deadline for progress, such as a Rollout or a DeploymentConfig, whose
//! `progressDeadlineSeconds` (600 by default) is over no later than its probes let a new Pod start. Sidecars start one after
//! the other: that is the sum of their startup windows (initialDelaySeconds + failureThreshold × periodSeconds of a startupProbe)
//! plus the longest one of the apps. Of a readinessProbe only `initialDelaySeconds` counts: it never gives up,
//! so that its failureThreshold says nothing about the start, and the kubelet asks a container that is not ready more often than
//! once a period, so that its successThreshold takes no time for certain. Paused workloads are left alone, and 2147483647, which
//! means no deadline.
//!
//! A Deployment whose `progressDeadlineSeconds` is not greater than its `minReadySeconds` is denied: the API server refuses it.
//! Otherwise `minReadySeconds` does not count, because a Pod that becomes ready is progress.
//!
//! # Why it is bad
//!
//! The Deployment is reported as failed (`ProgressDeadlineExceeded`) while its Pods still start as their probes allow. What
//! waits for the rollout, such as `kubectl rollout status` in a pipeline, gives up or rolls back what is well.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   progressDeadlineSeconds: 120 # finding
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         startupProbe:
//!           tcpSocket: {port: 8080}
//!           failureThreshold: 30
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   progressDeadlineSeconds: 600
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         startupProbe:
//!           tcpSocket: {port: 8080}
//!           failureThreshold: 30
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds>
//! - Kubelet scenario: `workloads/deployment-progress-deadline`
//! - Kubelet scenario: `workloads/deployment-progress-does-not-wait-for-min-ready`

use crate::{
    lifecycle::{
        probes::longest_start,
        rollout::{DEFAULT_DEADLINE_SECONDS, progress_deadline},
    },
    model::Review,
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
    syntax::Path,
};

rule! {
    id: "progress-deadline-too-short",
    summary: "a rollout's deadline is over before the probes of a new Pod have to succeed",
    level: Warn,
    since: "0.1.0",
    page: "progress_deadline_too_short.rs",
    check: ProgressDeadlineTooShort {},
    other_levels: [LevelCase::of(Level::Deny, "progressDeadlineSeconds is not greater than minReadySeconds", |workload| workload.is("apps", "Deployment"))],
}

impl Check for ProgressDeadlineTooShort {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let controller = &review.new.controller;
        if review.workload.is("apps", "Deployment") {
            // `ValidateDeploymentSpec`, after defaulting; paused or not.
            let deadline = controller.progress_deadline_seconds.unwrap_or(DEFAULT_DEADLINE_SECONDS);
            let min_ready = controller.min_ready_seconds.unwrap_or(0);
            if deadline <= min_ready {
                out.measured_at_level(
                    Level::Deny,
                    min_ready.saturating_sub(deadline),
                    Path::of(&["spec", "progressDeadlineSeconds"]),
                    format_args!(
                        "progressDeadlineSeconds {deadline} is not greater than minReadySeconds {min_ready}: the API server refuses the Deployment"
                    ),
                );
                return;
            }
        }
        let Some((at, deadline)) = progress_deadline(review.workload, controller) else { return };
        let starts = review.new.templates.iter().filter_map(|template| longest_start(&template.spec));
        let Some(start) = starts.max_by_key(|start| start.seconds) else { return };
        if deadline <= start.seconds {
            let after = if start.after_seconds > 0 {
                format!(", {} s of them for the sidecars before it", start.after_seconds)
            } else {
                String::new()
            };
            out.measured(
                start.seconds.saturating_sub(deadline),
                at,
                format_args!(
                    "the deadline of {deadline} s is not longer than the {} s that container \"{}\" may take to be ready by its probes{after}; raise it",
                    start.seconds, start.container.name
                ),
            );
        }
    }
}
