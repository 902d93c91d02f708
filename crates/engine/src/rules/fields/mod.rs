//! Rules about the fields of an object, whatever they are for.

pub(super) mod unknown_field;
