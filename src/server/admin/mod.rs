//! The admin port: its paths, and the thread that serves them.

pub(crate) mod routes;
pub(crate) mod thread;
