//! What every mutation's file imports: `Mutation`, `Mutate`.

use std::fmt;

use super::{PatchBuilder, PatchError};
use crate::model::{Container, Review};

/// A mutation: what it is called and what it does.
#[derive(Debug)]
pub struct Mutation {
    /// The public id.
    pub id: &'static str,
    /// One line that says what is added.
    pub summary: &'static str,
}

/// A mutation with the settings of a policy, compiled.
pub trait Mutate: fmt::Debug + Send + Sync {
    /// Returns which mutation it is.
    fn mutation(&self) -> &'static Mutation;

    /// Adds to `patch` what the Pod lacks that `review` creates, but nothing to a container that `is_exempt`. Fails where it
    /// depends on something that is not known.
    fn apply(
        &self,
        review: &Review<'_>,
        is_exempt: &dyn Fn(&Container<'_>) -> bool,
        patch: &mut PatchBuilder,
    ) -> Result<(), PatchError>;
}
