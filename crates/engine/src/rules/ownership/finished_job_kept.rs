//! # What it does
//!
//! Finds a Job without `ttlSecondsAfterFinished`. Left alone are Jobs that a controller owns (a CronJob deletes its old ones)
//! and hooks, which Helm or Argo CD delete: where their annotations name no policy, before the hook is created anew.
//!
//! A hook of Argo CD with `generateName` gets another name at each sync, so that none is found to be deleted: it is reported unless
//! its `argocd.argoproj.io/hook-delete-policy` has `HookSucceeded` or `HookFailed`.
//!
//! # Why it is bad
//!
//! A finished Job and its Pods stay until somebody deletes them. They fill etcd, every list of Pods, and the node's disk
//! with logs and container layers.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: report}
//! spec: # finding
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
//!   ttlSecondsAfterFinished: 86400
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
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/>
//! - <https://helm.sh/docs/topics/charts_hooks/#hook-deletion-policies>
//! - <https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/>
//! - Kubelet scenario: `workloads/job-kept`

use crate::{
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "finished-job-kept",
    summary: "a Job without ttlSecondsAfterFinished: it and its Pods stay once finished",
    level: Audit,
    since: "0.1.0",
    page: "finished_job_kept.rs",
    check: FinishedJobKept {},
}

impl Check for FinishedJobKept {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let metadata = &review.new.metadata;
        let owned =
            metadata.owner_references.iter().any(|owner| owner.controller == Some(true) || owner.kind == "CronJob");
        if !review.workload.is("batch", "Job") || owned || metadata.is_deleted_hook() {
            return;
        }
        let jobs = review.new.templates.iter().filter_map(|template| template.job.as_ref());
        if jobs.into_iter().all(|job| job.spec.ttl_seconds_after_finished.is_none()) {
            out.at(
                Path::of(&["spec", "ttlSecondsAfterFinished"]),
                "ttlSecondsAfterFinished is not set: the Job and its Pods stay once finished, until somebody deletes them",
            );
        }
    }
}
