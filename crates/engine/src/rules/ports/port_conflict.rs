//! # What it does
//!
//! Finds two containers that run at the same time and declare the same container port for the same protocol, and a container
//! that declares one twice. All containers of a Pod share one network namespace.
//!
//! Init containers run one after the other and are over before the app containers start, so that they may use the ports of
//! each other and of the apps; a sidecar goes on running and may not. Declarations of one container that differ in `hostIP`
//! or `hostPort` are several ways to one listener and are left alone. In Pods on the host's network see
//! `host-port-conflict`.
//!
//! # Why it is bad
//!
//! Only one process can listen on a port. The second container fails with "address already in use" and restarts for ever,
//! or, worse, serves from the wrong process. The API server accepts it.
//!
//! One container that declares a port twice is created, with a warning, and runs; that is warn. Only server-side apply refuses it,
//! which takes port and protocol for the key of the list.
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
//!   - name: metrics
//!     image: example.com/metrics:1
//!     ports:
//!     - containerPort: 8080 # finding
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
//!     - containerPort: 8080
//!   - name: metrics
//!     image: example.com/metrics:1
//!     ports:
//!     - containerPort: 9090
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking>
//! - <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
//! - Kubelet scenario: `order/port-taken-twice`
//! - Kubelet scenario: `order/same-port-in-turn`

use crate::{
    lifecycle::{
        ports::{is_port_number, protocol},
        stages::{Placed, containers},
    },
    model::{ContainerPort, Review, Template},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
    syntax::SmallMap,
};

rule! {
    id: "port-conflict",
    summary: "two containers that run at the same time declare the same port",
    level: Deny,
    since: "0.1.0",
    page: "port_conflict.rs",
    check: PortConflict {},
    other_levels: [LevelCase::of(Level::Warn, "one container declares the port twice", |_| true)],
}

impl Check for PortConflict {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in review.new.templates.iter().filter(|template| template.spec.host_network != Some(true)) {
            // The first container that holds a port and still does when later ones start.
            let mut held: SmallMap<(i64, &str), &str> = SmallMap::default();
            for placed in containers(&template.spec) {
                report_twice(template, &placed, out);
                let container = placed.container;
                for (index, port) in container.ports.iter().enumerate() {
                    let Some(number) = port.container_port.filter(|number| is_port_number(*number)) else { continue };
                    let key = (number, protocol(port));
                    match held.get(&key) {
                        Some(holder) if *holder != &*container.name => out.at(
                            placed.path(template).key("ports").index(index).key("containerPort"),
                            format_args!("container \"{}\" declares {number}/{}, already declared by \"{holder}\", which runs at the same time", container.name, key.1),
                        ),
                        None if placed.keeps_running() => {
                            held.add(key, &container.name);
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}

/// Reports a port that one container declares twice, unless the two reach it from the host in different ways.
fn report_twice(template: &Template<'_>, placed: &Placed<'_, '_>, out: &mut Report<'_>) {
    type Key<'p> = (i64, &'p str, i64, &'p str);
    fn key<'p>(port: &'p ContainerPort<'_>) -> Option<Key<'p>> {
        Some((port.container_port?, protocol(port), port.host_port.unwrap_or(0), &port.host_ip))
    }
    let mut seen: SmallMap<Key<'_>, usize> = SmallMap::default();
    for (index, port) in placed.container.ports.iter().enumerate() {
        let Some(key) = key(port) else { continue };
        if let Some(first) = seen.get(&key) {
            out.at_level(
                Level::Warn,
                placed.path(template).key("ports").index(index).key("containerPort"),
                format_args!(
                    "container \"{}\" declares {}/{} twice, first in ports[{first}]: it runs, but server-side apply refuses it; leave one out",
                    placed.container.name, key.0, key.1
                ),
            );
        } else {
            seen.add(key, index);
        }
    }
}
