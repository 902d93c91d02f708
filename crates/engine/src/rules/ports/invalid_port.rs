//! # What it does
//!
//! Finds ports of containers that the API server refuses: a `containerPort` that is missing or not from 1 to 65535, a `hostPort` that
//! is not (0 means none), a `protocol` other than TCP, UDP and SCTP, a name that is no port's name, and a name that one container gives
//! to two ports.
//!
//! A port's name is 1 to 15 of a-z, 0-9 and hyphens, with at least one letter; a hyphen is neither first nor last nor beside another.
//!
//! Knative fills in a `containerPort` that is missing; there it is left alone.
//!
//! # Why it is bad
//!
//! The API server refuses the Pod. In the template of a custom workload (a Rollout, a CloneSet) it looks at nothing, and the
//! mistake shows only when no Pod appears.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: argoproj.io/v1alpha1
//! kind: Rollout
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         ports:
//!         - name: http-metrics-endpoint # finding
//!           containerPort: 8080
//!         - name: admin
//!           containerPort: 80800 # finding: container "app" has containerPort 80800; ports are 1 to 65535
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: argoproj.io/v1alpha1
//! kind: Rollout
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         ports:
//!         - name: http-metrics
//!           containerPort: 8080
//!         - name: admin
//!           containerPort: 8081
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports>
//! - RFC 6335, section 5.1, names of services
//! - `validateContainerPorts` of the API server

use crate::{
    lifecycle::{
        ports::{PORT_NAMES, is_port_name, is_port_number, is_protocol},
        stages,
    },
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::SmallMap,
};

rule! {
    id: "invalid-port",
    summary: "a container's port that the API server refuses",
    level: Deny,
    since: "0.1.0",
    page: "invalid_port.rs",
    check: InvalidPort {},
}

impl Check for InvalidPort {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let container = &placed.container.name;
            let mut first: SmallMap<&str, usize> = SmallMap::default();
            for (index, port) in placed.container.ports.iter().enumerate() {
                let at = || placed.path(template).key("ports").index(index);
                let name = &*port.name;
                if !name.is_empty() && !is_port_name(name) {
                    out.at(
                        at().key("name"),
                        format_args!("container \"{container}\" names a port \"{name}\"; {PORT_NAMES}"),
                    );
                } else if !name.is_empty() && !first.add(name, index) {
                    let before = first.get(&name).copied().unwrap_or_default();
                    out.at(
                        at().key("name"),
                        format_args!("container \"{container}\" names two ports \"{name}\", ports[{before}] and ports[{index}]; rename one"),
                    );
                }
                match port.container_port.unwrap_or(0) {
                    // Knative, whose probes differ from what is written too, takes 8080.
                    0 if !review.workload.probes_as_written => {}
                    0 => out.at(
                        at().key("containerPort"),
                        format_args!("container \"{container}\" declares a port without a containerPort; give it one from 1 to 65535"),
                    ),
                    number if !is_port_number(number) => out.at(
                        at().key("containerPort"),
                        format_args!("container \"{container}\" has containerPort {number}; ports are 1 to 65535"),
                    ),
                    _ => {}
                }
                if let Some(number) = port.host_port.filter(|number| *number != 0 && !is_port_number(*number)) {
                    out.at(
                        at().key("hostPort"),
                        format_args!("container \"{container}\" has hostPort {number}; ports are 1 to 65535"),
                    );
                }
                if !is_protocol(&port.protocol) {
                    out.at(
                        at().key("protocol"),
                        format_args!(
                            "container \"{container}\" has a port of protocol \"{}\"; it takes TCP, UDP or SCTP",
                            port.protocol
                        ),
                    );
                }
            }
        }
    }
}
