//! Manifests on disk: which are meant, how they are read, and how a fixed one is written.

mod around;
mod file;
mod ignored;
mod policy;
mod walk;
mod write;

pub use around::working_folder;
pub use file::{File, STDIN};
pub use ignored::WalkError;
pub use policy::{PolicyFileError, load_policy, policy_above};
pub use walk::{Found, find};
pub use write::{WriteError, write};
