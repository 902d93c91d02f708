//! L2: the mutations. One file each, as with rules; this file lists them.

mod default_probes;
pub mod patch;
mod probe;
mod scheduling_gates;

pub use default_probes::DefaultProbes;
pub use patch::{PatchBuilder, PatchError};
pub use scheduling_gates::SchedulingGate;

/// A mutation: what it is called and what it does.
#[derive(Debug)]
pub struct Mutation {
    /// The public id.
    pub id: &'static str,
    /// One line that says what is added.
    pub summary: &'static str,
    /// The mutation's own source text; its leading `//!` block is its page.
    pub source: &'static str,
}

/// Every mutation, in the order in which they are applied.
pub static MUTATIONS: &[&Mutation] = &[&default_probes::MUTATION, &scheduling_gates::MUTATION];
