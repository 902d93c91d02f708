//! # What it does
//!
//! Finds a probe of a numbered port that no container of the Pod declares. Left alone are probes of another `host`, and
//! containers that declare no port at all. So are 8081 and 10254, where controllers serve their health by convention
//! (controller-runtime, ingress-nginx), unless the container declares a port beside it: 8080 to 8089, 10250 to 10259.
//!
//! # Why it is bad
//!
//! The declaration is only information, so that the probe may well work. Where ports are declared, though, one that is probed
//! and not among them is often a slip of the pen, or was forgotten when the application's port changed.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     ports:
//!     - containerPort: 8080
//!     readinessProbe:
//!       httpGet:
//!         path: /ready
//!         port: 8081 # finding
//! ```
//!
//! # Use instead
//!
//! Declare the port, best with a name, and probe it by that:
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     ports:
//!     - containerPort: 8080
//!     - {name: health, containerPort: 8081}
//!     readinessProbe:
//!       httpGet:
//!         path: /ready
//!         port: health
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#use-a-named-port>
//! - Kubelet scenario: `probes/undeclared-port`

use std::ops::RangeInclusive;

use crate::{
    lifecycle::{
        ports::is_port_number,
        probes::{Handler, Port},
        stages::containers,
    },
    model::{Container, Review, Template},
    rules::rule::{Check, Report, rule},
    syntax::SmallMap,
};

rule! {
    id: "undeclared-probe-port",
    summary: "a probe asks a port that no container of the Pod declares",
    level: Audit,
    since: "0.1.0",
    page: "undeclared_probe_port.rs",
    check: UndeclaredProbePort {},
}

impl Check for UndeclaredProbePort {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        for template in &review.new.templates {
            judge(template, out);
        }
    }
}

/// Ports where health is served by convention, each with the ports near it: next to one of those it may be a slip of the pen.
const CONVENTIONS: [(i64, RangeInclusive<i64>); 2] = [(8081, 8080..=8089), (10254, 10250..=10259)];

fn judge(template: &Template<'_>, out: &mut Report<'_>) {
    // Of the whole Pod; nearly every probe asks a port of its own container, and then nobody needs them.
    let mut all: Option<SmallMap<i64, ()>> = None;
    for placed in containers(&template.spec).filter(|placed| !placed.container.ports.is_empty()) {
        let container = placed.container;
        for (field, probe) in container.probes() {
            let target = Handler::of(container, probe).and_then(|handler| handler.target());
            let Some((handler, "", Port::Number(number))) = target else { continue };
            let declared = ports(container).any(|port| port == number)
                || all
                    .get_or_insert_with(|| {
                        containers(&template.spec).flat_map(|placed| ports(placed.container)).collect()
                    })
                    .contains(&number);
            let is_convention = CONVENTIONS
                .iter()
                .any(|(health, near)| *health == number && !ports(container).any(|port| near.contains(&port)));
            if !declared && !is_convention && is_port_number(number) {
                out.at(
                    placed.path(template).keys(&[field, handler, "port"]),
                    format_args!(
                        "{field} of container \"{}\" asks port {number}, which no container of the Pod declares",
                        container.name
                    ),
                );
            }
        }
    }
}

/// The ports that a container declares.
fn ports<'p>(container: &'p Container<'_>) -> impl Iterator<Item = i64> + use<'p> {
    container.ports.iter().filter_map(|port| port.container_port)
}
