//! podgate in a browser: what the page of the playground asks, answered as JSON text.
//!
//! The verdict is that of `podgate check`, by the same functions. `page/src/contract.ts` is the one place that says what requests and
//! answers look like. The functions take and return text, so that the tests run without a browser.

mod about;
mod answer;
mod clock;
mod examples;
mod fix;
mod judge;
mod policy;
mod rule;
mod spans;
mod timeline;

pub use about::about;
pub use fix::fix;
pub use judge::judge;
pub use rule::rule;
pub use timeline::timeline;

#[cfg(target_arch = "wasm32")]
pub mod exports;
