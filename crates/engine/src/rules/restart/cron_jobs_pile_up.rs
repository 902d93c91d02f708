//! # What it does
//!
//! Finds a CronJob that allows its Jobs to run at the same time (`concurrencyPolicy: Allow`, the default) and never ends them: no
//! `activeDeadlineSeconds` of the Job or of its Pod.
//!
//! `startingDeadlineSeconds` changes nothing here: it says how late a Job may still start, and ends none.
//!
//! # Why it is bad
//!
//! A Job that hangs is not noticed: with each tick one more is started, until the cluster or the database that they all wait
//! for is full. The limits on the history count finished Jobs only.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: CronJob
//! metadata: {name: report}
//! spec: # finding
//!   schedule: "*/5 * * * *"
//!   startingDeadlineSeconds: 60
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
//!   schedule: "*/5 * * * *"
//!   concurrencyPolicy: Forbid
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
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy>
//! - Kubelet scenario: `workloads/cron-jobs-pile-up`

use crate::{
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "cron-jobs-pile-up",
    summary: "a CronJob's Jobs may pile up: concurrencyPolicy Allow and no deadline",
    level: Audit,
    since: "0.1.0",
    page: "cron_jobs_pile_up.rs",
    check: CronJobsPileUp {},
}

impl Check for CronJobsPileUp {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let cron_job = &review.new.controller;
        let allowed = matches!(&*cron_job.concurrency_policy, "" | "Allow");
        if !review.workload.is("batch", "CronJob") || !allowed {
            return;
        }
        for template in &review.new.templates {
            let job_deadline = template.job.as_ref().and_then(|job| job.spec.active_deadline_seconds);
            if job_deadline.or(template.spec.active_deadline_seconds).is_none() {
                out.at(
                    Path::of(&["spec", "concurrencyPolicy"]),
                    "Jobs may run side by side without a deadline and pile up; set concurrencyPolicy Forbid or activeDeadlineSeconds",
                );
            }
        }
    }
}
