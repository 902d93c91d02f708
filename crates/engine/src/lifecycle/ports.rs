//! Ports as the node sees them: protocol and host port after defaulting.

use std::net::IpAddr;

use crate::model::{ContainerPort, PodSpec};

/// The port's protocol; absent means TCP (`core/v1` field documentation).
pub fn protocol<'p>(port: &'p ContainerPort<'_>) -> &'p str {
    if port.protocol.is_empty() { "TCP" } else { &port.protocol }
}

/// The port on the node that this port occupies, if any. In a Pod on the host's network every container port is a host
/// port (`SetHostNetworkDefaults`: hostPort := containerPort where it is absent).
pub fn host_port(spec: &PodSpec<'_>, port: &ContainerPort<'_>) -> Option<i64> {
    let declared = port.host_port.filter(|number| *number != 0);
    if spec.host_network == Some(true) { declared.or(port.container_port) } else { declared }
}

/// Returns whether a `hostIP` stands for every address of the node: absent, `0.0.0.0` or `::`, however they are spelt.
pub fn is_wildcard(host_ip: &str) -> bool {
    host_ip.is_empty() || host_ip.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified())
}

/// Returns whether `number` can be a port: 1 to 65535.
pub fn is_port_number(number: i64) -> bool {
    (1..=65535).contains(&number)
}

/// Says which names [`is_port_name`] takes, for messages.
pub const PORT_NAMES: &str = "a port's name is 1 to 15 of a-z, 0-9 and single inner hyphens, with at least one letter";

/// Returns whether `protocol` is one that a port can have; empty means TCP.
pub fn is_protocol(protocol: &str) -> bool {
    matches!(protocol, "" | "TCP" | "UDP" | "SCTP")
}

/// Returns whether `name` can be a port's name (`IANA_SVC_NAME`, RFC 6335): 1 to 15 of `a-z0-9-`, at least one letter, no hyphen at
/// either end or beside another.
pub fn is_port_name(name: &str) -> bool {
    (1..=15).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

/// Returns whether a port's name says that a monitoring system asks it, no user: `metrics`, `prometheus` or `prom` is one of its
/// words (`http-metrics`, `metrics-tls`). By this name a ServiceMonitor or PodMonitor finds the port.
pub fn is_metrics_name(name: &str) -> bool {
    name.split('-').any(|word| matches!(word, "metrics" | "prometheus" | "prom"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["http", "h2", "a", "0x", "http-metrics", "abcdefghijklmno"] {
            assert!(is_port_name(good), "{good}");
        }
        for bad in ["", "8080", "-a", "a-", "a--b", "HTTP", "a_b", "abcdefghijklmnop", "ä"] {
            assert!(!is_port_name(bad), "{bad}");
        }
    }

    #[test]
    fn metrics() {
        for name in ["metrics", "http-metrics", "metrics-tls", "prometheus", "https-prom"] {
            assert!(is_metrics_name(name), "{name}");
        }
        for name in ["", "http", "biometrics", "metric", "promo"] {
            assert!(!is_metrics_name(name), "{name}");
        }
    }

    #[test]
    fn host_ports() {
        let port = ContainerPort { container_port: Some(80), host_port: Some(0), ..ContainerPort::default() };
        let on_host = PodSpec { host_network: Some(true), ..PodSpec::default() };
        assert_eq!(host_port(&PodSpec::default(), &port), None);
        assert_eq!(host_port(&on_host, &port), Some(80));
    }
}
