//! Which part of a policy an object falls under.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use aho_corasick::AhoCorasick;

use super::config::{Judged, PolicySpec, Scope};
use crate::model::{
    Applies, Glob, LabelSelector, Operation, Selection, Subject, Workload, WorkloadTable, selector::Operator,
};

/// The scopes of a policy, compiled.
#[derive(Debug)]
pub(super) struct Scopes {
    all: Vec<Compiled>,
    doors: Doors,
}

#[derive(Debug)]
struct Compiled {
    operations: Option<Vec<Judged>>,
    kinds: Option<Vec<&'static Workload>>,
    selection: Selection,
}

/// Finds the few scopes that may select an object, so that a policy may have hundreds. Each scope is filed under one condition
/// that everything it selects meets.
#[derive(Debug, Default)]
struct Doors {
    /// By a text that the namespace's name has to contain: of a pattern a part without wildcards.
    parts: HashMap<String, Vec<usize>>,
    /// Finds all parts in a name at once; `None` where it could not be built.
    finder: Option<AhoCorasick>,
    pod_labels: Labels,
    namespace_labels: Labels,
    /// Those that are asked every time.
    rest: Vec<usize>,
}

/// Scopes by key and value of a label.
type Labels = HashMap<String, HashMap<String, Vec<usize>>>;

/// Places in the policy's list of scopes; `None` stands for the policy outside of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ScopeMatch {
    /// This one.
    One(Option<usize>),
    /// One of these; what would tell which is not known.
    OneOf(Vec<Option<usize>>),
}

impl Scopes {
    pub(super) fn new(spec: &PolicySpec, table: &WorkloadTable) -> Self {
        let compile = |scope: &Scope| Compiled {
            operations: scope.operations.clone(),
            kinds: scope.kinds.as_ref().map(|kinds| table.rows().filter(|row| kinds.contains(row)).collect()),
            selection: Selection::new(
                scope.namespaces.as_deref(),
                scope.namespace_selector.as_ref(),
                scope.pod_selector.as_ref(),
            ),
        };
        let mut doors = Doors::default();
        for (index, scope) in spec.scopes.iter().enumerate() {
            doors.add(index, scope);
        }
        doors.finder = AhoCorasick::new(doors.parts.keys()).ok();
        Self { all: spec.scopes.iter().map(compile).collect(), doors }
    }

    /// The first scope that selects an object; before it those that may.
    pub(super) fn find(&self, operation: Operation, workload: &Workload, subject: &Subject<'_>) -> ScopeMatch {
        let mut maybe = Vec::new();
        let mut first = None;
        for index in self.doors.open(subject).unwrap_or_else(|| (0..self.all.len()).collect()) {
            let Some(scope) = self.all.get(index) else { continue };
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
            return ScopeMatch::One(first);
        }
        maybe.push(first);
        ScopeMatch::OneOf(maybe)
    }
}

impl Compiled {
    fn applies(&self, operation: Operation, workload: &Workload, subject: &Subject<'_>) -> Applies {
        let named = self.operations.as_ref().is_none_or(|some| some.iter().any(|judged| judged.is(operation)))
            && self.kinds.as_ref().is_none_or(|some| some.iter().any(|kind| std::ptr::eq(*kind, workload)));
        if named { self.selection.applies(subject) } else { Applies::No }
    }
}

impl Doors {
    fn add(&mut self, index: usize, scope: &Scope) {
        let namespaces = scope.namespaces.as_deref().map(Glob::all).unwrap_or_default();
        let pairs = |selector: &Option<LabelSelector>| selector.as_ref().and_then(pairs).unwrap_or_default();
        let (of_pods, of_namespaces) = (pairs(&scope.pod_selector), pairs(&scope.namespace_selector));
        let parts: Option<Vec<String>> = namespaces.iter().map(|glob| self.part(glob)).collect();
        let parts = parts.filter(|parts| !parts.is_empty());
        // Of two doors the one that fewer have: hundreds may share a prefix, or a label.
        let by_name = parts.iter().flatten().map(|part| crowd(self.parts.get(part))).max();
        let by_label = of_pods
            .iter()
            .map(|(key, value)| crowd(self.pod_labels.get(key).and_then(|values| values.get(value))))
            .max();
        if let Some(parts) = parts.filter(|_| of_pods.is_empty() || by_name <= by_label) {
            for part in parts {
                self.parts.entry(part).or_default().push(index);
            }
        } else if !of_pods.is_empty() {
            add_labels(&mut self.pod_labels, of_pods, index);
        } else if !of_namespaces.is_empty() {
            add_labels(&mut self.namespace_labels, of_namespaces, index);
        } else {
            self.rest.push(index);
        }
    }

    /// Returns what is in every name that `glob` describes; of several such parts the one that fewest have, and of these the longest.
    fn part(&self, glob: &Glob) -> Option<String> {
        let text = match glob {
            Glob::Exact(text) | Glob::Prefix(text) => text.clone(),
            Glob::Pattern(pattern) => pattern.pattern(),
        };
        let parts = text.split(['*', '?']).filter(|part| !part.is_empty());
        parts.min_by_key(|part| (crowd(self.parts.get(*part)), Reverse(part.len()))).map(str::to_owned)
    }

    /// The scopes that may select `subject`, in their order; `None` where what leads to them is not known.
    fn open(&self, subject: &Subject<'_>) -> Option<Vec<usize>> {
        let namespace = subject.namespace;
        if namespace.is_empty() {
            return None;
        }
        let mut found = self.rest.clone();
        if !self.parts.is_empty() {
            for part in self.finder.as_ref()?.find_overlapping_iter(namespace) {
                let scopes = namespace.get(part.range()).and_then(|part| self.parts.get(part));
                found.extend(scopes.into_iter().flatten());
            }
        }
        if !self.pod_labels.is_empty() {
            // Templates of one object mostly have the same labels.
            let mut seen = HashSet::new();
            subject.pods.each_label(|key, value| {
                if let Some(scopes) = self.pod_labels.get(key).and_then(|values| values.get(value))
                    && seen.insert(std::ptr::from_ref(scopes))
                {
                    found.extend(scopes);
                }
            });
        }
        if !self.namespace_labels.is_empty() {
            match subject.namespace_labels {
                Some(labels) => {
                    for (key, value) in labels {
                        found.extend(labelled(&self.namespace_labels, key, value));
                    }
                }
                // Any of them may be there.
                None => found.extend(self.namespace_labels.values().flat_map(HashMap::values).flatten()),
            }
        }
        found.sort_unstable();
        found.dedup();
        Some(found)
    }
}

/// Returns how many scopes are behind a door.
fn crowd(scopes: Option<&Vec<usize>>) -> usize {
    scopes.map_or(0, Vec::len)
}

/// Labels of which one has to be there, so that the selector selects; `None` where it asks for none by value.
fn pairs(selector: &LabelSelector) -> Option<Vec<(String, String)>> {
    if let Some((key, value)) = selector.match_labels.iter().find(|(key, _)| is_ordinary(key)) {
        return Some(vec![(key.clone(), value.clone())]);
    }
    let mut wanted = selector.match_expressions.iter();
    let wanted = wanted.find(|requirement| requirement.operator == Operator::In && is_ordinary(&requirement.key))?;
    Some(wanted.values.iter().map(|value| (wanted.key.clone(), value.clone())).collect())
}

/// Not the label of a namespace's name, which is known where the other labels are not.
fn is_ordinary(key: &str) -> bool {
    key != "kubernetes.io/metadata.name"
}

fn add_labels(labels: &mut Labels, pairs: Vec<(String, String)>, index: usize) {
    for (key, value) in pairs {
        labels.entry(key).or_default().entry(value).or_default().push(index);
    }
}

fn labelled<'l>(labels: &'l Labels, key: &str, value: &str) -> impl Iterator<Item = &'l usize> + use<'l> {
    labels.get(key).and_then(|values| values.get(value)).into_iter().flatten()
}
