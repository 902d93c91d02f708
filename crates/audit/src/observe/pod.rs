//! A Pod as the API server returns it: the parts of its status that tell what has happened to it.

use podgate_engine::{
    model::{Container, PodSpec},
    syntax::{
        List, Str,
        json::{object, object_or_default},
    },
};
use serde::Deserialize;

use crate::observe::clock::Instant;

/// `Pod`, with its status.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub(super) spec: PodSpec<'a>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub(super) status: Status<'a>,
}

/// `ObjectMeta`, as far as it tells how long something waits.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) creation_timestamp: Str<'a>,
    /// The end of the grace period, not its beginning (`BeforeDelete`).
    #[serde(borrow)]
    pub(super) deletion_timestamp: Str<'a>,
    pub(super) deletion_grace_period_seconds: Option<i64>,
    #[serde(borrow)]
    pub(super) finalizers: List<Str<'a>>,
}

/// `PodStatus`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status<'a> {
    #[serde(borrow)]
    pub(super) phase: Str<'a>,
    /// Why the Pod as a whole was ended, such as `Evicted`.
    #[serde(borrow)]
    pub(super) reason: Str<'a>,
    #[serde(borrow)]
    pub(super) conditions: List<Condition<'a>>,
    #[serde(borrow)]
    init_container_statuses: List<ContainerStatus<'a>>,
    #[serde(borrow)]
    container_statuses: List<ContainerStatus<'a>>,
}

/// `PodCondition`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Str<'a>,
    #[serde(borrow)]
    pub(super) status: Str<'a>,
    #[serde(borrow)]
    pub(super) reason: Str<'a>,
    #[serde(borrow)]
    pub(super) last_transition_time: Str<'a>,
}

/// `ContainerStatus`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ContainerStatus<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    pub(super) restart_count: i64,
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub(super) state: State<'a>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    last_state: State<'a>,
}

/// `ContainerState`: one of them is set.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct State<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(super) terminated: Option<Terminated<'a>>,
}

/// `ContainerStateTerminated`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Terminated<'a> {
    pub(super) exit_code: i64,
    #[serde(borrow)]
    pub(super) reason: Str<'a>,
    #[serde(borrow)]
    started_at: Str<'a>,
    #[serde(borrow)]
    finished_at: Str<'a>,
}

/// The exit codes of a process that a signal ended: 128 + SIGKILL and 128 + SIGTERM.
const KILLED: [i64; 2] = [137, 143];
/// What the kubelet writes for a container that it has lost sight of, with exit code 137 (`convertToAPIContainerStatuses`).
const UNKNOWN: &str = "ContainerStatusUnknown";
/// What the container runtime says of a container that the kernel has killed for want of memory.
const OUT_OF_MEMORY: &str = "OOMKilled";

impl Terminated<'_> {
    /// Returns whether the kernel killed it for want of memory.
    pub(super) fn is_out_of_memory(&self) -> bool {
        self.reason == OUT_OF_MEMORY
    }

    /// Returns whether a signal ended it that somebody sent, not the kernel for want of memory.
    pub(super) fn is_killed(&self) -> bool {
        KILLED.contains(&self.exit_code) && !self.is_out_of_memory() && self.reason != UNKNOWN
    }

    /// Returns how long it ran, in seconds; `None` where it is not known.
    pub(super) fn ran_seconds(&self) -> Option<i64> {
        let (start, end) = (Instant::read(&self.started_at)?, Instant::read(&self.finished_at)?);
        Some(end.seconds_since(start)).filter(|seconds| *seconds >= 0)
    }
}

/// Holds a container with its status.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ran<'p, 'a> {
    pub(super) container: &'p Container<'a>,
    pub(super) status: &'p ContainerStatus<'a>,
    /// The list of statuses that it stands in.
    list: &'static str,
    index: usize,
}

impl<'p, 'a> Ran<'p, 'a> {
    /// Returns the place of its status.
    pub(super) fn path(&self) -> String {
        format!("status.{}[{}]", self.list, self.index)
    }

    /// Returns how it last ended, where it was not ended with the Pod.
    pub(super) fn ended(&self, pod: &Pod<'_>) -> Option<&'p Terminated<'a>> {
        let now = self.status.state.terminated.as_ref().filter(|_| !pod.is_ending());
        now.or(self.status.last_state.terminated.as_ref())
    }

    /// Returns how it ended before it was started again.
    pub(super) fn ended_before(&self) -> Option<&'p Terminated<'a>> {
        self.status.last_state.terminated.as_ref()
    }
}

impl<'a> Pod<'a> {
    /// Returns whether the Pod as a whole is ended, or has been: it is deleted, evicted, past its deadline, or done.
    fn is_ending(&self) -> bool {
        !self.metadata.deletion_timestamp.is_empty()
            || !self.status.reason.is_empty()
            || self.status.phase == "Succeeded"
    }

    /// Returns the containers of `spec.containers` that have a status.
    pub(super) fn apps(&self) -> impl Iterator<Item = Ran<'_, 'a>> {
        ran(&self.spec.containers, &self.status.container_statuses, "containerStatuses")
    }

    /// Returns the containers of `spec.initContainers` that have a status, sidecars too.
    pub(super) fn init_containers(&self) -> impl Iterator<Item = Ran<'_, 'a>> {
        ran(&self.spec.init_containers, &self.status.init_container_statuses, "initContainerStatuses")
    }

    /// Returns when something began, from the text of a condition, or else when the Pod was created.
    pub(super) fn since(&self, transition: &str) -> Option<Instant> {
        Instant::read(transition).or_else(|| Instant::read(&self.metadata.creation_timestamp))
    }
}

fn ran<'p, 'a>(
    containers: &'p [Container<'a>],
    statuses: &'p [ContainerStatus<'a>],
    list: &'static str,
) -> impl Iterator<Item = Ran<'p, 'a>> {
    statuses.iter().enumerate().filter_map(move |(index, status)| {
        let container = containers.iter().find(|container| container.name == status.name)?;
        Some(Ran { container, status, list, index })
    })
}
