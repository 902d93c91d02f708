//! What a gated Pod waits for, and whether that is there.
//!
//! A Pod with a scheduling gate is not scheduled until somebody removes the gate
//! (<https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/>). A [`Wait`] is one of the things that podgate
//! removes its own gates for. `annotation` reads them from a Pod, `allowed` holds against the policy where they are, `gates` adds those of
//! the policy; `state` says of the objects of a cluster whether they are met, `among` and `circle` whether they ever can be.

mod allowed;
pub mod among;
mod annotation;
pub mod circle;
mod gates;
mod state;
mod target;

pub use allowed::WaitForRules;
pub use annotation::{MAX_TARGETS, WORDS, WaitForError, Word, read_wait_for};
pub use gates::{CompiledGate, Held, OpenedGates, Opening, is_removed_by_others, remover};
pub use state::{EndpointSlice, Progress, TargetState};
pub use target::{Target, Until, Wait};

pub use crate::model::inventory_object::WAIT_FOR;
