//! Rules about ports across containers.

pub(super) mod host_port_conflict;
pub(super) mod port_conflict;
pub(super) mod unresolved_named_port;
