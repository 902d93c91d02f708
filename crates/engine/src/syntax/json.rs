//! Reads JSON as the API server does: `null` is absent, and an array is never taken for an object.
//!
//! The typed structs of the model derive serde's `Deserialize`, which differs from Go's decoder in three ways. It accepts an array
//! in the place of an object (fields in order), so that a `"spec": []` would pass as an empty spec: nested objects are therefore
//! read through [`object`] and [`List`], which accept a JSON object only. It refuses `null` where Go
//! [leaves the field as it is](https://pkg.go.dev/encoding/json#Unmarshal): those two, [`Map`] and [`Str`] take it for absent. And it
//! lets three bytes of text become a thousand bytes in memory: [`bounded`] limits what lists and maps take. [`from_object`]
//! reads in one quick pass; only where that fails is the text read again, to say in words and with places all that is wrong.

use std::{
    cell::Cell,
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
};

use serde::{
    Deserialize, Deserializer, de,
    de::{MapAccess, Visitor},
    forward_to_deserialize_any,
};
use serde_json::Value;

use super::{
    Path, Str,
    diagnose::diagnose,
    read_error::{ReadCause, ReadError, ReadErrors},
};

/// Counts the items that most lists have at most. Room for so many is made at once, or for fewer where items are large: growing moves what is
/// there.
const FEW: usize = 4;
/// The largest item, in bytes, of which there is room for [`FEW`].
const SMALL_ITEM_BYTES: usize = 64;

thread_local! {
    /// Limits what the object that this thread reads may still become in memory, in bytes; see [`bounded`].
    static LEFT_BYTES: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Reads with a bound on the memory that the items of lists and maps take. An item may be three bytes of text and a thousand
/// bytes in memory; whoever writes a million of them is refused here, and not by the kernel that kills the process.
///
/// The bound is `max_bytes` for all that `read` reads on this thread. What is beyond is an error of the reader.
pub fn bounded<T>(max_bytes: usize, read: impl FnOnce() -> T) -> T {
    /// Sets what was left before, whatever way the reading ends.
    struct Before(usize);

    impl Drop for Before {
        fn drop(&mut self) {
            LEFT_BYTES.set(self.0);
        }
    }

    let _before = Before(LEFT_BYTES.replace(max_bytes));
    read()
}

/// Makes room for one more item and some others, because growing moves what is there: a few at first, later half as many as
/// there are. Takes the room away from what may be read.
fn make_room<T, E: de::Error>(items: &mut Vec<T>) -> Result<(), E> {
    if items.len() < items.capacity() {
        return Ok(());
    }
    let few = (FEW * SMALL_ITEM_BYTES / size_of::<T>().max(1)).clamp(1, FEW);
    let more = few.max(items.len() / 2);
    let bytes = more.saturating_mul(size_of::<T>());
    let Some(left) = LEFT_BYTES.get().checked_sub(bytes) else {
        return Err(E::custom("there is more in lists than the API server can store"));
    };
    LEFT_BYTES.set(left);
    items.reserve_exact(more);
    Ok(())
}

/// A deserializer that gives a struct from a JSON object only.
struct ObjectOnly<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A `T` read from a JSON object only.
pub struct Strict<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(ObjectOnly(deserializer)).map(Strict)
    }
}

/// For `#[serde(deserialize_with)]`: an object, or `None` for `null`.
pub fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    /// `Option<Strict<T>>`, without moving a large `T` from one into the other.
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_none<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_unit<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
            T::deserialize(ObjectOnly(deserializer)).map(Some)
        }
    }

    deserializer.deserialize_option(Object(PhantomData))
}

/// For `#[serde(deserialize_with)]`: an object, or the default for `null`.
pub fn object_or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    object(deserializer).map(Option::unwrap_or_default)
}

/// For `#[serde(deserialize_with)]`: an object; neither a list nor `null`.
pub fn object_only<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Strict::deserialize(deserializer).map(|strict| strict.0)
}

/// For `#[serde(default, deserialize_with)]`: a value where the field is given; `null` is no value. For settings whose absence
/// means "all": a list of which nothing is left but its name must not.
pub fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

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
const MAX_COMPARED_BYTES: usize = 256 * 1024;

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

/// Reads one whole JSON object from text. The errors are all that are wrong with it, each with its place.
pub fn from_object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ReadErrors> {
    let left_bytes = LEFT_BYTES.get();
    match serde_json::from_str::<Strict<T>>(text) {
        Ok(Strict(object)) => Ok(object),
        Err(error) => Err(errors_of::<T>(text, left_bytes, &error)),
    }
}

/// Finds out all that is wrong with a text in which `error` was the first. `left_bytes` is the room that there was before: what
/// the reading before had in memory is gone again.
#[cold]
fn errors_of<'a, T: Deserialize<'a>>(text: &'a str, left_bytes: usize, error: &serde_json::Error) -> ReadErrors {
    diagnose::<Strict<T>>(text, || LEFT_BYTES.set(left_bytes)).unwrap_or_else(|| {
        let cause = ReadCause::NotJson { line: error.line(), column: error.column() };
        ReadErrors::new(vec![ReadError::new(Path::default(), cause)], true)
    })
}

/// A JSON list; `null` is the empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(Vec<T>);

impl<T> List<T> {
    /// Returns the items, owned.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_unit<E>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut access: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(Strict(item)) = access.next_element()? {
                    make_room(&mut items)?;
                    items.push(item);
                }
                Ok(List(items))
            }
        }

        deserializer.deserialize_any(Items(PhantomData))
    }
}

/// A JSON object of strings (labels, annotations), in the order received; `null` is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map<'a> {
    pairs: Vec<(Str<'a>, Str<'a>)>,
    /// The places of `pairs` in the order of their keys, where there are many: selectors ask for each of theirs.
    sorted: Box<[u32]>,
}

/// Up to so many pairs are looked through one after the other.
const FEW_PAIRS: usize = 16;

impl<'a> Map<'a> {
    /// Returns the value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        if self.pairs.len() <= FEW_PAIRS {
            return self.pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| &**value);
        }
        // Of equal keys the first counts, and stands first.
        let first = self.sorted.partition_point(|place| self.pair(*place).is_some_and(|(name, _)| **name < *key));
        let (name, value) = self.pair(*self.sorted.get(first)?)?;
        (*name == key).then_some(&**value)
    }

    fn pair(&self, place: u32) -> Option<&(Str<'a>, Str<'a>)> {
        self.pairs.get(usize::try_from(place).ok()?)
    }

    fn new(pairs: Vec<(Str<'a>, Str<'a>)>) -> Self {
        let mut map = Self { pairs, sorted: Box::default() };
        if map.pairs.len() > FEW_PAIRS {
            let mut sorted: Vec<u32> = (0..u32::try_from(map.pairs.len()).unwrap_or(u32::MAX)).collect();
            // Stable, so that of equal keys the first stays the first.
            sorted.sort_by(|one, other| map.pair(*one).map(|pair| &pair.0).cmp(&map.pair(*other).map(|pair| &pair.0)));
            map.sorted = sorted.into();
        }
        map
    }

    /// Returns all pairs, in the order received.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + use<'_, 'a> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Map<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        Self::new(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Map<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Map<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_unit<E>(self) -> Result<Map<'de>, E> {
                Ok(Map::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Map<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = access.next_entry()? {
                    make_room(&mut pairs)?;
                    pairs.push(pair);
                }
                Ok(Map::new(pairs))
            }
        }

        deserializer.deserialize_any(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Outer {
        #[serde(deserialize_with = "object")]
        inner: Option<Inner>,
        list: List<Inner>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Inner {
        number: Option<i64>,
    }

    #[test]
    fn null_is_absent_everywhere() {
        let outer: Outer = from_object(r#"{"inner": null, "list": null}"#).unwrap();
        assert!(outer.inner.is_none() && outer.list.is_empty());
        let outer: Outer = from_object(r#"{"inner": {"number": null}, "list": [{"number": 1}]}"#).unwrap();
        assert_eq!((outer.inner.unwrap().number, outer.list[0].number), (None, Some(1)));
    }

    fn errors(text: &str) -> Vec<String> {
        from_object::<Outer>(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_array_is_no_object() {
        assert_eq!(errors("[]"), ["it is a list; an object is expected"]);
        assert_eq!(errors(r#"{"inner": []}"#), ["inner: is a list; an object is expected"]);
        assert_eq!(errors(r#"{"list": [[1]]}"#), ["list[0]: is a list; an object is expected"]);
    }

    #[test]
    fn all_errors_have_their_places() {
        assert_eq!(
            errors(r#"{"list": [{"number": 1}, {"number": "x"}, 3, {"number": 1.5}], "inner": "y"}"#),
            [
                r#"list[1].number: is the string "x"; a whole number is expected"#,
                "list[2]: is 3; an object is expected",
                "list[3].number: is 1.5; a whole number is expected",
                r#"inner: is the string "y"; an object is expected"#,
            ]
        );
        assert_eq!(
            errors(r#"{"list": 1, "list": 2}"#),
            ["list: is 1; a list is expected", "list: is 2; a list is expected"]
        );
        assert_eq!(errors(r#"{"inner": {}, "inner": {}}"#), ["inner: is given twice"]);
    }

    #[test]
    fn reading_within_bounds_leaves_room_for_the_reading_of_errors() {
        let items = vec![r#"{"number": 1}"#; 1000].join(",");
        let text = format!(r#"{{"list": [{items}, {{"number": "x"}}], "inner": 3}}"#);
        let read = |bytes| bounded(bytes, || from_object::<Outer>(&text).unwrap_err().to_string());
        assert!(read(64 * 1024).ends_with("inner: is 3; an object is expected"));
        let said = read(1024);
        assert!(said.starts_with("list: there is more in lists than the API server can store; inner: is 3"), "{said}");
    }

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

    #[test]
    fn maps_keep_order_and_find_keys() {
        let map: Map = serde_json::from_str(r#"{"b": "1", "a": null}"#).unwrap();
        assert_eq!(map.iter().collect::<Vec<_>>(), [("b", "1"), ("a", "")]);
        assert_eq!((map.get("b"), map.get("c")), (Some("1"), None));
    }
}
