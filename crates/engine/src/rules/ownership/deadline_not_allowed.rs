//! # What it does
//!
//! Finds `activeDeadlineSeconds` in the template of a Deployment, ReplicaSet, ReplicationController, StatefulSet or DaemonSet,
//! and a deadline that leaves no time: below 1, of a Pod, a template or a Job. A Pod's deadline also has to fit in 32 bits.
//!
//! # Why it is bad
//!
//! The API server refuses a deadline in workloads that run for ever. It accepts a Job with a deadline of 0, which fails
//! before it has run.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       activeDeadlineSeconds: 600 # finding
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
//!   activeDeadlineSeconds: 600
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
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup>
//! - API validation: `ValidatePodTemplateSpecForReplicaSet`, `ValidateStatefulSetSpec`, `ValidateDaemonSetSpec`, `ValidatePodSpec`
//! - Kubelet scenario: `workloads/job-deadline-of-zero`

use crate::{
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "deadline-not-allowed",
    summary: "activeDeadlineSeconds where the API allows none, or one that leaves no time",
    level: Deny,
    since: "0.1.0",
    page: "deadline_not_allowed.rs",
    check: DeadlineNotAllowed {},
}

const MAX_POD_DEADLINE_SECONDS: i64 = i32::MAX as i64;

impl Check for DeadlineNotAllowed {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let kind = review.workload.kind;
        let runs_for_ever = matches!(
            (review.workload.group, kind),
            ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") | ("", "ReplicationController")
        );
        for template in &review.new.templates {
            if let Some(seconds) = template.spec.active_deadline_seconds {
                let at = template.spec_path("activeDeadlineSeconds");
                if runs_for_ever {
                    out.at(
                        at,
                        format_args!(
                            "activeDeadlineSeconds is {seconds}; a {kind}, whose Pods run for ever, allows none"
                        ),
                    );
                } else if !(1..=MAX_POD_DEADLINE_SECONDS).contains(&seconds) {
                    let range = format!("it has to be between 1 and {MAX_POD_DEADLINE_SECONDS}");
                    out.at(at, format_args!("activeDeadlineSeconds of the Pod is {seconds}; {range}"));
                }
            }
            let Some(job) = &template.job else { continue };
            if let Some(seconds) = job.spec.active_deadline_seconds.filter(|seconds| *seconds < 1) {
                out.at(
                    job.path.clone().key("activeDeadlineSeconds"),
                    format_args!("activeDeadlineSeconds of the Job is {seconds}: it fails before it has run"),
                );
            }
        }
    }
}
