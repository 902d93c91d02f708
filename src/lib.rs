//! The program podgate: what files, the network and a terminal add to `podgate-engine` and `podgate-manifests`. Imports point down:
//!
//! - [`files`]: folders, files, the policy of a repository.
//! - [`render`]: helm and kustomize, run.
//! - `server`: HTTPS; `cluster`: what is asked of the API server (cargo feature `server`).
//! - [`cli`]: one file a subcommand; the only place that prints.

pub mod cli;
#[cfg(feature = "server")]
pub mod cluster;
pub mod files;
pub mod render;
#[cfg(feature = "server")]
pub mod server;
