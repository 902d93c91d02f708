//! # What it does
//!
//! Finds a rule of `restartPolicyRules` that restarts a container after exit code 0 although it is meant to complete: an app
//! container in a Pod with a `restartPolicy` other than `Always` (unless its own is `Always`). And a rule of a regular init
//! container, in any Pod, that restarts all containers after exit code 0. The first rule that matches counts.
//!
//! # Why it is bad
//!
//! The container has done its work and does it again, for ever: the Pod never succeeds and a Job never completes. `NotIn` is
//! the usual trap: it matches 0 unless 0 is listed.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: report}
//! spec:
//!   restartPolicy: Never
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     restartPolicy: Never
//!     restartPolicyRules:
//!     - action: Restart
//!       exitCodes: # finding
//!         operator: NotIn
//!         values: [1, 2]
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: report}
//! spec:
//!   restartPolicy: Never
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     restartPolicy: Never
//!     restartPolicyRules:
//!     - action: Restart
//!       exitCodes:
//!         operator: NotIn
//!         values: [0, 1, 2]
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restart-rules>
//! - KEP-5307, Container restart policy; KEP-5532, Restart all containers on container exits
//! - Kubelet scenario: `restarts/rule-notin-restarts-after-success`
//! - Kubelet scenario: `restarts/rule-notin-with-zero`
//! - Kubelet scenario: `restarts/restart-all-containers-after-init`
//! - [What it looks like](../pictures/crash-loop.svg)

use crate::{
    lifecycle::{
        restart::{matching_rule, pod_policy},
        stages::{self, Role},
    },
    model::{Review, version::RESTART_RULES},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "endless-restart-rule",
    summary: "a restart rule restarts a container that has completed",
    level: Warn,
    since: "0.1.0",
    page: "endless_restart_rule.rs",
    check: EndlessRestartRule {},
    feature: RESTART_RULES,
}

impl Check for EndlessRestartRule {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            // Without a policy of the container's own its rules do not count.
            let Some(own_policy) = container.restart_policy.as_deref() else { continue };
            let Some((index, rule)) = matching_rule(container, 0) else { continue };
            let completes = pod_policy(review.workload, template) != "Always" && own_policy != "Always";
            let (what, result) = match (placed.role, &*rule.action) {
                (Role::App, "Restart") if completes => ("it", "it never completes"),
                (Role::App, "RestartAllContainers") if completes => ("all containers", "the Pod never completes"),
                (Role::Init, "RestartAllContainers") => ("all containers", "the Pod never gets past it"),
                _ => continue,
            };
            let name = &container.name;
            out.at(
                placed.path(template).key("restartPolicyRules").index(index).key("exitCodes"),
                format_args!("container \"{name}\" has a rule that restarts {what} after exit code 0: {result}"),
            );
        }
    }
}
