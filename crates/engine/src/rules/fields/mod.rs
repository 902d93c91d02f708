//! Rules about the fields of an object, whatever they are for.

pub(crate) mod field_not_in_version;
pub(super) mod unknown_field;
