//! `PodPorts`: the ports that the Pods of a workload declare, as an [`Inventory`](super::Inventory) keeps them.

use serde::Deserialize;

use super::{Container, ContainerPort, Metadata, PodSpec};
use crate::syntax::{List, Str};

/// Holds which ports Pods declare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodPorts {
    /// Name and protocol of those that have a name.
    pub names: Vec<(String, String)>,
    /// The numbers.
    pub numbers: Vec<i64>,
    /// Says whether each container declares some: one that declares none may serve any.
    pub is_complete: bool,
}

/// Reads of a Pod's spec the ports of its containers.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PortsSpec<'a> {
    #[serde(borrow)]
    init_containers: List<PortsContainer<'a>>,
    #[serde(borrow)]
    containers: List<PortsContainer<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PortsContainer<'a> {
    #[serde(borrow)]
    restart_policy: Option<Str<'a>>,
    #[serde(borrow)]
    ports: List<ContainerPort<'a>>,
}

impl PortsSpec<'_> {
    /// Returns the ports of Pods with these labels and annotations: see [`PodPorts::of`].
    pub(super) fn ports(&self, metadata: &Metadata<'_>) -> Option<PodPorts> {
        let is_sidecar = |container: &&PortsContainer<'_>| container.restart_policy.as_deref() == Some("Always");
        let serving = self.containers.iter().chain(self.init_containers.iter().filter(is_sidecar));
        collect(metadata, serving.map(|container| &*container.ports))
    }
}

impl PodPorts {
    /// Returns the ports of apps and sidecars, which a Service may target (`endpointslice.FindPort`). `None` where they are not known: there
    /// are no containers, or more are injected when the Pods are created.
    pub fn of(spec: &PodSpec<'_>, metadata: &Metadata<'_>) -> Option<Self> {
        let is_sidecar = |container: &&Container<'_>| container.restart_policy.as_deref() == Some("Always");
        let serving = spec.containers.iter().chain(spec.init_containers.iter().filter(is_sidecar));
        collect(metadata, serving.map(|container| &*container.ports))
    }
}

fn collect<'p, 'a: 'p>(
    metadata: &Metadata<'_>,
    containers: impl Iterator<Item = &'p [ContainerPort<'a>]>,
) -> Option<PodPorts> {
    // `sidecar.istio.io/inject`, `linkerd.io/inject`, `inject.istio.io/templates`, `vault.hashicorp.com/agent-inject`.
    let is_injected = metadata.labels.iter().chain(metadata.annotations.iter()).any(|(key, _)| key.contains("inject"));
    let mut found = PodPorts { is_complete: true, ..PodPorts::default() };
    let mut is_empty = true;
    for ports in containers {
        is_empty = false;
        found.is_complete &= !ports.is_empty();
        for port in ports {
            found.numbers.extend(port.container_port);
            if !port.name.is_empty() {
                let protocol = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
                found.names.push((port.name.to_string(), protocol.to_owned()));
            }
        }
    }
    (!is_empty && !is_injected).then_some(found)
}
