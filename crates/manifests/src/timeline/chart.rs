//! The numbers of a workload's Pods over time, as they are drawn: what holds, and what may be so.

use std::time::Duration;

use podgate_engine::lifecycle::timeline::workload::{Course, End, Runs, Step};

/// So many steps are drawn at most of what never ends: failed Pods of a Job may be made again for a month.
const MOST_STEPS: usize = 60;

/// A time in which the numbers of Pods stay the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: Duration,
    pub(super) to: Duration,
    /// How many Pods are available, at least and at most.
    pub(super) available: (u64, u64),
    /// How many Pods there are, at least and at most.
    pub(super) total: (u64, u64),
}

/// Returns until when a course is drawn: a little after the last step that is. `None` where there are no steps.
pub(super) fn end(course: &Course) -> Option<Duration> {
    let never = matches!((course.early, course.late), (End::Never(_), End::Never(_)));
    let most = if never { MOST_STEPS } else { usize::MAX };
    let last = course.steps.iter().take(most).map(|step| step.from.last()).max()?;
    Some((last + last / 10).max(Duration::from_secs(10)))
}

/// Returns the numbers from the beginning until `end`: at each time those where everything comes early and those where it comes late.
pub(super) fn stretches(course: &Course, end: Duration) -> Vec<Stretch> {
    let of = |run, time: fn(&Step) -> Duration| -> Vec<(Duration, &Step)> {
        course.steps.iter().filter(|step| step.runs.has(run)).map(|step| (time(step), step)).collect()
    };
    let (early, late) = (of(Runs::Early, |step| step.from.earliest), of(Runs::Late, |step| step.from.last()));
    let mut times: Vec<Duration> = early.iter().chain(&late).map(|(time, _)| *time).chain([end]).collect();
    times.retain(|time| *time <= end);
    times.sort_unstable();
    times.dedup();
    let mut stretches: Vec<Stretch> = Vec::new();
    for (from, to) in times.iter().copied().zip(times.iter().copied().skip(1)) {
        let at = |run: &[(Duration, &Step)]| run.iter().rfind(|(time, _)| *time <= from).map(|(_, step)| **step);
        let (Some(one), Some(other)) = (at(&early).or(at(&late)), at(&late).or(at(&early))) else { continue };
        let both = |one: u64, other: u64| (one.min(other), one.max(other));
        let next =
            Stretch { from, to, available: both(one.available, other.available), total: both(one.total, other.total) };
        match stretches.last_mut() {
            Some(last) if (last.available, last.total) == (next.available, next.total) => last.to = to,
            _ => stretches.push(next),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use podgate_engine::lifecycle::timeline::{Bounds, workload::Why};

    use super::*;

    fn step(earliest: u64, latest: Option<u64>, total: u64, available: u64, runs: Runs) -> Step {
        let [earliest, latest] = [Some(earliest), latest].map(|seconds| seconds.map(Duration::from_secs));
        Step { from: Bounds { earliest: earliest.unwrap(), latest }, total, available, ending: 0, runs }
    }

    /// From and to when, how many Pods are available, and how many there are.
    type Told = (u64, u64, (u64, u64), (u64, u64));

    fn drawn(steps: Vec<Step>, early: End) -> Vec<Told> {
        let course = Course {
            replicas: 3,
            steps,
            events: Vec::new(),
            takes: Bounds { earliest: Duration::ZERO, latest: None },
            worst: None,
            early,
            late: End::Never(Why::NotAvailable),
            until: Duration::ZERO,
            assumptions: Vec::new(),
        };
        let drawn = stretches(&course, end(&course).unwrap());
        drawn.iter().map(|one| (one.from.as_secs(), one.to.as_secs(), one.available, one.total)).collect()
    }

    #[test]
    fn between_two_times_either_number_may_be() {
        let found = drawn(
            vec![
                step(0, Some(0), 3, 3, Runs::Both),
                step(0, Some(0), 4, 3, Runs::Both),
                step(15, Some(50), 3, 3, Runs::Both),
            ],
            End::Done,
        );
        assert_eq!(found, [(0, 15, (3, 3), (4, 4)), (15, 50, (3, 3), (3, 4)), (50, 55, (3, 3), (3, 3))]);
    }

    #[test]
    fn of_what_never_ends_the_first_steps_are_drawn() {
        let found = |early| {
            let steps = (0..10_000).map(|second| step(second, Some(second), 1, second % 2, Runs::Both)).collect();
            drawn(steps, early).len()
        };
        assert_eq!(found(End::Done), 10_000);
        assert!((MOST_STEPS..MOST_STEPS * 2).contains(&found(End::Never(Why::NotAvailable))));
    }

    #[test]
    fn what_comes_in_one_run_only_may_be() {
        let found = drawn(
            vec![
                step(0, None, 3, 3, Runs::Early),
                step(0, None, 3, 0, Runs::Late),
                step(0, None, 0, 0, Runs::Late),
                step(32, None, 3, 0, Runs::Late),
            ],
            End::Done,
        );
        assert_eq!(found, [(0, 32, (0, 3), (0, 3)), (32, 35, (0, 3), (3, 3))]);
    }
}
