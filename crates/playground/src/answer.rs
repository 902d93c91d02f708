//! Requests read and answers written: JSON text, whatever happens.

use serde::{Deserialize, Serialize};
use serde_json::json;

/// Names the manifest: in problems, and to whoever tells by names what files are.
pub(crate) const MANIFEST: &str = "manifest.yaml";
/// Names the objects as they were.
pub(crate) const OLD: &str = "old.yaml";
/// Names the policy.
pub(crate) const POLICY: &str = "policy.yaml";
/// Tells where objects live that name no namespace, as for `podgate check`.
pub(crate) const NAMESPACE: &str = "default";

/// Reads the request, and returns the answer as JSON text: what `answer` makes of it, or `{"error": …}`.
pub(crate) fn answered<'r, R: Deserialize<'r>, A: Serialize>(
    request: &'r str,
    answer: impl FnOnce(R) -> Result<A, String>,
) -> String {
    let read = serde_json::from_str(request).map_err(|error| format!("the request cannot be read: {error}"));
    written(read.and_then(answer))
}

/// Returns an answer as JSON text.
pub(crate) fn written(answer: Result<impl Serialize, String>) -> String {
    let text = answer.and_then(|answer| serde_json::to_string(&answer).map_err(|error| error.to_string()));
    text.unwrap_or_else(|error| json!({ "error": error }).to_string())
}
