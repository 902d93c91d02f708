//! `Service`: what a Service says of the Pods that it sends traffic to.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{IntOrString, LabelSelector};
use crate::syntax::{List, Map, Str};

/// A Service: whom it sends traffic to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The labels of the Pods that it selects; empty where somebody else keeps its endpoints, or it has none (ExternalName).
    pub selector: LabelSelector,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Says whether it has no address of its own: clients find the Pods by DNS and choose one themselves (`clusterIP: None`).
    pub is_headless: bool,
    /// `publishNotReadyAddresses`: Pods that are not ready are told of as well.
    pub ignores_readiness: bool,
}

/// A port of a Service, after defaulting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its protocol.
    pub protocol: String,
    /// The port of the Pods that it targets.
    pub target: TargetPort,
}

/// A port of a Pod that a Service targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetPort {
    /// By number.
    Number(i64),
    /// By name.
    Name(String),
}

impl Service {
    /// Returns the Service of this name whose spec is `spec`.
    pub(super) fn of(name: &str, spec: &ServiceSpec<'_>) -> Self {
        // The selector of an ExternalName is ignored (`core/v1` field documentation).
        let match_labels = if *spec.kind == *"ExternalName" {
            BTreeMap::new()
        } else {
            spec.selector.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
        };
        Self {
            name: name.to_owned(),
            selector: LabelSelector { match_labels, match_expressions: Vec::new() },
            ports: spec.ports.iter().map(SpecPort::defaulted).collect(),
            is_headless: *spec.cluster_ip == *"None",
            ignores_readiness: spec.publish_not_ready_addresses.unwrap_or(false),
        }
    }
}

/// `ServiceSpec`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ServiceSpec<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow, rename = "clusterIP")]
    cluster_ip: Str<'a>,
    publish_not_ready_addresses: Option<bool>,
    #[serde(borrow)]
    selector: Map<'a>,
    #[serde(borrow)]
    ports: List<SpecPort<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SpecPort<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    port: Option<i64>,
    #[serde(borrow)]
    target_port: Option<IntOrString<'a>>,
    #[serde(borrow)]
    protocol: Str<'a>,
}

impl SpecPort<'_> {
    /// Fills in what the API server does: TCP, and the Service's own port where `targetPort` is absent, 0 or empty.
    /// (`SetDefaults_Service`)
    fn defaulted(&self) -> ServicePort {
        let target = match &self.target_port {
            Some(IntOrString::String(name)) if !name.is_empty() => TargetPort::Name(name.to_string()),
            Some(IntOrString::Int(number)) if *number != 0 => TargetPort::Number(*number),
            _ => TargetPort::Number(self.port.unwrap_or(0)),
        };
        let protocol = if self.protocol.is_empty() { "TCP" } else { &self.protocol };
        ServicePort { name: self.name.to_string(), protocol: protocol.to_owned(), target }
    }
}
