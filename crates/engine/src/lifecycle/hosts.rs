//! Which nodes a Pod may go to, as far as it names a single one.

use crate::{
    model::{PodSpec, pod::NodeSelectorTerm},
    syntax::Path,
};

/// The label of a node that holds the name of its host.
pub const HOSTNAME: &str = "kubernetes.io/hostname";

/// A node that a Pod names as the only one that it may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pinned<'p> {
    /// The node.
    pub host: &'p str,
    in_node_selector: bool,
}

impl Pinned<'_> {
    /// Returns where the Pod says so, from the path of its spec.
    pub fn path(&self, spec: Path) -> Path {
        if self.in_node_selector {
            spec.key("nodeSelector").key(HOSTNAME)
        } else {
            spec.keys(&["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"])
        }
    }
}

/// Returns the only node that a Pod may go to, if it names one by `nodeSelector` or by a required node affinity, each of whose terms names
/// the same (they are alternatives).
pub fn pinned<'p>(spec: &'p PodSpec<'_>) -> Option<Pinned<'p>> {
    if let Some(host) = spec.node_selector.get(HOSTNAME) {
        return Some(Pinned { host, in_node_selector: true });
    }
    let affinity = spec.affinity.node_affinity.as_ref()?;
    let terms = &affinity.required_during_scheduling_ignored_during_execution.node_selector_terms;
    let (first, more) = terms.split_first()?;
    let host = only_host(first)?;
    let all = more.iter().all(|term| only_host(term) == Some(host));
    all.then_some(Pinned { host, in_node_selector: false })
}

/// Returns the only node that a term lets through, if it names one by its label or by its name.
fn only_host<'p>(term: &'p NodeSelectorTerm<'_>) -> Option<&'p str> {
    let by_label = term.match_expressions.iter().filter(|requirement| requirement.key == HOSTNAME);
    let by_name = term.match_fields.iter().filter(|requirement| requirement.key == "metadata.name");
    by_label.chain(by_name).find_map(|requirement| match &*requirement.values {
        [host] if requirement.operator == "In" => Some(&**host),
        _ => None,
    })
}
