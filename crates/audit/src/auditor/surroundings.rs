//! The objects that each object is judged beside, and whether they are all that there are.

use std::collections::HashSet;

use podgate_engine::{
    model::{Inventory, Workload, WorkloadTable},
    syntax::ReadErrors,
};

/// Holds what rules look up.
#[derive(Debug)]
pub(super) struct Surroundings {
    inventory: Inventory,
    has_all: bool,
    /// The kinds of which some may be missing.
    not_listed: HashSet<String>,
    /// The namespaces of which it has been said that all of it is known.
    complete: HashSet<String>,
}

impl Surroundings {
    /// Returns what is known before anything has been noted: nothing.
    pub(super) fn new() -> Self {
        let mut inventory = Inventory::default();
        inventory.set_judged();
        inventory.set_knows_workloads(false);
        inventory.set_knows_limit_ranges(false);
        Self { inventory, has_all: false, not_listed: HashSet::new(), complete: HashSet::new() }
    }

    /// Notes an object.
    pub(super) fn note(&mut self, group: &str, kind: &str, namespace: &str, text: &str) -> Result<(), ReadErrors> {
        self.inventory.add(group, kind, namespace, text)
    }

    /// Notes that some objects of a kind may be missing.
    pub(super) fn not_listed(&mut self, kind: &str, kinds: &WorkloadTable) {
        self.not_listed.insert(kind.to_owned());
        if self.has_all {
            self.noted_all(kinds);
        }
    }

    /// Notes that all objects are known, of the kinds that could be listed.
    pub(super) fn noted_all(&mut self, kinds: &WorkloadTable) {
        self.has_all = true;
        // Of the two kinds called Service the one without Pods is meant.
        let is_workload = |kind: &String| {
            let mut rows = kinds.rows().filter(|row| row.kind == kind).peekable();
            rows.peek().is_some() && rows.all(Workload::makes_pods)
        };
        self.inventory.set_knows_workloads(!self.not_listed.iter().any(is_workload));
        self.inventory.set_knows_limit_ranges(!self.not_listed.contains("LimitRange"));
    }

    /// Drops what is known of a namespace.
    pub(super) fn leave(&mut self, namespace: &str) {
        self.inventory.replace(namespace, &Inventory::default());
        self.complete.remove(namespace);
    }

    /// Returns what is known, for an object of this namespace.
    pub(super) fn inventory(&mut self, namespace: &str) -> &Inventory {
        if self.has_all && !self.complete.contains(namespace) {
            if !self.not_listed.contains("Service") {
                self.inventory.set_knows_services(namespace);
            }
            if !self.not_listed.contains("PodDisruptionBudget") {
                self.inventory.set_knows_budgets(namespace);
            }
            self.complete.insert(namespace.to_owned());
        }
        &self.inventory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knows(surroundings: &mut Surroundings) -> [bool; 4] {
        let inventory = surroundings.inventory("shop");
        let shop = inventory.namespace("shop");
        [
            inventory.knows_workloads(),
            inventory.knows_limit_ranges(),
            shop.is_some_and(podgate_engine::model::inventory::Namespace::knows_services),
            shop.is_some_and(podgate_engine::model::inventory::Namespace::knows_budgets),
        ]
    }

    #[test]
    fn only_what_was_listed_is_all_that_there_is() {
        let kinds = WorkloadTable::default();
        assert_eq!(knows(&mut Surroundings::new()), [false; 4]);
        let mut all = Surroundings::new();
        all.noted_all(&kinds);
        assert_eq!(knows(&mut all), [true; 4]);
        for (kind, expected) in [
            ("StatefulSet", [false, true, true, true]),
            ("LimitRange", [true, false, true, true]),
            ("Service", [true, true, false, true]),
            ("PodDisruptionBudget", [true, true, true, false]),
            ("Pod", [true; 4]),
        ] {
            for early in [true, false] {
                let mut some = Surroundings::new();
                if early {
                    some.not_listed(kind, &kinds);
                }
                some.noted_all(&kinds);
                some.not_listed(kind, &kinds);
                assert_eq!(knows(&mut some), expected, "{kind} {early}");
            }
        }
    }
}
