//! What an administrator decided, and the engine that applies it.

pub mod added;
pub mod cases;
pub mod config;
pub mod controllers;
pub mod day;
pub mod engine;
pub mod exempt;
pub mod gates;
pub mod ignore;
mod judge;
pub mod kinds;
pub mod label;
mod messages;
pub mod pages;
pub mod parse;
mod problems;
mod ratchet;
pub mod rule_settings;
pub mod schema;
mod scope;
pub mod settings;
mod show;
mod verdict;

pub use crate::syntax::suggest;
pub use config::LifecyclePolicy;
pub use engine::Engine;
pub use ignore::{Ignored, Notice};
pub use parse::{Mistake, PolicyError, parse, parse_bytes};
pub use verdict::{Exhausted, MutateError, Mutated, Verdict};
