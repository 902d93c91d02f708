//! The span of a request: from its head to its answer, with what was decided.

use axum::http::StatusCode;
use tracing::field::Empty;
use tracing::{Span, info_span, record_all};

use super::failure::Failure;
use super::log::clean;
use super::metrics::{decision as decision_label, webhook};
use podgate_engine::admission::{Decision, Mode, Record};

/// Target that spans are filtered by. Log lines have another, so that a layer that takes the one does not pay for the other.
pub(crate) const TARGET: &str = "admission";

/// Costs a look at a flag where nobody takes spans.
#[derive(Debug, Clone)]
pub(crate) struct RequestSpan(pub(crate) Span);

impl RequestSpan {
    /// The fields with a dot are those of the semantic conventions: <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>.
    pub(crate) fn begin(mode: Mode) -> Self {
        Self(info_span!(
            target: TARGET,
            parent: None,
            "admission",
            otel.name = match mode {
                Mode::Validate => "POST /validate",
                Mode::Mutate => "POST /mutate",
            },
            otel.kind = "server",
            otel.status_code = Empty,
            "error.type" = Empty,
            http.response.status_code = Empty,
            webhook = webhook(mode),
            operation = Empty,
            kind = Empty,
            decision = Empty,
            uid = Empty,
        ))
    }

    /// The handler's answer.
    pub(crate) fn answered(&self, status: StatusCode, record: &Record<'_>) {
        if self.0.is_disabled() {
            return;
        }
        let Record { operation, kind, decision, .. } = record;
        let (decision_label, uid) = (decision_label(*decision), clean(&record.uid));
        record_all!(self.0, operation, kind, decision = decision_label, uid = &*uid);
        match decision {
            Decision::Error(reason) => self.failed(status, (*reason).into()),
            _ => self.ended(status),
        }
    }

    /// No decision.
    pub(crate) fn failed(&self, status: StatusCode, failure: Failure) {
        record_all!(self.0, "error.type" = failure.as_str());
        self.ended(status);
    }

    fn ended(&self, status: StatusCode) {
        record_all!(self.0, http.response.status_code = status.as_u16());
        // What a client does wrong is not the server's error.
        if status.is_server_error() {
            record_all!(self.0, otel.status_code = "ERROR");
        }
    }
}
