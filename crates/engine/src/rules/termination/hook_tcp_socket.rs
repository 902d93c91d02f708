//! # What it does
//!
//! Finds `postStart` and `preStop` hooks of apps and sidecars whose handler is `tcpSocket`.
//!
//! # Why it is bad
//!
//! The field is there for the sake of old clients: the API server accepts it, and no kubelet runs it. The hook fails each time.
//! After a failed `postStart` the container is killed and started again, for ever; a failed `preStop` just leaves out what it was
//! meant to do.
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
//!     lifecycle:
//!       postStart:
//!         tcpSocket: {port: 8080} # finding
//!       preStop:
//!         tcpSocket: {port: 8080} # finding
//! ```
//!
//! # Use instead
//!
//! Wait for a port with a startup probe, and drain with `sleep`, `httpGet` or `exec`:
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     startupProbe:
//!       tcpSocket: {port: 8080}
//!     lifecycle:
//!       preStop:
//!         sleep: {seconds: 5}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/>
//! - <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#lifecycle> (`tcpSocket` is deprecated)
//! - Kubelet scenario: `shutdown/hook-with-tcpsocket`
//! - Kubelet scenario: `shutdown/poststart-with-tcpsocket`

use crate::{
    lifecycle::stages::{self, Role},
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "hook-tcp-socket",
    summary: "a lifecycle hook uses tcpSocket, which always fails",
    level: Deny,
    since: "0.1.0",
    page: "hook_tcp_socket.rs",
    check: HookTcpSocket {},
}

impl Check for HookTcpSocket {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let Some(lifecycle) = container.lifecycle.as_ref() else { continue };
            // Other containers may have no hooks at all.
            if !matches!(placed.role, Role::App | Role::Sidecar) {
                continue;
            }
            for (field, _) in lifecycle.hooks().filter(|(_, hook)| hook.tcp_socket.is_some()) {
                let effect = match field {
                    "postStart" => "the container is killed after each start",
                    _ => "nothing is done before the container stops",
                };
                out.at(
                    placed.path(template).key("lifecycle").key(field).key("tcpSocket"),
                    format_args!(
                        "container \"{}\" has a {field} hook by tcpSocket, which always fails: {effect}",
                        container.name
                    ),
                );
            }
        }
    }
}
