//! The auditor, with objects as the API server returns them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "auditor/cluster.rs"]
mod cluster;
#[path = "auditor/folding.rs"]
mod folding;
#[path = "auditor/live.rs"]
mod live;
#[path = "auditor/objects.rs"]
mod objects;
#[path = "auditor/observed.rs"]
mod observed;
