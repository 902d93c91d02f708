//! podgate judges and mutates Pods over their whole lifecycle.
//!
//! One engine, several ways in. The modules are layers; imports point down, never up:
//!
//! - [`admission`]: AdmissionReview bytes in, AdmissionReview bytes out; no I/O.
//! - [`server`]: HTTPS, limits, drain, health, metrics.
//! - [`cli`]: one file a subcommand; the only place that prints.

pub mod admission;
pub mod cli;
pub mod policy;
#[cfg(feature = "server")]
pub mod server;
