//! # What it does
//!
//! Finds a CronJob with `concurrencyPolicy: Forbid` whose Jobs have no `activeDeadlineSeconds`, and one with a `startingDeadlineSeconds`
//! below 10.
//!
//! # Why it is bad
//!
//! With `Forbid` no Job is made while the last one runs. One that hangs, because its Pod waits for a volume, a lock or an answer, ends the
//! schedule until somebody looks. With a deadline it fails, which is seen, and the next one starts.
//!
//! A run that the controller comes to later than `startingDeadlineSeconds` is left out. A few seconds are less than a change of the
//! controller's leader takes.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: CronJob
//! metadata: {name: report}
//! spec:
//!   schedule: "0 4 * * *"
//!   concurrencyPolicy: Forbid # finding
//!   jobTemplate:
//!     spec:
//!       template:
//!         spec:
//!           restartPolicy: Never
//!           containers:
//!           - name: app
//!             image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: CronJob
//! metadata: {name: report}
//! spec:
//!   schedule: "0 4 * * *"
//!   concurrencyPolicy: Forbid
//!   jobTemplate:
//!     spec:
//!       activeDeadlineSeconds: 3600
//!       template:
//!         spec:
//!           restartPolicy: Never
//!           containers:
//!           - name: app
//!             image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy>
//! - CronJob controller: `syncCronJob`
//! - Kubelet scenario: `workloads/cron-job-stalls`

use crate::{
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "cron-job-stalls",
    summary: "one hung Job ends the schedule of a CronJob, or a run that is little late is left out",
    level: Audit,
    since: "0.1.0",
    page: "cron_job_stalls.rs",
    check: CronJobStalls {},
}

/// A change of the controller's leader takes more than this.
const LEAST_STARTING_DEADLINE_SECONDS: i64 = 10;

impl Check for CronJobStalls {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.is("batch", "CronJob") {
            return;
        }
        let cron_job = &review.new.controller;
        let has_deadline = review.new.templates.iter().any(|template| {
            let of_job = template.job.as_ref().and_then(|job| job.spec.active_deadline_seconds);
            of_job.or(template.spec.active_deadline_seconds).is_some()
        });
        if cron_job.concurrency_policy == "Forbid" && !has_deadline {
            out.at(
                Path::of(&["spec", "concurrencyPolicy"]),
                "concurrencyPolicy Forbid waits for the last Job, which has no deadline: one that hangs ends the schedule; set activeDeadlineSeconds",
            );
        }
        let deadline = cron_job.starting_deadline_seconds;
        if let Some(seconds) = deadline.filter(|seconds| (0..LEAST_STARTING_DEADLINE_SECONDS).contains(seconds)) {
            out.at(
                Path::of(&["spec", "startingDeadlineSeconds"]),
                format_args!("startingDeadlineSeconds {seconds} leaves out each run that the controller comes to later than that; use {LEAST_STARTING_DEADLINE_SECONDS} or more"),
            );
        }
    }
}
