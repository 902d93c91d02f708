//! Annotations `ignore.podgate.dev/<observation>: "<reason>"`, as those of rules: without a reason they do nothing, and the policy says
//! whether they count.

use podgate_engine::{model::inventory_object::IGNORE_PREFIX, syntax::Map};

use crate::{audit::Observation, observe};

/// Returns the observations that annotations ignore, whether they count or not.
pub(super) fn asked(annotations: &Map<'_>) -> Vec<&'static Observation> {
    let with_reason = annotations.iter().filter(|(_, reason)| !reason.trim().is_empty());
    with_reason.filter_map(|(key, _)| observe::find(key.strip_prefix(IGNORE_PREFIX)?)).collect()
}
