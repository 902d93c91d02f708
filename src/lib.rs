//! The program podgate.

pub mod cli;
#[cfg(feature = "server")]
pub mod cluster;
pub mod files;
#[cfg(feature = "server")]
pub mod server;
