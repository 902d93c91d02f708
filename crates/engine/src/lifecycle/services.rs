//! Which Services send traffic to a Pod, and to which of its containers.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use super::{
    ports::{is_metrics_name, protocol},
    restart::is_long_running,
    stages::{self, Placed, Role},
};
use crate::{
    model::{
        ContainerPort, PodPorts, PodSpec, Review, Template,
        inventory::Namespace,
        service::{Service, ServicePort, TargetPort},
    },
    syntax::{Map, SmallMap},
};

/// A port of a known Service that sends what it gets to the Pods of a template.
#[derive(Debug, Clone, Copy)]
pub struct Traffic<'s, 'p, 'a> {
    /// The Service.
    pub service: &'s Service,
    /// Its port.
    pub port: &'s ServicePort,
    /// The container that serves it; `None` where that is not known, for a number that none declares.
    pub to: Option<Placed<'p, 'a>>,
    /// The port of the container, where it declares it.
    pub declared: Option<&'p ContainerPort<'a>>,
}

impl Traffic<'_, '_, '_> {
    /// Returns whether a monitoring system asks for it, no user: the Service, its target or the container names the port so.
    pub fn is_metrics(&self) -> bool {
        let target = if let TargetPort::Name(name) = &self.port.target { name } else { "" };
        let declared = self.declared.map_or("", |port| &*port.name);
        [self.port.name.as_str(), target, declared].into_iter().any(is_metrics_name)
    }

    /// Returns whether it is balanced over the Pods on behalf of users: not of a headless Service, by which Pods find each
    /// other and clients choose one themselves, and no metrics.
    pub fn serves_users(&self) -> bool {
        !self.service.is_headless && !self.is_metrics()
    }
}

/// Returns the traffic that the known Services of the namespace send to the Pods of `template`. `None` where its Services are
/// not known.
///
/// A name is that of the first port of this name and protocol, apps before sidecars; where there is none, nothing is sent.
/// (`endpointslice.FindPort`) A number is sent to the Pod whoever serves it: the first who declares it, or else the only
/// container, if it declares no port at all. Services that select by no label, or stand for a name elsewhere (ExternalName), send
/// nothing. Of a Scale only the labels of its Pods are known, no containers: then every port may be served.
pub fn traffic<'r, 'a>(review: &'r Review<'a>, template: &'r Template<'a>) -> Option<Vec<Traffic<'a, 'r, 'a>>> {
    let known = review.known().filter(|namespace| namespace.knows_services())?;
    let services = known.services(&review.new.pod_metadata(template).labels);
    if services.is_empty() {
        return Some(Vec::new());
    }
    let serving = Serving::of(&template.spec);
    let ports = services.into_iter().flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    let sent = ports.filter_map(|(service, port)| {
        let found = serving.target(port);
        let has_containers = !template.spec.containers.is_empty();
        if found.is_none() && has_containers && matches!(port.target, TargetPort::Name(_)) {
            return None;
        }
        let to = found.map(|(placed, _)| placed).or(serving.sole);
        Some(Traffic { service, port, to, declared: found.map(|(_, declared)| declared) })
    });
    Some(sent.collect())
}

/// Says what is wrong with the Service that a StatefulSet names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoverningFault<'s> {
    /// There is none of this name, but this headless one selects its Pods.
    Other(&'s str),
    /// It has an address of its own.
    NotHeadless,
}

/// Returns what is wrong with the Service that a StatefulSet names by `serviceName`, as far as the Services of the namespace are known: its
/// Pods get it as their `subdomain` (`initIdentity` of the StatefulSet controller), and have names in the DNS only below a headless
/// Service of this name.
pub fn governing_fault<'s>(known: &'s Namespace, service_name: &str, labels: &Map<'_>) -> Option<GoverningFault<'s>> {
    match known.is_headless(service_name) {
        Some(false) => Some(GoverningFault::NotHeadless),
        None if known.knows_services() => {
            let meant = known.services(labels).into_iter().find(|service| service.is_headless)?;
            Some(GoverningFault::Other(&meant.name))
        }
        Some(true) | None => None,
    }
}

/// The ports that all Pods declare which a Service selects.
#[derive(Debug, Default)]
pub struct Declared<'p> {
    /// By name and protocol.
    names: HashSet<(&'p str, &'p str)>,
    numbers: HashSet<i64>,
    /// Says whether no Pod may serve a port that it does not declare.
    is_complete: bool,
}

impl<'p> Declared<'p> {
    /// Returns the ports that these Pods declare.
    pub fn of(pods: impl IntoIterator<Item = &'p PodPorts>) -> Self {
        let mut declared = Self { is_complete: true, ..Self::default() };
        for ports in pods {
            declared.names.extend(ports.names.iter().map(|(name, protocol)| (name.as_str(), protocol.as_str())));
            declared.numbers.extend(&ports.numbers);
            declared.is_complete &= ports.is_complete;
        }
        declared
    }

    /// Returns whether none of the Pods serves what a port of a Service targets: a name that none has for this protocol
    /// (`endpointslice.FindPort`), or a number that none declares though each of their containers declares some.
    pub fn lacks(&self, port: &ServicePort) -> bool {
        match &port.target {
            TargetPort::Name(name) => !self.names.contains(&(name.as_str(), port.protocol.as_str())),
            TargetPort::Number(number) => self.is_complete && !self.numbers.contains(number),
        }
    }

    /// Returns what they declare, for messages.
    pub fn instead(&self) -> Instead {
        Instead {
            names: listed("name", self.names.iter().map(|(name, protocol)| format!("{name} ({protocol})"))),
            numbers: listed("declare", self.numbers.iter().map(ToString::to_string)),
        }
    }
}

/// Tells what Pods declare instead of what a Service targets: `they name http (TCP)`.
#[derive(Debug)]
pub struct Instead {
    names: String,
    numbers: String,
}

impl Instead {
    /// Returns what they declare instead of this.
    pub fn of(&self, port: &ServicePort) -> &str {
        match port.target {
            TargetPort::Name(_) => &self.names,
            TargetPort::Number(_) => &self.numbers,
        }
    }
}

fn listed(verb: &str, ports: impl Iterator<Item = String>) -> String {
    let mut ports: Vec<String> = ports.collect();
    ports.sort_unstable();
    let rest = if ports.len() > MOST_SHOWN { ", …" } else { "" };
    ports.truncate(MOST_SHOWN);
    if ports.is_empty() { format!("they {verb} none") } else { format!("they {verb} {}{rest}", ports.join(", ")) }
}

/// So many ports are listed in a message.
const MOST_SHOWN: usize = 5;

/// An app that is ready as soon as it runs, and serves.
#[derive(Debug, Clone, Copy)]
pub struct Unprobed<'s, 'p, 'a> {
    /// The app.
    pub placed: Placed<'p, 'a>,
    /// The first port of a known Service that it serves; `None` where Services are not known and it declares ports.
    pub sent: Option<Traffic<'s, 'p, 'a>>,
}

/// Returns the apps of long-running Pods that count as ready before they serve: without a readinessProbe, and without a startupProbe,
/// which holds readiness back (`UpdatePodStatus` of the kubelet's prober).
///
/// Where the Services of the namespace are known, those that one sends traffic to, metrics and Services that ignore readiness apart.
/// Where they are not, those that declare a port that is not for metrics, in Pods in which nothing has a readinessProbe.
pub fn unprobed<'r, 'a>(review: &'r Review<'a>, template: &'r Template<'a>) -> Vec<Unprobed<'a, 'r, 'a>> {
    if !template.spec.readiness_gates.is_empty() || !is_long_running(review.workload, template) {
        return Vec::new();
    }
    let is_unprobed = |placed: &Placed<'_, '_>| {
        let container = placed.container;
        placed.role == Role::App && container.readiness_probe.is_none() && container.startup_probe.is_none()
    };
    let Some(sent) = traffic(review, template) else {
        let probed = |placed: Placed<'_, '_>| placed.keeps_running() && placed.container.readiness_probe.is_some();
        if stages::containers(&template.spec).any(probed) {
            return Vec::new();
        }
        let serves = |placed: &Placed<'_, '_>| placed.container.ports.iter().any(|port| !is_metrics_name(&port.name));
        let apps = stages::containers(&template.spec).filter(|placed| is_unprobed(placed) && serves(placed));
        return apps.map(|placed| Unprobed { placed, sent: None }).collect();
    };
    let mut seen: SmallMap<usize, ()> = SmallMap::default();
    let sent = sent.into_iter().filter(|sent| !sent.service.ignores_readiness && !sent.is_metrics());
    let apps = sent.filter_map(|sent| Some(Unprobed { placed: sent.to?, sent: Some(sent) }));
    apps.filter(|app| is_unprobed(&app.placed) && seen.add(app.placed.index, ())).collect()
}

/// A container and its port.
type OfContainer<'p, 'a> = (Placed<'p, 'a>, &'p ContainerPort<'a>);

/// Tells which container of a Pod serves which port.
#[derive(Debug, Default)]
struct Serving<'p, 'a> {
    /// By number and protocol.
    by_number: HashMap<(i64, &'p str), OfContainer<'p, 'a>>,
    /// By name and protocol.
    by_name: HashMap<(&'p str, &'p str), OfContainer<'p, 'a>>,
    /// The only container that goes on running, where it declares no port.
    sole: Option<Placed<'p, 'a>>,
}

impl<'p, 'a> Serving<'p, 'a> {
    fn of(spec: &'p PodSpec<'a>) -> Self {
        let of = |role| stages::containers(spec).filter(move |placed| placed.role == role);
        let mut serving = Self::default();
        for placed in of(Role::App).chain(of(Role::Sidecar)) {
            for port in &placed.container.ports {
                if let Some(number) = port.container_port {
                    serving.by_number.entry((number, protocol(port))).or_insert((placed, port));
                }
                serving.by_name.entry((&port.name, protocol(port))).or_insert((placed, port));
            }
        }
        let mut running = of(Role::App).chain(of(Role::Sidecar));
        if let (Some(placed), None) = (running.next(), running.next()) {
            serving.sole = Some(placed).filter(|placed| placed.container.ports.is_empty());
        }
        serving
    }

    fn target(&self, port: &ServicePort) -> Option<OfContainer<'p, 'a>> {
        let protocol = port.protocol.as_str();
        let found = match &port.target {
            TargetPort::Number(number) => self.by_number.get(&(*number, protocol)),
            TargetPort::Name(name) => self.by_name.get(&(name.as_str(), protocol)),
        };
        found.copied()
    }
}

impl fmt::Display for ServicePort {
    /// Writes what it targets, for messages: `8080/TCP`, `"http"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            TargetPort::Number(number) => write!(f, "{number}/{}", self.protocol),
            TargetPort::Name(name) => write!(f, "\"{name}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::json::from_object;

    fn names<'p>(serving: &Serving<'p, '_>, protocol: &str, target: TargetPort) -> Option<(&'p str, Option<i64>)> {
        let port = ServicePort { name: String::new(), protocol: protocol.to_owned(), target };
        serving.target(&port).map(|(placed, port)| (&*placed.container.name, port.container_port))
    }

    #[test]
    fn by_number_and_by_name() {
        let spec: PodSpec = from_object(
            r#"{"initContainers": [{"name": "i", "ports": [{"containerPort": 80, "name": "http"}]},
                  {"name": "s", "restartPolicy": "Always", "ports": [{"containerPort": 81, "name": "http"}, {"containerPort": 90, "name": "admin"}]}],
                "containers": [{"name": "a", "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 53, "protocol": "UDP", "name": "dns"}]},
                  {"name": "b", "ports": [{"containerPort": 80}, {"containerPort": 54, "name": "dns"}]}],
                "ephemeralContainers": [{"name": "e", "ports": [{"containerPort": 80}]}]}"#,
        )
        .unwrap();
        let serving = Serving::of(&spec);
        let number = |number, protocol| names(&serving, protocol, TargetPort::Number(number));
        let name = |name: &str, protocol| names(&serving, protocol, TargetPort::Name(name.to_owned()));
        assert_eq!(number(80, "TCP"), Some(("a", Some(80))));
        assert_eq!(number(81, "TCP"), Some(("s", Some(81))));
        assert_eq!(number(53, "UDP"), Some(("a", Some(53))));
        assert_eq!(number(53, "TCP"), None);
        assert_eq!(name("http", "TCP"), Some(("a", Some(80))));
        assert_eq!(name("admin", "TCP"), Some(("s", Some(90))));
        assert_eq!(name("dns", "UDP"), Some(("a", Some(53))));
        assert_eq!(name("dns", "TCP"), Some(("b", Some(54))));
        assert_eq!(name("none", "TCP"), None);
        assert!(serving.sole.is_none());
    }

    #[test]
    fn the_only_container() {
        let sole = |text: &'static str| {
            let spec: PodSpec = from_object(text).unwrap();
            Serving::of(&spec).sole.map(|placed| placed.container.name.to_string())
        };
        assert_eq!(sole(r#"{"initContainers": [{"name": "i"}], "containers": [{"name": "a"}]}"#).unwrap(), "a");
        assert_eq!(sole(r#"{"containers": [{"name": "a", "ports": [{"containerPort": 80}]}]}"#), None);
        assert_eq!(sole(r#"{"containers": [{"name": "a"}, {"name": "b"}]}"#), None);
        let sidecar =
            r#"{"initContainers": [{"name": "s", "restartPolicy": "Always"}], "containers": [{"name": "a"}]}"#;
        assert_eq!(sole(sidecar), None);
    }
}
