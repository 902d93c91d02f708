//! The scheduling gates that podgate itself removes, and what the Pods behind them wait for.

use std::{collections::HashSet, time::Duration};

use super::{WAIT_FOR, Wait, WaitForError, WaitForRules, read_wait_for};
use crate::model::{Applies, Selection, Subject};

/// Names the gates of others whose remover is known without a policy; the page of `unknown-scheduling-gate` says who it is, and links to
/// its source.
const WELL_KNOWN: &[(&str, &str)] = &[
    ("kueue.x-k8s.io/admission", "Kueue"),
    ("kueue.x-k8s.io/topology", "Kueue"),
    ("kueue.x-k8s.io/elastic-job", "Kueue"),
    ("scheduling.volcano.sh/queue-allocation-gate", "Volcano"),
    ("multiarch.openshift.io/scheduling-gate", "the Multiarch Tuning Operator"),
    ("ApplicationAwareQuotaGate", "Application Aware Quota"),
    ("instaslice.redhat.com/accelerator", "InstaSlice"),
    ("grove.io/podgang-pending-creation", "Grove"),
    ("gke-gcsfuse/bucket-scan-pending", "the Cloud Storage FUSE CSI driver"),
    ("s3.csi.aws.com/reserve-headroom-for-mppod", "the Mountpoint for Amazon S3 CSI driver"),
    ("experimental.s3.csi.aws.com/reserve-headroom-for-mppod", "the Mountpoint for Amazon S3 CSI driver"),
    ("keptn-prechecks-gate", "Keptn"),
];

/// Returns the known controller that removes a gate of this name, where it is installed.
pub fn remover(name: &str) -> Option<&'static str> {
    WELL_KNOWN.iter().find(|(gate, _)| *gate == name).map(|(_, remover)| *remover)
}

/// Returns whether a known controller removes a gate of this name, where it is installed.
pub fn is_removed_by_others(name: &str) -> bool {
    remover(name).is_some()
}

/// A gate of a policy, ready to add.
#[derive(Debug, Clone)]
pub struct CompiledGate {
    /// The gate's name.
    pub name: String,
    /// The Pods that get it.
    pub selection: Selection,
    /// What the Pods wait for; `None` where podgate does not remove the gate.
    pub waits: Option<Vec<Wait>>,
    /// The longest time that a Pod waits.
    pub open_after: Option<Duration>,
}

/// The gates of a policy that podgate removes.
#[derive(Debug, Default)]
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

/// One thing that Pods wait for, and the gate that holds them until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held<'g> {
    /// The gate: [`WAIT_FOR`], or one of the policy.
    pub gate: &'g str,
    /// What is waited for, with its namespace.
    pub wait: Wait,
    /// The longest time that a Pod waits, from its creation on; `None` for ever.
    pub at_most: Option<Duration>,
}

impl Held<'_> {
    /// Returns for how long a Pod waits for what does not come, for messages.
    pub fn how_long(&self) -> String {
        self.at_most.map_or_else(|| "for ever".to_owned(), |time| format!("for {} s", time.as_secs()))
    }

    /// Returns who says that there is something to wait for, for messages: the Pod's annotation, or the policy.
    pub fn by(&self) -> String {
        if self.gate == WAIT_FOR { WAIT_FOR.to_owned() } else { format!("gate \"{}\" of the policy", self.gate) }
    }
}

impl OpenedGates {
    /// Joins the gates of a policy, and what it says of [`WAIT_FOR`]: nothing where Pods may not say what they wait for.
    pub fn new(gates: Vec<CompiledGate>, wait_for: Option<WaitForRules>) -> Self {
        Self { gates, lets_wait: wait_for.is_some(), wait_for: wait_for.unwrap_or_default() }
    }

    /// Returns whether new Pods may get such a gate.
    pub fn are_added(&self) -> bool {
        self.lets_wait || self.gates.iter().any(|gate| gate.waits.is_some())
    }

    /// Returns whether a gate of this name is removed, from some Pods at least.
    pub fn has(&self, name: &str) -> bool {
        name == WAIT_FOR || self.gates.iter().any(|gate| gate.name == name && gate.waits.is_some())
    }

    /// Reads the annotation of a Pod of `namespace`, which is empty where it is not known. The error holds all that is wrong. Where
    /// Pods may not say what they wait for nothing is said of the namespaces of their targets: another policy may be meant.
    pub fn read(&self, annotation: &str, namespace: &str) -> Result<Vec<Wait>, Vec<WaitForError>> {
        if self.lets_wait { self.wait_for.read(annotation, namespace) } else { read_wait_for(annotation) }
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
                Err(errors) => Opening::Unreadable(WaitForError::all(&errors)),
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

    /// Returns what new Pods wait for: by their annotation, if it can be followed, and by those gates of the policy of which it is
    /// known that they select them.
    pub fn held<'g>(&'g self, subject: &Subject<'_>, annotation: Option<&str>) -> Vec<Held<'g>> {
        let waits = annotation.and_then(|text| self.read(text, subject.namespace).ok()).unwrap_or_default();
        let by_annotation = waits.into_iter().map(|wait| Held {
            gate: WAIT_FOR,
            wait: wait.in_namespace(subject.namespace),
            at_most: self.wait_for.open_after,
        });
        let mut held: Vec<Held<'g>> = by_annotation.collect();
        let mut seen = HashSet::new();
        for gate in &self.gates {
            let applies = if seen.contains(&gate.name) { Applies::No } else { gate.selection.applies(subject) };
            if applies == Applies::No {
                continue;
            }
            seen.insert(&gate.name);
            let waits = gate.waits.iter().flatten().filter(|_| applies == Applies::Yes);
            held.extend(waits.map(|wait| Held {
                gate: &gate.name,
                wait: wait.clone().in_namespace(subject.namespace),
                at_most: gate.open_after,
            }));
        }
        held
    }
}
