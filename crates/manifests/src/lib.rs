//! Texts of manifests in, findings with line and column out.

mod aside;
mod baseline;
mod comments;
mod edit;
mod environments;
mod excerpt;
mod fingerprint;
pub mod fix;
mod input;
mod json;
mod load;
mod outcome;
mod parallel;
mod problem;
pub mod render;
mod run;
mod source;
mod surroundings;
mod tree;

pub mod output;
pub mod timeline;

pub use aside::{NotJudged, Reason};
pub use baseline::{Baseline, BaselineError};
pub use environments::Repeated;
pub use excerpt::Excerpt;
pub use input::{Input, Text};
pub use load::Identity;
pub use outcome::{Located, Notice, Outcome, Seen, Spot};
pub use problem::Problem;
pub use run::Check;
pub use source::documents;
pub use tree::telling;
