//! Answers that carry no decision.

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Goes along with an answer whose request left a body behind: the connection cannot be used again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unread;

/// `{"error": message}` with `status`.
pub(crate) fn error(status: StatusCode, message: &str) -> Response {
    json(status, error_text(message))
}

/// `{"error": message}`.
pub(crate) fn error_text(message: &str) -> Vec<u8> {
    serde_json::json!({ "error": message }).to_string().into_bytes()
}

/// A JSON text with `status`.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.into()).into_response()
}
