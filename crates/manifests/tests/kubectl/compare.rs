//! Two readings of one text, and the table of those that may differ.

use std::{cell::Cell, fmt, fs};

use serde_json::Value;

/// What a reader says of a text.
pub(super) enum Answer {
    Documents(Vec<Value>),
    Refused(String),
}

impl Answer {
    pub(super) fn of<T: AsRef<str>, E: fmt::Display>(read: Result<Vec<T>, E>) -> Self {
        match read {
            Err(error) => Self::Refused(error.to_string()),
            Ok(documents) => {
                let value = |text: &T| {
                    // serde_json nests less deep than the reader.
                    serde_json::from_str(text.as_ref()).unwrap_or_else(|error| Value::from(format!("no JSON: {error}")))
                };
                Self::Documents(documents.iter().map(value).collect())
            }
        }
    }

    pub(super) fn of_json(line: &str) -> Self {
        match serde_json::from_str(line) {
            Ok(Value::Array(documents)) => Self::Documents(documents),
            Ok(Value::String(error)) => Self::Refused(error),
            other => Self::Refused(format!("not understood: {other:?}")),
        }
    }

    pub(super) fn is_taken(&self) -> bool {
        matches!(self, Self::Documents(_))
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Documents(one), Self::Documents(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
            }
            (Self::Refused(_), Self::Refused(_)) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Documents(documents) => write!(f, "{}", Value::from(documents.clone())),
            Self::Refused(error) => write!(f, "refused: {error}"),
        }
    }
}

/// Whole numbers of more than 63 bits are floats for kubectl.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => match (one.as_i64(), other.as_i64()) {
            (Some(one), Some(other)) => one == other,
            (None, None) => one.as_f64() == other.as_f64(),
            _ => false,
        },
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

/// `tests/yaml/disagreements.md`.
pub(super) struct Table {
    rows: Vec<[String; 3]>,
    used: Cell<usize>,
}

impl Table {
    pub(super) fn read() -> Self {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/yaml/disagreements.md");
        let text = fs::read_to_string(file).unwrap();
        let rows = text.lines().filter(|line| line.starts_with("| `")).map(|line| {
            let mut cells = line.split(" | ").map(|cell| cell.trim_matches(['|', ' ', '`']));
            let mut cell = || cells.next().unwrap().to_owned();
            let (contains, theirs, ours) = (cell(), cell(), cell());
            let contains =
                serde_json::from_str(&format!("\"{contains}\"")).expect("a row's text is written as in JSON");
            [contains, theirs, ours]
        });
        Self { rows: rows.collect(), used: Cell::new(0) }
    }

    /// Whether a row has this text and these answers.
    pub(super) fn explains(&self, text: &str, ours: &Answer, theirs: &Answer) -> bool {
        let fits = |answer: &Answer, cell: &str| match answer {
            Answer::Documents(_) => cell == "taken",
            Answer::Refused(error) => cell != "taken" && error.contains(cell),
        };
        let found = self
            .rows
            .iter()
            .any(|[contains, cell, own]| contained(text, contains) && fits(theirs, cell) && fits(ours, own));
        self.used.set(self.used.get() + usize::from(found));
        found
    }

    pub(super) fn used(&self) -> usize {
        self.used.get()
    }
}

fn contained(text: &str, cell: &str) -> bool {
    match cell.strip_prefix('^') {
        Some(start) => text.trim_start_matches('\u{feff}').trim_start().starts_with(start),
        None => text.contains(cell),
    }
}
