//! A Pod that waits for somebody to remove its scheduling gates.

use podgate_engine::{lifecycle::waiting::remover, policy::Engine, rules::Level};

use crate::{
    audit::Observation,
    observe::{
        pod::Pod,
        seen::{Seen, Told},
    },
};

/// Sees the condition that the scheduler's gates make.
pub(super) static OBSERVATION: Observation = Observation {
    id: "gated",
    summary: "a Pod waits for its scheduling gates to be removed",
    level: Level::Audit,
    source: "status.conditions[PodScheduled].reason SchedulingGated (podutil.UpdatePodCondition of the API server)",
};

/// Tells how many gates are named.
const MAX_NAMED: usize = 3;

/// Returns whether a Pod is gated, since when, and who removes the gates.
pub(super) fn observe(pod: &Pod<'_>, engine: &Engine, seen: &mut Vec<Seen>) {
    let waiting = pod.status.conditions.iter().find(|condition| {
        condition.kind == "PodScheduled" && condition.status == "False" && condition.reason == "SchedulingGated"
    });
    let gates: Vec<&str> = pod.spec.gates().iter().map(|gate| &*gate.name).collect();
    let Some(condition) = waiting.filter(|_| !gates.is_empty()) else { return };
    let Some(start) = pod.since(&condition.last_transition_time) else { return };
    let named: Vec<String> = gates.iter().take(MAX_NAMED).map(|gate| told(gate, engine)).collect();
    let more = gates.len().saturating_sub(MAX_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    seen.push(Seen {
        observation: &OBSERVATION,
        subject: gates.join(","),
        path: "spec.schedulingGates".to_owned(),
        measure: start.earliness(),
        told: Told::Since {
            before: "the Pod has been waiting ".to_owned(),
            start,
            after_seconds: -1,
            after: format!(" for the removal of {}{more}", named.join(", ")),
        },
    });
}

/// Returns a gate and who removes it: podgate where the policy says what it waits for, somebody whom the name tells, or somebody whom
/// whoever wrote the policy knows.
fn told(gate: &str, engine: &Engine) -> String {
    let added = &engine.policy().spec.mutations.scheduling_gates;
    if engine.opened_gates().has(gate) {
        format!("gate \"{gate}\" by podgate")
    } else if let Some(remover) = remover(gate) {
        format!("gate \"{gate}\" by {remover}")
    } else if added.iter().any(|added| added.name == gate) {
        format!("gate \"{gate}\", which the policy adds and somebody else removes")
    } else {
        format!("gate \"{gate}\", which no known controller removes")
    }
}
