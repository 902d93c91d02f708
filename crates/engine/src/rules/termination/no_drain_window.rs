//! # What it does
//!
//! Finds, where Services are known, containers that serve a port that a Service targets and have no `preStop` hook. A sidecar is
//! left alone where an app of its Pod has one: sidecars are stopped after all apps.
//!
//! Silent without an inventory; for ports that no container declares, as it is not known who serves them; for Pods that run to
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

use std::collections::HashSet;

use crate::{
    lifecycle::{restart::is_long_running, services::Serving, stages::Role},
    model::{Container, Review, inventory_object::TargetPort},
    rules::rule::{Check, Report, rule},
    syntax::Path,
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
        let Some(known) = review.known().filter(|_| review.workload.probes_as_written) else { return };
        for template in review.new.templates.iter().filter(|template| is_long_running(review.workload, template)) {
            let drained = template.spec.containers.iter().any(has_pre_stop);
            let services = known.services(&review.new.pod_metadata(template).labels);
            if services.is_empty() {
                continue;
            }
            let serving = Serving::of(&template.spec);
            let mut found: HashSet<Path> = HashSet::new();
            // What one Service has said of a port, another one says again.
            let mut targets: HashSet<&TargetPort> = HashSet::new();
            for service in services {
                for target in service.target_ports.iter().filter(|target| targets.insert(target)) {
                    for placed in serving.target(target) {
                        let at = placed.path(template).keys(&["lifecycle", "preStop"]);
                        let waits = has_pre_stop(placed.container) || placed.role == Role::Sidecar && drained;
                        if waits || !found.insert(at.clone()) {
                            continue;
                        }
                        let port = match target {
                            TargetPort::Number(number, protocol) => format!("{number}/{protocol}"),
                            TargetPort::Name(name) => format!("\"{name}\""),
                        };
                        let (container, service) = (&placed.container.name, &service.name);
                        out.at(at, format_args!("container \"{container}\" serves port {port} of Service \"{service}\" and has no preStop: it stops while requests still come"));
                    }
                }
            }
        }
    }
}

fn has_pre_stop(container: &Container<'_>) -> bool {
    container.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.pre_stop.is_some())
}
