//! Rules about ports across containers.

pub(super) mod duplicate_port_name;
pub(super) mod host_network_port_mismatch;
pub(super) mod host_port_conflict;
pub(super) mod host_port_replicas;
pub(super) mod invalid_port;
pub(super) mod port_conflict;
pub(super) mod service_port_unresolved;
pub(super) mod stateful_service_missing;
pub(super) mod undeclared_probe_port;
pub(super) mod unresolved_named_port;
