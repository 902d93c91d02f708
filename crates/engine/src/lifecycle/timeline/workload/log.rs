//! What is written down while a simulation runs, and how two runs become one course.

use std::{collections::BTreeMap, time::Duration};

use super::{
    course::{Course, End, Event, Revision, Runs, Step, What, Why, Worst},
    given::{HORIZON, PodTimes},
};
use crate::lifecycle::timeline::{Bounds, pace::Pace};

impl Pace {
    /// Returns when something happens, counted from `from`. `None`: never.
    pub(super) fn after(self, from: Duration, bounds: Bounds) -> Option<Duration> {
        let takes = match self {
            Self::Early => Some(bounds.earliest),
            Self::Late => bounds.latest,
        };
        takes.filter(|takes| *takes < HORIZON).map(|takes| from.saturating_add(takes))
    }

    /// Returns the one of two times that counts in a run of this pace.
    pub(super) fn pick(self, early: Duration, late: Duration) -> Duration {
        if self == Self::Early { early } else { late }
    }
}

/// Something that happened in one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) time: Duration,
    pub(super) what: What,
    pub(super) pods: u64,
    pub(super) slot: Option<u64>,
    pub(super) revision: Revision,
    pub(super) source: &'static str,
}

/// The numbers of Pods from a time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) time: Duration,
    pub(super) total: u64,
    pub(super) available: u64,
    pub(super) ending: u64,
}

/// What one run has come to.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) entries: Vec<Entry>,
    counts: Vec<Counts>,
    /// How it ended, and when; where it never does, until when was looked.
    pub(super) end: (Duration, End),
    /// Until when was looked.
    pub(super) until: Duration,
}

impl Log {
    pub(super) fn new() -> Self {
        let end = (Duration::ZERO, End::Never(Why::Longer));
        Self { entries: Vec::new(), counts: Vec::new(), end, until: Duration::ZERO }
    }

    /// Writes down the numbers of a time. What holds for no time is no step: only the last of one time counts, but for the first of all.
    pub(super) fn count(&mut self, counts: Counts) {
        let numbers = |counts: &Counts| (counts.total, counts.available);
        if self.counts.len() > 1
            && let Some(last) = self.counts.pop_if(|last| last.time == counts.time)
        {
            let ending = last.ending.max(counts.ending);
            return self.count(Counts { ending, ..counts });
        }
        match self.counts.last_mut() {
            Some(last) if numbers(last) == numbers(&counts) => last.ending = last.ending.max(counts.ending),
            _ => self.counts.push(counts),
        }
    }

    fn worst(&self) -> Option<(u64, Duration, Option<Duration>)> {
        let (place, least) = self.counts.iter().enumerate().min_by_key(|(_, counts)| counts.available)?;
        let later = self.counts.iter().skip(place);
        let until = later.skip_while(|counts| counts.available == least.available).map(|counts| counts.time).next();
        Some((least.available, least.time, until))
    }
}

/// Makes one course of two runs.
pub(super) fn merge(replicas: u64, early: &Log, late: &Log, has_worst: bool, assumptions: Vec<String>) -> Course {
    let takes = match (early.end, late.end) {
        ((until, End::Never(_)), _) => Bounds { earliest: until, latest: None },
        ((first, _), (_, End::Never(_))) => Bounds { earliest: first, latest: None },
        ((first, _), (second, _)) => bounds(first, second),
    };
    Course {
        replicas,
        steps: steps(&early.counts, &late.counts),
        events: events(&early.entries, &late.entries),
        takes,
        worst: worst(early, late).filter(|_| has_worst),
        early: early.end.1,
        late: late.end.1,
        until: early.until.max(late.until),
        assumptions,
    }
}

fn bounds(first: Duration, second: Duration) -> Bounds {
    Bounds { earliest: first.min(second), latest: Some(first.max(second)) }
}

fn perhaps(earliest: Duration) -> Bounds {
    Bounds { earliest, latest: None }
}

/// Returns the least that is available in one of the runs; where both have it, both times.
fn worst(early: &Log, late: &Log) -> Option<Worst> {
    let (first, second) = (early.worst()?, late.worst()?);
    let alone = |(available, from, until): (u64, Duration, Option<Duration>)| Worst {
        available,
        from: perhaps(from),
        until: until.map(perhaps),
    };
    Some(match first.0.cmp(&second.0) {
        std::cmp::Ordering::Less => alone(first),
        std::cmp::Ordering::Greater => alone(second),
        std::cmp::Ordering::Equal => {
            let until = match (first.2, second.2) {
                (Some(first), Some(second)) => Some(bounds(first, second)),
                (first, second) => first.or(second).map(perhaps),
            };
            Worst { available: first.0, from: bounds(first.1, second.1), until }
        }
    })
}

/// Merges the steps that both runs have at their beginnings and at their ends; those in between may not come.
fn steps(early: &[Counts], late: &[Counts]) -> Vec<Step> {
    let same =
        |(first, second): &(&Counts, &Counts)| (first.total, first.available) == (second.total, second.available);
    let head = early.iter().zip(late).take_while(same).count();
    let rest = early.len().min(late.len()) - head;
    let tail = early.iter().rev().zip(late.iter().rev()).take(rest).take_while(same).count();
    let both = |(first, second): (&Counts, &Counts)| Step {
        from: bounds(first.time, second.time),
        total: first.total,
        available: first.available,
        ending: first.ending.max(second.ending),
        runs: Runs::Both,
    };
    let alone = |counts: &Counts, runs| Step {
        from: perhaps(counts.time),
        total: counts.total,
        available: counts.available,
        ending: counts.ending,
        runs,
    };
    let mut steps: Vec<Step> = early.iter().zip(late).take(head).map(both).collect();
    let middle = |counts: &[Counts], runs| -> Vec<Step> {
        counts.iter().take(counts.len() - tail).skip(head).map(|counts| alone(counts, runs)).collect()
    };
    let mut between = [middle(early, Runs::Early), middle(late, Runs::Late)].concat();
    between.sort_by_key(|step| step.from.earliest);
    steps.append(&mut between);
    steps.extend(early.iter().skip(early.len() - tail).zip(late.iter().skip(late.len() - tail)).map(both));
    steps
}

/// How much sooner something may come that only the late run has: whole seconds are cut off, and it is looked late.
const SOONER: Duration = Duration::from_secs(2);

/// Merges what happens to each Pod, the first to the first: the n-th of a kind in one run is the n-th of it in the other.
fn events(early: &[Entry], late: &[Entry]) -> Vec<Event> {
    type Key = (What, Option<u64>, Revision);
    let key = |entry: &Entry| -> Key { (entry.what, entry.slot, entry.revision) };
    let mut others: BTreeMap<Key, Vec<&Entry>> = BTreeMap::new();
    for entry in late.iter().rev() {
        others.entry(key(entry)).or_default().push(entry);
    }
    let event = |entry: &Entry, time, pods| Event {
        time,
        what: entry.what,
        pods,
        slot: entry.slot,
        revision: entry.revision,
        source: entry.source,
    };
    // Of each: what is left of its Pods in the late run.
    let mut taken: BTreeMap<Key, u64> = BTreeMap::new();
    let mut events = Vec::new();
    for entry in early {
        let list = others.entry(key(entry)).or_default();
        let used = taken.entry(key(entry)).or_default();
        let mut pods = entry.pods;
        loop {
            let Some(other) = list.last() else {
                events.push(event(entry, perhaps(entry.time), pods));
                break;
            };
            let part = pods.min(other.pods - *used);
            events.push(event(entry, bounds(entry.time, other.time), part));
            *used += part;
            pods -= part;
            if *used >= other.pods {
                list.pop();
                *used = 0;
            }
            if pods == 0 {
                break;
            }
        }
    }
    for (key, list) in others {
        for (place, entry) in list.iter().rev().enumerate() {
            let used = if place == 0 { taken.get(&key).copied().unwrap_or(0) } else { 0 };
            events.push(event(entry, perhaps(entry.time.saturating_sub(SOONER)), entry.pods - used));
        }
    }
    events.sort_by_key(|event| (event.time.earliest, event.time.latest.unwrap_or(Duration::MAX)));
    events
}

impl PodTimes {
    /// Returns whether such a Pod is available that was created long ago.
    pub(super) fn is_ready(&self, pace: Pace) -> bool {
        pace.after(Duration::ZERO, self.ready).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn log(entries: &[(u64, u64)], counts: &[(u64, u64, u64)]) -> Log {
        let mut log = Log::new();
        for (time, pods) in entries {
            let (time, what, revision) = (seconds(*time), What::Ready, Revision::New);
            log.entries.push(Entry { time, what, pods: *pods, slot: None, revision, source: "" });
        }
        for (time, total, available) in counts {
            log.count(Counts { time: seconds(*time), total: *total, available: *available, ending: 0 });
        }
        log
    }

    #[test]
    fn the_first_pod_of_one_run_is_the_first_of_the_other() {
        let found = events(&log(&[(1, 3), (4, 1)], &[]).entries, &log(&[(2, 1), (9, 4)], &[]).entries);
        let told: Vec<_> = found.iter().map(|event| (event.time, event.pods)).collect();
        assert_eq!(
            told,
            [
                (bounds(seconds(1), seconds(2)), 1),
                (bounds(seconds(1), seconds(9)), 2),
                (bounds(seconds(4), seconds(9)), 1),
                (perhaps(seconds(7)), 1),
            ]
        );
    }

    #[test]
    fn what_both_runs_have_gets_both_times() {
        let early = log(&[], &[(0, 3, 3), (0, 4, 3), (2, 4, 4), (5, 3, 3)]);
        let late = log(&[], &[(0, 3, 3), (0, 4, 3), (3, 4, 4), (4, 4, 2), (9, 3, 3)]);
        let told: Vec<_> =
            steps(&early.counts, &late.counts).iter().map(|step| (step.from, step.available, step.runs)).collect();
        assert_eq!(
            told,
            [
                (bounds(seconds(0), seconds(0)), 3, Runs::Both),
                (bounds(seconds(0), seconds(0)), 3, Runs::Both),
                (bounds(seconds(2), seconds(3)), 4, Runs::Both),
                (perhaps(seconds(4)), 2, Runs::Late),
                (bounds(seconds(5), seconds(9)), 3, Runs::Both),
            ]
        );
        let worst = worst(&early, &late).unwrap();
        assert_eq!((worst.available, worst.from, worst.until), (2, perhaps(seconds(4)), Some(perhaps(seconds(9)))));
    }

    #[test]
    fn what_holds_for_no_time_is_no_step() {
        let log = log(&[], &[(0, 3, 3), (0, 3, 0), (0, 4, 1), (2, 4, 1), (3, 4, 2)]);
        let told: Vec<_> = log.counts.iter().map(|counts| (counts.time.as_secs(), counts.available)).collect();
        assert_eq!(told, [(0, 3), (0, 1), (3, 2)]);
    }
}
