//! Any text at all is read as YAML or refused with its place, and what is read is JSON in which every field has a place.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podgate_engine::syntax::{Path, yaml};
use serde_json::Value;

fuzz_target!(|text: &str| {
    // A carriage return ends a line, too.
    let lines = text.split(['\n', '\r']).count();
    let documents = match yaml::documents(text) {
        Ok(documents) => documents,
        Err(error) => {
            assert!(error.place.line <= lines && !error.message.is_empty(), "{error}");
            assert_eq!((yaml::plain::to_json(text), yaml::stream::from_events(text)), (None, None), "{error}");
            return;
        }
    };
    let thorough: Result<Vec<String>, _> = documents.iter().map(yaml::Document::to_json).collect();
    // Each of the quicker ways gives up, or says the same.
    for quick in [yaml::plain::to_json(text), yaml::stream::from_events(text)].into_iter().flatten() {
        assert_eq!(Some(&quick), thorough.as_ref().ok());
    }
    let mut fields = Vec::new();
    for (number, document) in documents.iter().enumerate() {
        let Ok(json) = document.to_json() else { continue };
        // serde_json nests less deep than YAML may.
        let Ok(value) = serde_json::from_str::<Value>(&json) else { continue };
        visit(document, &value, Path::default(), text, &mut |path: Path| fields.push((number, path)));
    }
    fields.sort();
    let fields: Vec<(usize, &Path)> = fields.iter().map(|(number, path)| (*number, path)).collect();
    let places: Vec<yaml::Place> = fields.iter().map(|(number, path)| documents[*number].place(path)).collect();
    assert!(places.iter().all(|place| place.line <= lines));
    // The quick way takes the first of two members of one name.
    let repeats = documents.iter().any(|document| !document.duplicates().is_empty());
    if let Some(found) = yaml::find::places(text, &fields).filter(|_| !repeats) {
        assert_eq!(found, places);
    }
});

/// Looks at every field, and gives its path.
fn visit(document: &yaml::Document<'_>, value: &Value, path: Path, text: &str, field: &mut impl FnMut(Path)) {
    if let Some(yaml::layout::Slot::Mapping(layout) | yaml::layout::Slot::List(layout)) = document.slot(&path) {
        assert!(text.is_char_boundary(layout.start) && text.is_char_boundary(layout.last));
    }
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                visit(document, value, path.clone().key(key.clone()), text, field);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(document, item, path.clone().index(index), text, field);
            }
        }
        _ => {}
    }
    field(path);
}
