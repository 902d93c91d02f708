//! # What it does
//!
//! Finds a `livenessProbe` on a container that is not started again once it has been killed (exit codes 137 and 143), by the
//! Pod's `restartPolicy`, the container's own, and its `restartPolicyRules`.
//!
//! Restart rules of the only app container of a Pod with `restartPolicy: Never` do not count, unless they restart all containers:
//! once a probe has killed the last one that runs, the kubelet takes the Pod down before it asks the rules.
//!
//! In a Job, and in a Pod that a controller made, the level is audit: those can make a new Pod for the one that failed.
//!
//! # Why it is bad
//!
//! A liveness probe kills the container so that it is started again. Here it stays dead, and with `restartPolicy: Never` the
//! Pod fails: one slow answer ends the work for good.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: report}
//! spec:
//!   restartPolicy: Never
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     livenessProbe: # finding
//!       tcpSocket: {port: 8080}
//! ```
//!
//! # Use instead
//!
//! A policy that restarts it, or a deadline for the work (`activeDeadlineSeconds`) instead of the probe:
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: report}
//! spec:
//!   restartPolicy: OnFailure
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     livenessProbe:
//!       tcpSocket: {port: 8080}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy>
//! - <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#liveness-probe>
//! - Kubelet scenario: `probes/liveness-in-a-pod-that-never-restarts`
//! - Kubelet scenario: `probes/liveness-kill-of-the-only-container-with-a-rule`
//! - Kubelet scenario: `probes/liveness-kill-of-one-of-two-containers-with-a-rule`

use crate::{
    lifecycle::{
        restart::{Restart, after_probe_kill, pod_policy},
        stages::{self, Role},
    },
    model::{Review, Workload},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "liveness-on-never-restart",
    summary: "a livenessProbe kills a container that is not started again",
    level: Warn,
    since: "0.1.0",
    page: "liveness_on_never_restart.rs",
    check: LivenessOnNeverRestart {},
    other_levels: [
        LevelCase::of(Level::Audit, "", Workload::is_job),
        LevelCase::of(Level::Audit, "a controller owns the Pod and replaces it", Workload::is_pod),
    ],
}

/// Exit codes of a container that SIGKILL or SIGTERM ended.
const KILLED: [i64; 2] = [137, 143];

impl Check for LivenessOnNeverRestart {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        let replaced = review.workload.is_job() || review.new.metadata.controller().is_some();
        let level = if replaced { Level::Audit } else { Level::Warn };
        for (template, placed) in stages::all(&review.new).filter(|(_, placed)| placed.role == Role::App) {
            let others_run = template.spec.containers.len() > 1;
            let policy = pod_policy(review.workload, template);
            let stays_dead =
                KILLED.iter().all(|code| after_probe_kill(policy, &placed, *code, others_run) == Restart::No);
            if placed.container.liveness_probe.is_some() && stays_dead {
                out.at_level(
                    level,
                    placed.path(template).key("livenessProbe"),
                    format_args!(
                        "container \"{}\" is not restarted once its livenessProbe has killed it (restartPolicy Never); leave the probe out",
                        placed.container.name
                    ),
                );
            }
        }
    }
}
