//! What podgate says, held against what is written down: the rules' pages and cases, real requests, properties, bad input,
//! and the documents that are generated from the code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod api_server;
mod attacks;
mod bounds;
mod captures;
mod controllers;
mod documents;
mod exempt;
mod exemptions;
mod hostile;
mod judging;
mod manifests;
mod mutations;
mod pods;
mod policies;
mod properties;
mod resources;
mod rollout;
mod rules;
mod scopes;
