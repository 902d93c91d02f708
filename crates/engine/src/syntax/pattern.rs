//! Finds the places that a pattern names in a JSON text: `spec.workerGroupSpecs[*].template`, `spec.tfReplicaSpecs.*.template`.
//!
//! A pattern is the way from the root down: names of members with dots between them, `[*]` for every item of a list, `*` for
//! every member of an object. The texts of the places are found without reading what is in them.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{JsonValue, Path, ReadCause, ReadError, ReadErrors, Str, json::from_object, room::make_room};

/// Stands for every member of an object.
const EVERY_MEMBER: &str = "*";
/// Stands for every item of the list before it.
const EVERY_ITEM: &str = "[*]";

/// Returns the places of `text`, a JSON object, that `pattern` names, each with its text. What is absent or `null` is no place.
pub fn places<'a>(text: &'a str, pattern: &str) -> Result<Vec<(Path, &'a str)>, ReadErrors> {
    let mut found = vec![(Path::default(), text)];
    for step in pattern.split('.') {
        let (name, lists) =
            step.split_once('[').map_or((step, ""), |(name, _)| (name, step.get(name.len()..).unwrap_or_default()));
        let mut next = Vec::new();
        for (path, text) in found {
            for (key, value) in members(&path, text)? {
                if name == EVERY_MEMBER || *key == *name {
                    next.push((path.clone().key(key.to_string()), value));
                }
            }
        }
        for _ in lists.matches(EVERY_ITEM) {
            let mut each = Vec::new();
            for (path, text) in next {
                let items = items(&path, text)?;
                each.extend((0..).zip(items).map(|(index, item)| (path.clone().index(index), item)));
            }
            next = each;
        }
        found = next;
    }
    Ok(found)
}

/// Returns what keeps a text from being a pattern: words that follow its name.
pub fn fault(pattern: &str) -> Option<&'static str> {
    let is_name = |name: &str| {
        name == EVERY_MEMBER
            || !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_step = |step: &str| {
        let name = step.split('[').next().unwrap_or_default();
        is_name(name) && step.get(name.len()..).is_some_and(|rest| rest.replace(EVERY_ITEM, "").is_empty())
    };
    let wrong = "is no place: names of fields with dots between them, [*] after a list, * for every member";
    (!pattern.split('.').all(is_step)).then_some(wrong)
}

/// Returns the members of an object, without those that are `null`.
fn members<'a>(at: &Path, text: &'a str) -> Result<Vec<(Str<'a>, &'a str)>, ReadErrors> {
    let Members(members) = from_object(text).map_err(|errors| errors.within(at))?;
    Ok(members.into_iter().map(|(key, value)| (key, value.get())).filter(|(_, value)| *value != "null").collect())
}

/// Returns the items of a list, `null` ones too: they have their places.
fn items<'a>(at: &Path, text: &'a str) -> Result<Vec<&'a str>, ReadErrors> {
    let found = JsonValue::of(text);
    let unexpected = |_| {
        let cause = ReadCause::Unexpected { found, expected: "a list".into() };
        ReadErrors::new(vec![ReadError::new(at.clone(), cause)], true)
    };
    let Items(items) = serde_json::from_str(text).map_err(unexpected)?;
    Ok(items.into_iter().map(RawValue::get).collect())
}

/// The members of an object, unread.
struct Members<'a>(Vec<(Str<'a>, &'a RawValue)>);

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
                    make_room(&mut members)?;
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

/// The items of a list, unread.
struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Items<'de>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = access.next_element()? {
                    make_room(&mut items)?;
                    items.push(item);
                }
                Ok(Items(items))
            }
        }

        deserializer.deserialize_seq(Each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, pattern: &str) -> Vec<String> {
        match places(text, pattern) {
            Ok(places) => places.into_iter().map(|(path, text)| format!("{path} = {text}")).collect(),
            Err(errors) => vec![errors.to_string()],
        }
    }

    #[test]
    fn places_are_found_with_their_paths() {
        let text = r#"{"spec": {"a": {"template": 1}, "list": [{"t": {"x": 2}}, {"t": null}, {"t": 3}], "n": null}}"#;
        assert_eq!(found(text, "spec.a.template"), ["spec.a.template = 1"]);
        assert_eq!(found(text, "spec.list[*].t"), [r#"spec.list[0].t = {"x": 2}"#, "spec.list[2].t = 3"]);
        assert_eq!(found(text, "spec.n.template"), [""; 0]);
        assert_eq!(found(text, "spec.none[*].template"), [""; 0]);
        let kinds = r#"{"spec": {"roles": {"Worker": {"t": 1}, "Master": {"t": 2}}}}"#;
        assert_eq!(found(kinds, "spec.roles.*.t"), ["spec.roles.Worker.t = 1", "spec.roles.Master.t = 2"]);
        assert_eq!(found(r#"{"a": [[1, 2], [3]]}"#, "a[*][*]").len(), 3);
    }

    #[test]
    fn what_is_in_the_way_is_told() {
        assert_eq!(
            found(r#"{"spec": {"list": {}}}"#, "spec.list[*].t"),
            ["spec.list: is an object; a list is expected"]
        );
        assert_eq!(found(r#"{"spec": []}"#, "spec.a"), ["spec: is a list; an object is expected"]);
        assert_eq!(
            found(r#"{"l": [{"t": {}}, "x"]}"#, "l[*].t"),
            [r#"l[1]: is the string "x"; an object is expected"#]
        );
    }

    #[test]
    fn patterns_are_checked() {
        for good in ["spec", "spec.a-b.c_d", "spec.list[*].template", "spec.*.t", "a[*][*]", "spec.*[*].t"] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in
            ["", ".", "spec.", ".spec", "[*]", "spec.[*]", "spec.list[0].t", "spec.list[*", "spec/x", "a[*]b", "s p"]
        {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
