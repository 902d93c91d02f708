//! The smallest patch (RFC 6902) that adds what is missing to exactly the document received.

use json_patch::{AddOperation, Patch, PatchOperation, jsonptr::PointerBuf};
use serde::Serialize;
use thiserror::Error;

use crate::{model::Review, syntax::Path};

/// Says why a gate is not added that podgate would have to remove.
pub const NOBODY_OPENS: &str =
    "nobody would remove it: podgate serve --open-gates runs nowhere in this cluster, or has not for a while";

/// Something that a policy asks for and that is not added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The scheduling gate.
    pub gate: String,
    /// Says why: one line, no final stop.
    pub why: String,
}

/// A patch that cannot be built.
#[derive(Debug, Error)]
pub enum PatchError {
    /// A value to add has no JSON form.
    #[error("cannot write the value for {at}: {cause}")]
    Write {
        /// Tells where it belongs.
        at: Path,
        /// Tells why it has none.
        cause: serde_json::Error,
    },
    /// The place has no JSON pointer.
    #[error("cannot add {at}: it has no JSON pointer")]
    NoPlace {
        /// Tells where it belongs.
        at: Path,
    },
    /// Tells whether the policy selects the Pod depends on what is not known of its namespace.
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

/// Collects what to add to the Pod that a review creates.
///
/// What is there and what is not the mutations see in the review, which was read from the very document that the patch is
/// for; `null` is absent there as it is to the API server, and an addition replaces it.
#[derive(Debug, Default)]
pub struct PatchBuilder {
    operations: Vec<PatchOperation>,
    left_out: Vec<LeftOut>,
}

impl PatchBuilder {
    /// Adds `value` as the member `at`, of an object that is there, which the object does not have.
    pub fn add(&mut self, at: &Path, value: impl Serialize) -> Result<(), PatchError> {
        self.push(at, at.pointer(), value)
    }

    /// Appends `values` to the list `at`, of an object that is there; makes the list where it is not `there`.
    pub fn append(&mut self, at: &Path, there: bool, values: &[impl Serialize]) -> Result<(), PatchError> {
        match values {
            [] => Ok(()),
            _ if !there => self.add(at, values),
            _ => values.iter().try_for_each(|value| self.push(at, format!("{}/-", at.pointer()), value)),
        }
    }

    /// Notes that a gate is not added, and why.
    pub fn leave_out(&mut self, gate: &str, why: &str) {
        let left_out = LeftOut { gate: gate.to_owned(), why: why.to_owned() };
        if !self.left_out.contains(&left_out) {
            self.left_out.push(left_out);
        }
    }

    /// Returns whether the member `at` has been added.
    pub fn has(&self, at: &Path) -> bool {
        let pointer = at.pointer();
        let is_there = |operation: &PatchOperation| match operation {
            PatchOperation::Add(add) => add.path.as_str() == pointer,
            _ => false,
        };
        self.operations.iter().any(is_there)
    }

    /// Returns the patch, `None` where nothing was added; and what is not added.
    pub fn finish(self) -> (Option<Patch>, Vec<LeftOut>) {
        ((!self.operations.is_empty()).then_some(Patch(self.operations)), self.left_out)
    }

    /// Returns how many operations there are so far.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Returns whether nothing has been added yet.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    fn push(&mut self, at: &Path, pointer: String, value: impl Serialize) -> Result<(), PatchError> {
        let value = serde_json::to_value(value).map_err(|cause| PatchError::Write { at: at.clone(), cause })?;
        let path = PointerBuf::parse(pointer).map_err(|_| PatchError::NoPlace { at: at.clone() })?;
        self.operations.push(PatchOperation::Add(AddOperation { path, value }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn patch(build: impl FnOnce(&mut PatchBuilder)) -> Value {
        let mut builder = PatchBuilder::default();
        build(&mut builder);
        serde_json::to_value(builder.finish().0).unwrap()
    }

    #[test]
    fn a_member_is_one_operation() {
        let add = |key| patch(|builder| builder.add(&Path::of(&["spec", key]), 2).unwrap());
        assert_eq!(add("b"), json!([{"op": "add", "path": "/spec/b", "value": 2}]));
        assert_eq!(add("c/~"), json!([{"op": "add", "path": "/spec/c~1~0", "value": 2}]));
    }

    #[test]
    fn a_list_is_made_once_and_else_added_to_in_order() {
        let at = Path::of(&["list"]);
        let append = |there, values: &[i32]| patch(|builder| builder.append(&at, there, values).unwrap());
        assert_eq!(append(false, &[1, 2]), json!([{"op": "add", "path": "/list", "value": [1, 2]}]));
        let two = json!([{"op": "add", "path": "/list/-", "value": 1}, {"op": "add", "path": "/list/-", "value": 2}]);
        assert_eq!(append(true, &[1, 2]), two);
        assert_eq!((append(true, &[]), append(false, &[])), (Value::Null, Value::Null));
    }
}
