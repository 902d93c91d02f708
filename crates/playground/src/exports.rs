//! The functions as JavaScript calls them.

use wasm_bindgen::prelude::wasm_bindgen;

/// Tells of podgate: versions, profiles, the policy's schema, examples.
#[wasm_bindgen]
pub fn about() -> String {
    crate::about()
}

/// Tells of a rule.
#[wasm_bindgen]
pub fn rule(id: &str) -> String {
    crate::rule(id)
}

/// Judges a manifest.
#[wasm_bindgen]
pub fn judge(request: &str) -> String {
    crate::judge(request)
}

/// Adds to a manifest what the policy adds to Pods.
#[wasm_bindgen]
pub fn fix(request: &str) -> String {
    crate::fix(request)
}

/// Draws the life of Pods.
#[wasm_bindgen]
pub fn timeline(request: &str) -> String {
    crate::timeline(request)
}
