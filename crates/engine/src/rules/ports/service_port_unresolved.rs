//! # What it does
//!
//! Finds a Service whose `targetPort` none of the Pods that it selects has: a name that none of their containers gives to a port of
//! this protocol, or a number that none of them declares though each declares some. Sidecars count; regular init containers do not.
//!
//! It is told where all workloads that the Service selects are known, as by `podgate check` of a folder; Jobs apart, whose Pods seldom
//! serve. Where the Service is there already, the update of a workload that takes the port away is warned of, if no other
//! known workload has it: the Service may be about to follow. Left alone are headless Services, whose clients choose the port themselves, and Pods into which a
//! webhook puts more containers (labels or annotations with `inject`).
//!
//! A number is an audit only: a container may listen on ports that it does not declare.
//!
//! # Why it is bad
//!
//! A port that cannot be resolved has no endpoints: every connection to it is refused, though all Pods are ready.
//!
//! # Examples
//!
//! ```yaml inventory
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         ports:
//!         - {name: http, containerPort: 8080}
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Service
//! metadata: {name: web}
//! spec:
//!   selector: {app: web}
//!   ports:
//!   - port: 80
//!     targetPort: htpp # finding
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Service
//! metadata: {name: web}
//! spec:
//!   selector: {app: web}
//!   ports:
//!   - port: 80
//!     targetPort: http
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports>
//! - EndpointSlice controller: `FindPort`, `getEndpointPorts`

use crate::{
    lifecycle::services::Declared,
    model::{
        Operation, PodPorts, Review, Workload,
        inventory::Namespace,
        inventory_object::InventoryWorkload,
        service::{Service, ServicePort, TargetPort},
    },
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
    syntax::Path,
};

rule! {
    id: "service-port-unresolved",
    summary: "a Service targets a port that none of the Pods it selects has",
    level: Deny,
    since: "0.1.0",
    page: "service_port_unresolved.rs",
    check: ServicePortUnresolved {},
    other_levels: [
        LevelCase::of(Level::Warn, "an update of a workload takes away the name of a port", Workload::makes_pods),
        LevelCase::of(Level::Audit, "the port is a number", |_| true),
    ],
}

/// Services of one workload that are looked at: each may select all workloads of the namespace.
const MOST_SERVICES: usize = 10;

impl Check for ServicePortUnresolved {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(inventory) = review.inventory.filter(|inventory| inventory.knows_workloads()) else { return };
        let Some(known) = inventory.namespace(&review.namespace) else { return };
        if let Some(service) = &review.new.service {
            of_service(service, known, out);
        } else if review.operation == Operation::Update && known.knows_services() {
            of_workload(review, known, out);
        }
    }
}

fn of_service(service: &Service, known: &Namespace, out: &mut Report<'_>) {
    if service.is_headless || service.selector.match_labels.is_empty() {
        return;
    }
    let mut workloads = known.workloads(&service.selector);
    workloads.retain(|workload| !workload.is_job);
    let Some((first, more)) = workloads.split_first() else { return };
    let Some(ports) = workloads.iter().map(|workload| workload.ports.as_ref()).collect::<Option<Vec<_>>>() else {
        return;
    };
    let declared = Declared::of(ports);
    let rest = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    let mut lacking = service.ports.iter().enumerate().filter(|(_, port)| declared.lacks(port)).peekable();
    if lacking.peek().is_none() {
        return;
    }
    let instead = declared.instead();
    for (index, port) in lacking {
        let instead = instead.of(port);
        out.at_level(
            level(port),
            Path::of(&["spec", "ports"]).index(index).key("targetPort"),
            format_args!(
                "no container of {} \"{}\"{rest} has port {port}, which the Service targets ({instead}): {}",
                first.kind,
                first.name,
                so(port)
            ),
        );
    }
}

/// Judges the update of a workload beside Services that are there. Where both are judged, and both are new, the Service is told of.
fn of_workload(review: &Review<'_>, known: &Namespace, out: &mut Report<'_>) {
    let Some(old) = review.old.as_ref().filter(|_| !review.workload.is_job()) else { return };
    for (template, old_template) in review.new.templates.iter().zip(&old.templates) {
        let metadata = review.new.pod_metadata(template);
        let services = known.services(&metadata.labels);
        if services.is_empty() {
            continue;
        }
        let old_metadata = old.pod_metadata(old_template);
        let ports = PodPorts::of(&template.spec, metadata).zip(PodPorts::of(&old_template.spec, old_metadata));
        let Some((new_ports, old_ports)) = ports else { continue };
        let (new_declared, old_declared) = (Declared::of([&new_ports]), Declared::of([&old_ports]));
        for service in services.into_iter().filter(|service| !service.is_headless).take(MOST_SERVICES) {
            let lost = |port: &&ServicePort| new_declared.lacks(port) && !old_declared.lacks(port);
            let mut lost = service.ports.iter().filter(lost).peekable();
            if lost.peek().is_none() || !service.selector.matches(&old_metadata.labels) {
                continue;
            }
            let is_other = |other: &&InventoryWorkload| {
                let is_this = other.kind == review.workload.kind && *other.name == *review.new.metadata.name;
                !is_this && !other.is_job
            };
            let others = known.workloads(&service.selector).into_iter().filter(is_other);
            let Some(others) = others.map(|other| other.ports.as_ref()).collect::<Option<Vec<_>>>() else { continue };
            let others = Declared::of(others);
            let instead = new_declared.instead();
            for port in lost.filter(|port| others.lacks(port)) {
                let instead = instead.of(port);
                // The Service may be about to follow.
                out.at_level(
                    level(port).min(Level::Warn),
                    template.spec_path("containers"),
                    format_args!(
                        "no container has port {port} any more, which Service \"{}\" targets ({instead}): {}",
                        service.name,
                        so(port)
                    ),
                );
            }
        }
    }
}

fn level(port: &ServicePort) -> Level {
    match port.target {
        TargetPort::Name(_) => Level::Deny,
        TargetPort::Number(_) => Level::Audit,
    }
}

fn so(port: &ServicePort) -> &'static str {
    match port.target {
        TargetPort::Name(_) => "connections to it are refused",
        TargetPort::Number(_) => "connections are refused unless a container listens there undeclared",
    }
}
