//! # What it does
//!
//! Finds `postStart` and `preStop` hooks of apps and sidecars that the API server refuses: not exactly one of `exec`, `httpGet` and
//! `sleep`; an empty command; a port that is no port; a scheme other than HTTP and HTTPS; an HTTP header whose name has anything but
//! letters, digits and hyphens; a `sleep` below 0, and one in `postStart` of more than the Pod's `terminationGracePeriodSeconds` (30
//! where it is not given).
//!
//! A `preStop` that sleeps longer than the grace period is for `prestop-exceeds-grace`, `tcpSocket` for `hook-tcp-socket`.
//!
//! # Why it is bad
//!
//! The API server refuses the Pod. In the template of a custom workload (a Rollout, a CloneSet) it looks at nothing, and the
//! mistake shows only when no Pod appears.
//!
//! The grace period has nothing to do with `postStart`; the API server compares them all the same.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: argoproj.io/v1alpha1
//! kind: Rollout
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         lifecycle:
//!           postStart:
//!             sleep:
//!               seconds: 60 # finding
//!           preStop:
//!             exec: {command: [/bin/drain]}
//!             sleep: {seconds: 5} # finding: preStop of container "app" has sleep besides exec; it takes one handler
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: argoproj.io/v1alpha1
//! kind: Rollout
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         lifecycle:
//!           postStart:
//!             sleep: {seconds: 10}
//!           preStop:
//!             exec: {command: [sh, -c, "/bin/drain; sleep 5"]}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/>
//! - <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#LifecycleHandler>
//! - `validateLifecycle` and `validateSleepAction` of the API server

use crate::{
    lifecycle::{
        handlers::Handlers,
        shutdown::grace_seconds,
        stages::{self, Role},
    },
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "invalid-hook",
    summary: "a lifecycle hook that the API server refuses",
    level: Deny,
    since: "0.2.0",
    page: "invalid_hook.rs",
    check: InvalidHook {},
}

impl Check for InvalidHook {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let Some(lifecycle) = &container.lifecycle else { continue };
            // Other containers may have no hooks at all.
            if !matches!(placed.role, Role::App | Role::Sidecar) {
                continue;
            }
            let name = &container.name;
            for (field, hook) in lifecycle.hooks() {
                let at = || placed.path(template).key("lifecycle").key(field);
                // Of tcpSocket `hook-tcp-socket` speaks.
                for flaw in Handlers::of_hook(hook).flaws().into_iter().filter(|flaw| flaw.handler != "tcpSocket") {
                    out.at(at().join(&flaw.at), format_args!("{field} of container \"{name}\" {}", flaw.what));
                }
                let Some(seconds) = hook.sleep.and_then(|sleep| sleep.seconds) else { continue };
                let at = || at().keys(&["sleep", "seconds"]);
                if seconds < 0 {
                    out.at(
                        at(),
                        format_args!("{field} of container \"{name}\" sleeps {seconds} s; it may not be negative"),
                    );
                    continue;
                }
                let grace = i64::try_from(grace_seconds(&template.spec)).unwrap_or(i64::MAX);
                // Of a container without a Pod's spec the grace period is not known.
                if field == "postStart" && seconds > grace && !template.is_container {
                    out.measured(
                        seconds.saturating_sub(grace),
                        at(),
                        format_args!("container \"{name}\" sleeps {seconds} s in postStart, more than the grace period of {grace} s, which the API server refuses; sleep less, or use a longer grace period"),
                    );
                }
            }
        }
    }
}
