//! # What it does
//!
//! Finds a DaemonSet whose rolling update makes the new Pod of a node first (`maxSurge` above 0), and whose containers need a port of
//! the node: a `hostPort`, or any declared port on the host's network.
//!
//! # Why it is bad
//!
//! The old Pod holds the port until it is taken down, and it is taken down only once the new one is ready. The new one cannot be
//! scheduled to its node while the port is taken, and it may run on no other: no update ever gets on, on any node.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: DaemonSet
//! metadata: {name: agent}
//! spec:
//!   selector: {matchLabels: {app: agent}}
//!   updateStrategy:
//!     rollingUpdate:
//!       maxUnavailable: 0
//!       maxSurge: 1 # finding
//!   template:
//!     metadata: {labels: {app: agent}}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         ports: [{containerPort: 9100, hostPort: 9100}]
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: DaemonSet
//! metadata: {name: agent}
//! spec:
//!   selector: {matchLabels: {app: agent}}
//!   updateStrategy:
//!     rollingUpdate:
//!       maxUnavailable: 10%
//!       maxSurge: 0
//!   template:
//!     metadata: {labels: {app: agent}}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         ports: [{containerPort: 9100, hostPort: 9100}]
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/>
//! - DaemonSet controller: `rollingUpdate`; scheduler: the plugin NodePorts
//! - Kubelet scenario: `workloads/daemonset-surge-with-a-port-of-the-node`

use crate::{
    lifecycle::{
        disruption::{is_zero, written},
        ports::{host_port, is_port_number, protocol},
        stages::{self, Role},
    },
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "daemonset-surge-host-port",
    summary: "a DaemonSet surges with a port of the node, which the old Pod holds: no update gets on",
    level: Deny,
    since: "0.1.0",
    page: "daemonset_surge_host_port.rs",
    check: DaemonsetSurgeHostPort {},
}

impl Check for DaemonsetSurgeHostPort {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.is("apps", "DaemonSet") {
            return;
        }
        let strategy = &review.new.controller.update_strategy;
        let is_rolling = strategy.kind.is_empty() || strategy.kind == "RollingUpdate";
        let surge = strategy.rolling_update.max_surge.as_ref().filter(|surge| is_rolling && !is_zero(surge));
        let Some(surge) = surge else { return };
        // The scheduler does not look at the ports of regular init containers.
        let running = stages::all(&review.new).filter(|(_, placed)| matches!(placed.role, Role::App | Role::Sidecar));
        let ports = running.flat_map(|(template, placed)| {
            placed.container.ports.iter().filter_map(move |port| {
                let number = host_port(&template.spec, port).filter(|number| is_port_number(*number))?;
                Some((placed.container, number, protocol(port)))
            })
        });
        // One is enough to keep every update from getting on.
        if let Some((container, number, protocol)) = { ports }.next() {
            out.at(
                Path::of(&["spec", "updateStrategy", "rollingUpdate", "maxSurge"]),
                format_args!(
                    "maxSurge is {}, and container \"{}\" needs {number}/{protocol} of the node, which the old Pod holds: no update gets on; use maxUnavailable",
                    written(surge),
                    container.name
                ),
            );
        }
    }
}
