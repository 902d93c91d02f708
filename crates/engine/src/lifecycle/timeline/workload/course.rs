//! What comes out of a simulation, and how two runs of it become one with bounds.

use std::time::Duration;

use crate::lifecycle::timeline::Bounds;

/// What a controller does to the Pods of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// Tells how many Pods there shall be; of a Job, how many have to succeed; of a DaemonSet, how many nodes there are.
    pub replicas: u64,
    /// The numbers of Pods over time. The first counts before anything is done.
    pub steps: Vec<Step>,
    /// What happens, in the order of its earliest times.
    pub events: Vec<Event>,
    /// How long it takes until it has ended as [`Self::early`] and [`Self::late`] say. Where it does not end, it is longer than `earliest`.
    pub takes: Bounds,
    /// The time when the fewest Pods are available. `None` for a Job.
    pub worst: Option<Worst>,
    /// Says how it ends where everything comes as early as can be.
    pub early: End,
    /// Says how it ends where everything comes as late as can be.
    pub late: End,
    /// Until when was looked: nothing that is known happens after it, or [`Why::Longer`] is said.
    pub until: Duration,
    /// Says what is assumed, because neither manifest nor caller tells.
    pub assumptions: Vec<String>,
}

impl Course {
    /// Returns whether a Pod is available at some time where everything comes early, and where it comes late.
    pub fn has_available(&self) -> [bool; 2] {
        [Runs::Early, Runs::Late].map(|run| self.steps.iter().any(|step| step.available > 0 && step.runs.has(run)))
    }

    /// Returns whether it ends, however long everything takes.
    pub fn ends_for_certain(&self) -> bool {
        !matches!(self.early, End::Never(_)) && !matches!(self.late, End::Never(_))
    }
}

/// The numbers of Pods from one time until the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// From when. `latest` is `None` where it may not come to these numbers.
    pub from: Bounds,
    /// How many Pods there are that are not being deleted.
    pub total: u64,
    /// How many of them are available. A Job's Pods count as available while they are active.
    pub available: u64,
    /// How many Pods are being deleted meanwhile, at most.
    pub ending: u64,
    /// The runs that have it.
    pub runs: Runs,
}

/// Says which of two runs have something: the one in which everything comes as early as can be, or the one in which it comes late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// Both, the early one at the earliest time and the late one at the latest.
    Both,
    /// The early one.
    Early,
    /// The late one.
    Late,
}

impl Runs {
    /// Returns whether a run is one of these.
    pub fn has(self, run: Self) -> bool {
        self == Self::Both || self == run
    }
}

/// The time when the fewest Pods are available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worst {
    /// How few.
    pub available: u64,
    /// From when.
    pub from: Bounds,
    /// Until when. `None` where it stays so.
    pub until: Option<Bounds>,
}

/// Something that happens to Pods of a workload, or to the workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When. `latest` is `None` where only one of the runs has it.
    pub time: Bounds,
    /// What.
    pub what: What,
    /// To how many Pods; 0 where it happens to the workload.
    pub pods: u64,
    /// The ordinal of a StatefulSet's Pod, the number of a DaemonSet's node, the index of an indexed Job's Pod: each from 0.
    pub slot: Option<u64>,
    /// Of which revision the Pods are.
    pub revision: Revision,
    /// The function of Kubernetes that does it so, or the field that asks for it.
    pub source: &'static str,
}

/// The revision of a Pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    /// That from before the change.
    Old,
    /// The one that is wanted.
    New,
}

/// Tells what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// A Pod is created.
    Created,
    /// A Pod is ready.
    Ready,
    /// A Pod is available: it has been ready for `minReadySeconds`.
    Available,
    /// A Pod is evicted.
    Evicted,
    /// An eviction is refused, and asked for again later.
    Refused,
    /// A Pod is deleted: it is taken out of its Services, and stopped.
    Deleted,
    /// A deleted Pod is gone.
    Gone,
    /// A Pod of a Job has succeeded.
    Succeeded,
    /// A Pod of a Job has failed.
    PodFailed,
    /// A container of a Job's Pod is started again within its Pod.
    Restarted,
    /// An index of a Job has failed for good.
    IndexFailed,
    /// There was no progress within `progressDeadlineSeconds`. The rollout goes on all the same.
    DeadlineExceeded,
    /// It is certain that the Job fails: it ends the Pods that are left.
    Fails(Failure),
    /// It has ended, as the controller says: updated, complete, failed, drained.
    Ended,
}

/// Says how something ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is done.
    Done,
    /// The Job fails.
    Failed(Failure),
    /// It never ends.
    Never(Why),
}

/// Says why a Job fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// More Pods failed, or containers were started again, than `backoffLimit` allows.
    BackoffLimitExceeded,
    /// It ran for longer than `activeDeadlineSeconds`.
    DeadlineExceeded,
    /// All indexes have ended, some of them without success.
    FailedIndexes,
    /// More indexes failed than `maxFailedIndexes` allows.
    MaxFailedIndexesExceeded,
}

impl Failure {
    /// Returns the reason as the Job's condition has it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::BackoffLimitExceeded => "BackoffLimitExceeded",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::FailedIndexes => "FailedIndexes",
            Self::MaxFailedIndexesExceeded => "MaxFailedIndexesExceeded",
        }
    }
}

/// Says why something never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is paused or suspended.
    Paused,
    /// With `OnDelete`, old Pods stay until somebody deletes them.
    OnDelete,
    /// New Pods do not become available.
    NotAvailable,
    /// A Pod does not become available, and no template replaces it: with `OrderedReady` the controller waits for it until somebody deletes
    /// it.
    KeptInOrder,
    /// A Pod that was deleted does not end.
    NotGone,
    /// The PodDisruptionBudget never allows the eviction.
    Refused,
    /// More than one PodDisruptionBudget selects the Pods: each eviction is an error.
    TwoBudgets,
    /// A Pod of the Job does not end.
    DoesNotEnd,
    /// The containers of the Job's Pods are started again and again, and nothing counts that.
    Restarts,
    /// It was not looked any further.
    Longer,
}

impl Why {
    /// Returns it in words: a sentence without a full stop.
    pub fn words(self) -> &'static str {
        match self {
            Self::Paused => "it is paused",
            Self::OnDelete => "with OnDelete, old Pods stay until somebody deletes them",
            Self::NotAvailable => "new Pods do not become available",
            Self::KeptInOrder => {
                "a Pod does not become available, and with OrderedReady a corrected template does not replace it; delete that Pod"
            }
            Self::NotGone => "a Pod that was deleted does not end",
            Self::Refused => "the PodDisruptionBudget never allows the eviction",
            Self::TwoBudgets => "more than one PodDisruptionBudget selects the Pods, so that each eviction is an error",
            Self::DoesNotEnd => "a Pod of the Job does not end",
            Self::Restarts => "containers of the Job are started again and again, and no backoffLimit counts that",
            Self::Longer => "it takes longer than was looked",
        }
    }
}
