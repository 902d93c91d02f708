//! `Aspect`: what of an object is judged.

use super::{Operation, Workload};

/// What of an object a review is about. A rule judges one aspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aspect {
    /// The object as it is created or changed.
    Spec,
    /// A changed `status` of a Pod.
    Status,
    /// A Pod that somebody deletes.
    Deletion,
    /// The replicas of a known workload, changed by its `scale`.
    Scale,
}

impl Aspect {
    /// What of a known kind there is to judge, if anything: nothing for subresources that change no lifecycle (`binding`,
    /// `eviction`, …).
    pub fn of(operation: Operation, workload: &Workload, sub_resource: &str) -> Option<Self> {
        match (operation, sub_resource) {
            (Operation::Create | Operation::Update, "") => Some(Self::Spec),
            (Operation::Update, "ephemeralcontainers" | "resize") if workload.is_pod() => Some(Self::Spec),
            (Operation::Update, "status") if workload.is_pod() => Some(Self::Status),
            (Operation::Update, "scale") if workload.makes_pods() => Some(Self::Scale),
            (Operation::Delete, "") if workload.is_pod() => Some(Self::Deletion),
            _ => None,
        }
    }
}
