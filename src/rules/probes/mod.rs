//! Rules about probes.

pub(super) mod invalid_probe;
pub(super) mod missing_readiness_probe;
