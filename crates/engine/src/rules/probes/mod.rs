//! Rules about probes.

pub(super) mod frequent_exec_probe;
pub(super) mod invalid_probe;
pub(super) mod liveness_as_readiness;
pub(super) mod liveness_on_never_restart;
pub(super) mod liveness_without_startup;
pub(super) mod missing_readiness_probe;
pub(super) mod probe_of_another_host;
pub(super) mod probe_timeout_exceeds_period;
pub(super) mod progress_deadline_too_short;
pub(super) mod startup_window_too_short;
