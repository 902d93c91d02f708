//! # What it does
//!
//! Finds `preStop` hooks that are known to take longer than the Pod's `terminationGracePeriodSeconds` (30 where it is not given):
//! `sleep`, and `exec` of `sleep` by itself or in a shell script (`sh -c "nginx -s quit; sleep 45"`). The `sleep`s that a script
//! comes to in any case are added up; any other command counts as 0 s. A `sleep` in an `if`, a loop, a function, a pipe or the
//! background, behind `||`, or behind a command that may end the script or the container (`exit`, `kill`), is left alone.
//!
//! A hook that takes all of the grace period, or leaves less than `marginSeconds` (default 5) of it, is at level warn.
//!
//! A grace period of 0, or a negative one, counts as 1 s.
//!
//! # Why it is bad
//!
//! The grace period begins with the deletion and includes the hook. When it is over, the hook is cut off and the container has two
//! seconds from its stop signal to SIGKILL: connections break that the hook was meant to save. The API server refuses a `sleep`
//! of more than the grace period, but not one of all of it, and does not look into commands. In a workload's template it also
//! refuses any `sleep` beside a negative grace period.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   terminationGracePeriodSeconds: 30
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     lifecycle:
//!       preStop:
//!         exec:
//!           command: [sh, -c, "sleep 45; nginx -s quit"] # finding: container "app" sleeps 45 s in preStop
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   terminationGracePeriodSeconds: 60
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     lifecycle:
//!       preStop:
//!         exec:
//!           command: [sh, -c, "sleep 45; nginx -s quit"]
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/#hook-handler-execution>
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>
//! - KEP-3960, Sleep action for preStop
//! - Kubelet scenario: `shutdown/prestop-longer-than-the-grace`
//! - Kubelet scenario: `shutdown/prestop-as-long-as-the-grace`
//! - Kubelet scenario: `shutdown/grace-of-zero`
//! - [What it looks like](../pictures/prestop-too-long.svg)

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::{
        shutdown::{grace_on_deletion, grace_seconds, hook_duration},
        stages::{self, Role},
    },
    model::Review,
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "prestop-exceeds-grace",
    summary: "a preStop hook sleeps longer than the grace period allows",
    level: Deny,
    since: "0.1.0",
    page: "prestop_exceeds_grace.rs",
    check: PrestopExceedsGrace,
    other_levels: [LevelCase::of(
        Level::Warn,
        "the hook ends within the grace period and leaves less than marginSeconds",
        |_| true
    )],
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct PrestopExceedsGrace {
    /// Seconds of the grace period that have to be left after the hook.
    margin_seconds: u64,
}

impl Default for PrestopExceedsGrace {
    fn default() -> Self {
        Self { margin_seconds: 5 }
    }
}

impl Check for PrestopExceedsGrace {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let hook = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
            let Some(hook) = hook.filter(|_| matches!(placed.role, Role::App | Role::Sidecar)) else { continue };
            let Some(sleep) = hook_duration(hook).filter(|sleep| !sleep.is_zero()) else { continue };
            let grace = grace_on_deletion(&template.spec);
            let grace_text = || match grace_seconds(&template.spec) {
                0 => format!("grace period of 0 s, which counts as {}", seconds(grace)),
                _ => format!("grace period of {}", seconds(grace)),
            };
            let field: &[&str] = if hook.sleep.is_some() { &["sleep", "seconds"] } else { &["exec", "command"] };
            let at = || placed.path(template).keys(&["lifecycle", "preStop"]).keys(field);
            let what = || format!("container \"{}\" sleeps {} in preStop", container.name, seconds(sleep));
            // In milliseconds; negative as long as some of the grace period is left.
            let milliseconds = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
            let beyond = milliseconds(sleep).saturating_sub(milliseconds(grace));
            if sleep > grace {
                out.measured(
                    beyond,
                    at(),
                    format_args!(
                        "{}, more than the {}: it is cut off; use a longer grace period",
                        what(),
                        grace_text()
                    ),
                );
            } else if sleep == grace {
                out.measured_at_level(
                    Level::Warn,
                    beyond,
                    at(),
                    format_args!("{}, all of the {}: it has no time left to stop", what(), grace_text()),
                );
            } else if sleep.saturating_add(Duration::from_secs(self.margin_seconds)) > grace {
                let left = seconds(grace.saturating_sub(sleep));
                out.measured_at_level(
                    Level::Warn,
                    beyond,
                    at(),
                    format_args!(
                        "{}, which leaves {left} of the {} to stop, less than {} s",
                        what(),
                        grace_text(),
                        self.margin_seconds
                    ),
                );
            }
        }
    }
}

/// A duration in seconds: `5 s`, `1.5 s`.
fn seconds(duration: Duration) -> String {
    if duration == Duration::MAX {
        return "for ever".to_owned();
    }
    let fraction = format!(".{:09}", duration.subsec_nanos());
    format!("{}{} s", duration.as_secs(), fraction.trim_end_matches('0').trim_end_matches('.'))
}
