//! # What it does
//!
//! Finds a port of the node (`hostPort`, or any port in a Pod on the host's network) in a workload of several replicas that
//! is not a DaemonSet.
//!
//! # Why it is bad
//!
//! A port of a node can be had once: the scheduler puts no two such Pods on one node. With fewer free nodes than replicas
//! some stay Pending, and a rolling update needs a free node for each Pod that it adds.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         ports:
//!         - containerPort: 8080
//!           hostPort: 80 # finding
//! ```
//!
//! # Use instead
//!
//! A Service, of type NodePort or LoadBalancer where it has to be reached from outside; or a DaemonSet, which runs one Pod on
//! each node:
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: DaemonSet
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         ports:
//!         - containerPort: 8080
//!           hostPort: 80
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/configuration/overview/#services>
//! - Kubelet scenario: `workloads/host-port-replicas`

use crate::{
    lifecycle::{
        ports::{host_port, is_port_number, protocol},
        stages::{self, Role},
    },
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "host-port-replicas",
    summary: "several replicas need the same port of the node",
    level: Warn,
    since: "0.1.0",
    page: "host_port_replicas.rs",
    check: HostPortReplicas {},
}

impl Check for HostPortReplicas {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let replicas = review.new.controller.replicas.unwrap_or(1);
        if replicas < 2 || review.workload.kind == "DaemonSet" {
            return;
        }
        // The scheduler does not look at the ports of regular init containers.
        let running = stages::all(&review.new).filter(|(_, placed)| matches!(placed.role, Role::App | Role::Sidecar));
        for (template, placed) in running {
            for (index, port) in placed.container.ports.iter().enumerate() {
                let number = host_port(&template.spec, port).filter(|number| is_port_number(*number));
                let Some(number) = number else { continue };
                let field = if port.host_port.unwrap_or(0) == 0 { "containerPort" } else { "hostPort" };
                out.at(
                    placed.path(template).key("ports").index(index).key(field),
                    format_args!(
                        "container \"{}\" needs {number}/{} of the node: {replicas} replicas need {replicas} nodes that have it free",
                        placed.container.name,
                        protocol(port)
                    ),
                );
            }
        }
    }
}
