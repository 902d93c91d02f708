//! Texts of manifests: places of findings, properties, what is added.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod errors;
mod fix;
mod places;
mod properties;
