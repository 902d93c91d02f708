//! The mutations. One file each, as with rules; this file lists them.

mod default_probes;
mod mutation;
pub mod patch;
mod probe;
mod scheduling_gates;

pub use default_probes::{DefaultProbes, Probes};
pub use mutation::{Mutate, Mutation};
pub use patch::{PatchBuilder, PatchError};
pub use scheduling_gates::{SchedulingGate, SchedulingGates};
