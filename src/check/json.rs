//! JSON text as it stands: whether it is fit to be judged, and where its fields are.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::model::{Path, path::Segment};

/// The ends of the JSON values that stand one after the other in `text`, as `kubectl get -o json --watch` writes them; `None`
/// where it is anything but that. A key that is given twice is no JSON here: two readers would see two documents.
pub(super) fn values(text: &str) -> Option<Vec<usize>> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Unique>();
    let mut ends = Vec::new();
    while let Some(value) = stream.next() {
        value.ok()?;
        ends.push(stream.byte_offset());
    }
    Some(ends)
}

/// Any JSON value without a key that is given twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Unique;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_unit<E>(self) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Unique, A::Error> {
                while access.next_element::<Unique>()?.is_some() {}
                Ok(Unique)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Unique, A::Error> {
                let mut known = HashSet::new();
                while let Some(Key(key)) = access.next_key::<Key<'de>>()? {
                    if !known.insert(key) {
                        return Err(de::Error::custom("a key is given twice"));
                    }
                    access.next_value::<Unique>()?;
                }
                Ok(Unique)
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// A key, borrowed where it has no escapes.
#[derive(PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Where the field at `path` of the JSON value `text` begins, in bytes: the name of a member, the first character of an item.
/// A field that is absent stands at its nearest ancestor that is there.
pub(super) fn offset(text: &str, path: &Path) -> usize {
    let (mut value, mut offset) = (text, text.len() - text.trim_start().len());
    let from_start = |inner: &str| (inner.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    for segment in path.segments() {
        let next = match segment {
            Segment::Key(key) => serde_json::from_str::<Members<'_>>(value).ok().and_then(|members| {
                let is_it =
                    |name: &RawValue| serde_json::from_str::<Cow<'_, str>>(name.get()).is_ok_and(|it| it == *key);
                members.0.into_iter().find(|(name, _)| is_it(name)).map(|(name, value)| (name.get(), value.get()))
            }),
            Segment::Index(index) => serde_json::from_str::<Vec<&RawValue>>(value)
                .ok()
                .and_then(|items| items.get(*index).map(|item| (item.get(), item.get()))),
        };
        let Some((at, inner)) = next else { break };
        (value, offset) = (inner, from_start(at));
    }
    offset
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
    use super::*;

    #[test]
    fn one_value_or_several() {
        assert_eq!(values(r#"{"a": 1}"#), Some(vec![8]));
        assert_eq!(values("{} \n[1]\n").map(|ends| ends.len()), Some(2));
        assert_eq!(values(r#"{"a": [{"b": 1, "\u0062": 2}]}"#), None);
        assert_eq!(values(r#"{"a": 1,}"#), None);
        assert_eq!(values("{a: 1}"), None);
    }

    #[test]
    fn offsets() {
        let text = r#" {"a": {"b\u0063": [1, {"d": null}]}}"#;
        let at = |path: Path| text.split_at(offset(text, &path)).1;
        assert!(at(Path::default()).starts_with("{\"a\""));
        let list = Path::of(&["a", "bc"]);
        assert!(at(list.clone()).starts_with("\"b\\u0063\""));
        assert!(at(list.clone().index(1)).starts_with("{\"d\""));
        assert!(at(list.clone().index(1).key("d")).starts_with("\"d\""));
        assert!(at(list.clone().index(1).keys(&["x", "y"])).starts_with("{\"d\""));
        assert!(at(list.index(7)).starts_with("\"b"));
    }
}
