//! Plain YAML scalars as Kubernetes reads them: YAML 1.1, as in `sigs.k8s.io/yaml`.
//!
//! `y`, `yes`, `on` and their opposites are booleans, a leading `0` makes an octal number, and underscores in numbers are
//! skipped. A YAML 1.2 reader would judge another document than the one the cluster gets.

use serde_json::Number;

/// Tells what a plain scalar means.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'t> {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Anything else; also timestamps.
    String(&'t str),
    /// Infinity or not a number, which JSON does not have; as the key of an object it is this string.
    NoJson(&'t str),
}

impl Scalar<'_> {
    /// The JSON text of anything but a string.
    pub fn json(&self) -> String {
        match self {
            Self::Null | Self::NoJson(_) => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number_json(number),
            Self::String(text) => serde_json::Value::from(*text).to_string(),
        }
    }

    /// Returns what it is as the key of an object, which JSON wants to be a string; `None` for null, and for a whole number of more
    /// than 63 bits.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::NoJson(text) | Self::String(text) => Some((*text).to_owned()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(float) => Some(float_key(float)),
                None => number.as_i64().map(|number| number.to_string()),
            },
        }
    }
}

/// Resolves a plain scalar.
pub fn resolve(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Scalar::NoJson(".nan"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::NoJson(".inf"),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::NoJson("-.inf"),
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Scalar::String(text);
    }
    number(text).map_or(Scalar::String(text), Scalar::Number)
}

/// The JSON text of a number as Go writes it: a float without a fraction is a whole number, as Kubernetes reads `3.0` and
/// `2.592e+06`.
pub fn number_json(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    if float == 0.0 {
        return "0".to_owned();
    }
    // Below and from there on, Go writes an exponent.
    if (1e-6..1e21).contains(&float.abs()) {
        return float.to_string();
    }
    let text = format!("{float:e}");
    if text.contains("e-") { text } else { text.replace('e', "e+") }
}

/// A float as a key: of 32 bits, with an exponent of two digits from a million on.
fn float_key(float: f64) -> String {
    #[allow(clippy::cast_possible_truncation)] // That is what happens there.
    let float = float as f32;
    if float.is_infinite() {
        return if float > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = format!("{float:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return float.to_string();
    }
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn number(text: &str) -> Option<Number> {
    if text.starts_with('.') {
        // Not an integer; and of underscores Go only takes those between digits.
        let bytes = text.as_bytes();
        let between = |at: &usize| {
            let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
            bytes.get(*at) != Some(&b'_') || (at.checked_sub(1).is_some_and(digit) && digit(at + 1))
        };
        if !(0..bytes.len()).all(|at| between(&at)) {
            return None;
        }
    }
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let (sign, unsigned) = match digits.as_bytes().first()? {
        b'-' => (-1, digits.get(1..)?),
        b'+' => (1, digits.get(1..)?),
        _ => (0, digits.as_str()),
    };
    // Go's second way to read binary numbers takes a sign behind the prefix.
    let signed_binary =
        unsigned.strip_prefix("0b").and_then(|rest| rest.strip_prefix(['-', '+']).zip(rest.chars().next()));
    if let (Some((digits, inner)), 0) = (signed_binary, sign) {
        let magnitude = i128::from(integer(&format!("0b{digits}"))?);
        return i64::try_from(if inner == '-' { -magnitude } else { magnitude }).ok().map(Into::into);
    }
    if let Some(magnitude) = integer(unsigned) {
        if sign == 0 {
            return Some(magnitude.into());
        }
        if let Ok(value) = i64::try_from(sign * i128::from(magnitude)) {
            return Some(value.into());
        }
    }
    // A number too large for 64 bits, too, is a float.
    is_float(unsigned).then(|| digits.parse().ok().and_then(Number::from_f64)).flatten()
}

/// An integer with Go's prefixes: `0x`, `0o`, `0b`, and a plain leading `0` for octal.
fn integer(text: &str) -> Option<u64> {
    let (radix, digits) = match text.get(..2) {
        Some("0x" | "0X") => (16, text.get(2..)?),
        Some("0o" | "0O") => (8, text.get(2..)?),
        Some("0b" | "0B") => (2, text.get(2..)?),
        Some(start) if start.starts_with('0') => (8, text.get(1..)?),
        _ => (10, text),
    };
    // `from_str_radix` would take a sign of its own.
    digits
        .starts_with(|first: char| first.is_ascii_hexdigit())
        .then(|| u64::from_str_radix(digits, radix).ok())
        .flatten()
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` after its sign.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    mantissa && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_kubernetes_reads_them() {
        let cases = [
            ("", "null"),
            ("~", "null"),
            ("y", "true"),
            ("Off", "false"),
            ("oN", "\"oN\""),
            ("8080", "8080"),
            ("-8", "-8"),
            ("+8", "8"),
            ("0755", "493"),
            ("0o17", "15"),
            ("0x1F", "31"),
            ("0b11", "3"),
            ("-0b11", "-3"),
            ("089", "89"),
            ("0", "0"),
            ("1_000", "1000"),
            ("1.5", "1.5"),
            (".5", "0.5"),
            ("1.", "1"),
            ("1e3", "1000"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "18446744073709552000"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("100m", "\"100m\""),
            ("1:30", "\"1:30\""),
            ("2001-01-01", "\"2001-01-01\""),
            ("1.2.3", "\"1.2.3\""),
            ("-", "\"-\""),
            ("0x", "\"0x\""),
            ("0x+1", "\"0x+1\""),
            ("1e", "\"1e\""),
            ("3.0", "3"),
            ("2.592e+06", "2592000"),
            ("1e21", "1e+21"),
            ("1e-7", "1e-7"),
            ("-0.0", "0"),
            ("1e999", "\"1e999\""),
            (".5_0", "0.5"),
            (".5__0", "\".5__0\""),
            ("0b-11", "-3"),
            ("+18446744073709551615", "18446744073709552000"),
        ];
        for (text, json) in cases {
            assert_eq!(resolve(text).json(), json, "{text:?}");
        }
        assert_eq!(resolve(".inf"), Scalar::NoJson(".inf"));
        assert_eq!((resolve("1.50").key().as_deref(), resolve("1e7").key().as_deref()), (Some("1.5"), Some("1e+07")));
        assert_eq!((resolve("yes").key().as_deref(), resolve("~").key()), (Some("true"), None));
    }
}
