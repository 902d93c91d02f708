//! `ReadError`: a value that is not what its field takes, in words for people, and where it is.
//!
//! The words come from two sources, neither of which is another library's sentence: what was found is read from the JSON text
//! itself, so that a number is shown as it was written; what was expected is known from the question that the typed struct
//! asked ("a whole number"), or from the struct's own description of itself ("an object of strings").

use std::{borrow::Cow, fmt};

use thiserror::Error;

use super::{
    Path,
    text::{beginning, counted},
};

/// The longest string that is shown as a whole, in bytes.
const MAX_SHOWN_BYTES: usize = 80;
/// Limits how many errors are listed in one line; the rest is counted.
const MAX_LISTED: usize = 5;

/// One value that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{cause}", subject(.at, .cause))]
pub struct ReadError {
    /// Says where it is in the object.
    pub at: Path,
    /// Says why it cannot be read.
    pub cause: ReadCause,
}

/// Begins the sentence about a value: with its path and a colon, or with "it" at the root.
fn subject(at: &Path, cause: &ReadCause) -> String {
    match cause {
        _ if !at.segments().is_empty() => format!("{at}: "),
        ReadCause::Refused(_) => String::new(),
        _ => "it ".to_owned(),
    }
}

/// Says why a value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadCause {
    /// It is another type of JSON than its field takes, or a number that the field cannot hold.
    #[error("is {}; {expected} is expected", shown(.found, .expected))]
    Unexpected {
        /// The value that is there.
        found: JsonValue,
        /// The value that is wanted, with an article: `a whole number`.
        expected: Cow<'static, str>,
    },
    /// Its name is given to two members of one object.
    #[error("is given twice")]
    GivenTwice,
    /// It is missing where it is needed.
    #[error("is missing")]
    Missing,
    /// It is JSON by its signs, but holds what cannot be read: a number beyond all bounds, half a character, lists in lists
    /// in lists.
    #[error("{}", unreadable(.0))]
    Unreadable(JsonValue),
    /// The text is no JSON.
    #[error("is no JSON at line {line}, column {column} of its text")]
    NotJson {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted in bytes from 1.
        column: usize,
    },
    /// Carries what podgate itself says of it.
    #[error("{0}")]
    Refused(String),
}

/// A value of JSON, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonValue {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A string, as it is written, with its quotes.
    String(String),
    /// A list.
    List,
    /// An object.
    Object,
}

impl JsonValue {
    /// Tells what a JSON text is, by its first sign.
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim_ascii();
        match text.as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::List,
            Some(b'"') => Self::String(shortened(text, "\"")),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number(shortened(text, "")),
        }
    }

    /// Returns whether it is a number beyond those that 64 bits hold: as large ones are read from YAML, they may have an exponent.
    fn is_too_large(&self) -> bool {
        /// The first number that is too large.
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        matches!(self, Self::Number(text) if text.parse::<f64>().is_ok_and(|number| number.abs() >= LIMIT))
    }
}

/// Says what keeps JSON that is well-formed from being read.
fn unreadable(value: &JsonValue) -> String {
    match value {
        JsonValue::Number(_) => format!("is {value}, which no number of 64 bits comes near"),
        JsonValue::String(_) => format!("is {value}, which is no Unicode text"),
        _ => "is nested too deep to be read".to_owned(),
    }
}

/// Returns the beginning of a text that is too long to be shown.
fn shortened(text: &str, end: &str) -> String {
    if text.len() <= MAX_SHOWN_BYTES {
        return text.to_owned();
    }
    format!("{}…{end}", beginning(text, MAX_SHOWN_BYTES))
}

impl fmt::Display for JsonValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) => f.write_str(text),
            Self::String(text) => write!(f, "the string {text}"),
            Self::List => f.write_str("a list"),
            Self::Object => f.write_str("an object"),
        }
    }
}

/// Names a value beside what is expected in its place.
fn shown(found: &JsonValue, expected: &str) -> String {
    if found.is_too_large() && expected.starts_with(WHOLE_NUMBER) {
        return format!("{found}, which 64 bits do not hold");
    }
    found.to_string()
}

/// The word for an integer.
pub(super) const WHOLE_NUMBER: &str = "a whole number";

impl ReadError {
    /// Returns an error at a place.
    pub(super) fn new(at: Path, cause: ReadCause) -> Self {
        Self { at, cause }
    }

    /// Returns whether a boolean stands where something else is expected: YAML makes booleans of words such as `on`.
    pub fn is_stray_boolean(&self) -> bool {
        matches!(self.cause, ReadCause::Unexpected { found: JsonValue::Bool(_), .. })
    }
}

/// All that is wrong with one object, in the order of its text; at least one error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadErrors {
    errors: Vec<ReadError>,
    is_complete: bool,
}

impl std::error::Error for ReadErrors {}

impl ReadErrors {
    /// Returns these errors; `is_complete` says whether there are no others.
    pub(super) fn new(errors: Vec<ReadError>, is_complete: bool) -> Self {
        Self { errors, is_complete }
    }

    /// Iterates over the errors, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, ReadError> {
        self.errors.iter()
    }

    /// Returns whether there are no others than these: of very many only the first are looked for.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns those errors that `is_left_out` does not leave out, if there are any.
    pub fn without(mut self, mut is_left_out: impl FnMut(&ReadError) -> bool) -> Option<Self> {
        self.errors.retain(|error| !is_left_out(error));
        (!self.errors.is_empty()).then_some(self)
    }

    /// Returns the same errors in an object of which what was read stands at `place`.
    #[must_use]
    pub fn within(mut self, place: &Path) -> Self {
        for error in &mut self.errors {
            error.at = place.clone().join(&error.at);
        }
        self
    }

    /// Adds what another reading of the same object says, each place once.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for error in other.errors {
            if self.errors.iter().all(|known| known.at != error.at) {
                self.errors.push(error);
            }
        }
        self.is_complete &= other.is_complete;
        self
    }
}

impl<'e> IntoIterator for &'e ReadErrors {
    type Item = &'e ReadError;
    type IntoIter = std::slice::Iter<'e, ReadError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The first errors, in one line.
impl fmt::Display for ReadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().take(MAX_LISTED).enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "; " })?;
        }
        match (self.errors.len().saturating_sub(MAX_LISTED), self.is_complete) {
            (0, true) => Ok(()),
            (0, false) => f.write_str("; and more"),
            (more, true) => write!(f, "; and {}", counted(more, "more error", "more errors")),
            (more, false) => write!(f, "; and at least {}", counted(more, "more error", "more errors")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(key: &'static str) -> ReadError {
        ReadError::new(Path::of(&[key]), ReadCause::GivenTwice)
    }

    #[test]
    fn values_are_shown_as_they_are_written() {
        for (text, shown) in [
            ("null", "null"),
            ("false", "false"),
            (" 1.10 ", "1.10"),
            (r#""3\n""#, r#"the string "3\n""#),
            ("[1]", "a list"),
            ("{}", "an object"),
        ] {
            assert_eq!(JsonValue::of(text).to_string(), shown);
        }
        let long = JsonValue::of(&format!("\"{}\"", "é".repeat(1000))).to_string();
        assert!(long.ends_with("é…\"") && long.len() < 120, "{long}");
    }

    #[test]
    fn the_first_are_listed_and_the_rest_is_counted() {
        let said = |keys: &[&'static str], complete| {
            ReadErrors::new(keys.iter().copied().map(error).collect(), complete).to_string()
        };
        assert_eq!(said(&["a"], true), "a: is given twice");
        assert_eq!(said(&["a", "b"], true), "a: is given twice; b: is given twice");
        assert!(said(&["a", "b", "c", "d", "e", "f"], true).ends_with("e: is given twice; and 1 more error"));
        assert!(said(&["a"; 7], true).ends_with("; and 2 more errors"));
        assert!(said(&["a"; 7], false).ends_with("; and at least 2 more errors"));
        assert!(said(&["a"], false).ends_with("; and more"));
    }

    #[test]
    fn places_are_joined_and_named_once() {
        let one = ReadErrors::new(vec![error("a")], true).within(&Path::of(&["spec"]));
        let both = one
            .and(ReadErrors::new(vec![error("b")], true).within(&Path::of(&["spec"])))
            .and(ReadErrors::new(vec![error("a")], true).within(&Path::of(&["spec"])));
        assert_eq!(both.to_string(), "spec.a: is given twice; spec.b: is given twice");
    }
}
