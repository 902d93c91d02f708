//! The scheduling gates of a policy: those that podgate itself removes, and those of which it is not said who does.

use serde_json::Value;

use super::{
    config::{Mutations, PolicySpec},
    day::Day,
};
pub use crate::lifecycle::waiting::{OpenedGates, Opening};
use crate::{
    lifecycle::waiting::is_removed_by_others,
    mutate::{SchedulingGate, WaitFor},
};

/// Compiles the gates of a policy.
pub(super) fn opened_gates(mutations: &Mutations) -> OpenedGates {
    let gates = mutations.scheduling_gates.iter().map(SchedulingGate::compile).collect();
    OpenedGates::new(gates, mutations.wait_for.as_ref().map(WaitFor::compile))
}

impl PolicySpec {
    /// Returns what there is to say of a policy that can be used, a line each: exemptions that have expired by `today` or soon will, and
    /// gates that nobody removes.
    pub fn notes(&self, today: Day) -> Vec<String> {
        let endings = self.exemptions.endings(today).into_iter().map(|ending| ending.to_string());
        let gates = self.gates_nobody_removes().into_iter().map(|gate| {
            format!(
                "gate \"{gate}\" of mutations.schedulingGates: nobody is known to remove it, and its Pods stay Pending; \
                 name it in rules.unknown-scheduling-gate.known if somebody does, or give it openWhen"
            )
        });
        endings.chain(gates).collect()
    }

    /// Returns the gates that the policy adds and that nobody is known to remove, each once: they have no `openWhen`, they are not those
    /// of a known controller, and the rule `unknown-scheduling-gate` is not told of them.
    pub fn gates_nobody_removes(&self) -> Vec<&str> {
        let rules = std::iter::once(&self.rules).chain(self.scopes.iter().map(|scope| &scope.rules));
        let known: Vec<&str> = rules
            .filter_map(|rules| rules.named("unknown-scheduling-gate")?.options.get("known")?.as_array())
            .flat_map(|known| known.iter().filter_map(Value::as_str))
            .collect();
        let gates = &self.mutations.scheduling_gates;
        let is_opened = |name: &str| gates.iter().any(|gate| gate.name == name && gate.open_when.is_some());
        let mut names: Vec<&str> = Vec::new();
        for name in gates.iter().map(|gate| gate.name.as_str()) {
            if !is_opened(name) && !is_removed_by_others(name) && !known.contains(&name) && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}
