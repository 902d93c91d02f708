//! Rules about scheduling gates.

pub(super) mod gated_with_node_name;
pub(super) mod invalid_scheduling_gate;
pub(super) mod pinned_to_host;
pub(super) mod scheduling_gate_added;
pub(super) mod unknown_scheduling_gate;
