//! What a workload's controller does to the number of its available Pods: purely, deterministically, without a clock.
//!
//! | asked | function |
//! |---|---|
//! | the template of a Deployment, StatefulSet or DaemonSet changes | [`rollout()`], or [`course()`] with another number of Pods or nodes |
//! | one of them is made, and has no Pods yet | [`create`] |
//! | a Job runs | [`job()`] |
//! | the node of some of its Pods is drained | [`drain()`] |
//!
//! Before a change all old Pods are there, and available unless they never become ready. How long one Pod takes is given: [`PodTimes`]; the
//! simulation of a Pod tells it, or a measurement. All Pods of a revision are alike, and none becomes unavailable by itself. As the timeline
//! of a Pod, each is simulated twice, with everything as early and as late as can be; what both runs have gets both times as bounds. A
//! controller acts as soon as it sees something, but for what the API keeps in whole seconds, and for what it says itself that it waits for.
//!
//! It costs at most [`MAX_PODS`] Pods, [`MAX_ROUNDS`] times at which something happens, and [`HORIZON`]: [`Course::until`] and
//! [`Why::Longer`] tell where it stopped, [`Course::assumptions`] what was left out. The rules are those of Kubernetes 1.37.1; where a
//! function of it decides, it is named.

mod course;
mod daemon;
mod drain;
mod fleet;
mod given;
mod job;
mod log;
#[cfg(test)]
mod properties;
mod rollout;
mod stateful;
#[cfg(test)]
mod tests;

pub use course::{Course, End, Event, Failure, Revision, Runs, Step, What, Why, Worst};
pub use daemon::daemon_set;
pub use drain::drain;
pub use given::{HORIZON, MAX_PODS, MAX_ROUNDS, PodTimes};
pub use job::{Attempt, job};
pub use rollout::deployment;
pub use stateful::stateful_set;

use crate::model::{Workload, object::ControllerSpec};

/// Holds how many nodes a DaemonSet is simulated on where that is not known.
pub const DEFAULT_NODES: u64 = 3;

/// Returns what the controller of a Deployment, a StatefulSet or a DaemonSet does when the template changes: the Pods from before are like
/// `old`, those after like `new`. `None` for other kinds, and where a number of the manifest is not one.
///
/// There are as many Pods as `replicas` says, 1 where it says nothing; a DaemonSet is simulated on [`DEFAULT_NODES`] nodes.
pub fn rollout(workload: &Workload, controller: &ControllerSpec<'_>, old: &PodTimes, new: &PodTimes) -> Option<Course> {
    let (replicas, assumed) = match controller.replicas {
        _ if !workload.keeps_replicas => (DEFAULT_NODES, Some(format!("there are {DEFAULT_NODES} nodes"))),
        Some(replicas) => (u64::try_from(replicas).unwrap_or(0), None),
        None => (1, Some("there is 1 replica, as replicas is not set".to_owned())),
    };
    let mut course = course(workload, controller, replicas, old, new)?;
    course.assumptions.extend(assumed);
    Some(course)
}

/// Returns the same as [`rollout()`] for so many Pods, or nodes of a DaemonSet.
pub fn course(
    workload: &Workload,
    controller: &ControllerSpec<'_>,
    replicas: u64,
    old: &PodTimes,
    new: &PodTimes,
) -> Option<Course> {
    by_kind(workload, controller, replicas, Some(old), new)
}

/// Returns what the controller does when such a workload is created.
pub fn create(workload: &Workload, controller: &ControllerSpec<'_>, replicas: u64, pod: &PodTimes) -> Option<Course> {
    by_kind(workload, controller, replicas, None, pod)
}

fn by_kind(
    workload: &Workload,
    controller: &ControllerSpec<'_>,
    replicas: u64,
    old: Option<&PodTimes>,
    new: &PodTimes,
) -> Option<Course> {
    deployment(workload, controller, replicas, old, new)
        .or_else(|| stateful_set(workload, controller, replicas, old, new))
        .or_else(|| daemon_set(workload, controller, replicas, old, new))
}
