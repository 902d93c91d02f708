//! Compares JSON values as the API server's decoder would: `null` is the same as absent.

use serde_json::Value;

/// Returns whether two values say the same: `null` is the same as absent, at any depth.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.keys().all(|field| same_member(one, other, field))
                && other.iter().all(|(field, value)| value.is_null() || one.contains_key(field))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        _ => one == other,
    }
}

/// The longest text, in bytes, that is read to be compared: read, it takes up to thirty times as much.
pub const MAX_COMPARED_BYTES: usize = 256 * 1024;

/// Returns whether two JSON texts say the same. Longer ones, and those nested deeper than can be read, do if they are the same text:
/// the API server writes the same thing always in the same way.
pub fn same_text(one: Option<&str>, other: Option<&str>) -> bool {
    let read = |text: &str| {
        let short = text.len() <= MAX_COMPARED_BYTES;
        short.then(|| serde_json::from_str::<Value>(text).ok()).flatten()
    };
    one == other
        || one
            .zip(other)
            .is_some_and(|(one, other)| read(one).zip(read(other)).is_some_and(|(one, other)| same(&one, &other)))
}

/// Returns whether `field` says the same in two objects.
pub fn same_member(one: &serde_json::Map<String, Value>, other: &serde_json::Map<String, Value>, field: &str) -> bool {
    same(one.get(field).unwrap_or(&Value::Null), other.get(field).unwrap_or(&Value::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sameness() {
        let same =
            |one: &str, other: &str| same(&serde_json::from_str(one).unwrap(), &serde_json::from_str(other).unwrap());
        assert!(same(r#"{"a": 1, "b": null}"#, r#"{"c": null, "a": 1}"#));
        assert!(same(r#"[{"a": {"b": null}}]"#, r#"[{"a": {}}]"#));
        assert!(!same(r#"{"a": null}"#, r#"{"a": 0}"#) && !same(r#"{"a": {}}"#, "{}"));
        assert!(!same("[null]", "[]") && !same("[1, 2]", "[2, 1]"));
        assert!(!same("{}", r#"{"a": 1}"#) && !same(r#"{"a": 1}"#, "{}"));
        let deep = format!("{}1{}", r#"{"a": "#.repeat(100), "}".repeat(100));
        assert!(same(&deep, &deep));
    }
}
