//! podgate's judgement.

pub mod admission;
pub mod lifecycle;
pub mod model;
pub mod mutate;
pub mod panics;
pub mod policy;
pub mod rules;
pub mod syntax;
