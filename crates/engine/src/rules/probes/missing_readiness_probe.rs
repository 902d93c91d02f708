//! # What it does
//!
//! Finds an app container without `readinessProbe` that serves, in Pods that are meant to keep running.
//!
//! Where the Services of the namespace are known, it serves if one of them sends traffic to it: the Service selects the Pod's
//! labels and targets one of the container's ports, by number or by name, for the same protocol; or a number that no container
//! declares, where this is the only container and declares no port at all. Headless Services count, as their DNS names lead to ready Pods
//! only; those with `publishNotReadyAddresses` do not, as they ask for no readiness.
//!
//! Where they are not known, a container is taken to serve if it declares a port and no container of the Pod has a
//! `readinessProbe`. Where one has, the Pod is not ready before that one is, and whether the others serve as well cannot be told.
//! The webhook knows Services only with `--watch`; `podgate check` knows those that it is given.
//!
//! Left alone are ports for metrics (the word `metrics`, `prometheus` or `prom` in the name that the container or the Service gives
//! them), as no user waits for those; containers with a `startupProbe`, which are not ready before it has succeeded; and Pods
//! with `readinessGates`, as something else decides when they are ready.
//!
//! # Why it is bad
//!
//! With neither of the two probes a container counts as ready as soon as its process runs. Services send it traffic before it
//! listens, and a rolling update goes on to replace the next Pod although the new one does not serve yet.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app # finding
//!         image: example.com/app:1
//!         ports:
//!         - containerPort: 8080
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         ports:
//!         - containerPort: 8080
//!         readinessProbe:
//!           httpGet: {path: /ready, port: 8080}
//! ```
//!
//! The mutation `default-probes` can add one where it is missing.
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#readiness-probe>
//! - Kubelet scenario: `probes/without-readiness-probe`
//! - Kubelet scenario: `probes/startup-alone-holds-back-readiness`
//! - [What it looks like](../pictures/readiness-flapping.svg)

use crate::{
    lifecycle::services::{Unprobed, unprobed},
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "missing-readiness-probe",
    summary: "a container that serves has no readinessProbe",
    level: Warn,
    since: "0.1.0",
    page: "missing_readiness_probe.rs",
    check: MissingReadinessProbe {},
}

impl Check for MissingReadinessProbe {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        for template in &review.new.templates {
            for Unprobed { placed, sent } in unprobed(review, template) {
                let name = &placed.container.name;
                let what = match sent {
                    Some(sent) => format!("serves port {} of Service \"{}\"", sent.port, sent.service.name),
                    None => "declares ports".to_owned(),
                };
                out.at(
                    placed.path(template).key("readinessProbe"),
                    format_args!(
                        "container \"{name}\" {what} but has no readinessProbe: it counts as ready before it serves"
                    ),
                );
            }
        }
    }
}
