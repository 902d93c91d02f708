//! # What it does
//!
//! Finds a Job with `restartPolicy: Never` and a `backoffLimit` or `backoffLimitPerIndex` of 1 to 3 that is given, whose
//! `podFailurePolicy` does not ignore the Pod condition `DisruptionTarget`. 0 mostly says that the work must not begin twice, and is left
//! alone.
//!
//! # Why it is bad
//!
//! A Pod that a node drain, a preemption or an eviction ends counts as failed, as one whose program fails. A few nodes that are upgraded
//! while the Job runs use up the retries, and the Job fails although nothing is wrong with it.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec:
//!   backoffLimit: 1 # finding
//!   template:
//!     spec:
//!       restartPolicy: Never
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
//!   backoffLimit: 1
//!   podFailurePolicy:
//!     rules:
//!     - action: Ignore
//!       onPodConditions: [{type: DisruptionTarget}]
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
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy>
//! - Job controller: `matchPodFailurePolicy`

use crate::{
    lifecycle::restart::pod_policy,
    model::{Review, version::POD_FAILURE_POLICY},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "disruption-spends-backoff",
    summary: "drained and preempted Pods count as failures of a Job that has few retries",
    level: Audit,
    since: "0.1.0",
    page: "disruption_spends_backoff.rs",
    check: DisruptionSpendsBackoff {},
    feature: POD_FAILURE_POLICY,
}

/// So few retries may be used up by a round of node upgrades.
const FEW_RETRIES: i64 = 3;

impl Check for DisruptionSpendsBackoff {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let Some(job) = template.job.as_ref().filter(|_| pod_policy(review.workload, template) == "Never") else {
                continue;
            };
            let limits =
                [("backoffLimitPerIndex", job.spec.backoff_limit_per_index), ("backoffLimit", job.spec.backoff_limit)];
            let is_few = |limit: &i64| (1..=FEW_RETRIES).contains(limit);
            let few = limits.into_iter().find_map(|(field, limit)| Some((field, limit.filter(is_few)?)));
            let Some((field, limit)) = few else { continue };
            let ignores = job.spec.pod_failure_policy.as_ref().is_some_and(|policy| policy.ignores("DisruptionTarget"));
            if !ignores {
                out.at(
                    job.path.clone().key(field),
                    format_args!("{field} {limit} counts Pods that a drain or a preemption ends; let a podFailurePolicy ignore DisruptionTarget"),
                );
            }
        }
    }
}
