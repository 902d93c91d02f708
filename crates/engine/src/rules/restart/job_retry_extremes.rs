//! # What it does
//!
//! Finds a Job with a `backoffLimit` above `mostRetries` (20 by default), or with a `backoffLimit` of 0 together with
//! `restartPolicy: OnFailure`. A Job with `backoffLimitPerIndex` may have any: its limit is for all indexes together.
//!
//! # Why it is bad
//!
//! With many retries a Job that cannot succeed goes on for hours: from the sixth on they are minutes apart. With 0 no failure
//! is to be retried, but `OnFailure` restarts the container all the same before the Job is failed: the work runs once more.
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
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy>
//! - Kubelet scenario: `workloads/job-without-retries-and-onfailure`
//! - Kubelet scenario: `workloads/job-with-backoff-per-index-and-onfailure`

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::restart::pod_policy,
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "job-retry-extremes",
    summary: "a Job's backoffLimit is very high, or 0 with restartPolicy OnFailure",
    level: Audit,
    since: "0.1.0",
    page: "job_retry_extremes.rs",
    check: JobRetryExtremes,
}

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

impl Check for JobRetryExtremes {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let Some(job) = &template.job else { continue };
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
