//! Reports what the server does: failures by reason, health, log lines, metrics and spans.

pub(crate) mod failure;
mod findings;
pub(crate) mod gates;
pub(crate) mod health;
pub mod log;
pub(crate) mod metrics;
#[cfg(test)]
mod metrics_page;
#[cfg(feature = "otlp")]
pub mod otlp;
pub(crate) mod span;
pub(crate) mod trace_context;
pub(crate) mod unopened_gates;
