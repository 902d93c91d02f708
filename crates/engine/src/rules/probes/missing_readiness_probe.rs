//! # What it does
//!
//! Finds an app container that declares ports but has no `readinessProbe`, in Pods that are meant to keep running. Pods with
//! `readinessGates` are left alone: something else decides when they are ready.
//!
//! Where the Services of the namespace are known, only a container counts that one of them sends traffic to: it selects the
//! Pod's labels and targets one of the container's ports, by number and protocol or by name.
//!
//! # Why it is bad
//!
//! Without a readiness probe a container counts as ready as soon as its process runs. Services send it traffic before it
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

use std::collections::HashSet;

use crate::{
    lifecycle::{
        restart::is_long_running,
        services::Serving,
        stages::{self, Role},
    },
    model::{Review, Template, inventory::Namespace, inventory_object::TargetPort},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "missing-readiness-probe",
    summary: "a container that declares ports has no readinessProbe",
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
        let known = review.known().filter(|namespace| namespace.knows_services());
        let waits = |template: &&Template<'_>| {
            template.spec.readiness_gates.is_empty() && is_long_running(review.workload, template)
        };
        for template in review.new.templates.iter().filter(waits) {
            let served = known.map(|namespace| served(namespace, review, template));
            for placed in stages::containers(&template.spec).filter(|placed| placed.role == Role::App) {
                let container = placed.container;
                let declares = !container.ports.is_empty() && container.readiness_probe.is_none();
                if declares && served.as_ref().is_none_or(|served| served.contains(&placed.path(template))) {
                    out.at(
                        placed.path(template).key("readinessProbe"),
                        format_args!("container \"{}\" declares ports but has no readinessProbe: it counts as ready before it serves", container.name),
                    );
                }
            }
        }
    }
}

/// The containers of the template that a Service sends traffic to.
fn served(namespace: &Namespace, review: &Review<'_>, template: &Template<'_>) -> HashSet<Path> {
    let services = namespace.services(&review.new.pod_metadata(template).labels);
    let targets: HashSet<&TargetPort> = services.iter().flat_map(|service| &service.target_ports).collect();
    let serving = Serving::of(&template.spec);
    targets.into_iter().flat_map(|target| serving.target(target)).map(|placed| placed.path(template)).collect()
}
