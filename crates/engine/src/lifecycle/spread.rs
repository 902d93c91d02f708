//! What keeps the Pods of a workload apart: which of its constraints and anti-affinities are about its own Pods.

use super::ports::host_port;
use crate::{
    model::{Applies, PodSpec, SelectorView, selector::LabelUnknown},
    syntax::Map,
};

/// Says what a Pod's spec does to keep Pods of its kind apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// There is neither a constraint nor an anti-affinity.
    Nothing,
    /// There are some, and each selects other Pods only, or none: a Pod that its own constraint does not select is spread over
    /// nothing (`selfMatchNum` of the scheduler), and an anti-affinity keeps it from others.
    Others,
    /// Something keeps them apart.
    Itself,
}

/// Returns what keeps Pods with these labels apart. A host port does, of which a node has one.
pub fn spread(spec: &PodSpec<'_>, labels: &Map<'_>) -> Spread {
    let mut ports = spec.containers.iter().flat_map(|container| &container.ports);
    if ports.any(|port| host_port(spec, port).is_some()) {
        return Spread::Itself;
    }
    let constraints = spec.topology_spread_constraints.iter().map(|constraint| &constraint.label_selector);
    let anti_affinity = spec.affinity.pod_anti_affinity.as_ref();
    let required = anti_affinity.into_iter().flat_map(|it| &it.required_during_scheduling_ignored_during_execution);
    let preferred = anti_affinity.into_iter().flat_map(|it| &it.preferred_during_scheduling_ignored_during_execution);
    let terms = required.chain(preferred.map(|term| &term.pod_affinity_term)).map(|term| &term.label_selector);
    let mut selectors = constraints.chain(terms).peekable();
    if selectors.peek().is_none() {
        return Spread::Nothing;
    }
    if selectors.any(|selector| selector.as_ref().is_some_and(|selector| selects(selector, labels))) {
        Spread::Itself
    } else {
        Spread::Others
    }
}

/// Returns whether a selector may select Pods with these labels. A controller adds labels of its own, whose keys have a prefix or say
/// that they are a hash: of these it is not known.
fn selects(selector: &SelectorView<'_>, labels: &Map<'_>) -> bool {
    let is_added = |key: &str| key.contains('/') || key.ends_with("-hash") || key.ends_with("-name");
    let label = |key: &str| match labels.get(key) {
        None if is_added(key) => Err(LabelUnknown),
        value => Ok(value),
    };
    // What the API server refuses is told of elsewhere.
    selector.to_selector().is_none_or(|selector| selector.applies_by(label) != Applies::No)
}
