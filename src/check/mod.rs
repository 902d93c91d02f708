//! L4: manifests in, findings with line and column out. Reads files; prints nothing.

mod edit;
pub mod fix;
mod json;
mod load;
mod problem;
mod run;
mod source;
mod walk;

pub mod output;

pub use load::Identity;
pub use problem::Problem;
pub use run::{Check, Located, Notice, Outcome, Spot};
pub use walk::{Input, STDIN, WalkError, find};
