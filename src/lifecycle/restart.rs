//! What restarts: a Pod's effective restart policy.

use crate::model::{PodSpec, Template, Workload};

/// The values of a Pod's `restartPolicy`.
pub const POLICIES: &[&str] = &["Always", "OnFailure", "Never"];

/// The Pod's `restartPolicy` after defaulting: absent means `Always` (`SetDefaults_PodSpec`).
pub fn pod_policy<'s>(spec: &'s PodSpec<'_>) -> &'s str {
    if spec.restart_policy.is_empty() { "Always" } else { &spec.restart_policy }
}

/// Whether the Pods of `template` are meant to run until something ends them, rather than to complete.
pub fn is_long_running(workload: &Workload, template: &Template<'_>) -> bool {
    !workload.is_job() && pod_policy(&template.spec) == "Always"
}
