//! Takes up files and policies that change while the server runs.

pub(crate) mod policies;
pub(crate) mod reader;
pub(crate) mod watch;
