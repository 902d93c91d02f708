//! The annotation `podgate.dev/wait-for` under a policy, which says in which namespaces there may be something to wait for.

use std::time::Duration;

use super::{Wait, WaitForError, read_wait_for};
use crate::model::{Applies, Glob};

/// Holds what a policy says of the annotation.
#[derive(Debug, Clone, Default)]
pub struct WaitForRules {
    target_namespaces: Vec<Glob>,
    /// The longest time that a Pod waits, from its creation on.
    pub open_after: Option<Duration>,
}

impl WaitForRules {
    /// Compiles it: the other namespaces, exact or with `*` and `?`, in which targets may be, and the longest time that a Pod waits.
    pub fn new(target_namespaces: &[String], open_after: Option<Duration>) -> Self {
        Self { target_namespaces: Glob::all(target_namespaces), open_after }
    }

    /// Reads the annotation of a Pod of `namespace`, which is empty where it is not known. The error holds all that is wrong.
    pub fn read(&self, text: &str, namespace: &str) -> Result<Vec<Wait>, Vec<WaitForError>> {
        let waits = read_wait_for(text)?;
        let errors: Vec<WaitForError> = waits.iter().filter_map(|wait| self.error(wait, namespace)).collect();
        if errors.is_empty() { Ok(waits) } else { Err(errors) }
    }

    /// Says why a Pod of `namespace` may not wait for something. A namespace that is not known may be any.
    fn error(&self, wait: &Wait, namespace: &str) -> Option<WaitForError> {
        let of_target = &wait.target.namespace;
        let is_own = of_target.is_empty() || of_target == namespace || namespace.is_empty();
        let allowed = || self.target_namespaces.iter().any(|glob| glob.applies_to_namespace(of_target) == Applies::Yes);
        (!is_own && !allowed())
            .then(|| WaitForError::Namespace { item: wait.target.to_string(), namespace: of_target.clone() })
    }
}
