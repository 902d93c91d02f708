//! A Pod that is still there long after its grace period has ended.

use podgate_engine::rules::Level;

use crate::{
    audit::Observation,
    observe::{
        clock::Instant,
        pod::Pod,
        seen::{Seen, Told},
    },
};

/// Sees a deletion that does not end.
pub(super) static OBSERVATION: Observation = Observation {
    id: "terminating-past-grace",
    summary: "a Pod is still there after its grace period",
    level: Level::Warn,
    source: "metadata.deletionTimestamp, which is the end of the grace period (BeforeDelete of the API server)",
};

/// The seconds after its end that a grace period may take to be noticed: the kubelet kills, waits for the runtime, and tells the API server.
const USUAL_SECONDS: i64 = 60;
/// Tells how many finalizers are named.
const MAX_NAMED: usize = 3;

/// Returns whether a Pod is being deleted, and who keeps it.
pub(super) fn observe(pod: &Pod<'_>, seen: &mut Vec<Seen>) {
    let Some(end) = Instant::read(&pod.metadata.deletion_timestamp) else { return };
    let grace = pod.metadata.deletion_grace_period_seconds;
    let grace = grace.map(|seconds| format!(" of {seconds} s")).unwrap_or_default();
    let (subject, keeper) = keeper(pod);
    seen.push(Seen {
        observation: &OBSERVATION,
        subject,
        path: "metadata.deletionTimestamp".to_owned(),
        measure: end.earliness(),
        told: Told::Since {
            before: "the Pod is still there ".to_owned(),
            start: end,
            after_seconds: USUAL_SECONDS,
            after: format!(" after the end of its grace period{grace}: {keeper}"),
        },
    });
}

/// Returns what keeps the Pod: a word for it, and a sentence.
fn keeper(pod: &Pod<'_>) -> (String, String) {
    let finalizers: Vec<&str> = pod.metadata.finalizers.iter().map(|name| &**name).collect();
    if let [first, rest @ ..] = finalizers.as_slice() {
        let quoted = std::iter::once(first).chain(rest).take(MAX_NAMED).map(|name| format!("\"{name}\""));
        let more = finalizers.len().saturating_sub(MAX_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let (noun, verb) = if rest.is_empty() { ("finalizer", "is") } else { ("finalizers", "are") };
        let names = quoted.collect::<Vec<_>>().join(", ");
        return (names.clone(), format!("{noun} {names}{more} {verb} not removed"));
    }
    let node = &pod.spec.node_name;
    if node.is_empty() {
        return (String::new(), "it has no finalizer and no node; delete it once more".to_owned());
    }
    // All Pods of an owner are told of at once, and the worst names its node.
    ("node".to_owned(), format!("the kubelet of node \"{node}\" has not said that its containers have ended"))
}
