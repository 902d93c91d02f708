//! # What it does
//!
//! Adds the probes that the policy describes to app containers and sidecars that declare a TCP port and lack them, when a Pod
//! is created. What is there is never changed.
//!
//! The handler follows the port. A port named `http…` or `web`, where the policy gives an `httpPath`, is probed by `httpGet`
//! (by HTTPS if its name begins with `https`); a port named `grpc…` by `grpc`; any other by `tcpSocket`. Of several ports
//! the first that allows `httpGet` is taken, else the first for `grpc`, else the first of all.
//!
//! Not for Pods that run to completion (`restartPolicy` other than `Always`), regular init or ephemeral containers, mirror
//! pods, and Pods of Knative, which makes its own probes.
//!
//! # Why
//!
//! Without a readiness probe a container counts as ready as soon as its process runs, and gets traffic before it listens. A
//! liveness probe is only added where the policy spells one out: one that fits nobody's application restarts what works.

use k8s_openapi::{
    api::core::v1::{GRPCAction, HTTPGetAction, Probe, TCPSocketAction},
    apimachinery::pkg::util::intstr::IntOrString,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Mutation, PatchBuilder, PatchError};
use crate::{
    lifecycle::{
        ports::{is_port_number, protocol},
        restart::is_long_running,
        stages::{self, Role},
    },
    model::{ContainerPort, Review},
};

pub(crate) static MUTATION: Mutation = Mutation {
    id: "default-probes",
    summary: "adds probes to containers that declare a TCP port and lack them",
    source: include_str!("default_probes.rs"),
};

/// The probes to add; one that is not given is not added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DefaultProbes {
    /// The readinessProbe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness: Option<ProbeSettings>,
    /// The startupProbe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup: Option<ProbeSettings>,
    /// The livenessProbe. Think twice: it restarts what it finds dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liveness: Option<ProbeSettings>,
}

/// How one probe is to be. What is not given is left to the API's defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ProbeSettings {
    /// Path for ports named `http…` or `web`; without it they are probed by `tcpSocket`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_path: Option<String>,
    /// Seconds before the first probe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_delay_seconds: Option<i32>,
    /// Seconds between probes; at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_seconds: Option<i32>,
    /// Seconds after which one probe counts as failed; at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    /// Failures in a row that count as failure; at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<i32>,
    /// Successes in a row that count as success; at least 1, and 1 for startup and liveness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_threshold: Option<i32>,
}

impl DefaultProbes {
    /// What in these settings would make a Pod that the API server refuses: the field and why.
    pub fn problems(&self) -> Vec<(String, String)> {
        self.settings()
            .into_iter()
            .flat_map(|(name, _, settings)| settings.map(|settings| settings.problems(name)).unwrap_or_default())
            .collect()
    }

    /// Name in the policy, field of the container, and settings of each probe.
    fn settings(&self) -> [(&'static str, &'static str, Option<&ProbeSettings>); 3] {
        [
            ("readiness", "readinessProbe", self.readiness.as_ref()),
            ("startup", "startupProbe", self.startup.as_ref()),
            ("liveness", "livenessProbe", self.liveness.as_ref()),
        ]
    }

    /// Adds the missing probes to the Pod that `review` creates.
    pub fn apply(&self, review: &Review<'_>, patch: &mut PatchBuilder<'_>) -> Result<(), PatchError> {
        let knative = review.new.metadata.labels.get("serving.knative.dev/revision").is_some();
        for (template, placed) in stages::all(&review.new).filter(|_| !knative) {
            let serves = matches!(placed.role, Role::App | Role::Sidecar) && is_long_running(review.workload, template);
            let container = placed.container;
            for (_, field, settings) in self.settings() {
                let Some(settings) = settings.filter(|_| serves && container.probes().all(|(there, _)| there != field))
                else {
                    continue;
                };
                if let Some(probe) = settings.probe(&container.ports) {
                    patch.add_missing(&placed.path(template).key(field), probe)?;
                }
            }
        }
        Ok(())
    }
}

impl ProbeSettings {
    fn problems(&self, name: &str) -> Vec<(String, String)> {
        let numbers = [
            ("initialDelaySeconds", self.initial_delay_seconds, 0),
            ("periodSeconds", self.period_seconds, 1),
            ("timeoutSeconds", self.timeout_seconds, 1),
            ("failureThreshold", self.failure_threshold, 1),
            ("successThreshold", self.success_threshold, 1),
        ];
        let low = numbers.into_iter().filter_map(|(field, value, least)| {
            let value = value.filter(|value| *value < least)?;
            Some((format!("{name}.{field}"), format!("is {value}; at least {least} is needed")))
        });
        let threshold = self.success_threshold.filter(|threshold| *threshold > 1 && name != "readiness");
        let threshold = threshold
            .map(|threshold| (format!("{name}.successThreshold"), format!("is {threshold}; only 1 is allowed here")));
        let path = self.http_path.as_ref().filter(|path| !path.starts_with('/'));
        let path = path.map(|path| (format!("{name}.httpPath"), format!("is \"{path}\"; a path begins with /")));
        low.chain(threshold).chain(path).collect()
    }

    /// The probe for a container with these ports; `None` if it has no TCP port.
    fn probe(&self, ports: &[ContainerPort<'_>]) -> Option<Probe> {
        // The first of the best, not the last: hence the position.
        let ports = ports.iter().enumerate().filter(|(_, port)| protocol(port) == "TCP");
        let ports = ports.filter_map(|(place, port)| {
            Some((place, port, port.container_port.filter(|number| is_port_number(*number))?))
        });
        let (_, port, number) = ports.min_by_key(|(place, port, _)| (self.preference(&port.name), *place))?;
        let number = i32::try_from(number).ok()?;
        let mut probe = Probe {
            initial_delay_seconds: self.initial_delay_seconds,
            period_seconds: self.period_seconds,
            timeout_seconds: self.timeout_seconds,
            failure_threshold: self.failure_threshold,
            success_threshold: self.success_threshold,
            ..Probe::default()
        };
        match self.preference(&port.name) {
            Preference::HttpGet => {
                let scheme = port.name.starts_with("https").then(|| "HTTPS".to_owned());
                let path = self.http_path.clone();
                probe.http_get =
                    Some(HTTPGetAction { path, port: IntOrString::Int(number), scheme, ..HTTPGetAction::default() });
            }
            Preference::Grpc => probe.grpc = Some(GRPCAction { port: number, ..GRPCAction::default() }),
            Preference::TcpSocket => {
                probe.tcp_socket = Some(TCPSocketAction { port: IntOrString::Int(number), host: None });
            }
        }
        Some(probe)
    }

    fn preference(&self, port_name: &str) -> Preference {
        match port_name {
            name if (name.starts_with("http") || name == "web") && self.http_path.is_some() => Preference::HttpGet,
            name if name.starts_with("grpc") => Preference::Grpc,
            _ => Preference::TcpSocket,
        }
    }
}

/// How a port is probed, the most telling way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Preference {
    HttpGet,
    Grpc,
    TcpSocket,
}
