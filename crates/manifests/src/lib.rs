//! Texts of manifests in, findings with line and column out.

mod edit;
pub mod fix;
mod input;
mod json;
mod load;
mod parallel;
mod problem;
mod run;
mod source;

pub mod output;

pub use input::{Input, Text};
pub use load::Identity;
pub use problem::Problem;
pub use run::{Check, Located, Notice, Outcome, Spot};
pub use source::documents;
