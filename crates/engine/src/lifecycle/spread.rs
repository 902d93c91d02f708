//! What keeps the Pods of a workload apart: which of its constraints and anti-affinities are about its own Pods.

use std::fmt;

use super::{hosts::HOSTNAME, ports::host_port};
use crate::{
    model::{
        LabelSelector, PodSpec, SelectorView,
        pod::{PodAffinityTerm, TopologySpreadConstraint},
        selector::LabelUnknown,
    },
    syntax::{Map, Path},
};

/// Says what a Pod's spec does to keep Pods of its kind apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// There is neither a constraint nor an anti-affinity.
    Nothing,
    /// There are some, and one of them has a [`SpreadFault`].
    Faulty,
    /// There are anti-affinities, each to other Pods.
    Others,
    /// Something keeps them apart.
    Itself,
}

/// Says why a constraint or an anti-affinity does not keep a Pod from any of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpreadFault {
    /// It has no `labelSelector`: that selects no Pod (`LabelSelectorAsSelector`).
    NoSelector,
    /// The `labelSelector` of a constraint is empty: the scheduler counts no Pods for it (`countPodsMatchSelector`).
    EmptySelector,
    /// The `labelSelector` of a constraint does not select the Pod itself, which is then not counted (`selfMatchNum`). Holds what
    /// it wants.
    SelectsOthers(String),
}

impl fmt::Display for SpreadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSelector => f.write_str("has no labelSelector, so that it is about no Pods"),
            Self::EmptySelector => f.write_str("has an empty labelSelector, for which the scheduler counts no Pods"),
            Self::SelectsOthers(wants) => write!(f, "does not select these Pods themselves: it wants that {wants}"),
        }
    }
}

/// Returns what keeps Pods with these labels apart. A host port does, of which a node has one.
pub fn spread(spec: &PodSpec<'_>, labels: &Map<'_>) -> Spread {
    let mut ports = spec.containers.iter().flat_map(|container| &container.ports);
    if ports.any(|port| host_port(spec, port).is_some()) {
        return Spread::Itself;
    }
    let constraints = &spec.topology_spread_constraints;
    let (mut has_terms, mut is_faulty) = (false, false);
    for (_, term) in anti_affinities(spec) {
        has_terms = true;
        match &term.label_selector {
            None => is_faulty = true,
            // What the API server refuses is told of elsewhere.
            Some(selector) => {
                if selector.to_selector().is_none_or(|selector| unmet(&selector, labels).is_none()) {
                    return Spread::Itself;
                }
            }
        }
    }
    if constraints.iter().any(|constraint| constraint_fault(constraint, labels).is_none()) {
        return Spread::Itself;
    }
    if is_faulty || !constraints.is_empty() {
        Spread::Faulty
    } else if has_terms {
        Spread::Others
    } else {
        Spread::Nothing
    }
}

/// Returns why a constraint does not spread Pods with these labels, if it does not.
pub fn constraint_fault(constraint: &TopologySpreadConstraint<'_>, labels: &Map<'_>) -> Option<SpreadFault> {
    let Some(selector) = &constraint.label_selector else { return Some(SpreadFault::NoSelector) };
    // What the API server refuses is told of elsewhere.
    let selector = selector.to_selector()?;
    let may_have = |key: &str| !matches!(label(labels, key), Ok(None));
    if selector == LabelSelector::default() && !constraint.match_label_keys.iter().any(|key| may_have(key)) {
        return Some(SpreadFault::EmptySelector);
    }
    unmet(&selector, labels).map(SpreadFault::SelectsOthers)
}

/// Returns the anti-affinities of a Pod, each with its place in the spec.
pub fn anti_affinities<'p, 'a>(
    spec: &'p PodSpec<'a>,
) -> impl Iterator<Item = (AntiAffinityPlace, &'p PodAffinityTerm<'a>)> {
    let anti_affinity = spec.affinity.pod_anti_affinity.as_ref();
    let required = anti_affinity.into_iter().flat_map(|it| &it.required_during_scheduling_ignored_during_execution);
    let preferred = anti_affinity.into_iter().flat_map(|it| &it.preferred_during_scheduling_ignored_during_execution);
    let required = required.enumerate().map(|(index, term)| (AntiAffinityPlace { is_required: true, index }, term));
    let preferred = preferred.enumerate();
    required.chain(
        preferred.map(|(index, term)| (AntiAffinityPlace { is_required: false, index }, &term.pod_affinity_term)),
    )
}

/// The place of an anti-affinity.
#[derive(Debug, Clone, Copy)]
pub struct AntiAffinityPlace {
    is_required: bool,
    index: usize,
}

impl AntiAffinityPlace {
    /// Returns the path, from that of the spec.
    pub fn path(self, spec: Path) -> Path {
        let list = spec.keys(&["affinity", "podAntiAffinity"]);
        if self.is_required {
            list.key("requiredDuringSchedulingIgnoredDuringExecution").index(self.index)
        } else {
            list.key("preferredDuringSchedulingIgnoredDuringExecution").index(self.index).key("podAffinityTerm")
        }
    }
}

/// Returns whether Pods with these labels go to one node all: a required affinity to themselves says so.
pub fn stay_together(spec: &PodSpec<'_>, labels: &Map<'_>) -> bool {
    let affinity = spec.affinity.pod_affinity.as_ref();
    let mut terms = affinity.into_iter().flat_map(|it| &it.required_during_scheduling_ignored_during_execution);
    terms.any(|term| {
        let selector = term.label_selector.as_ref().filter(|_| term.topology_key == HOSTNAME);
        selector.and_then(SelectorView::to_selector).is_some_and(|selector| unmet(&selector, labels).is_none())
    })
}

/// Returns what a selector wants that Pods with these labels do not have.
fn unmet(selector: &LabelSelector, labels: &Map<'_>) -> Option<String> {
    selector.unmet_by(|key| label(labels, key))
}

/// Returns a label of the Pod. A controller, or a webhook, adds labels of its own, whose keys have a prefix or say what they are: of
/// these it is not known. `app.kubernetes.io/` is the prefix of those that people write.
fn label<'l>(labels: &'l Map<'_>, key: &str) -> Result<Option<&'l str>, LabelUnknown> {
    let is_own = key.starts_with("app.kubernetes.io/");
    let is_added =
        || key.contains('/') || ["-hash", "-name", "-uid", "-generation"].iter().any(|end| key.ends_with(end));
    match labels.get(key) {
        None if !is_own && is_added() => Err(LabelUnknown),
        value => Ok(value),
    }
}
