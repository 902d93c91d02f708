//! # What it does
//!
//! Finds a Deployment, StatefulSet or DaemonSet with rolling updates of which nothing is observed: no container has a
//! `readinessProbe` or `startupProbe`, the Pods have no `readinessGates`, and `minReadySeconds` is 0.
//!
//! Left alone are Pods of which `missing-readiness-probe` says it already, and, where the Services of the namespace are known, Pods
//! that none of them sends traffic to.
//!
//! # Why it is bad
//!
//! A new Pod counts as available as soon as its processes run, and the update goes on. A version that crashes a second later
//! has replaced every Pod by then.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   template:
//!     spec:
//!       containers:
//!       - name: app # finding
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   minReadySeconds: 10
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         readinessProbe:
//!           httpGet: {path: /ready, port: 8080}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#min-ready-seconds>
//! - Kubelet scenario: `workloads/deployment-unobserved`

use crate::{
    lifecycle::{
        services::{traffic, unprobed},
        stages,
    },
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "unobserved-rollout",
    summary: "rolling updates go on as soon as processes run: no readinessProbe, no minReadySeconds",
    level: Audit,
    since: "0.1.0",
    page: "unobserved_rollout.rs",
    check: UnobservedRollout {},
}

impl Check for UnobservedRollout {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let controller = &review.new.controller;
        let strategy = match (review.workload.group, review.workload.kind) {
            ("apps", "Deployment") => &controller.strategy,
            ("apps", "StatefulSet" | "DaemonSet") => &controller.update_strategy,
            _ => return,
        };
        let rolling = strategy.kind.is_empty() || strategy.kind == "RollingUpdate";
        let waits = controller.min_ready_seconds.unwrap_or(0) > 0;
        if !rolling || waits || controller.replicas == Some(0) {
            return;
        }
        for template in &review.new.templates {
            // Until its startup probe succeeds, a container is not ready either.
            let observed = |placed: stages::Placed<'_, '_>| {
                placed.keeps_running()
                    && (placed.container.readiness_probe.is_some() || placed.container.startup_probe.is_some())
            };
            if !template.spec.readiness_gates.is_empty() || stages::containers(&template.spec).any(observed) {
                continue;
            }
            // Who gets no traffic is not missed; and what `missing-readiness-probe` says is not said twice.
            let serves_nobody = traffic(review, template).is_some_and(|sent| sent.is_empty());
            if serves_nobody || !unprobed(review, template).is_empty() {
                continue;
            }
            let Some(container) = template.spec.containers.first() else { continue };
            out.at(
                template.spec_path("containers").index(0).key("readinessProbe"),
                format_args!(
                    "container \"{}\" has no readinessProbe and minReadySeconds is 0: a rolling update goes on as soon as it runs",
                    container.name
                ),
            );
        }
    }
}
