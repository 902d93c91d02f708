//! Which fields of a Pod differ from what was there before, as the API server compares them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, value::RawValue};

use super::defaults::{same_field, same_in_pod};
use crate::{
    model::Object,
    syntax::{List, Str, json::MAX_COMPARED_BYTES, text::common_prefix},
};

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

/// Returns whether two Pods, read from the texts of an UPDATE, are known to differ in images of init and app containers only. It is
/// known where the texts of their specs are the same but for these; then no field has to be looked at one by one.
pub fn only_images_differ(before: &Object<'_>, after: &Object<'_>) -> bool {
    let texts = before.spec_text.zip(after.spec_text);
    let specs = before.templates.first().zip(after.templates.first());
    let Some(((mut old, mut new), (before, after))) = texts.zip(specs) else { return false };
    let lists = [
        (&before.spec.init_containers, &after.spec.init_containers),
        (&before.spec.containers, &after.spec.containers),
    ];
    for (before, after) in lists.into_iter().flat_map(|(before, after)| before.iter().zip(after.iter())) {
        if before.image == after.image {
            continue;
        }
        // As many places differ as containers have another image, and each of these has to differ somewhere.
        let same = common_prefix(old, new).checked_sub(common_prefix(&before.image, &after.image));
        let rests = same.and_then(|at| behind_image(old, at, &before.image).zip(behind_image(new, at, &after.image)));
        let Some(rests) = rests else { return false };
        (old, new) = rests;
    }
    old == new
}

/// Returns what follows an image that stands at a place of a text; `None` where another value does.
fn behind_image<'t>(text: &'t str, at: usize, image: &str) -> Option<&'t str> {
    let (_, value) = text.split_at_checked(at).filter(|(before, _)| before.ends_with("\"image\":\""))?;
    value.strip_prefix(image).filter(|rest| rest.starts_with('"'))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Workload;

    #[test]
    fn images_and_nothing_else() {
        let is_known = |before: &str, after: &str| {
            let pod = Workload::find("", "Pod").unwrap();
            let texts = [before, after].map(|spec| format!(r#"{{"spec":{spec}}}"#));
            let read = |text: &'static str, spec| Object { spec_text: Some(spec), ..pod.read(text).unwrap() };
            let [before, after] = texts.map(|text| &*text.leak()).map(|text| read(text, &text[8..text.len() - 1]));
            assert_eq!(only_images_differ(&before, &after), only_images_differ(&after, &before));
            only_images_differ(&before, &after)
        };
        let init = r#"{"initContainers":[{"name":"i","image":"i:1"}],"containers":[{"name":"a","image":"a:1"},{"image":"b"}]}"#;
        for (from, to) in [("i:1", "i:22"), ("a:1", "a:12"), (r#""b""#, r#""""#), ("a:1", "ä:1"), (":1", ":2")] {
            assert!(is_known(init, &init.replace(from, to)), "{from} {to}");
        }
        for (from, to) in [
            // Not an image, one with something else, and another way to write the same.
            (r#""a""#, r#""aa""#),
            (r#"a:1""#, r#"a:2","tty":true"#),
            (r#""image":"a:1""#, r#""image": "a:2""#),
            ("a:1", "a\\u003a2"),
            (r#"{"image":"b"}"#, r#"{"image":"c"},{"image":"c"}"#),
        ] {
            assert!(!is_known(init, &init.replace(from, to)), "{from} {to}");
        }
        let nested = r#"{"containers":[{"image":"a","resources":{"limits":{"image":"1"}}}],"nodeSelector":{"image":"a"},"ephemeralContainers":[{"image":"a"}]}"#;
        assert!(is_known(nested, &nested.replacen(r#""a""#, r#""b""#, 1)));
        for changed in [nested.replace(r#""a""#, r#""b""#), nested.replace(r#""1""#, r#""2""#)] {
            assert!(!is_known(nested, &changed), "{changed}");
        }
        let elsewhere =
            r#"{"nodeSelector":{"image":"b"},"containers":[{"image":"a"}],"ephemeralContainers":[{"image":"b"}]}"#;
        assert!(!is_known(&elsewhere.replace(r#""b""#, r#""a""#), elsewhere));
    }
}
