//! Ports and connections: who is accepted, what a connection may do until when, and how it ends.

mod connection;
mod connection_state;
pub(crate) mod driver_wakeup;
pub(crate) mod endpoint;
mod open_connections;
pub(crate) mod peer;
pub(crate) mod response;
