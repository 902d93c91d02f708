//! The admin port: health for the kubelet, metrics for Prometheus.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tracing::error;

use super::health::Health;
use super::metrics::{CONTENT_TYPE, Metrics};
use super::reply;

/// What the admin port tells of.
#[derive(Debug)]
pub(super) struct Admin {
    /// Shown by `/metrics`.
    pub(super) metrics: Arc<Metrics>,
    /// Shown by `/readyz`.
    pub(super) health: Arc<Health>,
}

/// `/livez`, `/readyz` and `/metrics`.
pub(super) fn router(admin: Admin) -> Router {
    Router::new()
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(async || reply::error(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here"))
        .fallback(async || reply::error(StatusCode::NOT_FOUND, "only /livez, /readyz and /metrics are served here"))
        .with_state(Arc::new(admin))
}

async fn ready(State(admin): State<Arc<Admin>>) -> Response {
    match admin.health.unready() {
        Some(reason) => reply::error(StatusCode::SERVICE_UNAVAILABLE, reason),
        None => "ok".into_response(),
    }
}

async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    match admin.metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(cause) => {
            error!(%cause, "metrics cannot be written");
            reply::error(StatusCode::INTERNAL_SERVER_ERROR, "metrics cannot be written")
        }
    }
}
