//! # What it does
//!
//! Finds a Job whose number of retries is not what it seems:
//!
//! - a `backoffLimit` above `mostRetries` (20 by default). A Job with `backoffLimitPerIndex` may have any: its limit is for all indexes
//!   together.
//! - a `backoffLimit` of 0 together with `restartPolicy: OnFailure`.
//! - a `backoffLimitPerIndex` together with `restartPolicy: OnFailure`, where no `backoffLimit` and no deadline of the Job or its Pods ends
//!   the restarts: a warning.
//!
//! # Why it is bad
//!
//! With many retries a Job that cannot succeed goes on for hours: from the sixth on they are minutes apart. With 0 no failure
//! is to be retried, but `OnFailure` restarts the container all the same before the Job is failed: the work runs once more.
//!
//! `backoffLimitPerIndex` counts Pods that have failed. With `OnFailure` the container is restarted within its Pod, which does not
//! fail, so that it counts nothing. And `backoffLimit`, which counts these restarts, is 2147483647 beside it unless it is set: an index
//! that cannot succeed goes on for ever.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec:
//!   backoffLimit: 100 # finding
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec:
//!   backoffLimit: 0 # finding
//!   template:
//!     spec:
//!       restartPolicy: OnFailure
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec:
//!   completionMode: Indexed
//!   completions: 8
//!   backoffLimitPerIndex: 1 # finding
//!   template:
//!     spec:
//!       restartPolicy: OnFailure
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
//!   backoffLimit: 0
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec:
//!   completionMode: Indexed
//!   completions: 8
//!   backoffLimitPerIndex: 1
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
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy>
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index>
//! - `SetDefaults_Job` of the API server, `pastBackoffLimitOnFailure` of the Job controller
//! - Kubelet scenario: `workloads/job-without-retries-and-onfailure`
//! - Kubelet scenario: `workloads/job-with-backoff-per-index-and-onfailure`

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::restart::{pod_policy, restarts_after_failure},
    model::{Review, Template, Workload},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "job-retry-extremes",
    summary: "a Job's backoffLimit is very high, or counts otherwise with restartPolicy OnFailure",
    level: Audit,
    since: "0.1.0",
    page: "job_retry_extremes.rs",
    check: JobRetryExtremes,
    other_levels: [LevelCase::of(Level::Warn, "backoffLimitPerIndex counts no restart, and nothing ends them", Workload::is_job)],
}

/// Is what `backoffLimit` comes to beside `backoffLimitPerIndex` unless it is set (`SetDefaults_Job`).
const NO_LIMIT: i64 = i32::MAX as i64;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct JobRetryExtremes {
    /// The highest `backoffLimit` that is fine.
    most_retries: i64,
}

impl Default for JobRetryExtremes {
    fn default() -> Self {
        Self { most_retries: 20 }
    }
}

/// Returns whether a container of an Indexed Job that fails is restarted without end: within a Pod that does not fail, so that no limit
/// per index counts it, and without any other limit.
fn restarts_for_ever(workload: &Workload, template: &Template<'_>) -> bool {
    let Some(job) = &template.job else { return false };
    let deadline = job.spec.active_deadline_seconds.or(template.spec.active_deadline_seconds);
    let limited = job.spec.backoff_limit.is_some_and(|limit| limit < NO_LIMIT);
    let on_failure = pod_policy(workload, template) == "OnFailure";
    on_failure && !limited && deadline.is_none() && restarts_after_failure(workload, template)
}

impl Check for JobRetryExtremes {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let Some(job) = &template.job else { continue };
            if let Some(limit) =
                job.spec.backoff_limit_per_index.filter(|_| restarts_for_ever(review.workload, template))
            {
                out.at_level(
                    Level::Warn,
                    job.path.clone().key("backoffLimitPerIndex"),
                    format_args!("backoffLimitPerIndex {limit} counts no restart by restartPolicy OnFailure, and no backoffLimit or deadline ends them; use restartPolicy Never"),
                );
            }
            // The default, 6, is neither.
            let Some(limit) = job.spec.backoff_limit else { continue };
            let at = || job.path.clone().key("backoffLimit");
            let most = self.most_retries;
            if limit > most && job.spec.backoff_limit_per_index.is_none() {
                out.measured(
                    limit,
                    at(),
                    format_args!("backoffLimit {limit} retries for hours what cannot succeed (limit {most})"),
                );
            } else if limit == 0 && pod_policy(review.workload, template) == "OnFailure" {
                out.at(
                    at(),
                    "backoffLimit 0 with restartPolicy OnFailure restarts once before it fails; Never does not",
                );
            }
        }
    }
}
