//! # What it does
//!
//! Finds a Pod `restartPolicy` that is none of `Always`, `OnFailure` and `Never`. Case matters.
//!
//! # Why it is bad
//!
//! The API server refuses the Pod. In the template of a custom workload it looks at nothing, and the mistake shows only when
//! no Pod appears.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   restartPolicy: onFailure # finding
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   restartPolicy: OnFailure
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy>

use crate::{
    lifecycle::restart::{POLICIES, pod_policy},
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "invalid-restart-policy",
    summary: "a restartPolicy that is none of Always, OnFailure and Never",
    level: Deny,
    since: "0.1.0",
    page: "invalid_restart_policy.rs",
    check: InvalidRestartPolicy {},
}

impl Check for InvalidRestartPolicy {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let given = pod_policy(review.workload, template);
            if !POLICIES.contains(&given) {
                let same_but_for_case = |known: &&&str| known.eq_ignore_ascii_case(given.trim());
                let hint = match POLICIES.iter().find(same_but_for_case) {
                    Some(meant) => format!("; did you mean {meant}?"),
                    None => String::new(),
                };
                out.at(
                    template.spec_path("restartPolicy"),
                    format_args!("restartPolicy \"{given}\" is none of {}{hint}", POLICIES.join(", ")),
                );
            }
        }
    }
}
