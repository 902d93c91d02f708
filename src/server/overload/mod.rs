//! Divides what is short among connections: memory, threads and processors.

pub(crate) mod fair_queue;
pub(crate) mod memory_budget;
mod partition;
pub(crate) mod processor_limit;
