//! # What it does
//!
//! Finds a probe or hook with a `host` in a Pod that is not on the host's network.
//!
//! # Why it is bad
//!
//! The kubelet asks, from the node. `localhost` and `127.0.0.1` are then the node and not the Pod: whatever listens there on that port
//! answers, or nothing does, and the container is killed or never ready. With another host the probe tells how that host is, and a
//! container is killed for it that nothing is wrong with. A name that a server wants to hear goes into the header `Host`.
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
//!     ports: [{name: http, containerPort: 8080}]
//!     livenessProbe:
//!       httpGet:
//!         port: http
//!         path: /healthz
//!         host: 127.0.0.1 # finding
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
//!     ports: [{name: http, containerPort: 8080}]
//!     livenessProbe:
//!       httpGet:
//!         port: http
//!         path: /healthz
//!         httpHeaders: [{name: Host, value: shop.example.com}]
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe> (`httpGet.host`, `tcpSocket.host`)
//! - `newHTTPRequestForProbe` and `runProbe` of the kubelet
//! - Kubelet scenario: `probes/host-of-a-probe`

use crate::{
    lifecycle::stages::{self, Role},
    model::{HttpGet, Review, pod::TcpSocket},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "probe-of-another-host",
    summary: "a probe or hook asks another host than the Pod, from the node",
    level: Warn,
    since: "0.1.0",
    page: "probe_of_another_host.rs",
    check: ProbeOfAnotherHost {},
}

impl Check for ProbeOfAnotherHost {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            // On the host's network they are the same.
            if template.spec.host_network == Some(true) || !matches!(placed.role, Role::App | Role::Sidecar) {
                continue;
            }
            let container = placed.container;
            let mut report = |host: &str, at: &dyn Fn() -> Path, what: &str| {
                out.at(
                    at().key("host"),
                    format_args!(
                        "container \"{}\": {what} asks host {host} from the node, not from the Pod; leave host out, and put a name into the header Host",
                        container.name
                    ),
                );
            };
            for (field, probe) in container.probes() {
                let at = |handler| move || placed.path(template).keys(&[field, handler]);
                if let Some(host) = host(probe.http_get.as_ref()) {
                    report(host, &at("httpGet"), field);
                }
                if let Some(host) = socket_host(probe.tcp_socket.as_ref()) {
                    report(host, &at("tcpSocket"), field);
                }
            }
            // A hook with tcpSocket always fails, which `hook-tcp-socket` says.
            for (field, hook) in container.lifecycle.iter().flat_map(|lifecycle| lifecycle.hooks()) {
                if let Some(host) = host(hook.http_get.as_ref()) {
                    report(host, &|| placed.path(template).keys(&["lifecycle", field, "httpGet"]), field);
                }
            }
        }
    }
}

fn host<'g>(get: Option<&'g HttpGet<'_>>) -> Option<&'g str> {
    get.map(|get| &*get.host).filter(|host| !host.is_empty())
}

fn socket_host<'s>(socket: Option<&'s TcpSocket<'_>>) -> Option<&'s str> {
    socket.map(|socket| &*socket.host).filter(|host| !host.is_empty())
}
