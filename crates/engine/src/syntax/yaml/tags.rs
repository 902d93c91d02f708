//! What a scalar says, with its tag and the way it is written.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use thiserror::Error;

use super::parser::{Event, Style};
use crate::syntax::scalar::{self, Scalar};

/// Tells what is to be made of a scalar.
pub(super) enum Meaning<'t> {
    /// A string.
    Text(Cow<'t, str>),
    /// Means what its text says: a string, a number, a boolean or null.
    Plain(Cow<'t, str>),
}

/// A tag that does not fit.
#[derive(Debug, Error)]
pub(super) enum TagError {
    #[error("it is no {0}, which its tag says")]
    Kind(&'static str),
    #[error("!!binary is not base64")]
    Binary,
}

/// Tells what a scalar says. Only what YAML itself names has a meaning; everything else is a string.
pub(super) fn meaning<'t>(text: Cow<'t, str>, style: Style, tag: Option<&str>) -> Result<Meaning<'t>, TagError> {
    let Some(tag) = tag else {
        return Ok(if style == Style::Plain { Meaning::Plain(text) } else { Meaning::Text(text) });
    };
    let Some(name) = tag.strip_prefix("tag:yaml.org,2002:") else { return Ok(Meaning::Text(text)) };
    let resolved = scalar::resolve(&text);
    let (fits, kind) = match name {
        "null" => (resolved == Scalar::Null, "null"),
        "bool" => (matches!(resolved, Scalar::Bool(_)), "boolean"),
        "int" => (matches!(&resolved, Scalar::Number(number) if !number.is_f64()), "whole number"),
        "float" => (matches!(resolved, Scalar::Number(_) | Scalar::NoJson(_)), "number"),
        "timestamp" if is_date(&text) => return Ok(Meaning::Text(text)),
        "timestamp" => (false, "date"),
        "binary" => {
            let kept: String = text.chars().filter(|char| !matches!(char, '\n' | '\r')).collect();
            let bytes = STANDARD.decode(kept).map_err(|_| TagError::Binary)?;
            return Ok(Meaning::Text(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())));
        }
        _ => return Ok(Meaning::Text(text)),
    };
    if fits { Ok(Meaning::Plain(text)) } else { Err(TagError::Kind(kind)) }
}

/// Returns whether a key merges its value.
pub(super) fn is_merge(key: &Event<'_>) -> bool {
    match key {
        Event::Scalar { text, style, tag, .. } if text == "<<" => match tag.as_deref() {
            None => *style == Style::Plain,
            Some(tag) => matches!(tag, "!" | "tag:yaml.org,2002:merge"),
        },
        _ => false,
    }
}

/// Returns whether it begins as a date does.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let mut number = |length| {
        let part = parts.next().unwrap_or_default();
        part.len() <= length && part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty()
    };
    text.as_bytes().get(4) == Some(&b'-') && number(4) && number(2) && {
        let day = parts.next().unwrap_or_default();
        day.starts_with(|first: char| first.is_ascii_digit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_to_fit() {
        fn said(text: &str, style: Style, tag: Option<&str>) -> String {
            match meaning(text.into(), style, tag) {
                Ok(Meaning::Text(text)) => format!("text {text}"),
                Ok(Meaning::Plain(text)) => format!("plain {text}"),
                Err(error) => error.to_string(),
            }
        }
        let tag = |name: &str| format!("tag:yaml.org,2002:{name}");
        assert_eq!(said("1", Style::Plain, None), "plain 1");
        assert_eq!(said("1", Style::Quoted, None), "text 1");
        assert_eq!(said("1", Style::Plain, Some("!")), "text 1");
        assert_eq!(said("1", Style::Quoted, Some(&tag("int"))), "plain 1");
        assert_eq!(said("1.5", Style::Plain, Some(&tag("int"))), "it is no whole number, which its tag says");
        assert_eq!(said("1", Style::Plain, Some(&tag("float"))), "plain 1");
        assert_eq!(said("aGk=", Style::Plain, Some(&tag("binary"))), "text hi");
        assert_eq!(said("a", Style::Plain, Some(&tag("binary"))), "!!binary is not base64");
        assert_eq!(said("2001-01-01", Style::Plain, Some(&tag("timestamp"))), "text 2001-01-01");
        assert_eq!(said("1", Style::Plain, Some(&tag("timestamp"))), "it is no date, which its tag says");
        assert_eq!(said("x", Style::Plain, Some("!mine")), "text x");
    }
}
