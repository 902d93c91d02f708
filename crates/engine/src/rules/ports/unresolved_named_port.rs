//! # What it does
//!
//! Finds a probe or a lifecycle hook whose `httpGet` or `tcpSocket` names a port that its own container does not declare.
//!
//! # Why it is bad
//!
//! The kubelet looks the name up in the ports of that one container and nowhere else; the API server does not check. Where the
//! name is not found, the probe asks nobody and has no result, neither success nor failure:
//!
//! - a `readinessProbe` never lets the container be ready;
//! - a `startupProbe` never ends: the container is not ready, and no other probe of it begins;
//! - a `livenessProbe` never restarts it: it protects from nothing.
//!
//! A hook fails: after a failed `postStart` the container is killed, and a `preStop` does nothing.
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
//!     readinessProbe:
//!       httpGet:
//!         path: /ready
//!         port: metrics # finding
//!   - name: exporter
//!     image: example.com/exporter:1
//!     ports:
//!     - {name: metrics, containerPort: 9090}
//!     readinessProbe:
//!       tcpSocket: {port: metrics}
//! ```
//!
//! # Use instead
//!
//! Declare the port in the same container, or use its number:
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
//!     readinessProbe:
//!       httpGet: {path: /ready, port: http}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#use-a-named-port>
//! - Kubelet scenario: `probes/readiness-of-another-containers-port`
//! - Kubelet scenario: `probes/liveness-of-another-containers-port`
//! - Kubelet scenario: `probes/startup-of-another-containers-port`

use crate::{
    lifecycle::{ports::is_port_name, stages},
    model::{Container, IntOrString, Review},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "unresolved-named-port",
    summary: "a probe or hook names a port that its container does not declare",
    level: Deny,
    since: "0.1.0",
    page: "unresolved_named_port.rs",
    check: UnresolvedNamedPort {},
}

impl Check for UnresolvedNamedPort {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let probes = container.probes().filter(|_| review.workload.probes_as_written);
            let probes = probes.map(|(field, probe)| ([field, ""], &probe.http_get, &probe.tcp_socket));
            let hooks = container.lifecycle.iter().flat_map(|lifecycle| lifecycle.hooks());
            let hooks = hooks.map(|(field, hook)| (["lifecycle", field], &hook.http_get, &hook.tcp_socket));
            for (fields, http_get, tcp_socket) in probes.chain(hooks) {
                let http = http_get.as_ref().and_then(|get| Some(("httpGet", get.port.as_ref()?)));
                let tcp = tcp_socket.as_ref().and_then(|socket| Some(("tcpSocket", socket.port.as_ref()?)));
                for (handler, port) in http.into_iter().chain(tcp) {
                    let Some(port) = unresolved(container, port) else { continue };
                    let mut fields = fields.into_iter().filter(|field| !field.is_empty());
                    let at = fields.clone().fold(placed.path(template), Path::key);
                    let what = fields.next_back().unwrap_or_default();
                    out.at(
                        at.keys(&[handler, "port"]),
                        format_args!(
                            "{what} of container \"{}\" uses port \"{port}\", which this container does not declare{}",
                            container.name,
                            declared(container)
                        ),
                    );
                }
            }
        }
    }
}

/// The name, if it is one and the container declares no such port. A text that cannot be a name is `invalid-probe`'s or `invalid-hook`'s.
fn unresolved<'p>(container: &Container<'_>, port: &'p IntOrString<'_>) -> Option<&'p str> {
    match port {
        IntOrString::String(name) if is_port_name(name) => {
            let known = container.ports.iter().any(|port| port.name == *name);
            (!known).then_some(&**name)
        }
        _ => None,
    }
}

/// Returns what the container declares instead, for the message.
fn declared(container: &Container<'_>) -> String {
    let names: Vec<&str> =
        container.ports.iter().map(|port| &*port.name).filter(|name| !name.is_empty()).take(5).collect();
    if names.is_empty() { " (it names no port)".to_owned() } else { format!(" (it names {})", names.join(", ")) }
}
