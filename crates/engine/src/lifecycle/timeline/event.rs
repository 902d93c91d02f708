//! What happens in the life of a Pod, and when.

use std::time::Duration;

/// The least and the most time from the beginning, which is when the Pod is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bounds {
    /// It does not happen sooner.
    pub earliest: Duration,
    /// It does not happen later. `None` where it may not happen at all, or nothing says by when it has to.
    pub latest: Option<Duration>,
}

impl Bounds {
    /// Something that happens at one time and no other.
    pub fn at(time: Duration) -> Self {
        Self { earliest: time, latest: Some(time) }
    }

    /// Returns the last time that is known: the earliest where it may never happen.
    pub fn last(&self) -> Duration {
        self.latest.unwrap_or(self.earliest)
    }

    /// Returns whether it happens for certain.
    pub fn is_certain(&self) -> bool {
        self.latest.is_some()
    }
}

/// Something that happens to a Pod or one of its containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it happens.
    pub time: Bounds,
    /// The index in [`Timeline::containers`](super::Timeline::containers) of the container that it happens to; `None`: to the Pod.
    pub container: Option<usize>,
    /// The run of the container that it happens in; the first is 0.
    pub attempt: u32,
    /// What happens.
    pub what: What,
    /// The function of Kubernetes that does it so, or the field that asks for it.
    pub source: &'static str,
}

/// Tells what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// The Pod's last scheduling gate is opened.
    Ungated,
    /// The Pod is bound to a node.
    Scheduled,
    /// The image of a container begins to be pulled, where that takes time.
    Pulls,
    /// A container starts.
    Starts,
    /// A hook of a container begins.
    HookStarts(Hook),
    /// A hook of a container has succeeded.
    HookEnds(Hook),
    /// A hook of a container has failed, or was given up because the grace period is over.
    HookFails(Hook),
    /// A container counts as started: its startup probe has succeeded, or it has none and its postStart hook is over.
    Started,
    /// A container is ready.
    Ready,
    /// A container is not ready any more.
    NotReady,
    /// A probe of a container has failed so often that it is ended.
    GivesUp(Probe),
    /// A container gets its stop signal, and so many seconds until it is killed.
    Signal {
        /// Seconds that are left.
        left: u64,
    },
    /// A container is killed: it has not ended within what was left.
    Killed,
    /// A container ends, with this exit code; `None` where that depends on what is quicker: its own end,
    /// its stop signal or the end of its grace period.
    Exits(Option<i64>),
    /// A container waits for so many seconds before it is started again.
    BacksOff {
        /// Seconds from its end.
        seconds: i64,
    },
    /// All containers are ended and started again, because a rule of one says so.
    RestartsAll,
    /// The resources of a container are changed while it runs.
    Resized,
    /// All init containers are done, and all sidecars have started.
    Initialized,
    /// The Pod is ready, and takes traffic.
    PodReady,
    /// The Pod is not ready.
    PodNotReady,
    /// The Pod is in another phase.
    Phase(Phase),
    /// The Pod is past its `activeDeadlineSeconds`.
    DeadlineExceeded,
    /// The Pod is deleted or evicted: it is taken out of its Services, and stopped.
    Deleted,
    /// The Pod is gone.
    Gone,
}

/// A hook of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hook {
    /// `lifecycle.postStart`.
    PostStart,
    /// `lifecycle.preStop`.
    PreStop,
}

/// A probe of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probe {
    /// `startupProbe`.
    Startup,
    /// `livenessProbe`.
    Liveness,
    /// `readinessProbe`.
    Readiness,
}

impl Probe {
    /// The field's name.
    pub fn field(self) -> &'static str {
        match self {
            Self::Startup => "startupProbe",
            Self::Liveness => "livenessProbe",
            Self::Readiness => "readinessProbe",
        }
    }
}

impl Hook {
    /// The field's name.
    pub fn field(self) -> &'static str {
        match self {
            Self::PostStart => "postStart",
            Self::PreStop => "preStop",
        }
    }
}

/// The `status.phase` of a Pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Not all containers have been started.
    Pending,
    /// All containers have been started, and one runs or will again.
    Running,
    /// All containers have ended for good, with 0.
    Succeeded,
    /// All containers have ended for good, one of them not with 0.
    Failed,
}

impl Phase {
    /// The value as the API has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}
