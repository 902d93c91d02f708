//! What the API of the target version makes of the fields.

pub(super) mod field_not_in_version;
