//! The mutations. One file each, as with rules; this file lists them.

mod default_probes;
mod mutation;
mod open_when;
pub mod patch;
mod probe;
mod scheduling_gates;
mod wait_for;

pub use default_probes::{DefaultProbes, Probes};
pub use mutation::{Mutate, Mutation};
pub use open_when::{AnyObject, ObjectCondition, OpenCondition};
pub use patch::{LeftOut, NOBODY_OPENS, PatchBuilder, PatchError};
pub use scheduling_gates::{SchedulingGate, SchedulingGates};
pub use wait_for::WaitFor;
