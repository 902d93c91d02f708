//! Durations as Kubernetes writes them: `10s`, `500ms`, `2m`, `1h`.

use std::time::Duration;

/// Parses a whole number with one unit. The error says what is expected.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let duration_of = match unit {
        "ms" => Duration::from_millis,
        "s" => Duration::from_secs,
        "m" => |minutes: u64| Duration::from_secs(minutes.saturating_mul(60)),
        "h" => |hours: u64| Duration::from_secs(hours.saturating_mul(3600)),
        _ => return Err("expected a number with a unit: 500ms, 10s, 2m or 1h".to_owned()),
    };
    let number = number.parse().map_err(|_| format!("expected a whole number before \"{unit}\", below 2^64"))?;
    Ok(duration_of(number))
}

/// The same, and more than nothing: with a time-out of zero every request fails.
pub(super) fn positive(text: &str) -> Result<Duration, String> {
    match parse(text)? {
        Duration::ZERO => Err("expected more than zero: nothing is done in no time".to_owned()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
        assert_eq!(parse("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse("1h"), Ok(Duration::from_secs(3600)));
        assert_eq!(parse("18446744073709551615h"), Ok(Duration::from_secs(u64::MAX)));
        for bad in ["", "10", "s", "-1s", "1.5s", "10 s", "1d", "99999999999999999999s"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
    #[test]
    fn zero_is_no_timeout() {
        assert_eq!(positive("1ms"), Ok(Duration::from_millis(1)));
        for bad in ["0s", "0ms", "00h", "1"] {
            assert!(positive(bad).is_err(), "{bad}");
        }
    }
}
