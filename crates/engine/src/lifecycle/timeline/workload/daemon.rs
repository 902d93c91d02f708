//! A DaemonSet: node by node.

use std::time::Duration;

use super::{
    course::{Course, Revision, Why},
    fleet::{Fleet, Group, Look},
    given::{PodTimes, pods},
    log::merge,
};
use crate::{
    lifecycle::{
        rollout::{Rollout, node_by_node},
        timeline::pace::Pace,
    },
    model::{Workload, object::ControllerSpec},
};

const CREATES: &str = "podsShouldBeOnNode";
const REPLACES: &str = "rollingUpdate";

/// The controller looks at Pods that are to become available a second later than it might (`enqueueDaemonSetAfter`).
const SETTLES_LATE: Duration = Duration::from_secs(1);

/// Returns what a DaemonSet does to its Pods on `nodes` nodes when its template changes, or from nothing where `old` is `None`.
///
/// Without `maxSurge` it deletes old Pods, those that are not available and so many others that `maxUnavailable` nodes have no available Pod,
/// and makes the new one of a node when the old one is gone. With it, it makes the new Pods first, on `maxSurge` nodes at a time, and
/// deletes the old one of a node when its new one is available. (`rollingUpdate`, `podsShouldBeOnNode`) The nodes are alike. `None` for other
/// kinds, and where `maxSurge` or `maxUnavailable` is neither a count nor a percentage.
pub fn daemon_set(
    workload: &Workload,
    controller: &ControllerSpec<'_>,
    nodes: u64,
    old: Option<&PodTimes>,
    new: &PodTimes,
) -> Option<Course> {
    if !workload.is("apps", "DaemonSet") {
        return None;
    }
    let (nodes, assumptions) = pods(nodes, "nodes");
    let count = i64::try_from(nodes).unwrap_or(i64::MAX);
    let on_delete = controller.update_strategy.kind == "OnDelete";
    let at_once = if on_delete { None } else { Some(node_by_node(workload, controller, count)?) };
    let run = |pace| {
        let mut fleet = Fleet::new(pace, controller.min_ready_seconds, SETTLES_LATE);
        for node in 0..old.map_or(0, |_| nodes) {
            fleet.start_with(1, Some(node), Revision::Old, old.unwrap_or(new));
        }
        let stuck = |fleet: &Fleet| match () {
            () if fleet.count(Group::is_deleted) > 0 => Why::NotGone,
            () if on_delete && fleet.count(|group| group.is(Revision::New)) == 0 => Why::OnDelete,
            () => Why::NotAvailable,
        };
        fleet.run(|fleet| look(fleet, nodes, at_once, new), stuck, "updateDaemonSetStatus")
    };
    Some(merge(nodes, &run(Pace::Early), &run(Pace::Late), true, assumptions))
}

/// What is on a node.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// Whether there is an old Pod, and whether it is available.
    old: Option<bool>,
    /// The same of a new one.
    new: Option<bool>,
    /// Whether a Pod is being deleted.
    ends: bool,
}

impl Node {
    fn is_available(self) -> bool {
        self.old == Some(true) || self.new == Some(true)
    }
}

/// One look of a DaemonSet at its nodes.
fn look(fleet: &mut Fleet, nodes: u64, at_once: Option<Rollout>, new: &PodTimes) -> Look {
    let found = on_nodes(fleet, nodes);
    let surges = at_once.is_some_and(|rollout| rollout.surge > 0);
    // A node without a Pod gets one; while one is being deleted, only where there may be two.
    let mut acted = false;
    for (number, node) in (0..).zip(&found) {
        if node.old.is_none() && node.new.is_none() && (surges || !node.ends) {
            fleet.create(1, Some(number), Revision::New, new, CREATES);
            acted = true;
        }
    }
    if acted {
        return Look::Acted;
    }
    if found.iter().all(|node| node.old.is_none() && node.new == Some(true)) {
        return Look::Done;
    }
    let Some(Rollout { surge, unavailable }) = at_once else { return Look::Waits };
    if !surges {
        let away = found.iter().filter(|node| !node.is_available()).count() as u64;
        let mut left = unavailable.unsigned_abs().saturating_sub(away);
        for (number, node) in (0..).zip(&found) {
            let takes = match (node.old, node.new) {
                (Some(false), None) => true,
                (Some(true), None) if left > 0 => {
                    left -= 1;
                    true
                }
                _ => false,
            };
            acted |= takes && delete_old(fleet, number);
        }
        return if acted { Look::Acted } else { Look::Waits };
    }
    let waits = found.iter().filter(|node| node.old.is_some() && node.new == Some(false)).count() as u64;
    let mut left = surge.unsigned_abs().saturating_sub(waits);
    for (number, node) in (0..).zip(&found) {
        match (node.old, node.new) {
            // Where the old one is not ready, the new one may come at once, and the old one goes then.
            (Some(_), Some(true)) | (Some(false), Some(false)) => acted |= delete_old(fleet, number),
            (Some(is_available), None) if !is_available || left > 0 => {
                left = left.saturating_sub(u64::from(is_available));
                fleet.create(1, Some(number), Revision::New, new, REPLACES);
                acted = true;
            }
            _ => {}
        }
    }
    if acted { Look::Acted } else { Look::Waits }
}

fn on_nodes(fleet: &Fleet, nodes: u64) -> Vec<Node> {
    let mut found = vec![Node::default(); usize::try_from(nodes).unwrap_or(0)];
    for group in &fleet.groups {
        let place = group.slot.and_then(|slot| usize::try_from(slot).ok());
        let Some(node) = place.and_then(|place| found.get_mut(place)) else { continue };
        match group.revision {
            _ if group.is_deleted() => node.ends = true,
            Revision::Old => node.old = Some(group.is_available()),
            Revision::New => node.new = Some(group.is_available()),
        }
    }
    found
}

fn delete_old(fleet: &mut Fleet, number: u64) -> bool {
    fleet.delete(1, REPLACES, |group: &Group| group.is(Revision::Old) && group.slot == Some(number)) > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::timeline::workload::{End, What, tests::*};

    fn of(spec: &str, nodes: u64, old: Option<&PodTimes>, new: &PodTimes) -> Course {
        with("DaemonSet", spec, |workload, controller| daemon_set(workload, controller, nodes, old, new)).unwrap()
    }

    fn rolling(surge: &str, unavailable: &str) -> String {
        format!(
            r#"{{"updateStrategy": {{"rollingUpdate": {{"maxSurge": {surge}, "maxUnavailable": {unavailable}}}}}}}"#
        )
    }

    #[test]
    fn one_node_after_the_other() {
        let pod = times(4..=6, 1..=3);
        let course = of("{}", 3, Some(&pod), &pod);
        assert_eq!((course.takes, course.worst.unwrap().available), (bounds(15, 27), 2));
        assert_eq!(created(&course), [(1, 1), (6, 1), (11, 1)]);
    }

    #[test]
    fn percentages_are_rounded_up() {
        let pod = times(4..=4, 1..=1);
        let course = of(&rolling("0", r#""30%""#), 4, Some(&pod), &pod);
        assert_eq!((course.takes, course.worst.unwrap().available), (bounds(10, 10), 2));
    }

    #[test]
    fn new_ones_first() {
        let pod = times(4..=4, 9..=9);
        let course = of(&rolling("2", "0"), 4, Some(&pod), &pod);
        // It does not wait until the old ones are gone.
        assert_eq!((course.takes, course.worst.unwrap().available), (bounds(8, 8), 4));
        assert_eq!(numbers(&course), [(4, 4), (6, 4), (4, 4)]);
    }

    #[test]
    fn a_version_that_is_never_ready_stops() {
        let good = times(4..=4, 1..=1);
        let broken = PodTimes { ready: PodTimes::NEVER, ..good };
        let course = of(&rolling("0", "2"), 5, Some(&good), &broken);
        assert_eq!((course.late, numbers(&course).last()), (End::Never(Why::NotAvailable), Some(&(5, 3))));
        let course = of(&rolling("2", "0"), 5, Some(&good), &broken);
        assert_eq!((course.late, numbers(&course).last()), (End::Never(Why::NotAvailable), Some(&(7, 5))));
        // What was broken before is replaced everywhere at once.
        let course = of("{}", 5, Some(&broken), &good);
        assert_eq!((course.early, course.takes), (End::Done, bounds(5, 5)));
    }

    #[test]
    fn on_delete_and_never_gone() {
        let pod = times(4..=4, 1..=1);
        let spec = r#"{"updateStrategy": {"type": "OnDelete"}}"#;
        assert_eq!(of(spec, 2, Some(&pod), &pod).early, End::Never(Why::OnDelete));
        assert_eq!(of(spec, 2, None, &pod).takes, bounds(4, 4));
        let stays = PodTimes { gone: PodTimes::NEVER, ..pod };
        assert_eq!(of("{}", 2, Some(&stays), &pod).early, End::Never(Why::NotGone));
    }

    #[test]
    fn min_ready_seconds_are_looked_at_late() {
        let pod = times(4..=4, 1..=1);
        let course = of(r#"{"minReadySeconds": 10}"#, 1, None, &pod);
        assert_eq!(course.takes, bounds(13, 15));
        assert!(course.events.iter().any(|event| event.what == What::Available));
    }
}
