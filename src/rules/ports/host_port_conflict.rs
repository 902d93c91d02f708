//! # What it does
//!
//! Finds two ports of a Pod that need the same port of the node at the same time: same protocol, same `hostPort`, and the
//! same `hostIP` or one that stands for every address (absent, `0.0.0.0`, `::`). In a Pod with `hostNetwork: true` every
//! container port is a port of the node.
//!
//! # Why it is bad
//!
//! The API server refuses it within `containers`, but not between sidecars and apps and not where one of two addresses is the
//! wildcard. There the second binding fails, and with it the Pod.
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

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::{
        ports::{host_port, is_port_number, is_wildcard, protocol},
        stages::containers,
    },
    model::Review,
    rules::rule::{Check, Code, Level, Report, Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "host-port-conflict",
    summary: "two ports need the same port of the node at the same time",
    level: Level::Deny,
    since: "0.1.0",
    source: include_str!("host_port_conflict.rs"),
    code: Code::of::<HostPortConflict>(),
};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HostPortConflict {}

/// Who holds one port of the node, for one protocol.
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

impl Check for HostPortConflict {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let mut held: HashMap<(i64, &str), Holders<'_>> = HashMap::new();
            for placed in containers(&template.spec) {
                let container = placed.container;
                // What a regular init container holds is free again when the next container starts.
                let mut own: HashMap<(i64, &str), Holders<'_>> = HashMap::new();
                for (index, port) in container.ports.iter().enumerate() {
                    let Some(number) = host_port(&template.spec, port).filter(|number| is_port_number(*number)) else {
                        continue;
                    };
                    let (key, address) = ((number, protocol(port)), &*port.host_ip);
                    let holder = [&held, &own].into_iter().find_map(|holders| holders.get(&key)?.conflicting(address));
                    if let Some(holder) = holder {
                        let field = if port.host_port.unwrap_or(0) == 0 { "containerPort" } else { "hostPort" };
                        let who =
                            if holder == &*container.name { "itself".to_owned() } else { format!("\"{holder}\"") };
                        out.at(
                            placed.path(template).key("ports").index(index).key(field),
                            format!(
                                "container \"{}\" needs {number}/{} of the node, already held by {who}",
                                container.name, key.1
                            ),
                        );
                    }
                    let holders = if placed.keeps_running() { &mut held } else { &mut own };
                    holders.entry(key).or_default().add(address, &container.name);
                }
            }
        }
    }
}
