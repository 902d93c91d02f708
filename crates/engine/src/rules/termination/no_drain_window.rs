//! # What it does
//!
//! Finds, where Services are known, containers that a Service sends traffic to and that have no `preStop` hook. A sidecar is left
//! alone where an app of its Pod has one: sidecars are stopped after all apps.
//!
//! A container serves a targeted name if it is the first to declare it for the same protocol, and a targeted number if it declares
//! it, or if it is the only container of its Pod and declares no port.
//!
//! Not counted are headless Services, whose clients choose a Pod and connect to it themselves, and ports for metrics (their name
//! has the word `metrics`, `prometheus` or `prom`): one scrape that fails is no harm.
//!
//! Silent where Services are not known; for DaemonSets, whose Pods mostly serve their own node; for Pods that run to
//! completion; and for Knative, whose own proxy drains.
//!
//! # Why it is bad
//!
//! When a Pod is deleted, its containers are stopped at the same time as the Pod is taken from the endpoints of its Services. Until
//! every node and load balancer has heard of that, which takes some seconds, new connections come to a process that has been
//! told to stop, and fail unless it goes on accepting them.
//!
//! # Examples
//!
//! ```yaml inventory
//! apiVersion: v1
//! kind: Service
//! metadata: {name: web}
//! spec:
//!   selector: {app: web}
//!   ports:
//!   - {port: 80, targetPort: http}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata:
//!       labels: {app: web}
//!     spec:
//!       containers:
//!       - name: app # finding
//!         image: example.com/app:1
//!         ports:
//!         - {name: http, containerPort: 8080}
//! ```
//!
//! # Use instead
//!
//! A short sleep bridges the gap:
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata:
//!       labels: {app: web}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         ports:
//!         - {name: http, containerPort: 8080}
//!         lifecycle:
//!           preStop:
//!             sleep: {seconds: 5}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tutorials/services/pods-and-endpoint-termination-flow/>
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow>
//! - Kubelet scenario: `shutdown/no-hook`
//! - [What it looks like](../pictures/shutdown-order.svg)

use crate::{
    lifecycle::{
        restart::is_long_running,
        services::{Traffic, traffic},
        stages::Role,
    },
    model::{Container, Review},
    rules::rule::{Check, Report, rule},
    syntax::SmallMap,
};

rule! {
    id: "no-drain-window",
    summary: "a container that serves a Service has no preStop: requests still come while it stops",
    level: Audit,
    since: "0.1.0",
    page: "no_drain_window.rs",
    check: NoDrainWindow {},
}

impl Check for NoDrainWindow {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written || review.workload.kind == "DaemonSet" {
            return;
        }
        for template in review.new.templates.iter().filter(|template| is_long_running(review.workload, template)) {
            let drained = template.spec.containers.iter().any(has_pre_stop);
            // One finding a container, whatever else is sent to it.
            let mut found: SmallMap<(Role, usize), ()> = SmallMap::default();
            for sent in traffic(review, template).unwrap_or_default().iter().filter(|sent| sent.serves_users()) {
                let Traffic { service, port, to: Some(placed), .. } = sent else { continue };
                let waits = has_pre_stop(placed.container) || placed.role == Role::Sidecar && drained;
                if waits || !found.add((placed.role, placed.index), ()) {
                    continue;
                }
                let (container, service) = (&placed.container.name, &service.name);
                out.at(
                    placed.path(template).keys(&["lifecycle", "preStop"]),
                    format_args!("container \"{container}\" serves port {port} of Service \"{service}\" and has no preStop: it stops while requests still come"),
                );
            }
        }
    }
}

fn has_pre_stop(container: &Container<'_>) -> bool {
    container.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.pre_stop.is_some())
}
