//! L3: what an administrator decided, and the engine that applies it.

pub mod config;
pub mod engine;
pub mod ignore;
pub mod load;
pub mod pages;
mod scope;
pub mod suggest;

pub use config::LifecyclePolicy;
pub use engine::{Engine, Mutated, Verdict};
pub use ignore::{Ignored, Notice};
pub use load::{PolicyError, load, parse};
