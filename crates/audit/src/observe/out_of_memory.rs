//! A container that was killed for want of memory.

use podgate_engine::{lifecycle::resources::pod_level, rules::Level};

use crate::{
    audit::Observation,
    observe::{
        pod::{Pod, Ran},
        seen::{Seen, Told},
    },
};

/// Sees `OOMKilled`.
pub(super) static OBSERVATION: Observation = Observation {
    id: "out-of-memory",
    summary: "a container was killed for want of memory",
    level: Level::Warn,
    source: "status.containerStatuses[*].state.terminated.reason and lastState (toKubeContainerStatus of the kubelet)",
};

/// Returns the containers of a Pod that this has happened to, with the limit that was in force.
pub(super) fn observe(pod: &Pod<'_>, seen: &mut Vec<Seen>) {
    let all = pod.init_containers().chain(pod.apps());
    for ran in all.filter(|ran| was_killed(ran)) {
        let name = &ran.container.name;
        seen.push(Seen {
            observation: &OBSERVATION,
            subject: name.to_string(),
            path: ran.path(),
            measure: ran.status.restart_count,
            told: Told::Words(format!("container \"{name}\" was killed for want of memory {}", limit(pod, &ran))),
        });
    }
}

/// Whoever ends the Pod does not make the kernel kill for want of memory: that counts in a Pod that is ending, too.
fn was_killed(ran: &Ran<'_, '_>) -> bool {
    let ended = [ran.status.state.terminated.as_ref(), ran.ended_before()];
    ended.into_iter().flatten().any(super::pod::Terminated::is_out_of_memory)
}

/// Returns in words what limited it: its own limit, the Pod's (KEP-2837), or the node.
fn limit(pod: &Pod<'_>, ran: &Ran<'_, '_>) -> String {
    if let Some(own) = ran.container.resources.limits.get("memory") {
        return format!("at its limit of {own}");
    }
    let of_pod = pod.spec.resources.limits.get("memory");
    match of_pod.filter(|_| pod_level(&pod.spec).is_some()) {
        Some(limit) => format!("at the Pod's limit of {limit}: it has no limit of its own"),
        None => "of the node: it has no limit; set one".to_owned(),
    }
}
