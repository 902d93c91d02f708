//! The life of the Pods of a manifest, told and drawn: `podgate timeline`.
//!
//! [`Life::of`] finds the object and simulates it under a [`ScenarioFile`]; the modules [`text`], [`svg`], [`html`] and [`json`] write it.

mod bars;
mod candidates;
mod cells;
mod chart;
mod course;
mod error;
mod in_cluster;
mod life;
mod pick;
mod pins;
mod scenario;
mod simulated;
mod time;
mod words;

pub mod html;
pub mod json;
pub mod svg;
pub mod text;

pub use bars::{Bar, Kind, Span};
pub use candidates::{Candidate, CandidateContainer, candidates};
pub use course::Story;
pub use error::TimelineError;
pub use life::Life;
pub use pins::Pin;
pub use scenario::{ContainerScript, Done, End, Fails, ScenarioError, ScenarioFile, Stop, Time};
pub use time::{parse as parse_time, show as show_time};
pub use words::Told;

#[cfg(test)]
mod tests;
