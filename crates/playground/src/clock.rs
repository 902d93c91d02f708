//! Which day it is: an exemption may have an end.

use podgate_engine::policy::day::Day;

/// Returns the day that it is now, by the clock of the browser.
#[cfg(target_arch = "wasm32")]
pub(crate) fn today() -> Day {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "milliseconds since 1970, cut to seconds"
    )]
    let seconds = (date::now() / 1000.0) as u64;
    Day::at(seconds)
}

#[cfg(target_arch = "wasm32")]
mod date {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = Date)]
        pub(super) fn now() -> f64;
    }
}

/// Returns the day that it is now.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn today() -> Day {
    Day::today()
}
