//! Says all that is wrong with a JSON text that a typed struct could not be read from.
//!
//! The quick way of reading stops at the first error, and its error is a sentence about Rust's types. Only once it has failed is
//! the text read again, through a deserializer that stands between serde_json and the struct ([serde's data model](https://serde.rs/data-model.html)
//! makes that possible): it counts the values as they are met, knows which type the struct asks for, and gets the struct's
//! complaint as [`Fault`], which has the parts of serde's `invalid_type` instead of their text. The path is put together on
//! the way back up.
//!
//! To find the errors after the first, the text is read once more and the value that was wrong, known by its number, is skipped;
//! its text is kept, and says what was found. Values before it have the same numbers in every reading, because a reading that
//! stops at an error has skipped the same values up to there. Each reading is linear and there are only so many.

mod traced;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use self::traced::{Fault, FaultCause, Pass, ROOT};
use super::{
    Path,
    path::Segment,
    read_error::{JsonValue, ReadCause, ReadError, ReadErrors},
};

/// Limits how many errors are looked for, each of which costs one more reading.
const MAX_ERRORS: usize = 20;
/// Limits how many bytes are read again at most, once apart: of larger texts fewer errors are looked for.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Reads `text` as a `T` until all errors are known, or as many as are looked for; `before` is called before each reading. `None`
/// where nothing is wrong.
pub(super) fn diagnose<'a, T: Deserialize<'a>>(text: &'a str, before: impl Fn()) -> Option<ReadErrors> {
    let max = (MAX_BYTES / text.len().max(1)).clamp(1, MAX_ERRORS);
    let mut wrong: Vec<Wrong> = Vec::new();
    // One reading more than there are errors: the last tells what stands in the place of the last error.
    let is_complete = loop {
        before();
        let pass = Pass::new(wrong.iter().map(|wrong| wrong.value).collect());
        let fault = pass.read::<T>(text).err();
        let found = pass.into_found();
        for (wrong, found) in wrong.iter_mut().zip(found) {
            wrong.found = found;
        }
        let Some(fault) = fault else { break true };
        // Behind what is no JSON nothing can be read.
        if wrong.last().is_some_and(|last| last.found.is_none()) {
            break true;
        }
        if wrong.len() == max {
            break false;
        }
        let (is_root, is_text) = (fault.value == ROOT, fault.cause == FaultCause::Json);
        // What holds the last wrong value cannot be skipped: nothing behind it is reached.
        let holds_last = wrong.last().is_some_and(|last| last.value >= fault.value);
        let is_json = || serde_json::from_str::<&RawValue>(text).is_ok();
        let found = if is_root && !holds_last && is_json() { Some(JsonValue::of(text)) } else { None };
        wrong.push(Wrong { value: fault.value, fault, found });
        if is_root || holds_last {
            break is_text || !holds_last;
        }
    };
    let mut errors: Vec<ReadError> = Vec::with_capacity(wrong.len());
    for error in wrong.into_iter().map(|wrong| wrong.into_error(text)) {
        // What was skipped is missing, and its error is told already.
        if error.cause != ReadCause::Missing || errors.iter().all(|known| known.at != error.at) {
            errors.push(error);
        }
    }
    (!errors.is_empty()).then(|| ReadErrors::new(errors, is_complete))
}

/// A value that is wrong.
struct Wrong {
    /// Its number, in the order in which values begin.
    value: usize,
    fault: Fault,
    /// Says what it is; `None` where its text is no JSON.
    found: Option<JsonValue>,
}

impl Wrong {
    fn into_error(self, text: &str) -> ReadError {
        let mut at = self.fault.steps.into_iter().rev().fold(Path::default(), |path, step| match step {
            Segment::Key(key) => path.key(key),
            Segment::Index(index) => path.index(index),
        });
        let cause = match (self.fault.cause, self.found) {
            (FaultCause::Refused(why), _) => ReadCause::Refused(why),
            (FaultCause::GivenTwice(name), _) => {
                at = at.key(name);
                ReadCause::GivenTwice
            }
            (FaultCause::Missing(name), _) => {
                at = at.key(name);
                ReadCause::Missing
            }
            (FaultCause::Unexpected(expected), Some(found)) => ReadCause::Unexpected { found, expected },
            (FaultCause::Json, Some(found)) => ReadCause::Unreadable(found),
            (_, None) => {
                let error = serde_json::from_str::<IgnoredAny>(text).err();
                let (line, column) = error.map_or((1, 1), |error| (error.line(), error.column()));
                return ReadError::new(Path::default(), ReadCause::NotJson { line, column });
            }
        };
        ReadError::new(at, cause)
    }
}

#[cfg(test)]
mod tests;
