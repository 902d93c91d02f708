use std::cell::Cell;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::syntax::{
    List, Map, Str,
    object::{Strict, object},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Outer<'a> {
    #[serde(borrow)]
    a: Str<'a>,
    #[serde(borrow)]
    b: List<Inner<'a>>,
    #[serde(borrow)]
    c: Map<'a>,
    #[serde(deserialize_with = "object")]
    d: Option<Empty>,
    e: Option<bool>,
    #[serde(borrow)]
    f: Option<&'a RawValue>,
    g: Option<f64>,
    h: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Inner<'a> {
    a: Option<i64>,
    #[serde(borrow)]
    b: List<Str<'a>>,
}

#[derive(Debug, Deserialize)]
struct Empty {}

#[derive(Debug, Deserialize)]
struct Needs {
    _name: bool,
}

fn errors(text: &str) -> Vec<String> {
    let found = diagnose::<Strict<Outer<'_>>>(text, || {});
    found.iter().flatten().map(ToString::to_string).collect()
}

#[test]
fn what_is_right_has_no_errors() {
    assert_eq!(
        errors(r#"{"a": "x\u00e4", "b": [{"b": ["y"]}], "c": {"k": "v"}, "d": {}, "f": [1], "x": 1e999}"#),
        [""; 0]
    );
}

#[test]
fn items_keep_their_numbers_and_keys_their_signs() {
    assert_eq!(
        errors(
            r#"{"b": [1, {}, [2], {"a": 0, "b": [3, "x", {}]}], "c": {"a.b/c": 4, "\u0064": [5], "e": ""}, "a": 6}"#
        ),
        [
            "b[0]: is 1; an object is expected",
            "b[2]: is a list; an object is expected",
            "b[3].b[0]: is 3; a string is expected",
            "b[3].b[2]: is an object; a string is expected",
            "c[a.b/c]: is 4; a string is expected",
            "c.d: is a list; a string is expected",
            "a: is 6; a string is expected",
        ]
    );
}

#[test]
fn each_type_has_its_word() {
    let text = r#"{"d": 1, "e": null, "e": "x", "g": "x", "h": -1}"#;
    assert_eq!(errors(text), ["d: is 1; an object is expected", "e: is given twice"]);
    assert_eq!(
        errors(r#"{"e": "x", "g": [], "h": -1, "c": null}"#),
        [
            r#"e: is the string "x"; true or false is expected"#,
            "g: is a list; a number is expected",
            "h: is -1; a whole number that is not negative is expected",
        ]
    );
}

#[test]
fn numbers_and_strings_that_cannot_be_read() {
    for (text, said) in [
        (r#"{"b": [{"a": 1e999}]}"#, "b[0].a: is 1e999, which 64 bits do not hold; a whole number is expected"),
        (r#"{"a": 1e999}"#, "a: is 1e999, which no number of 64 bits comes near"),
        (
            r#"{"b": [{"a": -9223372036854775809}]}"#,
            "b[0].a: is -9223372036854775809, which 64 bits do not hold; a whole number is expected",
        ),
        (r#"{"a": "\ud800"}"#, r#"a: is the string "\ud800", which is no Unicode text"#),
    ] {
        assert_eq!(errors(text), [said]);
    }
}

#[test]
fn text_that_is_no_json() {
    for (text, place) in [
        ("", (1, 0)),
        ("{", (1, 1)),
        (r#"{"a": 1, }"#, (1, 10)),
        (r#"{"a": [1, }"#, (1, 11)),
        ("{\n\"b\": [{]}", (2, 8)),
        ("{} {}", (1, 4)),
        (r#"{"a" 1}"#, (1, 6)),
        (r#"{"b": [{"a": tru}]}"#, (1, 17)),
        (r#"{"b": [{"a": 01}]}"#, (1, 15)),
    ] {
        let (line, column) = place;
        let said = errors(text);
        let last = said.last().map(String::as_str);
        assert_eq!(last, Some(&*format!("it is no JSON at line {line}, column {column} of its text")), "{text}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let found = diagnose::<Strict<List<Needs>>>(r#"[{"_name": true}, {}, {"_name": 1}]"#, || {}).unwrap();
    assert_eq!(found.to_string(), "[1]._name: is missing; [2]._name: is 1; true or false is expected; and more");
}

/// Returns how often a text of so many bytes and errors is read.
fn passes(size: usize, count: usize) -> (usize, bool) {
    let members: Vec<String> = (0..count).map(|number| format!(r#""{number}": {number}"#)).collect();
    let text = format!(r#"{{"c": {{{}}}, "x": "{}"}}"#, members.join(","), "x".repeat(size));
    let passes = Cell::new(0);
    let found = diagnose::<Strict<Outer<'_>>>(&text, || passes.set(passes.get() + 1)).unwrap();
    assert_eq!(found.iter().count(), passes.get() - 1);
    (passes.get(), found.is_complete())
}

#[test]
fn passes_are_few_and_fewer_for_larger_texts() {
    assert_eq!(passes(0, 3), (4, true));
    assert_eq!(passes(0, 20), (21, true));
    assert_eq!(passes(0, 21), (21, false));
    assert_eq!(passes(1024 * 1024, 100), (4, false));
    assert_eq!(passes(10 * 1024 * 1024, 100), (2, false));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        Just(Value::from(1.5)),
        "[ab\"\\\\ü.]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from);
        let object = prop::collection::vec(("[a-h.]{1}", inner), 0..6);
        prop_oneof![list, object.prop_map(|members| Value::Object(members.into_iter().collect()))]
    })
}

proptest! {
    /// Returns what the quick way refuses has errors, and only that; each is of a value that is there, and each of another.
    #[test]
    fn errors_are_of_values_that_are_there(value in any_value()) {
        let text = value.to_string();
        let found = diagnose::<Strict<Outer<'_>>>(&text, || {});
        prop_assert_eq!(found.is_none(), serde_json::from_str::<Strict<Outer<'_>>>(&text).is_ok());
        let mut places = Vec::new();
        for error in found.iter().flatten() {
            let there = value.pointer(&error.at.pointer());
            let ReadCause::Unexpected { found, .. } = &error.cause else { panic!("{error}") };
            let there = there.map(|value| JsonValue::of(&value.to_string()));
            prop_assert_eq!(Some(found), there.as_ref());
            prop_assert!(!places.contains(&&error.at));
            places.push(&error.at);
        }
    }
}
