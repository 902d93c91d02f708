//! The scheduling gates that podgate itself removes, and what the Pods behind them wait for.

use std::time::Duration;

use super::config::Mutations;
use crate::{
    lifecycle::waiting::{WAIT_FOR, Wait},
    model::{Applies, Subject},
    mutate::{CompiledGate, SchedulingGate, WaitForRules},
};

/// The gates of a policy that podgate removes.
#[derive(Debug)]
pub struct OpenedGates {
    gates: Vec<CompiledGate>,
    /// Of a policy without `waitFor` too: Pods that have the gate from before are let go.
    wait_for: WaitForRules,
    /// True where Pods may say themselves what they wait for.
    lets_wait: bool,
}

/// What keeps a gate of a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// All of this is waited for.
    When {
        /// What is waited for, with its namespace. Empty where there is nothing to wait for.
        waits: Vec<Wait>,
        /// The longest time that the Pod waits, from its creation on.
        at_most: Option<Duration>,
    },
    /// The annotation of the Pod cannot be followed; with the reason.
    Unreadable(String),
    /// Which entry of the policy selects the Pod depends on the labels of its namespace, which are not known.
    Unknown,
}

impl OpenedGates {
    /// Compiles the gates of a policy.
    pub(super) fn new(mutations: &Mutations) -> Self {
        let wait_for = mutations.wait_for.as_ref().map(WaitForRules::new).unwrap_or_default();
        let gates = mutations.scheduling_gates.iter().map(SchedulingGate::compile).collect();
        Self { gates, wait_for, lets_wait: mutations.wait_for.is_some() }
    }

    /// Returns whether new Pods may get such a gate.
    pub fn are_added(&self) -> bool {
        self.lets_wait || self.gates.iter().any(|gate| gate.waits.is_some())
    }

    /// Returns what keeps the gate `name` of a Pod; `None` where the gate is not podgate's to remove. `annotation` is the Pod's
    /// [`WAIT_FOR`].
    pub fn opening(&self, name: &str, subject: &Subject<'_>, annotation: Option<&str>) -> Option<Opening> {
        if name == WAIT_FOR {
            return Some(match self.wait_for.read(annotation.unwrap_or_default(), subject.namespace) {
                Ok(waits) => {
                    let waits = waits.into_iter().map(|wait| wait.in_namespace(subject.namespace)).collect();
                    Opening::When { waits, at_most: self.wait_for.open_after }
                }
                Err(problems) => Opening::Unreadable(problems.join("; ")),
            });
        }
        // As they are added: of several entries with the same gate the first that selects the Pod.
        for gate in self.gates.iter().filter(|gate| gate.name == name) {
            match gate.selection.applies(subject) {
                Applies::No => {}
                Applies::Unknown => return Some(Opening::Unknown),
                Applies::Yes => {
                    let waits = gate.waits.as_ref()?.iter();
                    let waits = waits.map(|wait| wait.clone().in_namespace(subject.namespace)).collect();
                    return Some(Opening::When { waits, at_most: gate.open_after });
                }
            }
        }
        None
    }
}
