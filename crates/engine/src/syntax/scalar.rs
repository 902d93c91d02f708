//! Plain YAML scalars as Kubernetes reads them: YAML 1.1, as in `sigs.k8s.io/yaml`.
//!
//! `y`, `yes`, `on` and their opposites are booleans, a leading `0` makes an octal number, and underscores in numbers are
//! skipped. A YAML 1.2 reader would judge another document than the one the cluster gets.

use serde_json::Number;

/// What a plain scalar means.
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
    /// Infinity or not a number, which JSON does not have.
    NoJson,
}

impl Scalar<'_> {
    /// The JSON text of anything but a string.
    pub fn json(&self) -> String {
        match self {
            Self::Null | Self::NoJson => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number.to_string(),
            Self::String(text) => serde_json::Value::from(*text).to_string(),
        }
    }

    /// What it is as the key of an object, which JSON wants to be a string; `None` for null.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::Null | Self::NoJson => None,
            Self::String(text) => Some((*text).to_owned()),
            other => Some(other.json()),
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
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf"
        | "-.INF" => {
            return Scalar::NoJson;
        }
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Scalar::String(text);
    }
    number(text).map_or(Scalar::String(text), Scalar::Number)
}

fn number(text: &str) -> Option<Number> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let (negative, unsigned) = match digits.as_bytes().first()? {
        b'-' => (true, digits.get(1..)?),
        b'+' => (false, digits.get(1..)?),
        _ => (false, digits.as_str()),
    };
    if let Some(magnitude) = integer(unsigned) {
        return if negative {
            let value = i64::try_from(-i128::from(magnitude)).ok()?;
            Some(value.into())
        } else {
            Some(magnitude.into())
        };
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
            ("089", "89.0"),
            ("0", "0"),
            ("1_000", "1000"),
            ("1.5", "1.5"),
            (".5", "0.5"),
            ("1.", "1.0"),
            ("1e3", "1000.0"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "1.8446744073709552e+19"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("100m", "\"100m\""),
            ("1:30", "\"1:30\""),
            ("2001-01-01", "\"2001-01-01\""),
            ("1.2.3", "\"1.2.3\""),
            ("-", "\"-\""),
            ("0x", "\"0x\""),
            ("0x+1", "\"0x+1\""),
            ("1e", "\"1e\""),
        ];
        for (text, json) in cases {
            assert_eq!(resolve(text).json(), json, "{text:?}");
        }
        assert_eq!(resolve(".inf"), Scalar::NoJson);
        assert_eq!((resolve("yes").key().as_deref(), resolve("~").key()), (Some("true"), None));
    }
}
