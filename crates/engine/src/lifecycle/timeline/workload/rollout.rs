//! A Deployment: rolling updates, and `Recreate`.

use std::time::Duration;

use super::{
    course::{Course, End, Revision, What, Why},
    fleet::{Fleet, Group, Look},
    given::{MAX_PODS, PodTimes, pods},
    log::{Entry, Log, merge},
};
use crate::{
    lifecycle::{
        rollout::{Rollout, progress_deadline, rolling_update},
        timeline::pace::Pace,
    },
    model::{Workload, object::ControllerSpec},
};

const SCALES_UP: &str = "reconcileNewReplicaSet";
const SCALES_DOWN: &str = "scaleDownOldReplicaSetsForRollingUpdate";
const CLEANS_UP: &str = "cleanupUnhealthyReplicas";
const RECREATES: &str = "rolloutRecreate";

/// Returns what a Deployment does to its `replicas` Pods when its template changes, or from nothing where `old` is `None`.
///
/// Rolling, it makes new Pods up to replicas + surge, and takes old ones away that are not available, then others down to
/// replicas − unavailable (`rolloutRolling`, [`Rollout`]). With `Recreate` it takes all away, waits until they are gone, and makes the new
/// ones. It has ended when all are new and available; old Pods may still be ending then (`DeploymentComplete`). `None` for other kinds, and
/// where `maxSurge` or `maxUnavailable` is neither a count nor a percentage.
pub fn deployment(
    workload: &Workload,
    controller: &ControllerSpec<'_>,
    replicas: u64,
    old: Option<&PodTimes>,
    new: &PodTimes,
) -> Option<Course> {
    if !workload.is("apps", "Deployment") {
        return None;
    }
    let (replicas, assumptions) = pods(replicas, "Pods");
    let count = i64::try_from(replicas).unwrap_or(i64::MAX);
    // Without a rolling update it is `Recreate`; the API server refuses anything else.
    let at_once = match rolling_update(workload, controller) {
        Some(update) => Some(update.at_once(count)?),
        None => None,
    };
    let run = |pace| {
        let mut fleet = Fleet::new(pace, controller.min_ready_seconds, Duration::ZERO);
        if let Some(old) = old.filter(|_| replicas > 0) {
            fleet.start_with(replicas, None, Revision::Old, old);
        }
        let look = |fleet: &mut Fleet| match at_once {
            _ if controller.paused == Some(true) => Look::Waits,
            Some(at_once) => rolling(fleet, replicas, at_once, new),
            None => recreate(fleet, replicas, new),
        };
        let mut log = fleet.run(look, |fleet| stuck(fleet, controller), "DeploymentComplete");
        if let Some((_, seconds)) = progress_deadline(workload, controller) {
            tell_deadlines(&mut log, pace, seconds);
        }
        log
    };
    Some(merge(replicas, &run(Pace::Early), &run(Pace::Late), true, assumptions))
}

fn stuck(fleet: &Fleet, controller: &ControllerSpec<'_>) -> Why {
    match () {
        () if controller.paused == Some(true) => Why::Paused,
        () if fleet.count(|group| group.is(Revision::New)) == 0 => Why::NotGone,
        () => Why::NotAvailable,
    }
}

/// One look of a Deployment that rolls (`rolloutRolling`).
pub(super) fn rolling(fleet: &mut Fleet, replicas: u64, at_once: Rollout, new: &PodTimes) -> Look {
    let (surge, unavailable) = (at_once.surge.unsigned_abs().min(MAX_PODS), at_once.unavailable.unsigned_abs());
    let of = |fleet: &Fleet, revision| fleet.count(|group| group.is(revision));
    let available = |fleet: &Fleet, revision| fleet.count(|group| group.is(revision) && group.is_available());
    let (old_pods, new_pods) = (of(fleet, Revision::Old), of(fleet, Revision::New));
    let all = old_pods + new_pods;
    let most = replicas + surge;
    if new_pods < replicas && all < most {
        fleet.create((most - all).min(replicas - new_pods), None, Revision::New, new, SCALES_UP);
        return Look::Acted;
    }
    let (old_available, new_available) = (available(fleet, Revision::Old), available(fleet, Revision::New));
    if old_pods == 0 {
        return if new_available == replicas { Look::Done } else { Look::Waits };
    }
    let least = replicas.saturating_sub(unavailable);
    let most_down = all.saturating_sub(least).saturating_sub(new_pods - new_available);
    if most_down == 0 {
        return Look::Waits;
    }
    let is_old = |group: &Group| group.is(Revision::Old);
    let unhealthy = most_down.min(old_pods - old_available);
    let mut taken = fleet.delete(unhealthy, CLEANS_UP, |group| is_old(group) && !group.is_available());
    taken += fleet.delete((old_available + new_available).saturating_sub(least), SCALES_DOWN, is_old);
    if taken > 0 { Look::Acted } else { Look::Waits }
}

/// One look of a Deployment that has `Recreate` (`rolloutRecreate`).
fn recreate(fleet: &mut Fleet, replicas: u64, new: &PodTimes) -> Look {
    if fleet.delete(u64::MAX, RECREATES, |group| group.revision == Revision::Old) > 0 {
        return Look::Acted;
    }
    if fleet.count(|group| group.revision == Revision::Old) > 0 {
        return Look::Waits;
    }
    let made = fleet.count(|group| group.is(Revision::New));
    if made < replicas {
        fleet.create(replicas - made, None, Revision::New, new, RECREATES);
        return Look::Acted;
    }
    if fleet.count(Group::is_available) == replicas { Look::Done } else { Look::Waits }
}

/// Tells when there has been no progress for `seconds`.
///
/// Progress is a new Pod that is made, any that becomes ready or available, and an old one that is taken away (`DeploymentProgressing`). Its
/// time is cut to whole seconds, and looked at a second late at most (`DeploymentTimedOut`, `requeueStuckDeployment`).
fn tell_deadlines(log: &mut Log, pace: Pace, seconds: i64) {
    let second = Duration::from_secs(1);
    let deadline = Duration::from_secs(seconds.max(0).unsigned_abs());
    let (ended, is_done) = (log.end.0, log.end.1 == End::Done);
    let is_progress = |entry: &&Entry| match entry.what {
        What::Created | What::Ready | What::Available => true,
        What::Deleted => entry.revision == Revision::Old,
        _ => false,
    };
    let mut times: Vec<Duration> = log.entries.iter().filter(is_progress).map(|entry| entry.time).collect();
    times.retain(|time| !is_done || *time <= ended);
    let mut told = Vec::new();
    for (place, time) in times.iter().enumerate() {
        let next = times.get(place + 1).copied().or(is_done.then_some(ended));
        let exceeds =
            pace.pick(time.saturating_add(deadline) + second, time.saturating_add(deadline).saturating_sub(second));
        if next.is_none_or(|next| next > exceeds) {
            // Not sooner than that, and not after the next progress.
            let late = time.saturating_add(deadline) + second;
            let time = pace
                .pick(time.saturating_add(deadline).saturating_sub(second), next.map_or(late, |next| next.min(late)));
            let (what, pods, slot, revision) = (What::DeadlineExceeded, 0, None, Revision::New);
            told.push(Entry { time, what, pods, slot, revision, source: "DeploymentTimedOut" });
        }
    }
    log.until = told.last().map_or(log.until, |last| last.time.max(log.until));
    if matches!(log.end.1, End::Never(_)) {
        log.end.0 = log.until;
    }
    log.entries.extend(told);
    log.entries.sort_by_key(|entry| entry.time);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::timeline::{Bounds, workload::tests::*};

    fn of(spec: &str, replicas: u64, old: Option<&PodTimes>, new: &PodTimes) -> Course {
        with("Deployment", spec, |workload, controller| deployment(workload, controller, replicas, old, new)).unwrap()
    }

    const ONE_BY_ONE: &str = r#"{"strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}"#;

    #[test]
    fn one_more_at_a_time() {
        let pod = times(5..=7, 2..=30);
        let course = of(ONE_BY_ONE, 3, Some(&pod), &pod);
        assert_eq!((course.early, course.late), (End::Done, End::Done));
        assert_eq!(course.takes, bounds(15, 21));
        assert_eq!(numbers(&course), [(3, 3), (4, 3), (3, 3)]);
        assert_eq!(created(&course), [(0, 1), (5, 1), (10, 1)]);
        let froms: Vec<Bounds> = course.steps.iter().map(|step| step.from).collect();
        assert_eq!(froms.last(), Some(&bounds(15, 21)));
        assert_eq!(course.worst.unwrap().available, 3);
    }

    #[test]
    fn percentages_are_rounded() {
        let pod = times(5..=5, 1..=1);
        // 10 Pods, by default: 3 more, 2 less.
        let course = of("{}", 10, Some(&pod), &pod);
        assert_eq!(numbers(&course).iter().map(|(total, _)| *total).max(), Some(13));
        assert_eq!(course.worst.unwrap().available, 8);
        // 5 at once, because 3 more may be there and 2 less.
        assert_eq!(created(&course), [(0, 3), (0, 2), (5, 5)]);
    }

    #[test]
    fn a_version_that_is_never_ready_stops() {
        let (good, broken) = (times(5..=5, 1..=1), PodTimes { ready: PodTimes::NEVER, ..times(5..=5, 1..=1) });
        let course = of(r#"{"progressDeadlineSeconds": 60}"#, 10, Some(&good), &broken);
        assert_eq!((course.early, course.late), (End::Never(Why::NotAvailable), End::Never(Why::NotAvailable)));
        // 8 old ones stay, and 5 new ones are there for nothing.
        assert_eq!(numbers(&course).last(), Some(&(13, 8)));
        let exceeded = course.events.iter().find(|event| event.what == What::DeadlineExceeded).unwrap();
        assert_eq!(exceeded.time, bounds(59, 61));
        assert_eq!(course.takes, Bounds { earliest: seconds(59), latest: None });
        assert!(!course.ends_for_certain());
    }

    #[test]
    fn an_old_version_that_is_not_ready_is_replaced_as_well() {
        let (good, broken) = (times(5..=5, 1..=1), PodTimes { ready: PodTimes::NEVER, ..times(5..=5, 1..=1) });
        let course = of(ONE_BY_ONE, 3, Some(&broken), &good);
        // New Pods that are not ready yet count as if they were away: still one at a time.
        assert_eq!((course.early, course.takes), (End::Done, bounds(15, 15)));
        assert_eq!(numbers(&course), [(3, 0), (4, 0), (4, 1), (4, 2), (3, 3)]);
    }

    #[test]
    fn recreate_is_an_outage() {
        let pod = times(5..=7, 2..=30);
        let course = of(r#"{"strategy": {"type": "Recreate"}}"#, 2, Some(&pod), &pod);
        assert_eq!(numbers(&course), [(2, 2), (0, 0), (2, 0), (2, 2)]);
        let worst = course.worst.unwrap();
        assert_eq!((worst.available, worst.from, worst.until), (0, bounds(0, 0), Some(bounds(7, 37))));
        assert_eq!(course.takes, bounds(7, 37));
        let never = PodTimes { gone: PodTimes::NEVER, ..pod };
        let course = of(r#"{"strategy": {"type": "Recreate"}}"#, 2, Some(&never), &pod);
        assert_eq!(course.early, End::Never(Why::NotGone));
    }

    #[test]
    fn min_ready_seconds_are_whole_ones() {
        let pod = times(5..=7, 1..=1);
        let course = of(r#"{"minReadySeconds": 10}"#, 1, None, &pod);
        assert_eq!(course.takes, bounds(14, 17));
        let available = course.events.iter().find(|event| event.what == What::Available).unwrap();
        assert_eq!((available.time, available.pods), (bounds(14, 17), 1));
    }

    #[test]
    fn what_is_ready_is_progress() {
        let pod = times(12..=12, 1..=1);
        let spec = |deadline| format!(r#"{{"minReadySeconds": 15, "progressDeadlineSeconds": {deadline}}}"#);
        let exceeds = |deadline| {
            let course = of(&spec(deadline), 1, None, &pod);
            course.events.iter().any(|event| event.what == What::DeadlineExceeded)
        };
        assert_eq!([25, 17, 13, 11].map(exceeds), [false, false, true, true]);
    }

    #[test]
    fn perhaps_never() {
        let old = times(1..=1, 1..=1);
        let new = PodTimes { ready: Bounds { earliest: seconds(3), latest: None }, ..old };
        let course = of(ONE_BY_ONE, 2, Some(&old), &new);
        assert_eq!((course.early, course.late), (End::Done, End::Never(Why::NotAvailable)));
        assert_eq!(course.takes, Bounds { earliest: seconds(6), latest: None });
        assert_eq!(numbers(&course).first(), Some(&(2, 2)));
    }

    #[test]
    fn paused_and_empty() {
        let pod = times(1..=1, 1..=1);
        let paused = of(r#"{"paused": true}"#, 2, Some(&pod), &pod);
        assert_eq!((paused.late, numbers(&paused)), (End::Never(Why::Paused), vec![(2, 2)]));
        let none = of("{}", 0, Some(&pod), &pod);
        assert_eq!((none.late, none.takes), (End::Done, bounds(0, 0)));
    }
}
