//! Probes with the API's defaults applied (`SetDefaults_Probe`, `core/v1` field documentation): when they give up, and what
//! they ask.

use super::stages::{Role, containers};
use crate::model::{Container, IntOrString, PodSpec, Probe};

/// A container that is restarted before it has had this many seconds to start is in danger of never starting.
pub const SLOW_START_SECONDS: i64 = 30;

/// An initial delay of a liveness probe above which it stands in for a startup probe.
pub const LONG_DELAY_SECONDS: i64 = 60;

/// A probe's numbers as the kubelet uses them: 0 and absent mean the default, except for the initial delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Seconds before the first probe; default 0.
    pub initial_delay_seconds: i64,
    /// Seconds after which one probe counts as failed; default 1.
    pub timeout_seconds: i64,
    /// Seconds between probes; default 10.
    pub period_seconds: i64,
    /// Successes in a row that count as success; default 1.
    pub success_threshold: i64,
    /// Failures in a row that count as failure; default 3.
    pub failure_threshold: i64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            initial_delay_seconds: 0,
            timeout_seconds: 1,
            period_seconds: 10,
            success_threshold: 1,
            failure_threshold: 3,
        }
    }
}

impl Timing {
    /// The numbers of `probe` after defaulting.
    pub fn of(probe: &Probe<'_>) -> Self {
        let or = |value: Option<i64>, default| value.filter(|number| *number != 0).unwrap_or(default);
        let default = Self::default();
        Self {
            initial_delay_seconds: probe.initial_delay_seconds.unwrap_or(default.initial_delay_seconds),
            timeout_seconds: or(probe.timeout_seconds, default.timeout_seconds),
            period_seconds: or(probe.period_seconds, default.period_seconds),
            success_threshold: or(probe.success_threshold, default.success_threshold),
            failure_threshold: or(probe.failure_threshold, default.failure_threshold),
        }
    }

    /// Returns how long a container that has been well may fail before the probe gives it up: failureThreshold × periodSeconds
    /// (Kubernetes documentation, "Configure Probes"). Saturates.
    ///
    /// It counts failures that come at once. A probe that waits for its timeout each time, and longer than its period, is not
    /// asked again meanwhile: that takes failureThreshold × timeoutSeconds.
    pub fn patience_seconds(&self) -> i64 {
        self.failure_threshold.saturating_mul(self.period_seconds)
    }

    /// Returns how long a container that never succeeds has, from its start, before the probe gives it up:
    /// initialDelaySeconds + failureThreshold × periodSeconds. Saturates.
    pub fn budget_seconds(&self) -> i64 {
        self.initial_delay_seconds.saturating_add(self.patience_seconds())
    }
}

/// The seconds from its start that a container has until its startup probe gives it up, and in which no other probe is run:
/// the startup probe's budget. `None` without one.
pub fn startup_window_seconds(container: &Container<'_>) -> Option<i64> {
    container.startup_probe.as_ref().map(|probe| Timing::of(probe).budget_seconds())
}

/// Says how long the probes of a Pod let the last of its containers take to be ready.
#[derive(Debug, Clone, Copy)]
pub struct Start<'p, 'a> {
    /// The container that may be the last.
    pub container: &'p Container<'a>,
    /// Seconds from the start of the first sidecar, or of the apps where there is none.
    pub seconds: i64,
    /// Counts those of them that the sidecars before it may take.
    pub after_seconds: i64,
}

/// Returns the longest time that the probes of a Pod's sidecars and apps let one of them take until it is ready. `None` where no
/// probe says anything.
///
/// A sidecar with a startup probe holds up what comes after it until that succeeds (`computeInitContainerActions`); without one
/// it only has to run. A readiness probe never gives up: what it takes for certain is its initial delay, counted from the
/// container's start and not from the startup probe's success. A successThreshold takes no time for certain: a container that is not ready is
/// asked besides whenever its status is looked at (`UpdatePodStatus` of the kubelet). What regular init containers take is not known. Saturates.
pub fn longest_start<'p, 'a>(spec: &'p PodSpec<'a>) -> Option<Start<'p, 'a>> {
    let mut longest: Option<Start<'p, 'a>> = None;
    let mut after_seconds: i64 = 0;
    for placed in containers(spec).filter(|placed| matches!(placed.role, Role::App | Role::Sidecar)) {
        let container = placed.container;
        let window = startup_window_seconds(container).unwrap_or(0);
        let ready = container
            .readiness_probe
            .as_ref()
            .map_or(window, |probe| window.max(Timing::of(probe).initial_delay_seconds));
        let seconds = after_seconds.saturating_add(ready);
        if ready > 0 && longest.is_none_or(|longest| seconds > longest.seconds) {
            longest = Some(Start { container, seconds, after_seconds });
        }
        if placed.role == Role::Sidecar {
            after_seconds = after_seconds.saturating_add(window);
        }
    }
    longest
}

/// Tells what a probe asks. Two probes of one container ask the same exactly if their handlers are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handler<'p> {
    /// It runs a command.
    Exec(Vec<&'p str>),
    /// It sends a GET.
    HttpGet {
        /// `HTTP` unless it is said.
        scheme: &'p str,
        /// Empty means the Pod's own address.
        host: &'p str,
        /// The port.
        port: Port<'p>,
        /// Without its first slash, which the kubelet adds where it is missing.
        path: &'p str,
        /// Names and values.
        headers: Vec<(&'p str, &'p str)>,
        /// `HTTP1` unless it is said.
        protocol: &'p str,
    },
    /// It connects.
    TcpSocket {
        /// Empty means the Pod's own address.
        host: &'p str,
        /// The port.
        port: Port<'p>,
    },
    /// It asks a gRPC health service.
    Grpc {
        /// The port.
        port: Port<'p>,
        /// Empty means the server as a whole.
        service: &'p str,
        /// `Plaintext` unless it is said.
        mode: &'p str,
    },
}

/// A port that a probe asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port<'p> {
    /// By number, or by a name that the container gives to this number.
    Number(i64),
    /// By a name that the container does not declare.
    Unresolved(&'p str),
}

impl<'p> Handler<'p> {
    /// Returns what `probe` of `container` asks, with names of ports resolved within the container as the kubelet does
    /// (`ResolveContainerPort`) and the API's defaults (`SetDefaults_HTTPGetAction`, `defaultHTTPGetProtocol`; gRPC without `mode` is plaintext). `None` for what the API server refuses:
    /// not exactly one handler, no port, no command.
    pub fn of(container: &'p Container<'_>, probe: &'p Probe<'_>) -> Option<Self> {
        match (&probe.exec, &probe.http_get, &probe.tcp_socket, &probe.grpc) {
            (Some(exec), None, None, None) if !exec.command.is_empty() => {
                Some(Self::Exec(exec.command.iter().map(|word| &**word).collect()))
            }
            (None, Some(get), None, None) => Some(Self::HttpGet {
                scheme: if get.scheme.is_empty() { "HTTP" } else { &get.scheme },
                host: &get.host,
                port: Port::of(container, get.port.as_ref()?),
                path: get.path.strip_prefix('/').unwrap_or(&get.path),
                headers: get.http_headers.iter().map(|header| (&*header.name, &*header.value)).collect(),
                protocol: if get.protocol.is_empty() { "HTTP1" } else { &get.protocol },
            }),
            (None, None, Some(socket), None) => {
                Some(Self::TcpSocket { host: &socket.host, port: Port::of(container, socket.port.as_ref()?) })
            }
            (None, None, None, Some(grpc)) => {
                let mode = if grpc.mode.is_empty() { "Plaintext" } else { &grpc.mode };
                Some(Self::Grpc { port: Port::of(container, grpc.port.as_ref()?), service: &grpc.service, mode })
            }
            _ => None,
        }
    }

    /// The handler's field, and the host (empty for the Pod's own address) and port that it asks; `None` for a command.
    pub fn target(&self) -> Option<(&'static str, &'p str, Port<'p>)> {
        match *self {
            Self::Exec(_) => None,
            Self::HttpGet { host, port, .. } => Some(("httpGet", host, port)),
            Self::TcpSocket { host, port } => Some(("tcpSocket", host, port)),
            Self::Grpc { port, .. } => Some(("grpc", "", port)),
        }
    }
}

impl<'p> Port<'p> {
    fn of(container: &'p Container<'_>, port: &'p IntOrString<'_>) -> Self {
        match port {
            IntOrString::Int(number) => Self::Number(*number),
            IntOrString::String(name) => {
                let declared = container.ports.iter().find(|declared| declared.name == *name);
                declared.and_then(|port| port.container_port).map_or(Self::Unresolved(name), Self::Number)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::json::from_object;

    #[test]
    fn defaults() {
        let defaults = Timing {
            initial_delay_seconds: 0,
            timeout_seconds: 1,
            period_seconds: 10,
            success_threshold: 1,
            failure_threshold: 3,
        };
        assert_eq!(Timing::of(&Probe::default()), defaults);
        let zeros = Probe { period_seconds: Some(0), failure_threshold: Some(0), ..Probe::default() };
        assert_eq!(Timing::of(&zeros), defaults);
        let own = Probe { period_seconds: Some(5), success_threshold: Some(-1), ..Probe::default() };
        assert_eq!(Timing::of(&own), Timing { period_seconds: 5, success_threshold: -1, ..defaults });
    }

    #[test]
    fn budgets() {
        // initialDelaySeconds, periodSeconds, failureThreshold; patience, budget
        let cases = [
            ((None, None, None), (30, 30)),
            ((Some(15), None, None), (30, 45)),
            ((Some(0), Some(0), Some(0)), (30, 30)),
            ((None, Some(1), Some(1)), (1, 1)),
            ((Some(5), Some(2), Some(60)), (120, 125)),
            ((Some(10), Some(i64::MAX), Some(2)), (i64::MAX, i64::MAX)),
            ((Some(i64::MAX), Some(1), Some(1)), (1, i64::MAX)),
        ];
        for ((delay, period, threshold), expected) in cases {
            let probe = Probe {
                initial_delay_seconds: delay,
                period_seconds: period,
                failure_threshold: threshold,
                ..Probe::default()
            };
            let timing = Timing::of(&probe);
            assert_eq!((timing.patience_seconds(), timing.budget_seconds()), expected, "{probe:?}");
        }
    }

    #[test]
    fn which_probes_ask_the_same() {
        let container: Container = from_object(
            r#"{"ports": [{"name": "http", "containerPort": 8080}, {"name": "http", "containerPort": 9}, {"name": "odd"}]}"#,
        )
        .unwrap();
        let same = |one: &str, other: &str| {
            let (one, other): (Probe, Probe) = (from_object(one).unwrap(), from_object(other).unwrap());
            let (one, other) = (Handler::of(&container, &one), Handler::of(&container, &other));
            assert!(one.is_some() && other.is_some(), "{one:?} {other:?}");
            one == other
        };
        let get = |fields: &str| format!(r#"{{"httpGet": {{{fields}}}}}"#);
        let plain = get(r#""port": 8080"#);
        for fields in [
            r#""port": "http""#,
            r#""port": 8080, "path": "/", "scheme": "HTTP", "host": """#,
            r#""port": 8080, "path": "", "httpHeaders": []"#,
        ] {
            assert!(same(&plain, &get(fields)), "{fields}");
        }
        for fields in [
            r#""port": 8081"#,
            r#""port": "8080""#,
            r#""port": 8080, "path": "/live""#,
            r#""port": 8080, "scheme": "HTTPS""#,
            r#""port": 8080, "host": "127.0.0.1""#,
            r#""port": 8080, "httpHeaders": [{"name": "X-Probe", "value": "live"}]"#,
        ] {
            assert!(!same(&plain, &get(fields)), "{fields}");
        }
        assert!(same(&get(r#""port": 1, "path": "x""#), &get(r#""port": 1, "path": "/x""#)));
        assert!(same(&get(r#""port": "odd""#), &get(r#""port": "odd""#)));
        let tcp = r#"{"tcpSocket": {"port": 8080}, "periodSeconds": 5}"#;
        assert!(same(tcp, r#"{"tcpSocket": {"port": "http"}}"#));
        assert!(!same(tcp, r#"{"tcpSocket": {"port": 8080, "host": "db"}}"#) && !same(tcp, &plain));
        let exec = r#"{"exec": {"command": ["sh", "-c", "x"]}}"#;
        assert!(same(exec, exec) && !same(exec, r#"{"exec": {"command": ["sh", "-c", "y"]}}"#));
        let grpc = r#"{"grpc": {"port": 8080}}"#;
        assert!(same(grpc, r#"{"grpc": {"port": 8080, "service": null}}"#) && !same(grpc, tcp));
        assert!(!same(grpc, r#"{"grpc": {"port": 8080, "service": "live"}}"#));
        assert!(same(grpc, r#"{"grpc": {"port": 8080, "mode": "Plaintext"}}"#));
        assert!(!same(grpc, r#"{"grpc": {"port": 8080, "mode": "TLS"}}"#));
    }

    #[test]
    fn what_is_refused_asks_nothing() {
        for text in
            ["{}", r#"{"exec": {}}"#, r#"{"httpGet": {}}"#, r#"{"grpc": {"port": 1}, "tcpSocket": {"port": 1}}"#]
        {
            assert_eq!(Handler::of(&Container::default(), &from_object(text).unwrap()), None, "{text}");
        }
    }
}
