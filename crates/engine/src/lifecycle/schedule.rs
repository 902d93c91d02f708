//! When a CronJob makes Jobs: its `schedule`, as Kubernetes reads it (`ParseStandard` of robfig/cron v3), and its `timeZone`.
//!
//! Five fields, each a list of numbers, names, ranges and steps; or a word such as `@daily` and `@every 1h30m`.

use thiserror::Error;

/// A field of a schedule: its name and limits, and the names of its values.
#[derive(Debug)]
struct Field {
    name: &'static str,
    least: u8,
    most: u8,
    names: &'static [&'static str],
}

const MINUTE: Field = Field { name: "minute", least: 0, most: 59, names: &[] };
const HOUR: Field = Field { name: "hour", least: 0, most: 23, names: &[] };
const DAY: Field = Field { name: "day of the month", least: 1, most: 31, names: &[] };
const MONTH: Field = Field {
    name: "month",
    least: 1,
    most: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAY: Field =
    Field { name: "day of the week", least: 0, most: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

/// Holds how many days each month has at most.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Says what is wrong with a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScheduleError {
    /// It has no fields.
    #[error("it is empty")]
    Empty,
    /// It names a time zone, which has a field of its own.
    #[error("TZ and CRON_TZ are not allowed in it; use timeZone")]
    TimeZone,
    /// It has another number of fields.
    #[error("it has {0} fields; minute, hour, day of the month, month and day of the week are expected")]
    Fields(usize),
    /// A word that begins with `@` and is none.
    #[error("{0} is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly and @every")]
    Word(String),
    /// What follows `@every` is no duration.
    #[error("\"{0}\" is no duration, such as 1h30m")]
    Duration(String),
    /// A part of a field that is neither a number nor a name.
    #[error("\"{text}\" is no {field}")]
    Value {
        /// The field's name.
        field: &'static str,
        /// The part.
        text: String,
    },
    /// A number outside of what the field takes.
    #[error("the {field} {value} is not within {least} to {most}")]
    Range {
        /// The field's name.
        field: &'static str,
        /// The number.
        value: i64,
        /// The least that it takes.
        least: u8,
        /// The most that it takes.
        most: u8,
    },
    /// A range that ends before it begins.
    #[error("the range {text} of the {field} ends before it begins")]
    Order {
        /// The field's name.
        field: &'static str,
        /// The range.
        text: String,
    },
}

/// The values of a field, each a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Values {
    bits: u64,
    /// Says whether `*` or `?` is among them, without a step above 1.
    any: bool,
}

/// Returns whether a schedule ever comes; fails where Kubernetes does not take it.
///
/// Day of the month and day of the week must both fit where one of them is `*`; else one of them is enough (`dayMatches`). Of the
/// months that it names one must have one of its days: the 30th of February never comes.
pub fn ever_comes(schedule: &str) -> Result<bool, ScheduleError> {
    if schedule.is_empty() {
        return Err(ScheduleError::Empty);
    }
    if schedule.contains("TZ") {
        return Err(ScheduleError::TimeZone);
    }
    if schedule.starts_with('@') {
        return word(schedule).map(|()| true);
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return Err(ScheduleError::Fields(fields.len()));
    };
    let (minutes, hours) = (MINUTE.values(minute)?, HOUR.values(hour)?);
    let (days, months, weekdays) = (DAY.values(day)?, MONTH.values(month)?, WEEKDAY.values(weekday)?);
    let has_day = (1..).zip(DAYS).any(|(month, last)| {
        // Bits 1 to `last`.
        let in_month = (1_u64 << (last + 1)) - 2;
        months.bits & (1_u64 << month) != 0 && days.bits & in_month != 0
    });
    let has_weekday = weekdays.bits != 0 && months.bits != 0;
    let is_day = if days.any || weekdays.any { has_day && has_weekday } else { has_day || has_weekday };
    Ok(minutes.bits != 0 && hours.bits != 0 && is_day)
}

fn word(text: &str) -> Result<(), ScheduleError> {
    match text {
        "@yearly" | "@annually" | "@monthly" | "@weekly" | "@daily" | "@midnight" | "@hourly" => Ok(()),
        _ => match text.strip_prefix("@every ") {
            Some(duration) if is_duration(duration) => Ok(()),
            Some(duration) => Err(ScheduleError::Duration(duration.to_owned())),
            None => Err(ScheduleError::Word(text.to_owned())),
        },
    }
}

/// The units of a duration, in nanoseconds.
const UNITS: [(&str, f64); 8] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];

/// Returns whether it is a duration as Go reads them (`time.ParseDuration`): numbers with units, `1h30m`, `1.5h`, or 0.
fn is_duration(text: &str) -> bool {
    /// 2^63: Go holds a duration as an `int64` of nanoseconds.
    const MOST_NANOSECONDS: f64 = 9_223_372_036_854_775_808.0;

    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let has_parts = !rest.is_empty();
    let mut nanoseconds = 0.0;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let number = rest.strip_suffix(after).unwrap_or_default();
        let is_number = number.matches('.').count() < 2 && number.contains(|c: char| c.is_ascii_digit());
        // The longest first: `ms` is not `m` with something behind it.
        let unit = UNITS.iter().find(|(unit, _)| after.starts_with(unit)).filter(|_| is_number);
        let Some((after, size)) = unit.and_then(|(unit, size)| Some((after.strip_prefix(unit)?, size))) else {
            return false;
        };
        nanoseconds += number.parse::<f64>().unwrap_or(f64::INFINITY) * size;
        rest = after;
    }
    has_parts && nanoseconds <= MOST_NANOSECONDS
}

impl Field {
    /// Returns the values of a list: empty parts are left out, so that a comma alone is no value at all.
    fn values(&self, text: &str) -> Result<Values, ScheduleError> {
        let mut all = Values { bits: 0, any: false };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let Values { bits, any } = self.range(part)?;
            all = Values { bits: all.bits | bits, any: all.any || any };
        }
        Ok(all)
    }

    /// Returns the values of `*`, `N`, `N-M`, each with `/STEP` or without; `N/STEP` goes on to the end.
    fn range(&self, text: &str) -> Result<Values, ScheduleError> {
        let wrong = |text: &str| ScheduleError::Value { field: self.name, text: text.to_owned() };
        let (range, step) = text.split_once('/').map_or((text, None), |(range, step)| (range, Some(step)));
        let (from, to) = range.split_once('-').map_or((range, None), |(from, to)| (from, Some(to)));
        let is_any = matches!(from, "*" | "?");
        let (least, most) = (i64::from(self.least), i64::from(self.most));
        let (start, mut end) = match (is_any, to) {
            (true, _) => (least, most),
            (false, None) => {
                let value = self.value(from)?;
                (value, value)
            }
            (false, Some(to)) if to.contains('-') => return Err(wrong(text)),
            (false, Some(to)) => (self.value(from)?, self.value(to)?),
        };
        let step = match step {
            None => 1,
            Some(step) => {
                if to.is_none() {
                    end = most;
                }
                number(step).filter(|step| *step > 0).ok_or_else(|| wrong(text))?
            }
        };
        if let Some(value) = [start, end].into_iter().find(|value| !(least..=most).contains(value)) {
            return Err(ScheduleError::Range { field: self.name, value, least: self.least, most: self.most });
        }
        if start > end {
            return Err(ScheduleError::Order { field: self.name, text: text.to_owned() });
        }
        let fits = |value: &i64| (value - start) % step == 0;
        let bits = (start..=end).filter(fits).fold(0, |bits, value| bits | 1_u64 << value);
        Ok(Values { bits, any: is_any && step == 1 })
    }

    fn value(&self, text: &str) -> Result<i64, ScheduleError> {
        let named = self.names.iter().position(|name| text.eq_ignore_ascii_case(name));
        let named = named.and_then(|index| i64::try_from(index).ok()).map(|index| index + i64::from(self.least));
        let value = named.or_else(|| number(text));
        value.ok_or_else(|| ScheduleError::Value { field: self.name, text: text.to_owned() })
    }
}

/// Reads a number that is not negative, as `strconv.Atoi` does.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number >= 0)
}

/// Says what is wrong with a time zone, as far as its name tells: which names there are is in the time zone database of the cluster.
/// (`validateTimeZone`)
pub fn time_zone_fault(name: &str) -> Option<&'static str> {
    let is_part = |part: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+');
        (1..=14).contains(&part.len())
            && part.bytes().all(fits)
            && !matches!(part, "." | "..")
            && !part.starts_with('-')
    };
    if name.is_empty() {
        Some("is empty; leave it out, or name one, such as Europe/Berlin")
    } else if !name.split('/').all(is_part) {
        Some("is no name of a time zone, such as Europe/Berlin")
    } else if name.eq_ignore_ascii_case("Local") {
        Some("is that of whoever runs the controller; name one, such as Europe/Berlin")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes() {
        for schedule in [
            "* * * * *",
            "*/5 * * * *",
            "0 4 * * mon-fri",
            "0 4 1,15 JAN,jul ?",
            "5/10 0-23/2 *-9 * 0",
            "  0   4 * *\t* ",
            "+5 007 * * *",
            ",1,, 0 * * *",
            "0 0 29 2 *",
            "0 0 31 * *",
            "0 0 31 2,3 *",
            "0 0 30 2 1",
            "@hourly",
            "@every 1h30m",
            "@every 1.5h",
            "@every -.5s",
            "@every 0",
            "@every 100µs",
        ] {
            assert_eq!(ever_comes(schedule), Ok(true), "{schedule}");
        }
        for schedule in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 ?", "0 0 30-31 feb *", ", 0 * * *", "0 0 31 4 */1"] {
            assert_eq!(ever_comes(schedule), Ok(false), "{schedule}");
        }
    }

    #[test]
    fn what_is_none() {
        for (schedule, error) in [
            ("", "it is empty"),
            ("TZ=UTC 0 4 * * *", "TZ and CRON_TZ are not allowed in it; use timeZone"),
            ("0 4 * *", "it has 4 fields; minute, hour, day of the month, month and day of the week are expected"),
            ("0 0 4 * * *", "it has 6 fields; minute, hour, day of the month, month and day of the week are expected"),
            ("61 * * * *", "the minute 61 is not within 0 to 59"),
            ("0 25 * * *", "the hour 25 is not within 0 to 23"),
            ("0 0 0 * *", "the day of the month 0 is not within 1 to 31"),
            ("0 0 * * 7", "the day of the week 7 is not within 0 to 6"),
            ("0 0 * 5-13 *", "the month 13 is not within 1 to 12"),
            ("30-10 * * * *", "the range 30-10 of the minute ends before it begins"),
            ("*/0 * * * *", "\"*/0\" is no minute"),
            ("1-2-3 * * * *", "\"1-2-3\" is no minute"),
            ("1/2/3 * * * *", "\"1/2/3\" is no minute"),
            ("0 4 * * monday", "\"monday\" is no day of the week"),
            ("0 4 L * *", "\"L\" is no day of the month"),
            (
                "@reboot",
                "@reboot is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly and @every",
            ),
            ("@every 5", "\"5\" is no duration, such as 1h30m"),
            ("@every 5 m", "\"5 m\" is no duration, such as 1h30m"),
            ("@every 99999999h", "\"99999999h\" is no duration, such as 1h30m"),
            ("@every ", "\"\" is no duration, such as 1h30m"),
        ] {
            assert_eq!(ever_comes(schedule).unwrap_err().to_string(), error, "{schedule}");
        }
    }

    #[test]
    fn time_zones() {
        for name in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "GMT0", "Mars/Olympus"] {
            assert_eq!(time_zone_fault(name), None, "{name}");
        }
        for name in ["", "Local", "LOCAL", "../etc/passwd", "Europe//Berlin", "/UTC", "Europe/", "CET CEST", "-05:00"] {
            assert!(time_zone_fault(name).is_some(), "{name}");
        }
    }
}
