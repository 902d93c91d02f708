//! L2: the mutations. One file each, as with rules; this file lists them.

mod default_probes;
mod mutation;
pub mod patch;
mod probe;
mod scheduling_gates;

pub use default_probes::{DefaultProbes, Probes};
pub use mutation::Mutation;
pub use patch::{PatchBuilder, PatchError};
pub use scheduling_gates::{SchedulingGate, SchedulingGates};

/// Every mutation, in the order in which they are applied.
pub static MUTATIONS: &[&Mutation] = &[&default_probes::MUTATION, &scheduling_gates::MUTATION];
