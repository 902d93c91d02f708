//! Reads JSON as the API server does: `null` is absent, and an array is never taken for an object.
//!
//! The typed structs of the model derive serde's `Deserialize`, which differs from Go's decoder in three ways. It accepts an array
//! in the place of an object (fields in order), so that a `"spec": []` would pass as an empty spec: nested objects are therefore
//! read through [`object`] and [`List`], which accept a JSON object only. It refuses `null` where Go
//! [leaves the field as it is](https://pkg.go.dev/encoding/json#Unmarshal): those two, [`Map`] and [`Str`](super::Str) take it for absent. And it
//! lets three bytes of text become a thousand bytes in memory: [`bounded`] limits what lists and maps take. [`from_object`]
//! reads in one quick pass; only where that fails is the text read again, to say in words and with places all that is wrong.

use serde::Deserialize;

use super::{
    Path,
    diagnose::diagnose,
    read_error::{ReadCause, ReadError, ReadErrors},
    room::{left_bytes, set_left_bytes},
};

pub use super::{
    collections::{List, Map},
    object::{Strict, given, object, object_only, object_or_default},
    room::bounded,
    same::{MAX_COMPARED_BYTES, same, same_member, same_text},
};

/// Reads one whole JSON object from text. The errors are all that are wrong with it, each with its place.
pub fn from_object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ReadErrors> {
    let bytes = left_bytes();
    match serde_json::from_str::<Strict<T>>(text) {
        Ok(Strict(object)) => Ok(object),
        Err(error) => Err(errors_of::<T>(text, bytes, &error)),
    }
}

/// Finds out all that is wrong with a text in which `error` was the first. `bytes` is the room that there was before: what
/// the reading before had in memory is gone again.
#[cold]
fn errors_of<'a, T: Deserialize<'a>>(text: &'a str, bytes: usize, error: &serde_json::Error) -> ReadErrors {
    diagnose::<Strict<T>>(text, || set_left_bytes(bytes)).unwrap_or_else(|| {
        let cause = ReadCause::NotJson { line: error.line(), column: error.column() };
        ReadErrors::new(vec![ReadError::new(Path::default(), cause)], true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::List;

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
}
