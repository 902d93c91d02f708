//! # What it does
//!
//! Finds a restart rule with the action `RestartAllContainers` that some exit code meets, beside a container that wants time or a hook
//! to stop: one with a preStop hook, or any where the Pod has a `terminationGracePeriodSeconds` above 30.
//!
//! # Why it is bad
//!
//! The containers that still run are not stopped as in a Pod that is deleted: they get SIGTERM with two seconds until SIGKILL, whatever
//! the grace period, and no preStop hook is run. What the hook was to save or to sign off is lost, at each restart.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: train}
//! spec:
//!   restartPolicy: Never
//!   containers:
//!   - name: worker
//!     image: example.com/worker:1
//!     restartPolicy: Never
//!     restartPolicyRules:
//!     - action: RestartAllContainers # finding
//!       exitCodes: {operator: In, values: [42]}
//!   - name: store
//!     image: example.com/store:1
//!     lifecycle: {preStop: {exec: {command: [flush]}}}
//! ```
//!
//! # Use instead
//!
//! Restart the container that has failed, and let the others run:
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: train}
//! spec:
//!   restartPolicy: Never
//!   containers:
//!   - name: worker
//!     image: example.com/worker:1
//!     restartPolicy: Never
//!     restartPolicyRules:
//!     - action: Restart
//!       exitCodes: {operator: In, values: [42]}
//!   - name: store
//!     image: example.com/store:1
//!     lifecycle: {preStop: {exec: {command: [flush]}}}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-all-containers>
//! - `SyncPod` and `computePodActions` of the kubelet (`ContainersToReset`)
//! - Kubelet scenario: `restarts/restart-all-containers-runs-no-hooks`
//! - [What it looks like](../pictures/restart-all.svg)

use std::cell::OnceCell;

use crate::{
    lifecycle::{
        restart::restart_all_rule,
        stages::{self, Placed, Role},
    },
    model::{Review, version::RESTART_ALL},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "restart-all-skips-shutdown",
    summary: "a rule restarts all containers, one of which wants a preStop hook or time to stop",
    level: Warn,
    since: "0.1.0",
    page: "restart_all_skips_shutdown.rs",
    check: RestartAllSkipsShutdown {},
    feature: RESTART_ALL,
}

/// The API's default: who asks for more means it.
const DEFAULT_GRACE_SECONDS: i64 = 30;

impl Check for RestartAllSkipsShutdown {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let has_hook = |other: &Placed<'_, '_>| {
            other.container.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.pre_stop.is_some())
        };
        for template in &review.new.templates {
            let working = || {
                let all = stages::containers(&template.spec);
                all.filter(|other| matches!(other.role, Role::App | Role::Sidecar))
            };
            // The first two are enough: one may be the container itself, and of sidecars the first runs beside the most.
            let first_two = OnceCell::new();
            for placed in stages::containers(&template.spec) {
                let Some(index) = restart_all_rule(placed.container) else { continue };
                let (hooked, any): &(Vec<_>, Vec<_>) = first_two
                    .get_or_init(|| (working().filter(has_hook).take(2).collect(), working().take(2).collect()));
                let runs_beside = |other: &&Placed<'_, '_>| {
                    (other.role, other.index) != (placed.role, placed.index) && placed.runs_with(other)
                };
                let grace = template.spec.termination_grace_period_seconds.unwrap_or(DEFAULT_GRACE_SECONDS);
                let (other, misses) = match (hooked.iter().find(runs_beside), any.iter().find(runs_beside)) {
                    (Some(other), _) => (other, "without its preStop hook".to_owned()),
                    (None, Some(other)) if grace > DEFAULT_GRACE_SECONDS => {
                        (other, format!("and not in the {grace} s that the Pod gives it"))
                    }
                    _ => continue,
                };
                out.at(
                    placed.path(template).key("restartPolicyRules").index(index).key("action"),
                    format_args!(
                        "container \"{}\" has a rule that restarts all containers: \"{}\" is then ended within 2 s, {misses}; use the action Restart, or let \"{}\" do without",
                        placed.container.name, other.container.name, other.container.name
                    ),
                );
            }
        }
    }
}
