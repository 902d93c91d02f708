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

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::{
        ports::{is_port_name, is_port_number},
        probes::Timing,
        stages::{self, Role},
    },
    model::{IntOrString, Path, Probe, Review},
    rules::rule::{Check, Code, Level, Report, Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "invalid-probe",
    summary: "a probe that the API server refuses",
    level: Level::Deny,
    since: "0.1.0",
    source: include_str!("invalid_probe.rs"),
    code: Code::of::<InvalidProbe>(),
};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InvalidProbe {}

impl Check for InvalidProbe {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        // Whatever a probe of a regular init container says, it is `init-container-probe`'s; the API server stops there, too.
        for (template, placed) in stages::all(&review.new).filter(|(_, placed)| placed.role != Role::Init) {
            for (field, probe) in placed.container.probes() {
                let at = placed.path(template).key(field);
                let subject = format!("{field} of container \"{}\"", placed.container.name);
                handlers(probe, &at, &subject, out);
                numbers(field, probe, &at, &subject, out);
            }
        }
    }
}

/// Exactly one handler, and that one complete.
fn handlers(probe: &Probe<'_>, at: &Path, subject: &str, out: &mut Report<'_>) {
    let present = [
        ("exec", probe.exec.is_some()),
        ("httpGet", probe.http_get.is_some()),
        ("tcpSocket", probe.tcp_socket.is_some()),
        ("grpc", probe.grpc.is_some()),
    ];
    let mut present = present.into_iter().filter(|(_, present)| *present).map(|(handler, _)| handler);
    let first = present.next();
    if first.is_none() {
        out.at(at.clone(), format!("{subject} has no handler; it takes one of exec, httpGet, tcpSocket, grpc"));
    }
    for extra in present {
        let first = first.unwrap_or_default();
        out.at(at.clone().key(extra), format!("{subject} has {extra} besides {first}; it takes one handler"));
    }
    if probe.exec.as_ref().is_some_and(|exec| exec.command.is_empty()) {
        out.at(at.clone().keys(&["exec", "command"]), format!("{subject} runs an empty command"));
    }
    if let Some(get) = &probe.http_get {
        port(get.port.as_ref(), at.clone().keys(&["httpGet", "port"]), subject, out);
        if !matches!(&*get.scheme, "" | "HTTP" | "HTTPS") {
            out.at(
                at.clone().keys(&["httpGet", "scheme"]),
                format!("{subject} has scheme \"{}\"; it takes HTTP or HTTPS", get.scheme),
            );
        }
        for (index, header) in get.http_headers.iter().enumerate().filter(|(_, header)| !is_header_name(&header.name)) {
            out.at(
                at.clone().keys(&["httpGet", "httpHeaders"]).index(index),
                format!("{subject} has header \"{}\"; a name is letters, digits and hyphens", header.name),
            );
        }
    }
    if let Some(socket) = &probe.tcp_socket {
        port(socket.port.as_ref(), at.clone().keys(&["tcpSocket", "port"]), subject, out);
    }
    if let Some(grpc) = &probe.grpc {
        let at = at.clone().keys(&["grpc", "port"]);
        match &grpc.port {
            Some(IntOrString::String(name)) => {
                out.at(at, format!("{subject} has grpc port \"{name}\"; grpc takes a number"));
            }
            number => port(number.as_ref(), at, subject, out),
        }
    }
}

fn port(port: Option<&IntOrString<'_>>, at: Path, subject: &str, out: &mut Report<'_>) {
    match port {
        None => out.at(at, format!("{subject} has no port")),
        Some(IntOrString::Int(number)) if !is_port_number(*number) => {
            out.at(at, format!("{subject} has port {number}; ports are 1 to 65535"));
        }
        Some(IntOrString::String(name)) if !is_port_name(name) => {
            let limit = "a port's name is 1 to 15 of a-z, 0-9 and single inner hyphens, with at least one letter";
            out.at(at, format!("{subject} has port \"{name}\"; {limit}"));
        }
        Some(_) => {}
    }
}

/// `IsHTTPHeaderName`: narrower than HTTP itself.
fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn numbers(field: &str, probe: &Probe<'_>, at: &Path, subject: &str, out: &mut Report<'_>) {
    let numbers = [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ];
    for (name, value) in numbers {
        if let Some(value) = value.filter(|value| *value < 0) {
            out.at(at.clone().key(name), format!("{subject} has {name} {value}; it may not be negative"));
        }
    }
    let timing = Timing::of(probe);
    if field != "readinessProbe" && timing.success_threshold > 1 {
        let at = at.clone().key("successThreshold");
        out.at(at, format!("{subject} has successThreshold {}; only 1 is allowed here", timing.success_threshold));
    }
    if let Some(seconds) = probe.termination_grace_period_seconds {
        let at = at.clone().key("terminationGracePeriodSeconds");
        if field == "readinessProbe" {
            out.at(at, format!("{subject} has terminationGracePeriodSeconds {seconds}; a readiness probe ends nothing and may not have it"));
        } else if seconds < 1 {
            out.at(at, format!("{subject} has terminationGracePeriodSeconds {seconds}; at least 1 is needed"));
        }
    }
}
