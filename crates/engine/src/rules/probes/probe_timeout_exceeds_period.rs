//! # What it does
//!
//! Finds a probe whose `timeoutSeconds` is greater than its `periodSeconds` (after the defaults, 1 and 10).
//!
//! # Why it is bad
//!
//! The kubelet runs one probe at a time: while one waits, the next is left out. A container that hangs is probed every
//! `timeoutSeconds` instead of every `periodSeconds`, and is found dead later than the numbers say.
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
//!     readinessProbe:
//!       tcpSocket: {port: 8080}
//!       periodSeconds: 5
//!       timeoutSeconds: 10 # finding
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     readinessProbe:
//!       tcpSocket: {port: 8080}
//!       periodSeconds: 10
//!       timeoutSeconds: 10
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes>
//! - Kubelet scenario: `probes/timeout-longer-than-period`

use crate::{
    lifecycle::{probes::Timing, stages},
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "probe-timeout-exceeds-period",
    summary: "a probe may wait longer than the period at which it is to be repeated",
    level: Audit,
    since: "0.1.0",
    page: "probe_timeout_exceeds_period.rs",
    check: ProbeTimeoutExceedsPeriod {},
}

impl Check for ProbeTimeoutExceedsPeriod {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        for (template, placed) in stages::all(&review.new) {
            for (field, probe) in placed.container.probes() {
                let Timing { timeout_seconds, period_seconds, .. } = Timing::of(probe);
                // What is below 0 is `invalid-probe`'s.
                if timeout_seconds > period_seconds && period_seconds > 0 {
                    out.measured(
                        timeout_seconds.saturating_sub(period_seconds),
                        placed.path(template).keys(&[field, "timeoutSeconds"]),
                        format_args!(
                            "{field} of container \"{}\" has timeoutSeconds {timeout_seconds}, longer than its periodSeconds {period_seconds}",
                            placed.container.name
                        ),
                    );
                }
            }
        }
    }
}
