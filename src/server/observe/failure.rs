//! The ways in which a request or a connection gets no decision.

use podgate_engine::admission::ErrorReason;

/// Reasons for which a request or a connection gets no decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No AdmissionReview.
    BadRequest,
    /// An object that is not what its kind says.
    UnreadableObject,
    /// A rule or a mutation failed.
    Internal,
    /// The handler panicked.
    Panic,
    /// No policy to judge by.
    NoPolicy,
    /// No such path.
    NotFound,
    /// No such method on this path.
    MethodNotAllowed,
    /// Not JSON, or compressed.
    UnsupportedMediaType,
    /// A body over the limit.
    BodyTooLarge,
    /// A body that did not come in time.
    BodyTimeout,
    /// A body that ended early.
    BodyIncomplete,
    /// More requests than can be answered in time.
    Overloaded,
    /// A judgement that did not come to an end in time.
    Deadline,
    /// An answer that its peer does not read.
    AnswerUnread,
    /// A head that did not come in time.
    HeaderTimeout,
    /// A TLS handshake that failed.
    TlsHandshake,
    /// A TLS handshake that did not come to an end in time.
    TlsHandshakeTimeout,
    /// Plain HTTP where TLS is spoken.
    PlainHttp,
    /// A connection that broke, or spoke no HTTP.
    Connection,
    /// A connection that could not be accepted.
    Accept,
    /// The connection that was idle for longest, which made room for another.
    Displaced,
}

impl Failure {
    /// Every one.
    pub(crate) const ALL: [Self; 21] = [
        Self::BadRequest,
        Self::UnreadableObject,
        Self::Internal,
        Self::Panic,
        Self::NoPolicy,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::UnsupportedMediaType,
        Self::BodyTooLarge,
        Self::BodyTimeout,
        Self::BodyIncomplete,
        Self::Overloaded,
        Self::Deadline,
        Self::AnswerUnread,
        Self::HeaderTimeout,
        Self::TlsHandshake,
        Self::TlsHandshakeTimeout,
        Self::PlainHttp,
        Self::Connection,
        Self::Accept,
        Self::Displaced,
    ];

    /// Returns the value of the label `reason`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::UnreadableObject => "unreadable_object",
            Self::Internal => "internal",
            Self::Panic => "panic",
            Self::NoPolicy => "no_policy",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::BodyIncomplete => "body_incomplete",
            Self::Overloaded => "overloaded",
            Self::Deadline => "deadline",
            Self::AnswerUnread => "answer_unread",
            Self::HeaderTimeout => "header_timeout",
            Self::TlsHandshake => "tls_handshake",
            Self::TlsHandshakeTimeout => "tls_handshake_timeout",
            Self::PlainHttp => "plain_http",
            Self::Connection => "connection",
            Self::Accept => "accept",
            Self::Displaced => "displaced",
        }
    }
}

impl From<ErrorReason> for Failure {
    fn from(reason: ErrorReason) -> Self {
        match reason {
            ErrorReason::BadRequest => Self::BadRequest,
            ErrorReason::UnreadableObject => Self::UnreadableObject,
            ErrorReason::Internal => Self::Internal,
            ErrorReason::Exhausted => Self::Deadline,
        }
    }
}
