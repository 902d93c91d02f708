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
        ports::{is_port_name, is_port_number},
        probes::Timing,
        stages::{self, Placed, Role},
    },
    model::{IntOrString, Probe, Review, Template},
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
        self.handlers(probe, out);
        self.numbers(probe, out);
    }

    /// Exactly one handler, and that one complete.
    fn handlers(&self, probe: &Probe<'_>, out: &mut Report<'_>) {
        let present = [
            ("exec", probe.exec.is_some()),
            ("httpGet", probe.http_get.is_some()),
            ("tcpSocket", probe.tcp_socket.is_some()),
            ("grpc", probe.grpc.is_some()),
        ];
        let mut present = present.into_iter().filter(|(_, present)| *present).map(|(handler, _)| handler);
        let first = present.next();
        if first.is_none() {
            self.report(&[], "has no handler; it takes one of exec, httpGet, tcpSocket, grpc", out);
        }
        for extra in present {
            let first = first.unwrap_or_default();
            self.report(&[extra], &format!("has {extra} besides {first}; it takes one handler"), out);
        }
        if probe.exec.as_ref().is_some_and(|exec| exec.command.is_empty()) {
            self.report(&["exec", "command"], "runs an empty command", out);
        }
        if let Some(get) = &probe.http_get {
            self.port(get.port.as_ref(), "httpGet", out);
            if !matches!(&*get.scheme, "" | "HTTP" | "HTTPS") {
                let what = format!("has scheme \"{}\"; it takes HTTP or HTTPS", get.scheme);
                self.report(&["httpGet", "scheme"], &what, out);
            }
            for (index, header) in
                get.http_headers.iter().enumerate().filter(|(_, header)| !is_header_name(&header.name))
            {
                let Self { template, placed, field } = self;
                out.at(
                    placed.path(template).key(*field).keys(&["httpGet", "httpHeaders"]).index(index),
                    format_args!(
                        "{field} of container \"{}\" has header \"{}\"; a name is letters, digits and hyphens",
                        placed.container.name, header.name
                    ),
                );
            }
        }
        if let Some(socket) = &probe.tcp_socket {
            self.port(socket.port.as_ref(), "tcpSocket", out);
        }
        if let Some(grpc) = &probe.grpc {
            match &grpc.port {
                Some(IntOrString::String(name)) => {
                    let what = format!("has grpc port \"{name}\"; grpc takes a number");
                    self.report(&["grpc", "port"], &what, out);
                }
                number => self.port(number.as_ref(), "grpc", out),
            }
        }
    }

    fn port(&self, port: Option<&IntOrString<'_>>, handler: &'static str, out: &mut Report<'_>) {
        let what = match port {
            None => "has no port".to_owned(),
            Some(IntOrString::Int(number)) if !is_port_number(*number) => {
                format!("has port {number}; ports are 1 to 65535")
            }
            Some(IntOrString::String(name)) if !is_port_name(name) => {
                let limit = "a port's name is 1 to 15 of a-z, 0-9 and single inner hyphens, with at least one letter";
                format!("has port \"{name}\"; {limit}")
            }
            Some(_) => return,
        };
        self.report(&[handler, "port"], &what, out);
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

/// `IsHTTPHeaderName`: narrower than HTTP itself.
fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
