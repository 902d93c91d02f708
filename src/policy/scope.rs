//! Which part of a policy an object falls under.

use super::config::{Judged, PolicySpec, Scope};
use crate::model::{Applies, Operation, Selection, Subject, Workload, workload::WORKLOADS};

/// The scopes of a policy, compiled.
#[derive(Debug)]
pub(super) struct Scopes(Vec<Compiled>);

#[derive(Debug)]
struct Compiled {
    operations: Option<Vec<Judged>>,
    kinds: Option<Vec<&'static Workload>>,
    selection: Selection,
}

/// Places in the policy's list of scopes; `None` stands for the policy outside of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This one.
    One(Option<usize>),
    /// One of these; what would tell which is not known.
    OneOf(Vec<Option<usize>>),
}

impl Scopes {
    pub(super) fn new(spec: &PolicySpec) -> Self {
        let compile = |scope: &Scope| Compiled {
            operations: scope.operations.clone(),
            kinds: scope.kinds.as_ref().map(|kinds| WORKLOADS.iter().filter(|row| kinds.contains(row)).collect()),
            selection: Selection::new(
                scope.namespaces.as_deref(),
                scope.namespace_selector.as_ref(),
                scope.pod_selector.as_ref(),
            ),
        };
        Self(spec.scopes.iter().map(compile).collect())
    }

    /// The first scope that selects an object; before it those that may.
    pub(super) fn find(&self, operation: Operation, workload: &Workload, subject: &Subject<'_>) -> Found {
        let mut maybe = Vec::new();
        let mut first = None;
        for (index, scope) in self.0.iter().enumerate() {
            match scope.applies(operation, workload, subject) {
                Applies::No => {}
                Applies::Unknown => maybe.push(Some(index)),
                Applies::Yes => {
                    first = Some(index);
                    break;
                }
            }
        }
        if maybe.is_empty() {
            return Found::One(first);
        }
        maybe.push(first);
        Found::OneOf(maybe)
    }
}

impl Compiled {
    fn applies(&self, operation: Operation, workload: &Workload, subject: &Subject<'_>) -> Applies {
        let named = self.operations.as_ref().is_none_or(|some| some.iter().any(|judged| judged.is(operation)))
            && self.kinds.as_ref().is_none_or(|some| some.iter().any(|kind| std::ptr::eq(*kind, workload)));
        if named { self.selection.applies(subject) } else { Applies::No }
    }
}
