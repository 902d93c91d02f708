//! Which fields of a Pod differ from what was there before, as the API server compares them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, value::RawValue};

use super::defaults::{same_field, same_in_pod};
use crate::syntax::{List, Str, json::MAX_COMPARED_BYTES};

/// An object with all its fields, also those that podgate does not know, as they were received.
pub type Fields<'a> = BTreeMap<Str<'a>, &'a RawValue>;

/// Names the object whose fields are compared: defaults differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A Pod's spec.
    Spec,
    /// One of its containers.
    Container,
}

impl Holder {
    /// Returns the fields that the default of `field` depends on. No others are read again for each field that differs.
    fn context(self, field: &str) -> &'static [&'static str] {
        match (self, field) {
            (Self::Spec, "serviceAccount") => &["serviceAccountName"],
            (Self::Spec, "serviceAccountName") => &["serviceAccount"],
            (Self::Container, "imagePullPolicy") => &["image"],
            _ => &[],
        }
    }
}

/// Returns the fields of a Pod's spec, whose text has been read as one already.
pub fn fields(spec: &str) -> Fields<'_> {
    serde_json::from_str(spec).unwrap_or_default()
}

/// Returns the containers of one of a spec's lists.
pub fn containers<'a>(spec: &Fields<'a>, list: &str) -> Vec<Fields<'a>> {
    let read = |text: &&'a RawValue| serde_json::from_str::<List<Fields<'a>>>(text.get()).ok();
    spec.get(list).and_then(read).unwrap_or_default().into_vec()
}

/// Returns a container's name.
pub fn name<'a>(container: &Fields<'a>) -> Str<'a> {
    container.get("name").and_then(|name| serde_json::from_str(name.get()).ok()).unwrap_or_default()
}

/// Returns the fields that differ, after the API's defaults.
pub fn changed<'c>(holder: Holder, before: &'c Fields<'_>, after: &'c Fields<'_>) -> impl Iterator<Item = &'c str> {
    differing(before, after).filter(move |field| !is_same(holder, before, after, field))
}

/// Returns the fields whose texts differ. Those of an object that comes from the API server twice do only where they have changed.
pub fn differing<'c>(before: &'c Fields<'_>, after: &'c Fields<'_>) -> impl Iterator<Item = &'c str> {
    let gone = before.keys().filter(|field| !after.contains_key(*field));
    let fields = after.keys().chain(gone).map(|field| &**field);
    let text = |fields: &'c Fields<'_>, field: &str| fields.get(field).map(|value| value.get());
    fields.filter(move |field| text(before, field) != text(after, field))
}

/// Returns whether one field says the same, after the API's defaults.
pub fn is_same(holder: Holder, before: &Fields<'_>, after: &Fields<'_>, field: &str) -> bool {
    let same = match holder {
        Holder::Spec => same_in_pod,
        Holder::Container => same_field,
    };
    let (before, after) = (read(holder, before, field), read(holder, after, field));
    before.zip(after).is_some_and(|(before, after)| same(&before, &after, field))
}

/// Reads one field, and those that its default depends on; `None` where it is too long or nested too deep to be compared: the API
/// server writes the same thing always in the same way.
fn read(holder: Holder, from: &Fields<'_>, field: &str) -> Option<Map<String, Value>> {
    let mut fields = Map::new();
    for name in holder.context(field).iter().chain([&field]) {
        if let Some(value) = from.get(*name) {
            let short = value.get().len() <= MAX_COMPARED_BYTES;
            fields.insert((*name).to_owned(), short.then(|| serde_json::from_str(value.get()).ok()).flatten()?);
        }
    }
    Some(fields)
}
