//! `Target`: what a request is about, worked out once from its operation, its kind and its subresource.

use super::{Operation, Workload};

/// Names the part of an object that a review is about. A rule judges one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Concern {
    /// The object as it is created or changed.
    Spec,
    /// A changed `status` of a Pod.
    Status,
    /// A Pod that somebody deletes.
    Deletion,
    /// The replicas of a known workload, changed by its `scale`.
    Scale,
}

/// Joins an operation with the kind of its object and the part of the object that there is to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    operation: Operation,
    workload: &'static Workload,
    concern: Concern,
}

impl Target {
    /// Returns what there is to judge, if anything: nothing for subresources that change no lifecycle (`binding`,
    /// `eviction`, …).
    pub fn of(operation: Operation, workload: &'static Workload, sub_resource: &str) -> Option<Self> {
        let concern = match (operation, sub_resource) {
            (Operation::Create | Operation::Update, "") => Concern::Spec,
            (Operation::Update, "ephemeralcontainers" | "resize") if workload.is_pod() => Concern::Spec,
            (Operation::Update, "status") if workload.is_pod() => Concern::Status,
            (Operation::Update, "scale") if workload.makes_pods() => Concern::Scale,
            (Operation::Delete, "") if workload.is_pod() => Concern::Deletion,
            _ => return None,
        };
        Some(Self { operation, workload, concern })
    }

    /// Returns what the client asks for.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Returns the kind's row in the table.
    pub fn workload(&self) -> &'static Workload {
        self.workload
    }

    /// Returns what of the object is judged.
    pub fn concern(&self) -> Concern {
        self.concern
    }
}
