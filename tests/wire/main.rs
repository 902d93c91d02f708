//! AdmissionReviews in and answers out, read as an API server reads them: real requests, properties, bad input, attacks.

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
mod hostile;
#[path = "../../crates/engine/tests/spec/judging.rs"]
#[allow(dead_code)]
mod judging;
mod pod_fields;
mod pods;
mod properties;
#[path = "../../crates/engine/tests/spec/tree.rs"]
mod tree;
