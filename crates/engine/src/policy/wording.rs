//! serde's errors in the words of who writes a policy: what was found, what was expected, what may have been meant.

use super::suggest::did_you_mean;

/// Rewrites an error; `thing` is what its names are called here: a field, an option.
pub(super) fn reword(error: &str, thing: &str) -> String {
    if let Some(name) = error.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return format!("{thing} \"{name}\" is missing");
    }
    for (start, thing) in [("unknown field `", thing), ("unknown variant `", "value")] {
        if let Some(rest) = error.strip_prefix(start) {
            let mut quoted = rest.split('`').step_by(2);
            let word = quoted.next().unwrap_or_default();
            let mut known: Vec<&str> = quoted.filter(|known| !known.is_empty()).collect();
            // It stands beside the options of every rule.
            known.extend((thing == "option").then_some("level"));
            return unknown(thing, word, &known);
        }
    }
    let found_and_expected = error
        .strip_prefix("invalid type: ")
        .or_else(|| error.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "));
    match found_and_expected {
        Some((found, expected)) => format!("expected {}, found {}", plain(expected), plain(&found.replace('`', ""))),
        None => error.to_owned(),
    }
}

/// Something that is not known, among what is.
pub(super) fn unknown(thing: &str, word: &str, known: &[&str]) -> String {
    let hint = did_you_mean(word, known.iter().copied());
    match known {
        [] => format!("unknown {thing} \"{word}\"; there are none here"),
        [one] => format!("unknown {thing} \"{word}\"{hint}; only {one} is known here"),
        [some @ .., last] => format!("unknown {thing} \"{word}\"{hint}; {thing}s are {} and {last}", some.join(", ")),
    }
}

/// A type of serde's or Rust's, as YAML has it.
fn plain(description: &str) -> &str {
    match description {
        "a sequence" | "sequence" => "a list",
        "map" | "a map" => "an object",
        "a boolean" => "true or false",
        "f32" | "f64" => "a number",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "null" | "unit value" => "nothing",
        "string" | "string or map" => "a word",
        text if text.starts_with("struct ") => "an object",
        text if text.starts_with("enum ") => "one of its values",
        text => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_reworded() {
        for (error, expected) in [
            ("missing field `name`", "field \"name\" is missing"),
            (
                "unknown field `rule`, expected one of `profile`, `rules`, `scopes`",
                "unknown field \"rule\" (did you mean \"rules\"?); fields are profile, rules and scopes",
            ),
            ("unknown field `x`, there are no fields", "unknown field \"x\"; there are none here"),
            (
                "unknown variant `v1`, expected `v2`",
                "unknown value \"v1\" (did you mean \"v2\"?); only v2 is known here",
            ),
            ("invalid type: string \"x\", expected i32", "expected a whole number, found string \"x\""),
            ("invalid type: map, expected a sequence", "expected a list, found an object"),
            (
                "invalid value: integer `-1`, expected u32",
                "expected a whole number that is not negative, found integer -1",
            ),
            ("invalid type: null, expected struct Scope", "expected an object, found nothing"),
            ("something else", "something else"),
        ] {
            assert_eq!(reword(error, "field"), expected);
        }
    }
}
