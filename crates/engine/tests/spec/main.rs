//! What the engine says, held against what is written down: the rules' pages and cases, and the documents that are generated
//! from the code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod controllers;
mod documents;
mod exempt;
mod exemptions;
mod judging;
mod kinds;
mod mutations;
mod reading;
mod resources;
mod rollout;
mod rules;
mod scopes;
mod timeline;
mod tree;
