//! # What it does
//!
//! Finds a Deployment whose `progressDeadlineSeconds` (600 by default) is over no later than a new Pod may take to become
//! available: the longest that one of its startup or readiness probes waits (initialDelaySeconds + failureThreshold ×
//! periodSeconds) plus `minReadySeconds`. Paused Deployments are left alone, and 2147483647, which means no deadline.
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
        probes::Timing,
        stages::{Role, containers},
    },
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "progress-deadline-too-short",
    summary: "a Deployment's progressDeadlineSeconds is over before its probes give up",
    level: Warn,
    since: "0.1.0",
    page: "progress_deadline_too_short.rs",
    check: ProgressDeadlineTooShort {},
}

impl Check for ProgressDeadlineTooShort {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let spec = &review.new.controller;
        let deadline = spec.progress_deadline_seconds.unwrap_or(600);
        let none = spec.paused == Some(true) || deadline >= i64::from(i32::MAX);
        if !review.workload.is("apps", "Deployment") || none {
            return;
        }
        let pods = review.new.templates.iter().flat_map(|template| containers(&template.spec));
        let running = pods.filter(|placed| matches!(placed.role, Role::App | Role::Sidecar));
        let probes = running.flat_map(|placed| {
            let waits = placed.container.probes().filter(|(field, _)| *field != "livenessProbe");
            waits.map(move |(field, probe)| (Timing::of(probe).budget_seconds(), field, &*placed.container.name))
        });
        let Some((budget, field, name)) = probes.max_by_key(|(budget, ..)| *budget) else { return };
        let min_ready = spec.min_ready_seconds.unwrap_or(0);
        if deadline <= budget.saturating_add(min_ready) {
            let short_of = budget.saturating_add(min_ready).saturating_sub(deadline);
            let min_ready = if min_ready > 0 { format!(" plus minReadySeconds {min_ready}") } else { String::new() };
            out.measured(
                short_of,
                Path::of(&["spec", "progressDeadlineSeconds"]),
                format_args!(
                    "progressDeadlineSeconds {deadline} is not longer than the {budget} s that {field} of container \"{name}\" allows{min_ready}"
                ),
            );
        }
    }
}
