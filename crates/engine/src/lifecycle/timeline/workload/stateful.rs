//! A StatefulSet: one ordinal after the other, or all at once.

use std::time::Duration;

use super::{
    course::{Course, Revision, Why},
    fleet::{Fleet, Group, Look},
    given::{PodTimes, pods},
    log::merge,
};
use crate::{
    lifecycle::{rollout::partial_update, timeline::pace::Pace},
    model::{Workload, object::ControllerSpec},
};

const CREATES: &str = "processReplica";
const UPDATES: &str = "updateStatefulSetAfterInvariantEstablished";

/// Says how a StatefulSet treats its Pods.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'p> {
    pub(super) replicas: u64,
    /// Says whether it makes its Pods one after the other: `OrderedReady`.
    pub(super) ordered: bool,
    /// Ordinals below keep the old revision.
    pub(super) partition: u64,
    /// How many Pods may be unavailable while it replaces them. `None`: it does not (`OnDelete`).
    pub(super) unavailable: Option<u64>,
    pub(super) old: &'p PodTimes,
    pub(super) new: &'p PodTimes,
}

/// Returns what a StatefulSet does to its `replicas` Pods when its template changes, or from nothing where `old` is `None`.
///
/// It deletes Pods from the highest ordinal down to the partition, so many that `maxUnavailable` are away, and makes each again when it is
/// gone. With `OrderedReady` it does nothing else while a Pod is missing, ending, or not available, and makes one at a time, the lowest ordinal
/// first. With `Parallel` it makes all at once, and deletes all old Pods that are not available anyway. (`updateStatefulSet`,
/// `updateStatefulSetAfterInvariantEstablished`, with `MaxUnavailableStatefulSet`, which is on since Kubernetes 1.37) `None` for other kinds.
pub fn stateful_set(
    workload: &Workload,
    controller: &ControllerSpec<'_>,
    replicas: u64,
    old: Option<&PodTimes>,
    new: &PodTimes,
) -> Option<Course> {
    if !workload.is("apps", "StatefulSet") {
        return None;
    }
    let (replicas, assumptions) = pods(replicas, "Pods");
    let rules = Rules { old: old.unwrap_or(new), ..rules(workload, controller, replicas, new)? };
    let run = |pace| {
        let mut fleet = Fleet::new(pace, controller.min_ready_seconds, Duration::ZERO);
        for ordinal in 0..old.map_or(0, |_| replicas) {
            fleet.start_with(1, Some(ordinal), Revision::Old, rules.old);
        }
        // Of a new one there is no revision but the new.
        let partition = if old.is_some() { rules.partition } else { 0 };
        let rules = Rules { partition, ..rules };
        fleet.run(|fleet| look(fleet, &rules), |fleet| stuck(fleet, &rules), "completeUpdate")
    };
    Some(merge(replicas, &run(Pace::Early), &run(Pace::Late), true, assumptions))
}

/// Returns the rules of a StatefulSet all of whose Pods are like `pod`.
pub(super) fn rules<'p>(
    workload: &Workload,
    controller: &ControllerSpec<'_>,
    replicas: u64,
    pod: &'p PodTimes,
) -> Option<Rules<'p>> {
    let count = i64::try_from(replicas).unwrap_or(i64::MAX);
    let (partition, unavailable) = match partial_update(workload, controller) {
        // 0 only where there are no Pods.
        Some(update) => (update.partition, Some(update.at_once(count)?.unavailable.unsigned_abs().max(1))),
        None => (0, None),
    };
    Some(Rules {
        replicas,
        ordered: controller.pod_management_policy != "Parallel",
        partition: u64::try_from(partition).unwrap_or(0),
        unavailable,
        old: pod,
        new: pod,
    })
}

fn stuck(fleet: &Fleet, rules: &Rules<'_>) -> Why {
    match () {
        () if fleet.count(Group::is_deleted) > 0 => Why::NotGone,
        () if fleet.count(|group| group.is(Revision::New)) == 0 && rules.unavailable.is_none() => Why::OnDelete,
        () if rules.ordered => Why::KeptInOrder,
        () => Why::NotAvailable,
    }
}

/// One look of a StatefulSet at its Pods (`updateStatefulSet`).
pub(super) fn look(fleet: &mut Fleet, rules: &Rules<'_>) -> Look {
    let mut is_there = vec![false; usize::try_from(rules.replicas).unwrap_or(0)];
    let mut unavailable = 0;
    // The lowest ordinal that is there and not available: the controller stops at it if the order counts.
    let mut first_unavailable = rules.replicas;
    for group in &fleet.groups {
        let ordinal = group.slot.unwrap_or(0);
        if let Some(place) = usize::try_from(ordinal).ok().and_then(|place| is_there.get_mut(place)) {
            *place = true;
        }
        if !group.is_available() {
            unavailable += 1;
            first_unavailable = first_unavailable.min(ordinal);
        }
    }
    if is_there.contains(&false) {
        let mut made = false;
        for (ordinal, _) in is_there.iter().enumerate().filter(|(_, there)| !**there) {
            let ordinal = ordinal as u64;
            if rules.ordered && (made || ordinal > first_unavailable) {
                break;
            }
            let is_old = ordinal < rules.partition;
            let (revision, times) = if is_old { (Revision::Old, rules.old) } else { (Revision::New, rules.new) };
            fleet.create(1, Some(ordinal), revision, times, CREATES);
            made = true;
        }
        return if made { Look::Acted } else { Look::Waits };
    }
    if rules.ordered && unavailable > 0 {
        return Look::Waits;
    }
    let is_outdated = |group: &Group| group.is(Revision::Old) && group.slot.unwrap_or(0) >= rules.partition;
    let outdated = fleet.count(is_outdated);
    let Some(most) = rules.unavailable else {
        return if outdated > 0 || unavailable > 0 { Look::Waits } else { Look::Done };
    };
    if outdated == 0 {
        return if unavailable > 0 { Look::Waits } else { Look::Done };
    }
    // Those that are not available cost nothing; of the others so many that no more are away than may be.
    let mut broken: Vec<u64> = Vec::new();
    let mut good: Vec<u64> = Vec::new();
    for group in fleet.groups.iter().filter(|group| is_outdated(group)) {
        if group.is_available() { &mut good } else { &mut broken }.extend(group.slot);
    }
    good.sort_unstable();
    let left = usize::try_from(most.saturating_sub(unavailable)).unwrap_or(usize::MAX);
    broken.extend(good.iter().rev().take(left));
    broken.sort_unstable();
    let mut acted = false;
    for ordinal in broken.into_iter().rev() {
        acted |= fleet.delete(1, UPDATES, |group| group.slot == Some(ordinal)) > 0;
    }
    if acted { Look::Acted } else { Look::Waits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::timeline::workload::{End, What, tests::*};

    fn of(spec: &str, replicas: u64, old: Option<&PodTimes>, new: &PodTimes) -> Course {
        with("StatefulSet", spec, |workload, controller| stateful_set(workload, controller, replicas, old, new))
            .unwrap()
    }

    /// The ordinals of the Pods to which this happens, each with its earliest time.
    fn ordinals(course: &Course, what: What) -> Vec<(u64, u64)> {
        let events = course.events.iter().filter(|event| event.what == what);
        events.map(|event| (event.slot.unwrap(), event.time.earliest.as_secs())).collect()
    }

    #[test]
    fn in_order_up_and_down() {
        let pod = times(3..=5, 1..=2);
        let course = of("{}", 3, None, &pod);
        assert_eq!(ordinals(&course, What::Created), [(0, 0), (1, 3), (2, 6)]);
        assert_eq!(course.takes, bounds(9, 15));
        let course = of("{}", 3, Some(&pod), &pod);
        assert_eq!(ordinals(&course, What::Deleted), [(2, 0), (1, 4), (0, 8)]);
        assert_eq!(course.takes, bounds(12, 21));
        assert_eq!(course.worst.unwrap().available, 2);
    }

    #[test]
    fn several_at_a_time() {
        let pod = times(3..=3, 1..=1);
        let spec = |policy: &str| {
            format!(
                r#"{{"podManagementPolicy": "{policy}", "updateStrategy": {{"rollingUpdate": {{"maxUnavailable": 2}}}}}}"#
            )
        };
        // In order: both are deleted at once, and made one after the other.
        let course = of(&spec("OrderedReady"), 4, Some(&pod), &pod);
        assert_eq!(ordinals(&course, What::Deleted), [(3, 0), (2, 0), (1, 7), (0, 7)]);
        assert_eq!(ordinals(&course, What::Created), [(2, 1), (3, 4), (0, 8), (1, 11)]);
        let course = of(&spec("Parallel"), 4, Some(&pod), &pod);
        assert_eq!(ordinals(&course, What::Created), [(2, 1), (3, 1), (0, 5), (1, 5)]);
        assert_eq!(course.takes, bounds(8, 8));
        assert_eq!(of(&spec("Parallel"), 4, None, &pod).takes, bounds(3, 3));
    }

    #[test]
    fn a_partition_keeps_the_old_ones() {
        let pod = times(3..=3, 1..=1);
        let course = of(r#"{"updateStrategy": {"rollingUpdate": {"partition": 2}}}"#, 4, Some(&pod), &pod);
        assert_eq!(ordinals(&course, What::Deleted), [(3, 0), (2, 4)]);
        assert_eq!((course.early, course.takes), (End::Done, bounds(8, 8)));
        let beyond = of(r#"{"updateStrategy": {"rollingUpdate": {"partition": 9}}}"#, 4, Some(&pod), &pod);
        assert_eq!((beyond.early, beyond.events.len()), (End::Done, 1));
    }

    #[test]
    fn on_delete_waits_for_somebody() {
        let pod = times(3..=3, 1..=1);
        let spec = r#"{"updateStrategy": {"type": "OnDelete"}}"#;
        assert_eq!(of(spec, 2, Some(&pod), &pod).early, End::Never(Why::OnDelete));
        assert_eq!(of(spec, 2, None, &pod).early, End::Done);
    }

    #[test]
    fn a_broken_update_stays_with_its_first_pod() {
        let good = times(3..=3, 1..=1);
        let broken = PodTimes { ready: PodTimes::NEVER, ..good };
        let course = of("{}", 3, Some(&good), &broken);
        assert_eq!((course.late, numbers(&course).last()), (End::Never(Why::KeptInOrder), Some(&(3, 2))));
        let parallel = of(r#"{"podManagementPolicy": "Parallel"}"#, 3, Some(&good), &broken);
        assert_eq!((parallel.late, numbers(&parallel).last()), (End::Never(Why::NotAvailable), Some(&(3, 2))));
    }

    #[test]
    fn a_corrected_template_does_not_replace_what_is_broken_in_order() {
        let good = times(3..=3, 1..=1);
        let broken = PodTimes { ready: PodTimes::NEVER, ..good };
        // The broken Pod is the old revision of the correction.
        for (ordered, why) in [(true, Some(Why::KeptInOrder)), (false, None)] {
            let mut fleet = Fleet::new(Pace::Late, None, Duration::ZERO);
            fleet.start_with(1, Some(0), Revision::New, &good);
            fleet.start_with(1, Some(1), Revision::Old, &broken);
            let rules = Rules { replicas: 2, ordered, partition: 0, unavailable: Some(1), old: &broken, new: &good };
            let log = fleet.run(|fleet| look(fleet, &rules), |fleet| stuck(fleet, &rules), "completeUpdate");
            assert_eq!(log.end.1, why.map_or(End::Done, End::Never));
        }
    }

    #[test]
    fn what_is_unavailable_anyway_is_replaced_beyond_the_budget() {
        let good = times(3..=3, 1..=1);
        let broken = PodTimes { ready: PodTimes::NEVER, ..good };
        let course = of(r#"{"podManagementPolicy": "Parallel"}"#, 3, Some(&broken), &good);
        assert_eq!(ordinals(&course, What::Deleted), [(2, 0), (1, 0), (0, 0)]);
        let course = of("{}", 3, Some(&broken), &good);
        assert_eq!(course.early, End::Never(Why::KeptInOrder));
    }

    #[test]
    fn available_in_order() {
        let pod = times(3..=3, 1..=1);
        let course = of(r#"{"minReadySeconds": 10}"#, 2, None, &pod);
        assert_eq!(ordinals(&course, What::Created), [(0, 0), (1, 12)]);
        assert_eq!(course.takes, bounds(24, 26));
    }
}
