//! One AdmissionReview in, one answer out.

use std::borrow::Cow;

use crate::policy::Engine;

/// Which of the two webhooks was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `/validate`: judges, never patches.
    Validate,
    /// `/mutate`: patches, never judges.
    Mutate,
}

/// What the answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Admitted as it is.
    Allowed,
    /// Refused; the answer's `status` says why.
    Denied,
    /// Admitted with a patch.
    Patched,
    /// No decision: the caller's `failurePolicy` decides.
    Error(ErrorReason),
}

/// Why there is no decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorReason {
    /// The body is no AdmissionReview (HTTP 400).
    BadRequest,
    /// The object cannot be read as what its kind says (HTTP 500).
    UnreadableObject,
    /// A rule or a mutation failed (HTTP 500).
    Internal,
}

/// What one answer was about, for logs and metrics. Nothing in it is escaped: every text came from outside.
#[derive(Debug)]
pub struct Record<'a> {
    /// `request.uid`, empty where none could be read.
    pub uid: Cow<'a, str>,
    /// `request.operation`, or empty.
    pub operation: &'static str,
    /// `request.kind.kind` where podgate knows that kind, `other` where it does not: bounded, fit for a label.
    pub kind: &'static str,
    /// `request.namespace`, empty for cluster-scoped objects.
    pub namespace: Cow<'a, str>,
    /// The object's name, or its `generateName`.
    pub name: Cow<'a, str>,
    /// `request.userInfo.username`.
    pub user: Cow<'a, str>,
    /// What was decided.
    pub decision: Decision,
    /// Rule id and level (`deny`, `warn`, `audit`) of each finding, in the order of the answer.
    pub findings: Vec<(&'static str, &'static str)>,
    /// The ids of the mutations that added something.
    pub mutations: Vec<&'static str>,
    /// Why there is no decision, for the log: one line, bounded length.
    pub error: Option<String>,
}

/// An HTTP answer: `status`, and a JSON body.
#[derive(Debug)]
pub struct Response<'a> {
    /// HTTP status code: 200 with every decision, 400 or 500 without one.
    pub status: u16,
    /// JSON: an AdmissionReview, or `{"error": …}`.
    pub body: Vec<u8>,
    /// What it was about.
    pub record: Record<'a>,
}

/// Answers one AdmissionReview. Never panics, whatever `body` holds.
pub fn handle<'a>(_engine: &Engine, _mode: Mode, _body: &'a [u8]) -> Response<'a> {
    Response {
        status: 400,
        body: b"{\"error\":\"not yet\"}".to_vec(),
        record: Record {
            uid: Cow::Borrowed(""),
            operation: "",
            kind: "other",
            namespace: Cow::Borrowed(""),
            name: Cow::Borrowed(""),
            user: Cow::Borrowed(""),
            decision: Decision::Error(ErrorReason::BadRequest),
            findings: Vec::new(),
            mutations: Vec::new(),
            error: Some("not yet".to_owned()),
        },
    }
}
