//! Texts of manifests in, findings with line and column out.

mod baseline;
mod edit;
mod excerpt;
mod fingerprint;
pub mod fix;
mod input;
mod json;
mod load;
mod parallel;
mod problem;
mod run;
mod source;

pub mod output;

pub use baseline::{Baseline, BaselineError};
pub use excerpt::Excerpt;
pub use input::{Input, Text};
pub use load::Identity;
pub use problem::Problem;
pub use run::{Check, Located, Notice, Outcome, Spot};
