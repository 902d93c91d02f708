//! Rules about how a Pod ends.

pub(super) mod grace_too_long;
pub(super) mod hook_tcp_socket;
pub(super) mod invalid_hook;
pub(super) mod kill_stop_signal;
pub(super) mod no_drain_window;
pub(super) mod prestop_exceeds_grace;
pub(super) mod prestop_exceeds_probe_grace;
pub(super) mod zero_grace_period;
