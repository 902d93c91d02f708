//! What restarts: a Pod's effective restart policy.

use crate::model::{Template, Workload};

/// The values of a Pod's `restartPolicy`.
pub const POLICIES: &[&str] = &["Always", "OnFailure", "Never"];

/// The Pod's `restartPolicy` after defaulting: absent means `Always` (`SetDefaults_PodSpec`), in a JobSet `OnFailure`.
pub fn pod_policy<'s>(workload: &Workload, template: &'s Template<'_>) -> &'s str {
    let given = &*template.spec.restart_policy;
    if given.is_empty() { workload.default_restart_policy } else { given }
}

/// Whether the Pods of `template` are meant to run until something ends them, rather than to complete.
pub fn is_long_running(workload: &Workload, template: &Template<'_>) -> bool {
    !workload.is_job() && pod_policy(workload, template) == "Always"
}
