//! # What it does
//!
//! Finds a Pod template whose `restartPolicy` its kind does not allow: `Always` only for Deployment, ReplicaSet,
//! ReplicationController, StatefulSet, DaemonSet, Rollout, CloneSet and LeaderWorkerSet; `OnFailure` or `Never`, and one of
//! them said, for Job, CronJob and BroadcastJob, and for JobSet, where an absent one is `OnFailure`; `Never` only for a Job
//! with a `podFailurePolicy`.
//!
//! # Why it is bad
//!
//! A workload that keeps Pods running cannot work with Pods that end, and a Job never completes with Pods that do not. The
//! API server refuses both for its own kinds. An absent `restartPolicy` is `Always`, so that a Job has to name one.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Always # finding
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-template>
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy>
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template>

use crate::{
    lifecycle::restart::{POLICIES, pod_policy},
    model::{Review, workload::RestartPolicies},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "restart-policy-not-allowed",
    summary: "a restartPolicy that this kind of workload does not allow",
    level: Deny,
    since: "0.1.0",
    page: "restart_policy_not_allowed.rs",
    check: RestartPolicyNotAllowed {},
}

impl Check for RestartPolicyNotAllowed {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let given = pod_policy(review.workload, template);
            let pod_failure_policy = template.job.as_ref().is_some_and(|job| job.spec.pod_failure_policy.is_some());
            let allowed: &[&str] = match review.workload.restart_policies {
                RestartPolicies::Any => continue,
                RestartPolicies::Always => &["Always"],
                RestartPolicies::OnFailureOrNever if pod_failure_policy => &["Never"],
                RestartPolicies::OnFailureOrNever => &["OnFailure", "Never"],
            };
            // What is no policy at all is `invalid-restart-policy`'s.
            if allowed.contains(&given) || !POLICIES.contains(&given) {
                continue;
            }
            let kind = review.workload.kind;
            let found = if template.spec.restart_policy.is_empty() {
                format!("an absent restartPolicy, which is {given}")
            } else {
                format!("restartPolicy {given}")
            };
            let reason = if pod_failure_policy { " with a podFailurePolicy" } else { "" };
            out.at(
                template.spec_path("restartPolicy"),
                format_args!("{kind}{reason} does not allow {found}; it takes {}", allowed.join(" or ")),
            );
        }
    }
}
