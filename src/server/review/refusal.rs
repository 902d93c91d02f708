//! Answers to requests that get no decision.

use axum::http::StatusCode;

use crate::server::observe::failure::Failure;
use crate::server::observe::health::NO_POLICY;

/// A request that does not reach the handler.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) failure: Failure,
    pub(crate) message: &'static str,
}

pub(crate) const NOT_FOUND: Refusal = Refusal {
    status: StatusCode::NOT_FOUND,
    failure: Failure::NotFound,
    message: "only /validate and /mutate are served here",
};

pub(crate) const METHOD_NOT_ALLOWED: Refusal = Refusal {
    status: StatusCode::METHOD_NOT_ALLOWED,
    failure: Failure::MethodNotAllowed,
    message: "an AdmissionReview is sent with POST",
};

pub(crate) const TOO_LARGE: Refusal = Refusal {
    status: StatusCode::PAYLOAD_TOO_LARGE,
    failure: Failure::BodyTooLarge,
    message: "the body is over the limit of --max-body-bytes",
};

pub(crate) const OVERLOADED: Refusal = Refusal {
    status: StatusCode::SERVICE_UNAVAILABLE,
    failure: Failure::Overloaded,
    // No Retry-After: the API server would try again ten times, and has no time for it.
    message: "more requests than can be answered in time",
};

pub(crate) const DEADLINE: Refusal = Refusal {
    status: StatusCode::SERVICE_UNAVAILABLE,
    failure: Failure::Deadline,
    message: "the object could not be judged in the caller's time",
};

/// `failurePolicy` decides: what is not known to be allowed is not.
pub(crate) const WITHOUT_POLICY: Refusal =
    Refusal { status: StatusCode::INTERNAL_SERVER_ERROR, failure: Failure::NoPolicy, message: NO_POLICY };

pub(crate) const INCOMPLETE: Refusal =
    Refusal { status: StatusCode::BAD_REQUEST, failure: Failure::BodyIncomplete, message: "the body ended early" };

pub(crate) const TOO_SLOW: Refusal = Refusal {
    status: StatusCode::REQUEST_TIMEOUT,
    failure: Failure::BodyTimeout,
    message: "the body did not arrive in time",
};
