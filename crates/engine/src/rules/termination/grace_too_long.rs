//! # What it does
//!
//! Finds a `terminationGracePeriodSeconds` of more than the option `mostSeconds` says, 600 by default.
//!
//! # Why it is bad
//!
//! A process that does not end by itself, because it ignores the signal or hangs, keeps its Pod for the whole grace period. The node
//! is not empty for so long, and whoever drains it waits: `kubectl drain` without end, an upgrade until it gives up and ends the Pod all the
//! same, the cluster autoscaler for 10 minutes (`--max-graceful-termination-sec`), a spot instance for two minutes at most. So a longer
//! period is often not granted, and where it is, one hung process holds up the maintenance of the cluster.
//!
//! In a StatefulSet the Pod's successor waits as well: it has the same name, and starts when the Pod is gone.
//!
//! Work that takes hours and must not be cut short has reasons for more: say them in the annotation
//! `ignore.podgate.dev/grace-too-long`, or set the option.
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
//!       terminationGracePeriodSeconds: 86400 # finding
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! As long as the slowest request takes, and some reserve:
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       terminationGracePeriodSeconds: 120
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>
//! - <https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/>
//! - <https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md>

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::shutdown::grace_seconds,
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "grace-too-long",
    summary: "the grace period is longer than drains and upgrades wait",
    level: Audit,
    since: "0.1.0",
    page: "grace_too_long.rs",
    check: GraceTooLong,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct GraceTooLong {
    /// The longest grace period that is fine, in seconds.
    most_seconds: u64,
}

impl Default for GraceTooLong {
    /// As long as the cluster autoscaler waits by default.
    fn default() -> Self {
        Self { most_seconds: 600 }
    }
}

impl Check for GraceTooLong {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let most = self.most_seconds;
        for template in &review.new.templates {
            let grace = grace_seconds(&template.spec);
            // A Pod that says nothing has 30 s, and nothing that its author should mend.
            if grace <= most || template.spec.termination_grace_period_seconds.is_none() {
                continue;
            }
            out.measured(
                i64::try_from(grace).unwrap_or(i64::MAX),
                template.spec_path("terminationGracePeriodSeconds"),
                format_args!(
                    "terminationGracePeriodSeconds is {grace}: a process that hangs keeps its node from being drained for so long; use {most} or less"
                ),
            );
        }
    }
}
