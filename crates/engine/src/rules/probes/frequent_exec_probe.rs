//! # What it does
//!
//! Finds an `exec` probe that is run more often than every `leastPeriodSeconds` (10 by default).
//!
//! # Why it is bad
//!
//! Each run starts a process in the container, by way of the container runtime: far dearer than a request. On a node with
//! many such Pods the probes alone keep processors busy, time out, and restart what is well.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     livenessProbe:
//!       exec: {command: [check]}
//!       periodSeconds: 2 # finding
//! ```
//!
//! # Use instead
//!
//! `httpGet`, `tcpSocket` or `grpc`; or a longer period:
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     livenessProbe:
//!       exec: {command: [check]}
//!       periodSeconds: 10
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#probe-check-methods>
//! - Kubelet scenario: `probes/exec-probe-starts-a-process-each-period`

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::{probes::Timing, stages},
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "frequent-exec-probe",
    summary: "an exec probe starts a process every few seconds",
    level: Audit,
    since: "0.1.0",
    page: "frequent_exec_probe.rs",
    check: FrequentExecProbe,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct FrequentExecProbe {
    /// The shortest period that is fine, in seconds.
    least_period_seconds: i64,
}

impl Default for FrequentExecProbe {
    fn default() -> Self {
        Self { least_period_seconds: 10 }
    }
}

impl Check for FrequentExecProbe {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        let least = self.least_period_seconds;
        for (template, placed) in stages::all(&review.new) {
            for (field, probe) in placed.container.probes().filter(|(_, probe)| probe.exec.is_some()) {
                let period = Timing::of(probe).period_seconds;
                // What is below 0 is `invalid-probe`'s.
                if (1..least).contains(&period) {
                    out.measured(
                        // The shorter, the worse.
                        -period,
                        placed.path(template).keys(&[field, "periodSeconds"]),
                        format_args!(
                            "{field} of container \"{}\" starts a process every {period} s; {least} s or more is easy on the node",
                            placed.container.name
                        ),
                    );
                }
            }
        }
    }
}
