//! # What it does
//!
//! Finds a regular init container that is retried without an end: in a Pod that no controller manages or in a Job, where it
//! is restarted after a failure and no `activeDeadlineSeconds` (of the Pod, or of the Job) ends that.
//!
//! Pods of workloads that keep replicas are left alone: a deadline is not allowed there.
//!
//! # Why it is bad
//!
//! An init container that waits for what never comes, or that fails again and again, keeps the Pod in `Init` for ever. It
//! holds its node's resources, and a Job neither completes nor fails. (`backoffLimit` ends the failures of a Job, but not a
//! wait.)
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
//!       restartPolicy: OnFailure
//!       initContainers:
//!       - name: wait
//!         image: example.com/wait:1
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
//!   activeDeadlineSeconds: 3600
//!   template:
//!     spec:
//!       restartPolicy: OnFailure
//!       initContainers:
//!       - name: wait
//!         image: example.com/wait:1
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#detailed-behavior>
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup>
//! - Kubelet scenario: `order/failed-init-is-retried`
//! - Kubelet scenario: `order/deadline-ends-init-retries`
//! - [What it looks like](../pictures/init-retry.svg)

use crate::{
    lifecycle::{
        restart::{Restart, after_exit, pod_policy},
        stages::{Role, containers},
    },
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "unbounded-init-retry",
    summary: "an init container is retried without an end: no activeDeadlineSeconds",
    level: Audit,
    since: "0.1.0",
    page: "unbounded_init_retry.rs",
    check: UnboundedInitRetry {},
}

impl Check for UnboundedInitRetry {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let naked_pod = review.workload.is_pod() && review.new.metadata.controller().is_none();
        // OpenKruise keeps a BroadcastJob's deadline elsewhere.
        let jobs = matches!(review.workload.group, "batch" | "jobset.x-k8s.io");
        for template in review.new.templates.iter().filter(|_| naked_pod || jobs) {
            let spec = &template.spec;
            let job_deadline = template.job.as_ref().and_then(|job| job.spec.active_deadline_seconds);
            if spec.active_deadline_seconds.is_some() || job_deadline.is_some() {
                continue;
            }
            let retried = |restart| matches!(restart, Restart::Container | Restart::AllContainers);
            let policy = pod_policy(review.workload, template);
            if template.job.is_some() && policy == "Never" {
                // Said by `job-restarts-uncounted`.
                continue;
            }
            let mut init = containers(spec).filter(|placed| placed.role == Role::Init);
            let Some(placed) = init.find(|placed| retried(after_exit(policy, placed, 1))) else { continue };
            let (at, whose) = match &template.job {
                Some(job) => (job.path.clone().key("activeDeadlineSeconds"), "the Job"),
                None => (template.spec_path("activeDeadlineSeconds"), "the Pod"),
            };
            let name = &placed.container.name;
            out.at(
                at,
                format_args!("init container \"{name}\" may be retried for ever: {whose} has no activeDeadlineSeconds"),
            );
        }
    }
}
