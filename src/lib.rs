//! The program podgate.

pub mod cli;
#[cfg(feature = "server")]
pub mod cluster;
pub mod files;
pub mod render;
#[cfg(feature = "server")]
pub mod server;
