//! # What it does
//!
//! Finds two ports of a Pod that need the same port of the node at the same time: same protocol, same `hostPort`, and the
//! same `hostIP` or one that stands for every address (absent, `0.0.0.0`, `::`). In a Pod with `hostNetwork: true` every
//! container port is a port of the node.
//!
//! One port of a container may be reached over several addresses of the node, such as `0.0.0.0` and `::` on nodes with two
//! families; that is left alone.
//!
//! # Why it is bad
//!
//! The API server refuses it within `containers`, but not between sidecars and apps and not where one of two addresses is the
//! wildcard. There only one of the two gets the port: the other cannot bind it, or never sees a packet.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: dns}
//! spec:
//!   initContainers:
//!   - name: cache
//!     image: example.com/cache:1
//!     restartPolicy: Always
//!     startupProbe: {tcpSocket: {port: 53}}
//!     ports:
//!     - {containerPort: 53, hostPort: 53, protocol: UDP}
//!   containers:
//!   - name: dns
//!     image: example.com/dns:1
//!     ports:
//!     - containerPort: 5353
//!       hostPort: 53 # finding
//!       hostIP: 10.0.0.1
//!       protocol: UDP
//! ```
//!
//! # Use instead
//!
//! Give each its own port or address:
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: dns}
//! spec:
//!   containers:
//!   - name: internal
//!     image: example.com/dns:1
//!     ports:
//!     - {containerPort: 5353, hostPort: 53, hostIP: 10.0.0.1, protocol: UDP}
//!   - name: external
//!     image: example.com/dns:1
//!     ports:
//!     - {containerPort: 5354, hostPort: 53, hostIP: 192.0.2.1, protocol: UDP}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports> (`hostPort`, `hostIP`)

use std::collections::{HashMap, HashSet};

use crate::{
    lifecycle::{
        ports::{host_port, is_port_number, is_wildcard, protocol},
        stages::containers,
    },
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "host-port-conflict",
    summary: "two ports need the same port of the node at the same time",
    level: Deny,
    since: "0.1.0",
    page: "host_port_conflict.rs",
    check: HostPortConflict {},
}

/// A port of the node, and its protocol.
type NodePort<'p> = (i64, &'p str);

/// Which containers hold one port of the node.
#[derive(Debug, Default)]
struct Holders<'p> {
    /// The first of all.
    first: Option<&'p str>,
    /// The first that holds it on every address.
    on_every_address: Option<&'p str>,
    /// The first on each address.
    by_address: HashMap<&'p str, &'p str>,
}

impl<'p> Holders<'p> {
    fn conflicting(&self, address: &str) -> Option<&'p str> {
        if is_wildcard(address) {
            self.first
        } else {
            self.on_every_address.or_else(|| self.by_address.get(address).copied())
        }
    }

    fn add(&mut self, address: &'p str, container: &'p str) {
        self.first.get_or_insert(container);
        if is_wildcard(address) {
            self.on_every_address.get_or_insert(container);
        } else {
            self.by_address.entry(address).or_insert(container);
        }
    }
}

/// Which of one container's own ports stand behind one port of the node. Several addresses may lead to the same one: a Pod
/// for nodes with two families has `0.0.0.0` and `::`.
#[derive(Debug, Default)]
struct Own<'p> {
    addresses: HashSet<&'p str>,
    on_any_address: Distinct,
    on_every_address: Distinct,
}

impl<'p> Own<'p> {
    fn conflicts(&self, address: &str, container_port: i64) -> bool {
        let meeting = if is_wildcard(address) { &self.on_any_address } else { &self.on_every_address };
        self.addresses.contains(address) || meeting.has_other_than(container_port)
    }

    fn add(&mut self, address: &'p str, container_port: i64) {
        self.addresses.insert(address);
        self.on_any_address.add(container_port);
        if is_wildcard(address) {
            self.on_every_address.add(container_port);
        }
    }
}

/// The first two different values: enough to know whether there is another than a given one.
#[derive(Debug, Default)]
struct Distinct {
    first: Option<i64>,
    second: Option<i64>,
}

impl Distinct {
    fn has_other_than(&self, value: i64) -> bool {
        [self.first, self.second].into_iter().flatten().any(|there| there != value)
    }

    fn add(&mut self, value: i64) {
        if *self.first.get_or_insert(value) != value {
            self.second.get_or_insert(value);
        }
    }
}

impl Check for HostPortConflict {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let mut held: HashMap<NodePort<'_>, Holders<'_>> = HashMap::new();
            for placed in containers(&template.spec) {
                let container = placed.container;
                let mut own: HashMap<NodePort<'_>, Own<'_>> = HashMap::new();
                for (index, port) in container.ports.iter().enumerate() {
                    let Some(number) = host_port(&template.spec, port).filter(|number| is_port_number(*number)) else {
                        continue;
                    };
                    let (key, address) = ((number, protocol(port)), &*port.host_ip);
                    let container_port = port.container_port.unwrap_or(0);
                    let own = own.entry(key).or_default();
                    let who = match held.get(&key).and_then(|holders| holders.conflicting(address)) {
                        Some(holder) => Some(format!("\"{holder}\"")),
                        None => own.conflicts(address, container_port).then(|| "itself".to_owned()),
                    };
                    if let Some(who) = who {
                        let field = if port.host_port.unwrap_or(0) == 0 { "containerPort" } else { "hostPort" };
                        out.at(
                            placed.path(template).key("ports").index(index).key(field),
                            format_args!(
                                "container \"{}\" needs {number}/{} of the node, already held by {who}",
                                container.name, key.1
                            ),
                        );
                    }
                    own.add(address, container_port);
                }
                // What a regular init container holds is free again when the next container starts.
                for (key, own) in own.into_iter().filter(|_| placed.keeps_running()) {
                    let holders = held.entry(key).or_default();
                    own.addresses.into_iter().for_each(|address| holders.add(address, &container.name));
                }
            }
        }
    }
}
