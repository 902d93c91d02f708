//! # What it does
//!
//! Finds a `hostPort` that differs from its `containerPort` in a Pod on the host's network. In init containers, sidecars
//! among them, the level is warn.
//!
//! # Why it is bad
//!
//! On the host's network nothing is forwarded: the container listens on `containerPort` of the node. For app containers the
//! API server refuses another `hostPort`. For init containers it accepts it; the scheduler then keeps a port free that nobody
//! uses, and does not see the one that is used.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   hostNetwork: true
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     ports:
//!     - containerPort: 8080
//!       hostPort: 80 # finding
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   hostNetwork: true
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     ports:
//!     - containerPort: 8080
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports>
//! - `validatePodHostNetworkDeps` of the API server

use crate::{
    lifecycle::stages::{self, Role},
    model::Review,
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "host-network-port-mismatch",
    summary: "hostPort differs from containerPort in a Pod on the host's network",
    level: Deny,
    since: "0.1.0",
    page: "host_network_port_mismatch.rs",
    check: HostNetworkPortMismatch {},
    other_levels: [LevelCase::of(Level::Warn, "it is an init container or a sidecar", |_| true)],
}

impl Check for HostNetworkPortMismatch {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let on_host = stages::all(&review.new).filter(|(template, _)| template.spec.host_network == Some(true));
        for (template, placed) in on_host {
            let level = if placed.role == Role::App { Level::Deny } else { Level::Warn };
            for (index, port) in placed.container.ports.iter().enumerate() {
                let host_port = port.host_port.filter(|number| *number != 0);
                if let Some((host_port, number)) = host_port.zip(port.container_port)
                    && host_port != number
                {
                    out.at_level(
                        level,
                        placed.path(template).key("ports").index(index).key("hostPort"),
                        format_args!(
                            "container \"{}\" has hostPort {host_port} for containerPort {number}; on the host's network both have to be the same",
                            placed.container.name
                        ),
                    );
                }
            }
        }
    }
}
