//! Times: read as Go writes durations, told in the same way, and the ticks of an axis.

use std::time::Duration;

use podgate_engine::{lifecycle::timeline::Bounds, syntax::duration};

/// Limits what is taken for a time: a year.
const MOST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Holds the steps of an axis, in seconds.
const STEPS: [u64; 19] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 604_800];

/// Reads a duration as Go writes it (`90s`, `1m30s`, `500ms`), or a number of seconds. The error names the text.
pub fn parse(text: &str) -> Result<Duration, String> {
    let refused = |why: &str| format!("\"{text}\" is no time: {why}");
    let trimmed = text.trim();
    if trimmed.starts_with('-') {
        return Err(refused("it is negative; write a time from the beginning on, such as 90s"));
    }
    let time = match trimmed.parse::<f64>() {
        Ok(seconds) => duration::parse(&format!("{seconds}s")),
        Err(_) => duration::parse(trimmed),
    };
    match time {
        Some(time) if time <= MOST => Ok(time),
        Some(_) => Err(refused("it is longer than 366 days; write a shorter one")),
        None => Err(refused("write a duration such as 90s, 1m30s or 500ms, or a number of seconds")),
    }
}

/// Returns a time in words: `0s`, `1.5s`, `1m30s`, `2h`.
pub fn show(time: Duration) -> String {
    let (all, millis) = (time.as_secs(), time.subsec_millis());
    if all == 0 && millis == 0 {
        return "0s".to_owned();
    }
    let (days, hours, minutes, seconds) = (all / 86_400, all / 3600 % 24, all / 60 % 60, all % 60);
    let mut text = String::new();
    for (number, unit) in [(days, "d"), (hours, "h"), (minutes, "m")] {
        if number > 0 {
            text.push_str(&format!("{number}{unit}"));
        }
    }
    if seconds > 0 || millis > 0 {
        let fraction = if millis > 0 { format!(".{millis:03}") } else { String::new() };
        text.push_str(&format!("{seconds}{}s", fraction.trim_end_matches('0')));
    }
    text
}

/// Returns bounds in words: `30s`, `30s to 1m`, `30s or never`.
pub(super) fn show_bounds(bounds: &Bounds) -> String {
    let earliest = show(bounds.earliest);
    match bounds.latest {
        Some(latest) if show(latest) == earliest => earliest,
        Some(latest) => format!("{earliest} to {}", show(latest)),
        None => format!("{earliest} or never"),
    }
}

/// Returns bounds as part of a sentence: `at 30s`, `between 30s and 1m`, `at 30s at the earliest`.
pub(super) fn say_bounds(bounds: &Bounds) -> String {
    let earliest = show(bounds.earliest);
    match bounds.latest {
        Some(latest) if show(latest) == earliest => format!("at {earliest}"),
        Some(latest) => format!("between {earliest} and {}", show(latest)),
        None => format!("at {earliest} at the earliest, or never"),
    }
}

/// Returns the times of the ticks up to `end`, of which there are at most `most`, and one at 0 at least.
pub(super) fn ticks(end: Duration, most: usize) -> Vec<Duration> {
    let seconds = end.as_secs();
    let most = u64::try_from(most.max(1)).unwrap_or(1);
    let step = STEPS.iter().copied().find(|step| seconds / step < most);
    let step = step.unwrap_or_else(|| (seconds / most + 1).next_multiple_of(604_800));
    (0..=seconds / step).map(|tick| Duration::from_secs(tick * step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_go_writes_them() {
        for (text, millis) in [
            ("90s", 90_000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("1.5s", 1500),
            ("90", 90_000),
            ("0", 0),
            ("1h", 3_600_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "-1s", "x", "5x", "s", "1s1", "NaN", "inf", "1e99", "99999999h", "5 s s"] {
            let said = parse(text).unwrap_err();
            assert!(said.starts_with(&format!("\"{text}\" is no time: ")), "{said}");
        }
    }

    #[test]
    fn times_are_told_as_they_are_read() {
        for text in ["0s", "1.5s", "1m30s", "2h", "1h0.25s", "59s"] {
            assert_eq!(show(parse(text).unwrap()), text);
        }
        assert_eq!(show(Duration::from_secs(90_000)), "1d1h");
    }

    #[test]
    fn ticks_are_few_and_round() {
        let seconds =
            |end, most| ticks(Duration::from_secs(end), most).iter().map(Duration::as_secs).collect::<Vec<_>>();
        assert_eq!(seconds(100, 6), [0, 30, 60, 90]);
        assert_eq!(seconds(0, 6), [0]);
        assert_eq!(seconds(7, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
        for end in [1, 59, 61, 3599, 100_000, 31_000_000, 400_000_000] {
            assert!((1..=8).contains(&seconds(end, 8).len()), "{end}");
        }
    }
}
