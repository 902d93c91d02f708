//! Pages of `docs/reference/` that are made of the code, and those written by hand that are held against it. `UPDATE=1 cargo test`
//! writes the former.

mod cli;
mod http;
mod log;
mod sources;

use super::root;
