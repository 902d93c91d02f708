//! Rules about scheduling gates, and about what Pods wait for behind them.

pub(super) mod gated_with_node_name;
pub(super) mod invalid_scheduling_gate;
pub(super) mod invalid_wait_for;
pub(super) mod pinned_to_host;
pub(super) mod scheduling_gate_added;
pub(super) mod unknown_scheduling_gate;
pub(super) mod wait_for_circle;
pub(super) mod wait_for_unknown_target;
