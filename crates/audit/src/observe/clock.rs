//! Times as the API server writes them, and how long something took.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// An instant, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(i64);

impl Instant {
    /// Reads what the API server writes (RFC 3339); `None` where it is something else.
    pub(crate) fn read(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(|time| Self(time.unix_timestamp()))
    }

    /// Returns the seconds from another instant to this one; negative where that is later.
    pub(crate) fn seconds_since(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }

    /// Returns a number that is greater for earlier instants.
    pub(crate) fn earliness(self) -> i64 {
        self.0.saturating_neg()
    }
}

/// Returns a time in words, in the largest unit of which there are two: `90 s`, `3 min`, `5 h`, `12 d`.
pub(crate) fn span(seconds: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(86_400, "d"), (3600, "h"), (60, "min")];
    let unit = UNITS.iter().find(|(unit, _)| seconds >= 2 * unit);
    unit.map_or_else(|| format!("{seconds} s"), |(unit, name)| format!("{} {name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_api_server_writes_them() {
        let at = |text| Instant::read(text).unwrap();
        assert_eq!(at("2026-03-01T10:01:02Z").seconds_since(at("2026-03-01T10:00:00Z")), 62);
        assert_eq!(at("2026-03-01T12:00:00+02:00").seconds_since(at("2026-03-01T10:00:00.999999Z")), 0);
        assert_eq!(at("2026-02-28T23:59:59Z").seconds_since(at("2026-03-01T00:00:00Z")), -1);
        assert!(at("2026-03-01T10:00:00Z").earliness() > at("2026-03-01T10:00:01Z").earliness());
        for text in ["", "2026-03-01", "yesterday", "2026-02-30T10:00:00Z"] {
            assert_eq!(Instant::read(text), None, "{text}");
        }
    }

    #[test]
    fn spans_are_told_in_one_unit() {
        let spans = [(0, "0 s"), (62, "62 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h")];
        for (seconds, told) in spans.into_iter().chain([(172_799, "47 h"), (172_800, "2 d"), (8_640_000, "100 d")]) {
            assert_eq!(span(seconds), told);
        }
    }
}
