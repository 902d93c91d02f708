//! # What it does
//!
//! Finds a `livenessProbe` without a `startupProbe` that gives a container up that has not started after less than
//! `startSeconds` (30 by default): initialDelaySeconds + failureThreshold × periodSeconds. At level warn, one that gives
//! it time by an `initialDelaySeconds` of more than 60.
//!
//! # Why it is bad
//!
//! A container that once takes longer to start, on a cold node or with much to replay, is killed before it is up, and again
//! after each restart. A long initial delay prevents that, but holds after every restart too: a container that hangs in its
//! first minutes is not found, however early it was up.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app # finding
//!     image: example.com/app:1
//!     livenessProbe:
//!       tcpSocket: {port: 8080}
//!       periodSeconds: 5
//!   - name: slow
//!     image: example.com/slow:1
//!     livenessProbe:
//!       tcpSocket: {port: 9090}
//!       initialDelaySeconds: 120 # finding
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
//!     startupProbe:
//!       tcpSocket: {port: 8080}
//!       periodSeconds: 2
//!       failureThreshold: 60
//!     livenessProbe:
//!       tcpSocket: {port: 8080}
//!       periodSeconds: 5
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#startup-probe>
//! - Kubelet scenario: `probes/liveness-without-startup-kills-a-slow-start`
//! - [What it looks like](../pictures/slow-start.svg)

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::{
        probes::{LONG_DELAY_SECONDS, SLOW_START_SECONDS, Timing},
        stages::{self, Role},
    },
    model::Review,
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "liveness-without-startup",
    summary: "a livenessProbe without a startupProbe leaves little time to start, or delays for long",
    level: Audit,
    since: "0.1.0",
    page: "liveness_without_startup.rs",
    check: LivenessWithoutStartup,
    other_levels: [LevelCase::of(Level::Warn, "initialDelaySeconds is more than a minute", |_| true)],
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct LivenessWithoutStartup {
    /// Seconds that a container may take to start.
    start_seconds: i64,
}

impl Default for LivenessWithoutStartup {
    fn default() -> Self {
        Self { start_seconds: SLOW_START_SECONDS }
    }
}

impl Check for LivenessWithoutStartup {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let Some(liveness) = container.liveness_probe.as_ref().filter(|_| container.startup_probe.is_none()) else {
                continue;
            };
            // A regular init container may have no probe at all.
            if !matches!(placed.role, Role::App | Role::Sidecar) {
                continue;
            }
            let timing = Timing::of(liveness);
            let (delay, budget) = (timing.initial_delay_seconds, timing.budget_seconds());
            let name = &container.name;
            if delay > LONG_DELAY_SECONDS {
                out.measured_at_level(
                    Level::Warn,
                    delay,
                    placed.path(template).keys(&["livenessProbe", "initialDelaySeconds"]),
                    format_args!(
                        "container \"{name}\" is not watched for {delay} s after each start; a startupProbe waits only as long as needed"
                    ),
                );
            } else if budget < self.start_seconds {
                out.measured(
                    // The less time, the worse.
                    budget.saturating_neg(),
                    placed.path(template).key("startupProbe"),
                    format_args!(
                        "container \"{name}\" has {budget} s to start before its livenessProbe kills it (limit {} s); a startupProbe gives it time",
                        self.start_seconds
                    ),
                );
            }
        }
    }
}
