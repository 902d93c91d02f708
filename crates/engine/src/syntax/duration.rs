//! Durations as Go writes them: `90s`, `1m30s`, `500ms`, `1.5h`.

use std::{fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Limits what is taken for a duration, in seconds: thousands of years.
const MOST: f64 = 1e12;

/// Reads numbers with units, one after the other; `None` where the text is none, and where it is longer than any duration that could
/// be meant.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, behind) = rest.split_at_checked(end)?;
        let number: f64 = number.parse().ok()?;
        let end = behind.find(|character: char| character.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(end)?;
        seconds += number
            * match unit {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = behind;
    }
    (0.0..=MOST).contains(&seconds).then(|| Duration::from_millis(to_millis(seconds)))
}

/// Returns whole milliseconds.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number is between 0 and 1e15")]
fn to_millis(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

/// A duration in a document, which is written as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationText {
    text: String,
    /// The duration.
    pub duration: Duration,
}

/// A text that is no duration.
#[derive(Debug, Error)]
#[error("\"{0}\" is no duration, such as 90s, 15m or 1h30m")]
pub struct NoDuration(String);

impl FromStr for DurationText {
    type Err = NoDuration;

    fn from_str(text: &str) -> Result<Self, NoDuration> {
        let duration = parse(text).ok_or_else(|| NoDuration(text.to_owned()))?;
        Ok(Self { text: text.to_owned(), duration })
    }
}

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for DurationText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for DurationText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$",
            "description": "A duration, such as `90s`, `15m` or `1h30m`."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units() {
        for (text, millis) in [("500ms", 500), ("90s", 90_000), ("1m30s", 90_000), ("1.5h", 5_400_000), ("0s", 0)] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "10", "s", "-1s", "10 s", "1d", "1s2", "1..5s", "9999999999999s"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        let text: DurationText = serde_json::from_str("\"1m30s\"").unwrap();
        assert_eq!((text.duration.as_secs(), serde_json::to_string(&text).unwrap()), (90, "\"1m30s\"".to_owned()));
        assert!(serde_json::from_str::<DurationText>("\"soon\"").is_err());
    }
}
