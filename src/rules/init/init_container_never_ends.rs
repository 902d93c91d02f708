//! # What it does
//!
//! Finds a regular init container that is not meant to end: its command is `sleep infinity` or `tail -f`, or a shell script
//! that comes in any case to one of these or to a `while true` (or `while :`) loop; or it declares a port that no later
//! container of the Pod declares, as a server does.
//!
//! What may end is left alone: an `until` loop, a loop with `break` or `exit`, a command that runs only under a condition, in
//! the background or in a pipe. So is a port that an app container or a later sidecar declares too: the init container then
//! runs the same image once, for a migration for instance.
//!
//! # Why it is bad
//!
//! The next container starts when an init container has ended with exit code 0. One that does not end keeps the Pod in
//! `Init:0/1` for ever, without an error anywhere.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: refresh
//!     image: example.com/refresh:1
//!     command: [sh, -c]
//!     args:
//!     - while true; do refresh; sleep 60; done # finding
//!   - name: proxy
//!     image: example.com/proxy:1
//!     ports:
//!     - containerPort: 15001 # finding
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! With `restartPolicy: Always` it is a sidecar, which starts before the app containers and goes on beside them:
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: refresh
//!     image: example.com/refresh:1
//!     restartPolicy: Always
//!     command: [sh, -c]
//!     args:
//!     - while true; do refresh; sleep 60; done
//!   - name: proxy
//!     image: example.com/proxy:1
//!     restartPolicy: Always
//!     ports:
//!     - containerPort: 15001
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/>
//! - <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
//! - Kubelet scenario: `order/init-that-never-ends`

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::{
        commands::never_ends,
        ports::protocol,
        stages::{self, Placed, Role, containers},
    },
    model::{ContainerPort, PodSpec, Review},
    rules::rule::{Check, Code, Level, Report, Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "init-container-never-ends",
    summary: "a regular init container whose command never ends, or that serves a port",
    level: Level::Warn,
    since: "0.1.0",
    source: include_str!("init_container_never_ends.rs"),
    code: Code::of::<InitContainerNeverEnds>(),
};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InitContainerNeverEnds {}

impl Check for InitContainerNeverEnds {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new).filter(|(_, placed)| placed.role == Role::Init) {
            let container = placed.container;
            let at = placed.path(template);
            if let Some(endless) = never_ends(container) {
                let in_command = container.command.len();
                let (list, index) = match endless.word.checked_sub(in_command) {
                    None => ("command", endless.word),
                    Some(index) => ("args", index),
                };
                out.at(
                    at.key(list).index(index),
                    format!(
                        "init container \"{}\" runs {} and never ends; restartPolicy: Always makes it a sidecar",
                        container.name, endless.what
                    ),
                );
            } else if let Some((index, number)) = own_port(&template.spec, &placed) {
                out.at(
                    at.key("ports").index(index),
                    format!(
                        "init container \"{}\" declares port {number}, but nothing else starts until it has ended; restartPolicy: Always makes it a sidecar",
                        container.name
                    ),
                );
            }
        }
    }
}

/// The first port that none of the containers after this one declares, with its index.
fn own_port(spec: &PodSpec<'_>, placed: &Placed<'_, '_>) -> Option<(usize, i64)> {
    let later = || {
        containers(spec).filter(|other| match other.role {
            Role::Sidecar => other.index > placed.index,
            Role::Init => false,
            Role::App | Role::Ephemeral => true,
        })
    };
    let same = |one: &ContainerPort<'_>, other: &ContainerPort<'_>| {
        one.container_port == other.container_port && protocol(one) == protocol(other)
    };
    let shared =
        |port: &ContainerPort<'_>| later().any(|other| other.container.ports.iter().any(|its| same(its, port)));
    let ports = placed.container.ports.iter().enumerate();
    ports
        .filter_map(|(index, port)| Some((index, port, port.container_port?)))
        .find_map(|(index, port, number)| (!shared(port)).then_some((index, number)))
}
