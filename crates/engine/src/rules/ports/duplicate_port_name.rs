//! # What it does
//!
//! Finds two containers of a Pod, app containers or sidecars, that give the same name to different ports of the same
//! protocol. One name for a TCP and a UDP port is fine, and so are regular init containers: no Service looks at them.
//!
//! # Why it is bad
//!
//! A Service whose `targetPort` is that name sends its traffic to the first such port, app containers before sidecars, in
//! their order in the Pod. The other is never reached, and another order of the containers changes who is. Probes and hooks
//! are not concerned: they look names up in their own container.
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
//!     - {name: http, containerPort: 8080}
//!   - name: admin
//!     image: example.com/admin:1
//!     ports:
//!     - name: http # finding
//!       containerPort: 9090
//! ```
//!
//! # Use instead
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
//!     - {name: http, containerPort: 8080}
//!   - name: admin
//!     image: example.com/admin:1
//!     ports:
//!     - {name: http-admin, containerPort: 9090}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports>

use crate::{
    lifecycle::{
        ports::protocol,
        stages::{Role, containers},
    },
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::SmallMap,
};

rule! {
    id: "duplicate-port-name",
    summary: "two containers give the same name to different ports: a Service finds the first only",
    level: Warn,
    since: "0.1.0",
    page: "duplicate_port_name.rs",
    check: DuplicatePortName {},
}

impl Check for DuplicatePortName {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let of = |role| containers(&template.spec).filter(move |placed| placed.role == role);
            let mut first: SmallMap<(&str, &str), (&str, i64)> = SmallMap::default();
            for placed in of(Role::App).chain(of(Role::Sidecar)) {
                let container = placed.container;
                for (index, port) in container.ports.iter().enumerate().filter(|(_, port)| !port.name.is_empty()) {
                    let Some(number) = port.container_port else { continue };
                    let (name, protocol) = (&*port.name, protocol(port));
                    first.add((name, protocol), (&container.name, number));
                    let Some((holder, taken)) = first.get(&(name, protocol)).copied() else { continue };
                    // Two ports of one name in one container are refused by the API server.
                    if taken != number && holder != &*container.name {
                        out.at(
                            placed.path(template).key("ports").index(index).key("name"),
                            format_args!(
                                "container \"{}\" names port {number} \"{name}\", but a Service that targets that name reaches {taken} of \"{holder}\"; rename one",
                                container.name
                            ),
                        );
                    }
                }
            }
        }
    }
}
