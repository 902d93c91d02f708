//! The smallest patch (RFC 6902) that adds what is missing to exactly the document received.

use json_patch::{AddOperation, Patch, PatchOperation, jsonptr::PointerBuf};
use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::model::{Path, Review, path::Segment};

/// A patch that cannot be built.
#[derive(Debug, Error)]
pub enum PatchError {
    /// The object is no JSON value that can be edited.
    #[error("cannot read the object to patch it: {0}")]
    Read(#[source] serde_json::Error),
    /// A value to add has no JSON form.
    #[error("cannot write the value for {at}: {cause}")]
    Write {
        /// Where it belongs.
        at: Path,
        /// Why it has none.
        cause: serde_json::Error,
    },
    /// The place is in something that is neither object nor list, or beyond a list's end.
    #[error("cannot add {at}: there is no place for it in the object")]
    NoPlace {
        /// Where it belongs.
        at: Path,
    },
    /// Whether the policy selects the Pod depends on what is not known of its namespace.
    #[error("cannot tell whether {mutation} applies: the labels of namespace \"{namespace}\" are not known")]
    Unknown {
        /// The mutation's id.
        mutation: &'static str,
        /// The namespace.
        namespace: String,
    },
}

impl PatchError {
    pub(super) fn unknown(mutation: &'static str, review: &Review<'_>) -> Self {
        Self::Unknown { mutation, namespace: review.namespace.to_string() }
    }
}

/// Collects what to add to one document. Nothing is read or built before the first addition.
#[derive(Debug)]
pub struct PatchBuilder<'a> {
    text: &'a str,
    document: Option<Value>,
    operations: Vec<PatchOperation>,
}

impl<'a> PatchBuilder<'a> {
    /// A builder for the JSON document `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, document: None, operations: Vec::new() }
    }

    /// Adds `value` at `at` unless something other than `null` is there. Missing parents are folded into the one addition.
    pub fn add_missing(&mut self, at: &Path, value: impl Serialize) -> Result<(), PatchError> {
        let value = to_value(at, value)?;
        let document = self.document()?;
        // A `null` is replaced by the addition: absent and `null` are the same to the API server.
        if document.pointer(&at.pointer()).is_some_and(|there| !there.is_null()) {
            return Ok(());
        }
        let (mut at, mut value) = (at.clone(), value);
        while let Some(parent) = at.parent() {
            match document.pointer(&parent.pointer()) {
                Some(Value::Object(_)) => break,
                None | Some(Value::Null) => {
                    let Some(Segment::Key(key)) = at.segments().last() else { return Err(PatchError::NoPlace { at }) };
                    value = Value::Object(Map::from_iter([(key.to_string(), value)]));
                    at = parent;
                }
                Some(_) => return Err(PatchError::NoPlace { at }),
            }
        }
        self.add(&at.pointer(), value, &at)
    }

    /// Appends `values` to the list at `at`, which is made where it is missing.
    pub fn append(&mut self, at: &Path, values: &[impl Serialize]) -> Result<(), PatchError> {
        if values.is_empty() {
            return Ok(());
        }
        match self.document()?.pointer(&at.pointer()) {
            None | Some(Value::Null) => self.add_missing(at, values),
            Some(Value::Array(_)) => values.iter().try_for_each(|value| {
                let value = to_value(at, value)?;
                self.add(&format!("{}/-", at.pointer()), value, at)
            }),
            Some(_) => Err(PatchError::NoPlace { at: at.clone() }),
        }
    }

    /// The patch; `None` where nothing was added.
    pub fn finish(self) -> Option<Patch> {
        (!self.operations.is_empty()).then_some(Patch(self.operations))
    }

    /// How many operations there are so far.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether nothing has been added yet.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    fn document(&mut self) -> Result<&mut Value, PatchError> {
        if self.document.is_none() {
            self.document = Some(serde_json::from_str(self.text).map_err(PatchError::Read)?);
        }
        // Filled just now; the default is never taken.
        Ok(self.document.get_or_insert_default())
    }

    /// Adds one operation and carries it out, so that later ones see the document as it will be.
    fn add(&mut self, pointer: &str, value: Value, at: &Path) -> Result<(), PatchError> {
        let no_place = || PatchError::NoPlace { at: at.clone() };
        let path = PointerBuf::parse(pointer).map_err(|_| no_place())?;
        let operation = PatchOperation::Add(AddOperation { path, value });
        json_patch::patch(self.document()?, std::slice::from_ref(&operation)).map_err(|_| no_place())?;
        self.operations.push(operation);
        Ok(())
    }
}

fn to_value(at: &Path, value: impl Serialize) -> Result<Value, PatchError> {
    serde_json::to_value(value).map_err(|cause| PatchError::Write { at: at.clone(), cause })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patch(document: &str, build: impl FnOnce(&mut PatchBuilder)) -> Value {
        let mut builder = PatchBuilder::new(document);
        build(&mut builder);
        serde_json::to_value(builder.finish()).unwrap()
    }

    #[test]
    fn adds_only_what_is_missing() {
        let document = r#"{"spec": {"a": 1, "b": null}}"#;
        let add = |key| patch(document, |builder| builder.add_missing(&Path::of(&["spec", key]), 2).unwrap());
        assert_eq!(add("a"), Value::Null);
        assert_eq!(add("b"), json!([{"op": "add", "path": "/spec/b", "value": 2}]));
        assert_eq!(add("c/~"), json!([{"op": "add", "path": "/spec/c~1~0", "value": 2}]));
    }

    #[test]
    fn folds_missing_parents() {
        let at = Path::of(&["spec", "x", "y"]);
        let add = |document| patch(document, |builder| builder.add_missing(&at, 2).unwrap());
        assert_eq!(add("{}"), json!([{"op": "add", "path": "/spec", "value": {"x": {"y": 2}}}]));
        assert_eq!(add(r#"{"spec": null}"#), json!([{"op": "add", "path": "/spec", "value": {"x": {"y": 2}}}]));
        assert_eq!(add(r#"{"spec": {"z": 1}}"#), json!([{"op": "add", "path": "/spec/x", "value": {"y": 2}}]));
    }

    #[test]
    fn appends_in_order_and_makes_the_list_once() {
        let at = Path::of(&["list"]);
        let append = |document| patch(document, |builder| builder.append(&at, &[1, 2]).unwrap());
        assert_eq!(append("{}"), json!([{"op": "add", "path": "/list", "value": [1, 2]}]));
        let two = json!([{"op": "add", "path": "/list/-", "value": 1}, {"op": "add", "path": "/list/-", "value": 2}]);
        assert_eq!(append(r#"{"list": [0]}"#), two);
        let nothing = patch("{}", |builder| builder.append(&at, &[] as &[i32]).unwrap());
        assert_eq!(nothing, Value::Null);
        // Not even read.
        assert_eq!(patch("no JSON", |builder| builder.append(&at, &[] as &[i32]).unwrap()), Value::Null);
    }

    #[test]
    fn no_place_is_an_error() {
        let fails = |document, at: &Path| PatchBuilder::new(document).add_missing(at, 1).is_err();
        assert!(fails(r#"{"spec": "x"}"#, &Path::of(&["spec", "y"])));
        assert!(fails(r#"{"list": [1]}"#, &Path::of(&["list"]).index(3).key("y")));
        assert!(fails("not json", &Path::of(&["x"])));
        assert!(PatchBuilder::new(r#"{"list": 1}"#).append(&Path::of(&["list"]), &[1]).is_err());
    }

    #[test]
    fn later_additions_see_earlier_ones() {
        let both = patch("{}", |builder| {
            builder.add_missing(&Path::of(&["spec", "x"]), 1).unwrap();
            builder.add_missing(&Path::of(&["spec", "y"]), 2).unwrap();
            builder.add_missing(&Path::of(&["spec", "x"]), 3).unwrap();
        });
        let expected =
            json!([{"op": "add", "path": "/spec", "value": {"x": 1}}, {"op": "add", "path": "/spec/y", "value": 2}]);
        assert_eq!(both, expected);
    }
}
