//! The server as its clients see it: real TLS, real sockets, short time-outs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub
)]

mod attacks;
mod audit;
mod certificates;
mod cluster;
mod cluster_policy;
mod fake_api;
mod hang;
mod http;
mod measured;
mod memory;
mod monitoring;
#[cfg(feature = "otlp")]
mod otlp;
mod overload;
mod panics;
mod process;
mod reload;
mod renewal;
mod rights;
mod rolling;
mod samples;
mod soak;
mod stop;
mod support;
mod time_limits;
mod tls;
#[path = "../../crates/engine/tests/spec/tree.rs"]
#[allow(dead_code)]
mod tree;
