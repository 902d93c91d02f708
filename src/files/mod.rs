//! Manifests on disk: which are meant, how they are read, and how a fixed one is written.

mod file;
mod policy;
mod walk;
mod write;

pub use file::{File, STDIN};
pub use policy::{PolicyFileError, load_policy, policy_above};
pub use walk::{WalkError, find};
pub use write::{WriteError, write};
