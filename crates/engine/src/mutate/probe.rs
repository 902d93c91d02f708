//! One probe as a policy describes it, as a container has it, and as it is added.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    lifecycle::{
        ports::{is_port_number, protocol},
        probes::{Handler, Port, Timing},
    },
    model::{self, Container, ContainerPort},
};

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

impl ProbeSettings {
    /// What in these settings, called `name` in the policy, cannot work: the field and why.
    pub(super) fn problems(&self, name: &str) -> Vec<(String, String)> {
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
        let Timing { timeout_seconds, period_seconds, .. } = self.timing();
        let slow = (timeout_seconds > period_seconds && period_seconds > 0).then(|| {
            let why = format!("is {timeout_seconds}; at most the period of {period_seconds} s makes sense");
            (format!("{name}.timeoutSeconds"), why)
        });
        low.chain(threshold).chain(path).chain(slow).collect()
    }

    /// The numbers after the API's defaulting.
    pub(super) fn timing(&self) -> Timing {
        let or = |value: Option<i32>, default| value.map_or(default, i64::from);
        let default = Timing::default();
        Timing {
            initial_delay_seconds: or(self.initial_delay_seconds, default.initial_delay_seconds),
            timeout_seconds: or(self.timeout_seconds, default.timeout_seconds),
            period_seconds: or(self.period_seconds, default.period_seconds),
            success_threshold: or(self.success_threshold, default.success_threshold),
            failure_threshold: or(self.failure_threshold, default.failure_threshold),
        }
    }

    /// What to ask a container with these ports; `None` if it has no TCP port.
    fn handler(&self, ports: &[ContainerPort<'_>]) -> Option<Handler<'_>> {
        // The first of the best, not the last: hence the position.
        let ports = ports.iter().enumerate().filter(|(_, port)| protocol(port) == "TCP");
        let ports = ports.filter_map(|(place, port)| {
            Some((place, port, port.container_port.filter(|number| is_port_number(*number))?))
        });
        let (_, port, number) = ports.min_by_key(|(place, port, _)| (self.preference(&port.name), *place))?;
        let (name, port) = (&*port.name, Port::Number(number));
        Some(match self.preference(name) {
            Preference::HttpGet => {
                let scheme = if name.starts_with("https") { "HTTPS" } else { "HTTP" };
                let path = self.http_path.as_deref().unwrap_or_default();
                Handler::HttpGet {
                    protocol: "",
                    scheme,
                    host: "",
                    port,
                    path: path.strip_prefix('/').unwrap_or(path),
                    headers: Vec::new(),
                }
            }
            Preference::Grpc => Handler::Grpc { port, service: "", is_tls: false },
            Preference::TcpSocket => Handler::TcpSocket { host: "", port },
        })
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

/// A probe as the container has it, or as it would be added.
#[derive(Debug)]
pub(super) struct Asked<'p> {
    /// What it asks; `None` for one of the container's own that the API server refuses.
    handler: Option<Handler<'p>>,
    timing: Timing,
    /// What is added; `None` for one of the container's own.
    added: Option<&'p ProbeSettings>,
}

impl<'p> Asked<'p> {
    /// The container's own, else one with these settings if the container has a port for it.
    pub(super) fn of(
        container: &'p Container<'_>,
        own: Option<&'p model::Probe<'_>>,
        settings: Option<&'p ProbeSettings>,
    ) -> Option<Self> {
        if let Some(own) = own {
            return Some(Self { handler: Handler::of(container, own), timing: Timing::of(own), added: None });
        }
        let settings = settings?;
        let handler = Some(settings.handler(&container.ports)?);
        Some(Self { handler, timing: settings.timing(), added: Some(settings) })
    }

    /// Whether the container has it already.
    pub(super) fn is_own(&self) -> bool {
        self.added.is_none()
    }

    /// See [`Timing::patience_seconds`].
    pub(super) fn patience(&self) -> i64 {
        self.timing.patience_seconds()
    }

    /// See [`Timing::budget_seconds`].
    pub(super) fn budget(&self) -> i64 {
        self.timing.budget_seconds()
    }

    /// Whether both ask the same thing.
    pub(super) fn asks_the_same_as(&self, other: &Self) -> bool {
        self.handler.is_some() && self.handler == other.handler
    }

    /// Lowers the failure threshold of one that is added until it gives up within less than `seconds`. Whether it does.
    pub(super) fn give_up_before(&mut self, seconds: i64) -> bool {
        if self.is_own() || self.patience() < seconds {
            return true;
        }
        self.timing.failure_threshold = seconds.saturating_sub(1).checked_div(self.timing.period_seconds).unwrap_or(0);
        self.timing.failure_threshold >= 1
    }

    /// The probe to add; `None` for the container's own.
    pub(super) fn probe(self) -> Option<Probe> {
        let settings = self.added?;
        let lowered = self.timing.failure_threshold != settings.timing().failure_threshold;
        let number = |port: Port<'_>| match port {
            Port::Number(number) => Some(number),
            Port::Unresolved(_) => None,
        };
        let action = match self.handler? {
            Handler::HttpGet { scheme, port, path, .. } => Action::HttpGet {
                path: format!("/{path}"),
                port: number(port)?,
                scheme: (scheme != "HTTP").then(|| scheme.to_owned()),
            },
            Handler::Grpc { port, .. } => Action::Grpc { port: number(port)? },
            Handler::TcpSocket { port, .. } => Action::TcpSocket { port: number(port)? },
            Handler::Exec(_) => return None,
        };
        let lowered = lowered.then_some(self.timing.failure_threshold);
        Some(Probe {
            action,
            initial_delay_seconds: settings.initial_delay_seconds,
            period_seconds: settings.period_seconds,
            timeout_seconds: settings.timeout_seconds,
            success_threshold: settings.success_threshold,
            failure_threshold: lowered.or(settings.failure_threshold.map(i64::from)),
        })
    }
}

/// A probe to add, as the API names its fields and in the order in which people write them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Probe {
    #[serde(flatten)]
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_delay_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_threshold: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_threshold: Option<i64>,
}

/// The one handler of a [`Probe`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Action {
    HttpGet {
        path: String,
        port: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        scheme: Option<String>,
    },
    Grpc {
        port: i64,
    },
    TcpSocket {
        port: i64,
    },
}
