//! Rules about the fields of an object, whatever they are for.

pub(super) mod field_not_in_version;
pub(super) mod unknown_field;
