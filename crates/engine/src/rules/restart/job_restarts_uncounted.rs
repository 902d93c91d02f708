//! # What it does
//!
//! Finds a container of a Job whose failures nothing counts: the Pod's `restartPolicy` is `Never`, the container's own policy or
//! rules start it again after a failure, and neither the Job nor the Pod has `activeDeadlineSeconds`.
//!
//! An app container of a Job or CronJob with `restartPolicy: Always` of its own is refused, whatever the deadline: it is started again
//! after it has succeeded too, so that the Job never completes. Of a JobSet others may decide whether it has.
//!
//! # Why it is bad
//!
//! The Job controller counts failed Pods, and restarts of containers only where the Pod's `restartPolicy` is `OnFailure`. A container that
//! is started again within a Pod of `Never` makes no Pod fail: with `backoffLimit: 3` it may fail a thousand times, every five minutes,
//! and the Job is neither complete nor failed.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec:
//!   backoffLimit: 3
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         restartPolicy: OnFailure # finding
//! ```
//!
//! # Use instead
//!
//! Let the Pod restart its containers, which counts, or say how long the Job may take:
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec:
//!   backoffLimit: 3
//!   activeDeadlineSeconds: 3600
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         restartPolicy: OnFailure
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy>
//! - Job controller: `pastBackoffLimitOnFailure`
//! - Kubelet scenario: `workloads/job-whose-restarts-nobody-counts`

use crate::{
    lifecycle::{
        restart::{is_restarted_uncounted, matching_rule, pod_policy},
        stages::{Role, containers},
    },
    model::{Review, version::RESTART_RULES},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "job-restarts-uncounted",
    summary: "a Job's container is restarted within its Pod, which no backoffLimit counts",
    level: Warn,
    since: "0.1.0",
    page: "job_restarts_uncounted.rs",
    check: JobRestartsUncounted {},
    other_levels: [LevelCase::of(
        Level::Deny,
        "an app container has restartPolicy Always of its own, so that the Job never completes",
        |workload| workload.group == "batch",
    )],
    feature: RESTART_RULES,
}

impl Check for JobRestartsUncounted {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let Some(job) = &template.job else { continue };
            let deadline = job.spec.active_deadline_seconds.or(template.spec.active_deadline_seconds);
            let policy = pod_policy(review.workload, template);
            // Restarts of its own need a policy of its own.
            for placed in containers(&template.spec).filter(|placed| placed.container.restart_policy.is_some()) {
                let container = placed.container;
                let at = || placed.path(template);
                let own = container.restart_policy.as_deref().unwrap_or_default();
                if placed.role == Role::App && own == "Always" {
                    // A JobSet completes with those of its Jobs that its success policy names.
                    if review.workload.group != "batch" {
                        continue;
                    }
                    out.at_level(
                        Level::Deny,
                        at().key("restartPolicy"),
                        format_args!(
                            "container \"{}\" has restartPolicy Always of its own: it is started again after it has succeeded, and the Job never completes; use OnFailure, or make it a sidecar",
                            container.name
                        ),
                    );
                } else if deadline.is_none() && is_restarted_uncounted(policy, &placed) {
                    let at = match matching_rule(container, 1) {
                        Some((index, _)) => at().key("restartPolicyRules").index(index),
                        None => at().key("restartPolicy"),
                    };
                    out.at(
                        at,
                        format_args!(
                            "container \"{}\" is started again within its Pod after a failure, which no backoffLimit counts while the Pod's restartPolicy is Never: it may fail for ever; set activeDeadlineSeconds",
                            container.name
                        ),
                    );
                }
            }
        }
    }
}
