//! What is assumed of a Pod that its manifest does not say: how long its containers take, when they end, and what is done to it.

use std::{collections::BTreeMap, time::Duration};

/// What happens to one Pod. What it does not say is not known: it may take no time, or as long as the manifest allows.
#[derive(Debug, Clone, Default)]
pub struct Scenario {
    /// What each container does, by name.
    pub containers: BTreeMap<String, Script>,
    /// What is done to the Pod.
    pub actions: Vec<(Duration, Action)>,
    /// When to stop looking. `None`: when nothing happens any more, at most after a bounded number of restarts.
    pub until: Option<Duration>,
}

/// Something that is done to a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Its last scheduling gate is removed, and it is bound to a node.
    Ungate,
    /// It is deleted or evicted. The grace period in seconds, where it is another than the Pod's.
    Delete {
        /// `gracePeriodSeconds` of the deletion.
        grace: Option<u64>,
    },
    /// The image of this container is changed.
    Update {
        /// Its name.
        container: String,
    },
    /// The resources of this container are changed.
    Resize {
        /// Its name.
        container: String,
    },
    /// What the readiness gates wait for is reported.
    PassReadinessGates,
}

/// What a container does. A statement counts in the runs that it names, of which the first is 0.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// How long its image is pulled before its first run. `None`: it is there.
    pub pull: Option<Duration>,
    /// Says that its image does not exist.
    pub image_is_missing: bool,
    /// Says that a regular init container without an end goes on for ever, instead of being done at once.
    pub never_ends: bool,
    /// Tells when it ends by itself. A regular init container that has none ends at once; another never.
    pub exits: Vec<(Runs, Exit)>,
    /// Tells how long it takes to end after its stop signal. Without one it is not known.
    pub stops: Vec<(Runs, Exit)>,
    /// Tells when its probes and hooks succeed.
    pub checks: Vec<(Runs, Check)>,
    /// Tells from when all its probes succeed, where no check says anything of one.
    pub starts_in: Option<Duration>,
    /// Tells from and to when all its probes fail, whatever else is said, from the beginning of the Pod.
    pub fails: Vec<(Duration, Option<Duration>)>,
    /// Tells when it ends, from the beginning of the Pod, and with which code.
    pub ends_at: Vec<(Duration, i64)>,
}

/// An end of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// How long after its start or its stop signal.
    pub after: Duration,
    /// Its exit code.
    pub code: i64,
}

/// The runs of a container in which a statement counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runs {
    /// The first of them.
    pub first: u32,
    /// The last of them.
    pub last: u32,
}

impl Runs {
    /// Every run.
    pub const ALL: Self = Self { first: 0, last: u32::MAX };

    /// Returns whether this run is one of them.
    pub fn has(self, attempt: u32) -> bool {
        (self.first..=self.last).contains(&attempt)
    }
}

/// What a probe or a hook asks, when it succeeds, and how long it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it asks.
    pub asks: Asks,
    /// From when it succeeds, from the container's start.
    pub from: Duration,
    /// Until when it succeeds. `None`: for ever.
    pub until: Option<Duration>,
    /// How long it takes to answer.
    pub takes: Duration,
}

/// What a probe or a hook asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// The first word of a command.
    Command(String),
    /// A port by HTTP.
    Http(i64),
    /// A port by TCP.
    Tcp(i64),
    /// A port by gRPC.
    Grpc(i64),
}
