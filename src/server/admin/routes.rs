//! The admin port: health for the kubelet, metrics for Prometheus, the policy for people.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tracing::error;

use crate::server::net::response;
use crate::server::observe::health::NO_POLICY;
use crate::server::observe::metrics::CONTENT_TYPE;
use crate::server::options::PolicySource;
use crate::server::reload::policies::Policies;
use crate::server::shared::Shared;
use podgate_engine::policy::LifecyclePolicy;

/// Said in front of the policy.
const WITHOUT_USERS: &str = "# Exempt users and groups are left out here.\n";

/// State of the admin port's handlers.
#[derive(Debug)]
pub(crate) struct Admin {
    /// Its metrics are shown by `/metrics`, its health by `/readyz`.
    pub(crate) shared: Arc<Shared>,
    /// Shown by `/policy`, and by `/readyz` where the one that should be is not in force.
    pub(crate) policies: Arc<Policies>,
}

/// `/livez`, `/readyz`, `/metrics` and `/policy`.
pub(crate) fn router(admin: Admin) -> Router {
    Router::new()
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/policy", get(policy))
        .method_not_allowed_fallback(async || {
            response::error(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here")
        })
        .fallback(async || {
            response::error(StatusCode::NOT_FOUND, "only /livez, /readyz, /metrics and /policy are served here")
        })
        .with_state(Arc::new(admin))
}

async fn ready(State(admin): State<Arc<Admin>>) -> Response {
    if let Some(reason) = admin.shared.health.unready() {
        return unready(&admin, reason);
    }
    // A policy that cannot be used is no reason to stop judging under the last good one.
    let endings: String = admin.policies.endings().iter().map(|ending| format!("{ending}\n")).collect();
    match &*admin.policies.failure.load() {
        Some(failure) => {
            format!("ok\nthe policy cannot be used; the last good one stays in force:\n{failure}\n{endings}")
                .into_response()
        }
        None if endings.is_empty() => "ok".into_response(),
        None => format!("ok\n{endings}").into_response(),
    }
}

fn unready(admin: &Admin, reason: &str) -> Response {
    let policies = &admin.policies;
    let failure = policies.failure.load();
    let text = match &*failure {
        _ if reason != NO_POLICY => reason.to_owned(),
        Some(failure) => format!("{reason}: {failure}"),
        None => format!("{reason}: {} has not been read", policies.source),
    };
    response::error(StatusCode::SERVICE_UNAVAILABLE, &text)
}

/// The policy in force, with where its values come from.
async fn policy(State(admin): State<Arc<Admin>>) -> Response {
    let policies = &admin.policies;
    if !admin.shared.health.has_policy() {
        return unready(&admin, NO_POLICY);
    }
    let origin = match &policies.source {
        source @ PolicySource::Default => format!("# {source}\n"),
        source => format!("# from {source}\n"),
    };
    let failure = policies.failure.load().as_ref().map_or_else(String::new, |failure| {
        let lines: String = failure.lines().map(|line| format!("# {line}\n")).collect();
        format!("# The policy there cannot be used, and this one stays in force:\n{lines}")
    });
    let yaml = without_users(admin.shared.engine.load().policy()).in_full();
    ([(header::CONTENT_TYPE, "application/yaml")], format!("{origin}{failure}{WITHOUT_USERS}{yaml}")).into_response()
}

/// Every Pod may reach this port, and need not learn whose name is worth stealing.
fn without_users(policy: &LifecyclePolicy) -> LifecyclePolicy {
    let mut policy = policy.clone();
    let exemptions = &mut policy.spec.exemptions;
    (exemptions.users, exemptions.groups) = (Vec::new(), Vec::new());
    for scope in &mut policy.spec.scopes {
        (scope.exemptions.users, scope.exemptions.groups) = (None, None);
    }
    policy
}

async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    admin.shared.metrics.exemptions_end(&admin.policies.endings());
    match admin.shared.metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(cause) => {
            error!(%cause, "metrics cannot be written");
            response::error(StatusCode::INTERNAL_SERVER_ERROR, "metrics cannot be written")
        }
    }
}
