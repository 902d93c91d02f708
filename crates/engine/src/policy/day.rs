//! A day of the calendar, in UTC: until when an exemption counts.

use std::{borrow::Cow, fmt, str::FromStr, time::SystemTime};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

const SECONDS: u64 = 86_400;

/// A day, as the number of days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

/// A text that is no day.
#[derive(Debug, Error)]
#[error("\"{0}\" is no day of the calendar, such as 2027-03-31")]
pub struct NoDay(String);

impl Day {
    /// The day that it is now. A browser has no such clock: see [`Day::at`].
    pub fn today() -> Self {
        let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self::at(since_1970.as_secs())
    }

    /// Returns the day that it is so many seconds after 1970 began.
    pub fn at(seconds: u64) -> Self {
        Self(i64::try_from(seconds / SECONDS).unwrap_or(i64::MAX))
    }

    /// Returns how many days after `other` it is.
    pub fn since(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }

    /// Days are counted from the first of March, so that a leap day is the last of its year.
    fn of(year: i64, month: i64, day: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    fn year_month_day(self) -> (i64, i64, i64) {
        let days = self.0.saturating_add(719_468);
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (era * 400 + year_of_era + i64::from(month <= 2), month, day)
    }
}

impl FromStr for Day {
    type Err = NoDay;

    fn from_str(text: &str) -> Result<Self, NoDay> {
        let no_day = || NoDay(text.to_owned());
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return Err(no_day()) };
        let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return Err(no_day());
        }
        let number = |part: &str| part.parse().map_err(|_not_a_number| no_day());
        let (year, month, day) = (number(year)?, number(month)?, number(day)?);
        let found = Self::of(year, month, day);
        // The 30th of February would be another day.
        if found.year_month_day() == (year, month, day) { Ok(found) } else { Err(no_day()) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.year_month_day();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (text, number) in [
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("2027-03-31", 20_908),
            ("1969-12-31", -1),
            ("2100-03-01", 47_541),
        ] {
            let day: Day = text.parse().unwrap();
            assert_eq!((day, day.to_string().as_str()), (Day(number), text));
        }
        for text in [
            "2027-02-29",
            "2100-02-29",
            "2027-13-01",
            "2027-00-01",
            "2027-01-00",
            "2027-1-1",
            "tomorrow",
            "",
            "2027-03-31T00:00:00Z",
            "+027-01-01",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
        assert!(Day::today() > Day(20_000));
        assert_eq!([0, SECONDS - 1, SECONDS].map(Day::at), [Day(0), Day(0), Day(1)]);
        assert_eq!(Day(8).since(Day(1)), 7);
    }
}
