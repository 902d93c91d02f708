//! Answers that carry no decision.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Goes along with an answer whose request left a body behind: the connection cannot be used again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unread;

/// `{"error": message}` with `status`.
pub(super) fn error(status: StatusCode, message: &str) -> Response {
    json(status, serde_json::json!({ "error": message }).to_string().into_bytes())
}

/// A JSON text with `status`.
pub(super) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
