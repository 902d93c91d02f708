//! podgate judges and mutates Pods over their whole lifecycle.
//!
//! One engine, several ways in. The modules are layers; imports point down, never up, never in a circle:
//!
//! - L0 [`model`]: what a pod *is*, borrowed from the received bytes.
//! - L1 [`lifecycle`]: what a pod *does*, derived from the model.
//! - L2 [`rules`] and [`mutate`]: opinions, one file each.
//! - L3 [`policy`]: what an administrator decided, and the engine that applies it.
//! - L4 [`admission`]: AdmissionReviews in, answers out; no I/O. [`check`]: manifests in, findings with their places out.
//! - L5 `server`: HTTPS, limits, drain, health, metrics; `cluster`: what is asked of the API server (cargo feature `server`).
//! - L6 [`cli`]: one file a subcommand; the only place that prints.

pub mod admission;
pub mod check;
pub mod cli;
#[cfg(feature = "server")]
pub mod cluster;
pub mod lifecycle;
pub mod model;
pub mod mutate;
pub mod policy;
pub mod rules;
#[cfg(feature = "server")]
pub mod server;
