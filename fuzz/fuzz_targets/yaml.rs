//! Any text at all is read as YAML or refused with its place, and what is read is JSON in which every field has a place.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podgate::model::{Path, yaml};
use serde_json::Value;

fuzz_target!(|text: &str| {
    let lines = text.lines().count() + 1;
    let documents = match yaml::documents(text) {
        Ok(documents) => documents,
        Err(error) => {
            assert!(error.place.line <= lines && !error.message.is_empty(), "{error}");
            return;
        }
    };
    for document in &documents {
        let Ok(json) = document.to_json() else { continue };
        // serde_json nests less deep than YAML may.
        let Ok(value) = serde_json::from_str::<Value>(&json) else { continue };
        visit(document, &value, Path::default(), text, lines);
    }
});

fn visit(document: &yaml::Document<'_>, value: &Value, path: Path, text: &str, lines: usize) {
    assert!(document.place(&path).line <= lines);
    if let Some(yaml::layout::Slot::Mapping(layout) | yaml::layout::Slot::List(layout)) = document.slot(&path) {
        assert!(text.is_char_boundary(layout.start) && text.is_char_boundary(layout.last));
    }
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                visit(document, value, path.clone().key(key.clone()), text, lines);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(document, item, path.clone().index(index), text, lines);
            }
        }
        _ => {}
    }
}
