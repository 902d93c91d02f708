//! The scheduling gates that podgate itself removes under a policy.

use super::config::Mutations;
pub use crate::lifecycle::waiting::{OpenedGates, Opening};
use crate::mutate::{SchedulingGate, WaitFor};

/// Compiles the gates of a policy.
pub(super) fn opened_gates(mutations: &Mutations) -> OpenedGates {
    let gates = mutations.scheduling_gates.iter().map(SchedulingGate::compile).collect();
    OpenedGates::new(gates, mutations.wait_for.as_ref().map(WaitFor::compile))
}
