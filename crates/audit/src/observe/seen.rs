//! `Seen`: what the status of one object tells, before it is known of how many others it is told.

use crate::{
    audit::Observation,
    observe::clock::{self, Instant},
};

/// Holds something that is seen of one object.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// What sees it.
    pub(crate) observation: &'static Observation,
    /// The part of the object that it is about, such as a container: what is seen of the same part of many Pods is told once.
    pub(crate) subject: String,
    /// The field that says so.
    pub(crate) path: String,
    /// Tells how bad it is beside the same of other Pods: more is worse. In the observation's own unit.
    pub(crate) measure: i64,
    /// What is told.
    pub(crate) told: Told,
}

/// Holds what is told of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// These words.
    Words(String),
    /// These words, with the time from an instant until now in between: `for` + `3 h` + `by …`. Nothing before it is long enough.
    Since {
        /// The words before the time.
        before: String,
        /// When it began.
        start: Instant,
        /// The seconds after which it is told.
        after_seconds: i64,
        /// The words after the time.
        after: String,
    },
}

impl Told {
    /// Returns the words, at an instant; `None` where it is too early to say anything, and where the instant is not known.
    pub(crate) fn at(&self, now: Option<Instant>) -> Option<String> {
        match self {
            Self::Words(words) => Some(words.clone()),
            Self::Since { before, start, after_seconds, after } => {
                let seconds = now?.seconds_since(*start);
                (seconds > *after_seconds).then(|| format!("{before}{}{after}", clock::span(seconds)))
            }
        }
    }
}
