//! Makes lists, maps and strings of a document longer.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// A place in a document, as a JSON pointer.
pub type Pointer = String;

/// How an item that is added differs from the one that it is a copy of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vary {
    /// Not at all.
    Nothing,
    /// In its names and numbers of ports; what refers to a name in another list still does.
    Names,
    /// In every string.
    Strings,
}

pub const VARIATIONS: [Vary; 3] = [Vary::Nothing, Vary::Names, Vary::Strings];

/// Fields that are maps; of other objects the API knows all members.
const MAPS: [&str; 8] =
    ["labels", "annotations", "matchLabels", "nodeSelector", "selector", "limits", "requests", "rules"];

/// What `places` finds.
#[derive(Debug, Default)]
pub struct Places {
    /// Lists and maps.
    pub lists: Vec<Pointer>,
    /// Strings.
    pub strings: Vec<Pointer>,
}

/// Every list, map of strings, and string in `value`.
pub fn places(value: &Value) -> Places {
    let mut places = Places::default();
    collect(value, &mut String::new(), &mut places);
    places
}

fn collect(value: &Value, at: &mut Pointer, places: &mut Places) {
    let mut below = |name: &str, value: &Value, places: &mut Places| {
        let length = at.len();
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        collect(value, at, places);
        at.truncate(length);
    };
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                below(&index.to_string(), item, places);
            }
            if !items.is_empty() {
                places.lists.push(at.clone());
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                below(name, value, places);
            }
            let field = at.rsplit('/').next().unwrap_or_default();
            if !members.is_empty() && MAPS.contains(&field) {
                places.lists.push(at.clone());
            }
        }
        Value::String(_) => places.strings.push(at.clone()),
        _ => {}
    }
}

/// Returns whether the place `other` holds the place `one`.
fn is_in(one: &str, other: &str) -> bool {
    one.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
}

/// Of these places those that none of the others holds.
pub fn outermost(places: &[Pointer]) -> Vec<Pointer> {
    places.iter().filter(|one| !places.iter().any(|other| is_in(one, other))).cloned().collect()
}

/// Of these places those that hold none of the others.
pub fn innermost(places: &[Pointer]) -> Vec<Pointer> {
    places.iter().filter(|one| !places.iter().any(|other| is_in(other, one))).cloned().collect()
}

/// A copy of `value` whose lists and maps at `places` have at least `count` items.
pub fn lists(value: &Value, places: &[Pointer], count: usize, vary: Vary) -> Value {
    let places: HashSet<&str> = places.iter().map(String::as_str).collect();
    grown(value, &mut String::new(), &places, &|value| match value {
        Value::Array(items) if !items.is_empty() => {
            let more = (items.len()..count).map(|index| varied(&items[index % items.len()], "", index, vary));
            Value::Array(items.iter().cloned().chain(more).collect())
        }
        Value::Object(members) if !members.is_empty() => {
            let some: Vec<(&String, &Value)> = members.iter().collect();
            let more = (some.len()..count).map(|index| {
                let (name, value) = some[index % some.len()];
                (format!("{name}-{index}"), varied(value, name, index, vary))
            });
            Value::Object(members.clone().into_iter().chain(more).collect::<Map<_, _>>())
        }
        other => other.clone(),
    })
}

/// A copy of `value` whose strings at `places` are about `length` bytes of repetitions of what they are, or of `unit`.
pub fn strings(value: &Value, places: &[Pointer], length: usize, unit: Option<&str>) -> Value {
    let places: HashSet<&str> = places.iter().map(String::as_str).collect();
    grown(value, &mut String::new(), &places, &|value| match value {
        Value::String(text) => {
            let unit = unit.unwrap_or(if text.is_empty() { "x" } else { text });
            Value::String(unit.repeat(length.div_ceil(unit.len())))
        }
        other => other.clone(),
    })
}

fn grown(value: &Value, at: &mut Pointer, places: &HashSet<&str>, grow: &dyn Fn(&Value) -> Value) -> Value {
    if places.contains(at.as_str()) {
        return grow(value);
    }
    let mut below = |name: &str, value: &Value| {
        let length = at.len();
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        let grown = grown(value, at, places, grow);
        at.truncate(length);
        grown
    };
    match value {
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| below(&index.to_string(), item)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), below(name, value))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// The copy number `index` of an item that stands at the field `field`.
fn varied(value: &Value, field: &str, index: usize, vary: Vary) -> Value {
    let is_name = matches!(
        field,
        "name" | "containerName" | "mountPath" | "key" | "topologyKey" | "image" | "hostIP" | "targetPort"
    );
    match value {
        Value::String(text) if vary == Vary::Strings || vary == Vary::Names && (is_name || field == "port") => {
            Value::String(format!("{text}-{index}"))
        }
        Value::Number(number)
            if vary != Vary::Nothing && matches!(field, "containerPort" | "hostPort" | "port" | "targetPort") =>
        {
            let number = number.as_u64().unwrap_or(1);
            Value::from((number + index as u64) % 65535 + 1)
        }
        Value::Array(items) => items.iter().map(|item| varied(item, field, index, vary)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), varied(value, name, index, vary)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
