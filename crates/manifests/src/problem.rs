//! What keeps podgate from judging.

use std::{fmt, sync::Arc};

use thiserror::Error;

use super::tree::known_kinds::Fault;
use podgate_engine::{
    model::{ObjectError, ReviewError},
    panics::Panicked,
    policy::MutateError,
    syntax::{Path, ReadErrors, text::one_line, yaml::Place},
};

/// The longest message, in characters: names and values from a manifest can be of any length.
pub(super) const MAX_MESSAGE_CHARACTERS: usize = 1000;
/// The longest name of a file that is shown, in characters.
const MAX_NAME_CHARACTERS: usize = 500;

/// Something that keeps podgate from judging: a file that cannot be read, text that is no YAML, an object that is not what its
/// kind says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as in [`Input::name`](crate::Input::name).
    pub file: Arc<str>,
    /// Says where in the file, if that is known.
    pub place: Option<Place>,
    /// Says what is wrong: one line.
    pub message: String,
}

impl Problem {
    /// Returns a problem with a message that is one line and no longer than can be shown.
    pub fn of(file: &str, place: Option<Place>, message: &str) -> Self {
        Self { file: file.into(), place, message: one_line(message, MAX_MESSAGE_CHARACTERS).into_owned() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.file, MAX_NAME_CHARACTERS))?;
        if let Some(place) = self.place {
            write!(f, ":{place}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Says why one object is not judged, or nothing is added to it.
#[derive(Debug, Error)]
pub(super) enum ObjectFailure {
    /// It is not what its kind says.
    #[error(transparent)]
    Unreadable(#[from] ReadErrors),
    /// The object that it was is not what its kind says.
    #[error("as it was: {0}")]
    OldUnreadable(ReadErrors),
    /// Its group, version or kind is wrong.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A value is still to be filled in.
    #[error("{at}: {value}")]
    Placeholder {
        /// The field.
        at: Path,
        /// Holds what stands there.
        value: String,
    },
    /// There is no object.
    #[error("it is missing")]
    Missing,
    /// A rule failed.
    #[error("podgate itself failed on this object")]
    Panicked(#[from] Panicked),
    /// A mutation failed.
    #[error(transparent)]
    NotMutated(#[from] MutateError),
    /// A mutation does what cannot be shown in the text.
    #[error("the policy does more than add")]
    MoreThanAdds,
    /// A mutation does what cannot be shown in the text.
    #[error("the policy adds in the middle of a list")]
    AddsInMiddle,
}

impl From<ReviewError> for ObjectFailure {
    fn from(error: ReviewError) -> Self {
        match error.cause {
            ObjectError::Unreadable(errors) if error.field == "oldObject" => Self::OldUnreadable(errors),
            ObjectError::Unreadable(errors) => Self::Unreadable(errors),
            ObjectError::Missing => Self::Missing,
        }
    }
}
