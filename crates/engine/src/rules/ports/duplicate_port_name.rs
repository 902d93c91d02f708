//! # What it does
//!
//! Finds two containers of a Pod, app containers or sidecars, that give the same name to different ports of the same
//! protocol. One name for a TCP and a UDP port is fine, and so are regular init containers: no Service looks at them.
//!
//! Where the Services of the namespace are known, only names count that one of them targets in this Pod. Where they are not,
//! names of ports for metrics are left alone (the word `metrics`, `prometheus` or `prom`): a PodMonitor finds all ports of a name.
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
        ports::{is_metrics_name, protocol},
        services::traffic,
        stages::{Role, containers},
    },
    model::{Review, service::TargetPort},
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
            let sent = traffic(review, template);
            let mut targeted: SmallMap<(&str, &str), &str> = SmallMap::default();
            for sent in sent.iter().flatten() {
                if let TargetPort::Name(name) = &sent.port.target {
                    targeted.add((name, &sent.port.protocol), &sent.service.name);
                }
            }
            let mut first: SmallMap<(&str, &str), (&str, i64)> = SmallMap::default();
            for placed in of(Role::App).chain(of(Role::Sidecar)) {
                let container = placed.container;
                for (index, port) in container.ports.iter().enumerate().filter(|(_, port)| !port.name.is_empty()) {
                    let Some(number) = port.container_port else { continue };
                    let (name, protocol) = (&*port.name, protocol(port));
                    first.add((name, protocol), (&container.name, number));
                    let Some((holder, taken)) = first.get(&(name, protocol)).copied() else { continue };
                    // Two ports of one name in one container are refused by the API server.
                    if taken == number || holder == &*container.name {
                        continue;
                    }
                    let who = match (&sent, targeted.get(&(name, protocol))) {
                        (_, Some(service)) => format!("Service \"{service}\", which targets that name,"),
                        (None, None) if !is_metrics_name(name) => "a Service that targets that name".to_owned(),
                        _ => continue,
                    };
                    out.at(
                        placed.path(template).key("ports").index(index).key("name"),
                        format_args!(
                            "container \"{}\" names port {number} \"{name}\", but {who} reaches {taken} of \"{holder}\"; rename one",
                            container.name
                        ),
                    );
                }
            }
        }
    }
}
