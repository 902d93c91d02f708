//! # What it does
//!
//! Finds probes that the API server refuses: not exactly one of `exec`, `httpGet`, `tcpSocket` and `grpc`; an empty command;
//! a port that is no port; a negative number; a `successThreshold` other than 1 on a liveness or startup probe; a
//! `terminationGracePeriodSeconds` on a readiness probe, or one below 1; an HTTP header whose name has anything but letters,
//! digits and hyphens.
//!
//! For period, timeout and thresholds 0 means the default and is fine.
//!
//! # Why it is bad
//!
//! The API server refuses the Pod. In the template of a custom workload (a Rollout, a CloneSet) it looks at nothing, and the
//! mistake shows only when no Pod appears.
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
//!         livenessProbe:
//!           tcpSocket:
//!             port: 80800 # finding
//!           successThreshold: 2 # finding
//!         readinessProbe: # finding
//!           periodSeconds: 5
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
//!         livenessProbe:
//!           tcpSocket:
//!             port: 8080
//!           failureThreshold: 6
//!         readinessProbe:
//!           httpGet: {path: /ready, port: 8080}
//!           periodSeconds: 5
//!           successThreshold: 2
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe>
//! - `validateProbe`, `validateLivenessProbe`, `validateReadinessProbe`, `validateStartupProbe` of the API server

use crate::{
    lifecycle::{
        handlers::Handlers,
        probes::Timing,
        stages::{self, Placed, Role},
    },
    model::{Probe, Review, Template},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "invalid-probe",
    summary: "a probe that the API server refuses",
    level: Deny,
    since: "0.1.0",
    page: "invalid_probe.rs",
    check: InvalidProbe {},
}

impl Check for InvalidProbe {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        // Whatever a probe of a regular init container says, it is `init-container-probe`'s; the API server stops there, too.
        for (template, placed) in stages::all(&review.new).filter(|(_, placed)| placed.role != Role::Init) {
            for (field, probe) in placed.container.probes() {
                Place { template, placed, field }.judge(probe, out);
            }
        }
    }
}

/// Names the container whose probe is judged. Its path and its name are only put together for a finding.
struct Place<'t, 'p, 'a> {
    template: &'t Template<'a>,
    placed: Placed<'p, 'a>,
    field: &'static str,
}

impl Place<'_, '_, '_> {
    /// Reports what is wrong with the probe's descendant along `keys`.
    fn report(&self, keys: &[&'static str], what: &str, out: &mut Report<'_>) {
        let Self { template, placed, field } = self;
        let at = placed.path(template).key(*field).keys(keys);
        out.at(at, format_args!("{field} of container \"{}\" {what}", placed.container.name));
    }

    fn judge(&self, probe: &Probe<'_>, out: &mut Report<'_>) {
        let Self { template, placed, field } = self;
        for flaw in Handlers::of_probe(probe).flaws() {
            let at = placed.path(template).key(*field).join(&flaw.at);
            out.at(at, format_args!("{field} of container \"{}\" {}", placed.container.name, flaw.what));
        }
        self.numbers(probe, out);
    }

    fn numbers(&self, probe: &Probe<'_>, out: &mut Report<'_>) {
        let numbers = [
            ("initialDelaySeconds", probe.initial_delay_seconds),
            ("timeoutSeconds", probe.timeout_seconds),
            ("periodSeconds", probe.period_seconds),
            ("successThreshold", probe.success_threshold),
            ("failureThreshold", probe.failure_threshold),
        ];
        for (name, value) in numbers {
            if let Some(value) = value.filter(|value| *value < 0) {
                self.report(&[name], &format!("has {name} {value}; it may not be negative"), out);
            }
        }
        let readiness = self.field == "readinessProbe";
        let success = Timing::of(probe).success_threshold;
        if !readiness && success > 1 {
            let what = format!("has successThreshold {success}; only 1 is allowed here");
            self.report(&["successThreshold"], &what, out);
        }
        if let Some(seconds) = probe.termination_grace_period_seconds {
            let why = match () {
                () if readiness => "a readiness probe ends nothing and may not have it",
                () if seconds < 1 => "at least 1 is needed",
                () => return,
            };
            let what = format!("has terminationGracePeriodSeconds {seconds}; {why}");
            self.report(&["terminationGracePeriodSeconds"], &what, out);
        }
    }
}
