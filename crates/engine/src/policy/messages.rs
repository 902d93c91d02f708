//! What is wrong with a policy, in the words of who writes it: what was found, what was expected, what may have been meant.

use super::suggest::did_you_mean;
use crate::syntax::value::ValueError;

/// Returns the message of an error; `thing` is what names are called here: a field, an option.
pub(super) fn message(error: &ValueError, thing: &str) -> String {
    match error {
        ValueError::MissingField(name) => format!("{thing} \"{name}\" is missing"),
        ValueError::UnknownField { field, known } => {
            let mut known = known.to_vec();
            // It stands beside the options of every rule.
            known.extend((thing == "option").then_some("level"));
            unknown(thing, field, &known)
        }
        ValueError::UnknownWord { word, known } => unknown("value", word, known),
        ValueError::Unexpected { .. } | ValueError::Refused(_) => error.to_string(),
    }
}

/// Returns the message of something that is not known, among what is.
pub(super) fn unknown(thing: &str, word: &str, known: &[&str]) -> String {
    let hint = did_you_mean(word, known.iter().copied());
    match known {
        [] => format!("unknown {thing} \"{word}\"; there are none here"),
        [one] => format!("unknown {thing} \"{word}\"{hint}; only {one} is known here"),
        [some @ .., last] => format!("unknown {thing} \"{word}\"{hint}; {thing}s are {} and {last}", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;
    use crate::syntax::value::from_value;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        In,
        Out,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Some {
        profile: String,
        count: i32,
        size: u32,
        list: Vec<Word>,
    }

    impl Default for Some {
        fn default() -> Self {
            Self { profile: String::new(), count: 0, size: 0, list: vec![Word::In, Word::Out] }
        }
    }

    #[derive(Debug, Deserialize)]
    struct Named {
        name: String,
    }

    fn said(value: Value) -> String {
        let (at, error) = from_value::<Some>(value).unwrap_err();
        format!("{at}: {}", message(&error, "field"))
    }

    #[test]
    fn errors_say_what_was_found_and_meant() {
        for (value, expected) in [
            (
                json!({"profil": ""}),
                "profil: unknown field \"profil\" (did you mean \"profile\"?); fields are profile, count, size and list",
            ),
            (json!({"count": "x"}), "count: expected a whole number, found string \"x\""),
            (json!({"count": 1.5}), "count: expected a whole number, found floating point 1.5"),
            (json!({"size": -1}), "size: expected a whole number that is not negative, found integer -1"),
            (json!({"list": {}}), "list: expected a list, found an object"),
            (json!({"list": null}), "list: expected a list, found nothing"),
            (json!({"list": ["On"]}), "list[0]: unknown value \"On\" (did you mean \"in\"?); values are in and out"),
            (json!({"list": [3]}), "list[0]: expected a word, found integer 3"),
        ] {
            assert_eq!(said(value), expected);
        }
        let (_, error) = from_value::<Named>(json!({})).unwrap_err();
        assert_eq!(message(&error, "field"), "field \"name\" is missing");
        assert_eq!(from_value::<Named>(json!({"name": "a"})).unwrap().name, "a");
        let read = from_value::<Some>(json!({"list": ["in", "out"], "count": -3, "size": 3, "profile": "x"})).unwrap();
        assert_eq!((read.list.len(), read.count, read.size, read.profile.as_str()), (2, -3, 3, "x"));
    }
}
