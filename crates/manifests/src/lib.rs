//! Texts of manifests in, findings with line and column out.

mod aside;
mod edit;
mod environments;
pub mod fix;
mod input;
mod json;
mod load;
mod parallel;
mod problem;
pub mod render;
mod run;
mod source;
mod surroundings;
mod tree;

pub mod output;

pub use aside::{NotJudged, Reason};
pub use environments::Repeated;
pub use input::{Input, Text};
pub use load::Identity;
pub use problem::Problem;
pub use run::{Check, Located, Notice, Outcome, Seen, Spot};
pub use tree::telling;
