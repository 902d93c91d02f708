//! `WorkloadTable`: the kinds that an engine judges, those that podgate knows and those that a policy adds.

use std::sync::{Mutex, PoisonError};

use super::{
    Workload,
    workload::{Holds, Place, RestartPolicies, WORKLOADS},
};

/// Describes a kind of others that holds Pod templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedKind<'a> {
    /// API group.
    pub group: &'a str,
    /// Kind.
    pub kind: &'a str,
    /// The ways to its Pod templates, as [`crate::syntax::pattern`] takes them.
    pub templates: &'a [String],
    /// Says which `restartPolicy` its Pods may have.
    pub restart_policies: RestartPolicies,
    /// The `restartPolicy` of a template that has none.
    pub default_restart_policy: &'static str,
}

/// The kinds that are judged: see [`WORKLOADS`], and those that are added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkloadTable {
    added: Vec<&'static Workload>,
}

impl WorkloadTable {
    /// Returns the table with these kinds too.
    pub fn with<'a>(added: impl IntoIterator<Item = AddedKind<'a>>) -> Self {
        Self { added: added.into_iter().map(|kind| row(&kind)).collect() }
    }

    /// Returns the kind's row, by API group (empty for core) and kind.
    pub fn find(&self, group: &str, kind: &str) -> Option<&'static Workload> {
        Workload::find(group, kind).or_else(|| self.added(group, kind))
    }

    /// Returns the row of a kind that is added.
    pub fn added(&self, group: &str, kind: &str) -> Option<&'static Workload> {
        self.added.iter().find(|row| row.is(group, kind)).copied()
    }

    /// Returns all rows, added ones last.
    pub fn rows(&self) -> impl Iterator<Item = &'static Workload> + Clone + use<'_> {
        WORKLOADS.iter().chain(self.added.iter().copied())
    }
}

/// Returns the row of an added kind, which lives as long as the program, as those of the table do. A policy that is loaded again gets
/// the same row, so that only different kinds take memory.
fn row(added: &AddedKind<'_>) -> &'static Workload {
    static ROWS: Mutex<Vec<&'static Workload>> = Mutex::new(Vec::new());
    let mut rows = ROWS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = rows.iter().find(|row| is_same(row, added)) {
        return known;
    }
    let text = |text: &str| -> &'static str { text.to_owned().leak() };
    let places = added.templates.iter().map(|at| Place { at: text(at), holds: Holds::Template }).collect::<Vec<_>>();
    let row = Workload::with_places(text(added.group), text(added.kind), added.restart_policies, places.leak());
    let row: &'static Workload = Box::leak(Box::new(row.with_default_restart_policy(added.default_restart_policy)));
    rows.push(row);
    row
}

fn is_same(row: &Workload, added: &AddedKind<'_>) -> bool {
    row.is(added.group, added.kind)
        && row.restart_policies == added.restart_policies
        && row.default_restart_policy == added.default_restart_policy
        && row.places().iter().map(|place| place.at).eq(added.templates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(templates: &[String]) -> AddedKind<'_> {
        AddedKind {
            group: "example.com",
            kind: "Fleet",
            templates,
            restart_policies: RestartPolicies::Always,
            default_restart_policy: "Always",
        }
    }

    #[test]
    fn added_kinds_are_found_and_kept_once() {
        let templates = ["spec.pods[*].template".to_owned()];
        let table = WorkloadTable::with([added(&templates)]);
        let row = table.find("example.com", "Fleet").unwrap();
        assert!(row.makes_pods() && !row.keeps_replicas);
        assert!(table.find("apps", "Deployment").is_some() && table.find("example.org", "Fleet").is_none());
        assert!(Workload::find("example.com", "Fleet").is_none(), "the table of others is as it was");
        let again = WorkloadTable::with([added(&templates)]);
        assert!(std::ptr::eq(again.find("example.com", "Fleet").unwrap(), row));
        let other = WorkloadTable::with([added(&["spec.template".to_owned()])]);
        assert_ne!(other.find("example.com", "Fleet").unwrap(), row);
        let object =
            row.read(r#"{"spec": {"pods": [{"template": {"spec": {"containers": [{"name": "a"}]}}}]}}"#).unwrap();
        assert_eq!(object.templates[0].path.to_string(), "spec.pods[0].template");
    }
}
