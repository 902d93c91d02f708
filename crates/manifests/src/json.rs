//! JSON text as it stands: whether it is fit to be judged, and where its fields are.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use podgate_engine::syntax::{Path, path::Segment, scalar::number_json};

/// A JSON value of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    /// Tells where it ends, in bytes.
    pub(super) end: usize,
    /// Tells whether an object in it gives a key more than once.
    pub(super) repeats: bool,
    /// Tells whether every reader sees the same in it: no key is given twice, and what is a whole number is written as one.
    pub(super) is_canonical: bool,
}

/// The JSON values that stand one after the other at the beginning of `text`, as `kubectl get -o json --watch` writes them, and
/// whether there is nothing else.
pub(super) fn values(text: &str) -> (Vec<Value>, bool) {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Shape>();
    let mut values = Vec::new();
    while let Some(value) = stream.next() {
        let Ok(Shape { repeats, has_floats }) = value else { return (values, false) };
        values.push(Value { end: stream.byte_offset(), repeats, is_canonical: !repeats && !has_floats });
    }
    (values, true)
}

/// A JSON value as the API server would write it: of a key that is given twice the last counts, and `30.0` is `30`.
pub(super) fn canonical(text: &str) -> Option<String> {
    let mut value = serde_json::from_str(text).ok()?;
    whole_numbers(&mut value);
    Some(value.to_string())
}

fn whole_numbers(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Number(number) if number.is_f64() => {
            if let Ok(whole) = number_json(number).parse() {
                *number = whole;
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        serde_json::Value::Object(members) => members.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

/// Holds what is to be known of any JSON value.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    repeats: bool,
    has_floats: bool,
}

impl Shape {
    fn add(&mut self, inner: Self) {
        self.repeats |= inner.repeats;
        self.has_floats |= inner.has_floats;
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
                Ok(Shape::default())
            }

            fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
                Ok(Shape::default())
            }

            fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
                Ok(Shape::default())
            }

            fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
                Ok(Shape { has_floats: true, ..Shape::default() })
            }

            fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
                Ok(Shape::default())
            }

            fn visit_unit<E>(self) -> Result<Shape, E> {
                Ok(Shape::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Shape, A::Error> {
                let mut shape = Shape::default();
                while let Some(item) = access.next_element()? {
                    shape.add(item);
                }
                Ok(shape)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Shape, A::Error> {
                let (mut shape, mut known) = (Shape::default(), HashSet::new());
                while let Some(Key(key)) = access.next_key::<Key<'de>>()? {
                    shape.repeats |= !known.insert(key);
                    shape.add(access.next_value()?);
                }
                Ok(shape)
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// A key, borrowed where it has no escapes.
#[derive(PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Returns where fields of the JSON value `text` begin, in bytes, each given by its path: the name of a member, the first character of an
/// item. A field that is absent stands at its nearest ancestor that is there. `paths` are sorted.
pub(super) fn offsets(text: &str, paths: &[&Path]) -> Vec<usize> {
    let mut offsets = Vec::with_capacity(paths.len());
    let root = ValueAt { value: text, at: text.len() - text.trim_start().len() };
    root.offsets(text, paths, 0, &mut offsets);
    offsets
}

/// A value, and where it begins.
#[derive(Clone, Copy)]
struct ValueAt<'t> {
    value: &'t str,
    at: usize,
}

impl<'t> ValueAt<'t> {
    /// Returns where the fields at `paths` begin, all of which lead to this value by their first `depth` steps. Each value is taken apart
    /// once, however many fields there are.
    fn offsets(self, text: &'t str, paths: &[&Path], depth: usize, into: &mut Vec<usize>) {
        fn step(path: &Path, depth: usize) -> Option<&Segment> {
            path.segments().get(depth)
        }
        let parts = if paths.iter().any(|path| step(path, depth).is_some()) { self.parts(text) } else { Parts::None };
        for same in paths.chunk_by(|one, other| step(one, depth) == step(other, depth)) {
            match same.first().and_then(|path| parts.get(step(path, depth)?)) {
                Some(part) => part.offsets(text, same, depth + 1, into),
                None => into.extend(same.iter().map(|_| self.at)),
            }
        }
    }

    fn parts(self, text: &str) -> Parts<'t> {
        let found = |at: &'t RawValue, value: &'t RawValue| {
            let at = (at.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
            ValueAt { value: value.get(), at }
        };
        if let Ok(Members(members)) = serde_json::from_str::<Members<'t>>(self.value) {
            let name = |name: &'t RawValue| serde_json::from_str::<Key<'t>>(name.get()).ok();
            let member = |(at, value): (_, _)| Some((name(at)?, found(at, value)));
            return Parts::Members(members.into_iter().filter_map(member).collect());
        }
        let items = serde_json::from_str::<Vec<&RawValue>>(self.value).unwrap_or_default();
        Parts::Items(items.into_iter().map(|item| found(item, item)).collect())
    }
}

/// Holds what a value consists of.
enum Parts<'t> {
    None,
    Members(HashMap<Key<'t>, ValueAt<'t>>),
    Items(Vec<ValueAt<'t>>),
}

impl<'t> Parts<'t> {
    fn get(&self, step: &Segment) -> Option<ValueAt<'t>> {
        match (self, step) {
            (Self::Members(members), Segment::Key(key)) => members.get(&Key(Cow::Borrowed(key))).copied(),
            (Self::Items(items), Segment::Index(index)) => items.get(*index).copied(),
            _ => None,
        }
    }
}

/// The members of an object, both sides as they are written.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = access.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<i8>().prop_map(Value::from), "\\PC{0,3}".prop_map(Value::from)];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let list = prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from);
            let object = prop::collection::vec(("[ab\"\\\\ü]{0,2}", inner), 0..5);
            prop_oneof![list, object.prop_map(|members| Value::Object(members.into_iter().collect()))]
        })
    }

    /// Writes a value with white space in between, and where each part of it begins; `name` is where the member that has it
    /// begins.
    fn write(value: &Value, path: &Path, name: Option<usize>, text: &mut String, begins: &mut Vec<(Path, usize)>) {
        text.push_str(" \n");
        begins.push((path.clone(), name.unwrap_or(text.len())));
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    text.push(if index == 0 { '[' } else { ',' });
                    write(item, &path.clone().index(index), None, text, begins);
                }
                text.push_str(if items.is_empty() { "[ ]" } else { "\t]" });
            }
            Value::Object(members) => {
                for (index, (key, member)) in members.iter().enumerate() {
                    text.push_str(if index == 0 { "{ " } else { " ,\n" });
                    let name = text.len();
                    text.push_str(&format!("{} :", Value::from(key.as_str())));
                    write(member, &path.clone().key(key.clone()), Some(name), text, begins);
                }
                text.push_str(if members.is_empty() { "{ }" } else { " }" });
            }
            leaf => text.push_str(&leaf.to_string()),
        }
    }

    proptest! {
        #[test]
        fn every_field_is_found(value in any_value()) {
            let (mut text, mut begins) = (String::new(), Vec::new());
            write(&value, &Path::default(), None, &mut text, &mut begins);
            begins.sort();
            let (paths, wanted): (Vec<&Path>, Vec<usize>) = begins.iter().map(|(path, at)| (path, *at)).unzip();
            prop_assert_eq!(offsets(&text, &paths), wanted);
        }
    }

    #[test]
    fn one_value_or_several() {
        let read = |text| {
            let (values, is_all) = values(text);
            let ends: Vec<usize> = values.iter().map(|value| value.end).collect();
            (ends, values.iter().all(|value| value.is_canonical), is_all)
        };
        assert_eq!(read(r#"{"a": 1}"#), (vec![8], true, true));
        assert_eq!(read("{} \n[1]\n"), (vec![2, 7], true, true));
        assert_eq!(read(r#"{"a": [{"b": 1, "\u0062": 2}]}"#), (vec![30], false, true));
        assert_eq!(read(r#"{"a": 30.0}"#), (vec![11], false, true));
        assert_eq!(read(r#"{"a": 1,}"#), (vec![], true, false));
        assert_eq!(read("{}\n{a: 1}"), (vec![2], true, false));
    }

    #[test]
    fn written_anew() {
        let text = r#"{"a": [30.0, 1e3, 1.5, 18446744073709551616], "b": 1, "b": {"c": 2}}"#;
        let expected = r#"{"a":[30,1000,1.5,1.8446744073709552e+19],"b":{"c":2}}"#;
        assert_eq!(canonical(text).as_deref(), Some(expected));
    }

    #[test]
    fn where_fields_begin() {
        let text = r#" {"a": {"b\u0063": [1, {"d": null}]}, "e": 1}"#;
        let list = Path::of(&["a", "bc"]);
        let item = list.clone().index(1);
        let mut wanted = [
            (Path::default(), r#"{"a""#),
            (list.clone(), r#""b\u0063""#),
            (list.clone().index(0), "1, "),
            (item.clone(), r#"{"d""#),
            (item.clone().key("d"), r#""d""#),
            (item.keys(&["x", "y"]), r#"{"d""#),
            (list.clone().index(7), r#""b"#),
            (list.key("b"), r#""b"#),
            (Path::of(&["e"]), r#""e""#),
            (Path::of(&["e", "f"]), r#""e""#),
            (Path::default().index(0), r#"{"a""#),
        ];
        wanted.sort();
        let paths: Vec<&Path> = wanted.iter().map(|(path, _)| path).collect();
        let found = offsets(text, &paths);
        assert_eq!(found.len(), wanted.len());
        for ((path, begins), offset) in wanted.iter().zip(found) {
            assert!(text.split_at(offset).1.starts_with(begins), "{path}");
        }
        assert_eq!((offsets("", &[&Path::default()]), offsets(text, &[])), (vec![0], vec![]));
    }
}
