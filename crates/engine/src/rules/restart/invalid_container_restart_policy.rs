//! # What it does
//!
//! Finds a container's own `restartPolicy` that is none of `Always`, `OnFailure` and `Never`, and `restartPolicyRules` that
//! the API server refuses: without a `restartPolicy`, more than 20, an action other than `Restart` and
//! `RestartAllContainers`, no `exitCodes`, an operator other than `In` and `NotIn`, more than 255 values. Ephemeral containers
//! may have neither. Rules without any value are accepted, but mean nothing (`In`) or every exit code (`NotIn`): warn.
//!
//! # Why it is bad
//!
//! The API server refuses the Pod. In the template of a custom workload (a Rollout, a CloneSet) it looks at nothing, and the
//! mistake shows only when no Pod appears. The value counts in its exact case: with `restartPolicy: always` an init container
//! is no sidecar.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: proxy
//!     image: example.com/proxy:1
//!     restartPolicy: always # finding
//!   containers:
//!   - name: app # finding
//!     image: example.com/app:1
//!     restartPolicyRules:
//!     - action: restart # finding
//!       exitCodes:
//!         operator: Equals # finding
//!         values: [42]
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: proxy
//!     image: example.com/proxy:1
//!     restartPolicy: Always
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     restartPolicy: Never
//!     restartPolicyRules:
//!     - action: Restart
//!       exitCodes:
//!         operator: In
//!         values: [42]
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restart-rules>
//! - KEP-5307, Container restart policy; KEP-5532, Restart all containers on container exits
//! - `validateContainerRestartPolicy` of the API server

use crate::{
    lifecycle::{
        restart::POLICIES,
        stages::{self, Role},
    },
    model::{Review, pod::RestartRule},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
    syntax::Path,
};

rule! {
    id: "invalid-container-restart-policy",
    summary: "a container's restartPolicy or restartPolicyRules that the API server refuses",
    level: Deny,
    since: "0.1.0",
    page: "invalid_container_restart_policy.rs",
    check: InvalidContainerRestartPolicy {},
    other_levels: [LevelCase::of(Level::Warn, "a restart rule has no exit codes", |_| true)],
}

const ACTIONS: &[&str] = &["Restart", "RestartAllContainers"];
const OPERATORS: &[&str] = &["In", "NotIn"];
const MOST_RULES: usize = 20;
const MOST_VALUES: usize = 255;

impl Check for InvalidContainerRestartPolicy {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let (name, rules) = (&container.name, &container.restart_policy_rules);
            if container.restart_policy.is_none() && rules.is_empty() {
                continue;
            }
            let at = placed.path(template);
            if placed.role == Role::Ephemeral {
                let policy = container.restart_policy.is_some().then_some("restartPolicy");
                let rules = (!rules.is_empty()).then_some("restartPolicyRules");
                for field in policy.into_iter().chain(rules) {
                    out.at(at.clone().key(field), format_args!("ephemeral container \"{name}\" may not have {field}"));
                }
                continue;
            }
            match container.restart_policy.as_deref() {
                None => out.at(
                    at.clone().key("restartPolicy"),
                    format_args!("container \"{name}\" has restartPolicyRules but no restartPolicy of its own"),
                ),
                Some(policy) => {
                    one_of(POLICIES, policy, "restartPolicy", at.clone().key("restartPolicy"), name, out);
                }
            }
            let at = at.key("restartPolicyRules");
            if rules.len() > MOST_RULES {
                out.at(
                    at.clone(),
                    format_args!(
                        "container \"{name}\" has {} restartPolicyRules; at most {MOST_RULES} are allowed",
                        rules.len()
                    ),
                );
            }
            for (index, rule) in rules.iter().enumerate() {
                check_rule(rule, at.clone().index(index), name, out);
            }
        }
    }
}

fn check_rule(rule: &RestartRule<'_>, at: Path, name: &str, out: &mut Report<'_>) {
    one_of(ACTIONS, &rule.action, "action", at.clone().key("action"), name, out);
    let at = at.key("exitCodes");
    let Some(codes) = &rule.exit_codes else {
        out.at(at, format_args!("container \"{name}\" has a restart rule without exitCodes"));
        return;
    };
    one_of(OPERATORS, &codes.operator, "operator", at.clone().key("operator"), name, out);
    let (at, count) = (at.key("values"), codes.values.len());
    if count > MOST_VALUES {
        out.at(
            at,
            format_args!(
                "container \"{name}\" has {count} exit codes in a restart rule; at most {MOST_VALUES} are allowed"
            ),
        );
    } else if count == 0 && OPERATORS.contains(&&*codes.operator) {
        let matches = if codes.operator == "In" { "no exit code" } else { "every exit code" };
        let what =
            format!("container \"{name}\" has a restart rule {} nothing, which matches {matches}", codes.operator);
        out.at_level(Level::Warn, at, what);
    }
}

/// Reports a value that is none of `known`, and which of them was meant.
fn one_of(known: &[&str], value: &str, field: &str, at: Path, name: &str, out: &mut Report<'_>) {
    if known.contains(&value) {
        return;
    }
    let hint = match known.iter().find(|known| known.eq_ignore_ascii_case(value.trim())) {
        Some(meant) => format!("; did you mean {meant}?"),
        None => String::new(),
    };
    out.at(
        at,
        format_args!("container \"{name}\" has {field} \"{value}\", which is none of {}{hint}", known.join(", ")),
    );
}
