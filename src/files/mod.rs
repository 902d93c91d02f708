//! Manifests on disk: which are meant, how they are read, and how a fixed one is written.

mod file;
mod walk;
mod write;

pub use file::{File, STDIN};
pub use walk::{WalkError, find};
pub use write::{WriteError, write};
