//! JSON Schemas of what commands print, held in the tree.

use std::{fs, path::Path};

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

/// Fails unless the file has the schema of `T`, and the schema takes `json` and refuses it with something else at the pointer `wrong`;
/// with `UPDATE` set writes the file.
pub(super) fn hold<T: JsonSchema>(file: &str, title: &str, json: &Value, wrong: &str) {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    schema["title"] = title.into();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert_eq!(validator.validate(json).map_err(|error| error.to_string()), Ok(()));
    let mut other = json.clone();
    *other.pointer_mut(wrong).unwrap() = Value::Bool(true);
    assert!(!validator.is_valid(&other), "the schema has to refuse something");
    let (path, text) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(file), format!("{schema:#}\n"));
    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        assert!(std::env::var_os("UPDATE").is_some(), "{file} is another one: run UPDATE=1 cargo test");
        fs::write(path, text).unwrap();
    }
}
