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

use crate::{
    lifecycle::{
        commands::never_ends,
        ports::protocol,
        stages::{Placed, Role, containers},
    },
    model::{PodSpec, Review, Template},
    rules::rule::{Check, Report, rule},
    syntax::SmallMap,
};

rule! {
    id: "init-container-never-ends",
    summary: "a regular init container whose command never ends, or that serves a port",
    level: Warn,
    since: "0.1.0",
    page: "init_container_never_ends.rs",
    check: InitContainerNeverEnds {},
}

impl Check for InitContainerNeverEnds {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            judge(template, out);
        }
    }
}

fn judge(template: &Template<'_>, out: &mut Report<'_>) {
    // Of the whole Pod; nearly every init container declares no port.
    let mut declared = None;
    for placed in containers(&template.spec).filter(|placed| placed.role == Role::Init) {
        let container = placed.container;
        let at = placed.path(template);
        out.spend(container.command.iter().chain(&container.args).map(|word| word.len()).sum());
        if let Some(endless) = never_ends(container) {
            let in_command = container.command.len();
            let (list, index) = match endless.word.checked_sub(in_command) {
                None => ("command", endless.word),
                Some(index) => ("args", index),
            };
            out.at(
                at.key(list).index(index),
                format_args!(
                    "init container \"{}\" runs {} and never ends; restartPolicy: Always makes it a sidecar",
                    container.name, endless.what
                ),
            );
        } else if !container.ports.is_empty()
            && let Some((index, number)) =
                own_port(declared.get_or_insert_with(|| declared_last(&template.spec)), &placed)
        {
            out.at(
                at.key("ports").index(index),
                format_args!(
                    "init container \"{}\" declares port {number}, but nothing else starts until it has ended; restartPolicy: Always makes it a sidecar",
                    container.name
                ),
            );
        }
    }
}

/// The last container that declares a port, in the order in which they start: regular init containers are not asked.
fn declared_last<'p>(spec: &'p PodSpec<'_>) -> SmallMap<(i64, &'p str), usize> {
    let mut last = SmallMap::default();
    // From the end, so that the first that is added is the last.
    let all: Vec<_> = containers(spec).filter(|placed| placed.role != Role::Init).collect();
    for placed in all.into_iter().rev() {
        let place = if placed.role == Role::Sidecar { placed.index } else { usize::MAX };
        for port in &placed.container.ports {
            if let Some(number) = port.container_port {
                last.add((number, protocol(port)), place);
            }
        }
    }
    last
}

/// The first port that none of the containers after this one declares, with its index.
fn own_port<'p>(declared: &SmallMap<(i64, &'p str), usize>, placed: &Placed<'p, '_>) -> Option<(usize, i64)> {
    placed.container.ports.iter().enumerate().find_map(|(index, port)| {
        let number = port.container_port?;
        let shared = declared.get(&(number, protocol(port))).is_some_and(|place| *place > placed.index);
        (!shared).then_some((index, number))
    })
}
