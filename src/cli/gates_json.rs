//! What `podgate gates` prints for programs.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::cluster::{AwaitedTarget, Overview, Owner, WaitingPods};

/// What `podgate gates --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Document<'o> {
    /// The version of this form: 1. Fields may be added to it.
    version: u32,
    /// Owners whose Pods wait, by namespace, kind and name.
    waiting: Vec<Waiting<'o>>,
    /// Owners that wait for each other, each circle once: none of them starts.
    circles: Vec<Vec<Named<'o>>>,
    /// How many Pods wait behind gates that are not podgate's, by gate.
    others: &'o BTreeMap<String, usize>,
}

/// An owner whose Pods wait.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Waiting<'o> {
    /// The owner, or the Pod itself where it has none.
    owner: Named<'o>,
    /// How many of its Pods wait.
    pods: usize,
    /// The gates that they wait behind.
    gates: &'o BTreeSet<String>,
    /// How long the oldest of them has waited, in seconds.
    longest_seconds: u64,
    /// What they wait for.
    targets: Vec<Target<'o>>,
    /// What is wrong with what they say they wait for.
    problems: &'o BTreeSet<String>,
}

/// Something that is waited for.
#[derive(Debug, Serialize, JsonSchema)]
struct Target<'o> {
    /// What it is called, as the annotation has it: `service/db`.
    target: &'o str,
    /// Whether it is there.
    met: bool,
    /// What it lacks, where it is not.
    lacks: Option<&'o str>,
    /// Owners that are to bring it and wait themselves.
    behind: Vec<Named<'o>>,
}

/// Names an object.
#[derive(Debug, Serialize, JsonSchema)]
struct Named<'o> {
    /// Its namespace.
    namespace: &'o str,
    /// Its kind.
    kind: &'o str,
    /// Its name.
    name: &'o str,
}

impl<'o> From<&'o Owner> for Named<'o> {
    fn from(owner: &'o Owner) -> Self {
        Self { namespace: &owner.namespace, kind: &owner.kind, name: &owner.name }
    }
}

impl<'o> Document<'o> {
    /// Returns what is written of an overview.
    pub(super) fn of(overview: &'o Overview) -> Self {
        let target = |target: &'o AwaitedTarget| Target {
            target: &target.name,
            met: target.lacks.is_none(),
            lacks: target.lacks.as_deref(),
            behind: target.behind.iter().map(Into::into).collect(),
        };
        let waiting = |(owner, pods): (&'o Owner, &'o WaitingPods)| Waiting {
            owner: owner.into(),
            pods: pods.count,
            gates: &pods.gates,
            longest_seconds: pods.longest.as_secs(),
            targets: pods.targets.iter().map(target).collect(),
            problems: &pods.problems,
        };
        Self {
            version: 1,
            waiting: overview.waiting.iter().map(waiting).collect(),
            circles: overview.circles.iter().map(|circle| circle.iter().map(Into::into).collect()).collect(),
            others: &overview.others,
        }
    }
}
