//! The Pods of a workload while it is simulated, and the time.

use std::time::Duration;

use super::{
    course::{End, Revision, What, Why},
    given::{HORIZON, MAX_ROUNDS, PodTimes},
    log::{Counts, Entry, Log},
};
use crate::lifecycle::timeline::pace::Pace;

/// How far a Pod has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Made,
    Ready,
    Available,
    Deleted,
}

/// Some Pods that are alike, and were created at the same time.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) pods: u64,
    pub(super) slot: Option<u64>,
    pub(super) revision: Revision,
    /// Says whether they are on the node that is drained.
    pub(super) on_node: bool,
    state: State,
    times: PodTimes,
    /// When they become ready, then available, once deleted gone: what comes next. `None`: nothing does.
    next: Option<Duration>,
}

impl Group {
    pub(super) fn is(&self, revision: Revision) -> bool {
        self.revision == revision && !self.is_deleted()
    }

    /// Returns whether they are ready, and not being deleted.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready | State::Available)
    }

    pub(super) fn is_available(&self) -> bool {
        self.state == State::Available
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.state == State::Deleted
    }
}

/// What a look of a controller at its Pods has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It has done something, and looks again.
    Acted,
    /// It waits for something to happen.
    Waits,
    /// All is as it shall be.
    Done,
}

/// The Pods, and what happened to them.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) pace: Pace,
    pub(super) now: Duration,
    pub(super) groups: Vec<Group>,
    pub(super) log: Log,
    /// When the controller looks again, whatever happens to Pods.
    pub(super) wake: Option<Duration>,
    /// From ready to available.
    settles: Duration,
}

impl Fleet {
    /// A workload without Pods, whose Pods are available once they have been ready for `min_ready_seconds`. `settles_late` is how much longer
    /// than that its controller may take.
    pub(super) fn new(pace: Pace, min_ready_seconds: Option<i64>, settles_late: Duration) -> Self {
        let seconds = min_ready_seconds.unwrap_or(0).max(0);
        let late = if seconds > 0 { pace.pick(Duration::ZERO, settles_late) } else { Duration::ZERO };
        let settles = pace.whole_seconds(seconds) + late;
        Self { pace, now: Duration::ZERO, groups: Vec::new(), log: Log::new(), wake: None, settles }
    }

    /// Adds Pods that were there before.
    pub(super) fn start_with(&mut self, pods: u64, slot: Option<u64>, revision: Revision, times: &PodTimes) {
        let state = if times.is_ready(self.pace) { State::Available } else { State::Made };
        self.groups.push(Group { pods, slot, revision, on_node: false, state, times: *times, next: None });
    }

    pub(super) fn create(
        &mut self,
        pods: u64,
        slot: Option<u64>,
        revision: Revision,
        times: &PodTimes,
        source: &'static str,
    ) {
        let next = self.pace.after(self.now, times.ready);
        let (on_node, state, times) = (false, State::Made, *times);
        self.tell(What::Created, pods, slot, revision, source);
        self.groups.push(Group { pods, slot, revision, on_node, state, times, next });
    }

    /// Deletes so many of the Pods for which `is_meant` says so, those that are not ready first. Returns how many those were.
    pub(super) fn delete(&mut self, most: u64, source: &'static str, is_meant: impl Fn(&Group) -> bool) -> u64 {
        let mut left = most;
        for unready_ones in [true, false] {
            let mut place = 0;
            while let Some(group) = self.groups.get_mut(place).filter(|_| left > 0) {
                place += 1;
                if group.is_deleted() || group.is_ready() == unready_ones || !is_meant(group) {
                    continue;
                }
                let pods = group.pods.min(left);
                let stays = Group { pods: group.pods - pods, ..group.clone() };
                group.pods = pods;
                group.state = State::Deleted;
                group.next = self.pace.after(self.now, group.times.gone);
                left -= pods;
                let (slot, revision) = (group.slot, group.revision);
                self.tell(What::Deleted, pods, slot, revision, source);
                if stays.pods > 0 {
                    self.groups.push(stays);
                }
            }
        }
        most - left
    }

    pub(super) fn tell(&mut self, what: What, pods: u64, slot: Option<u64>, revision: Revision, source: &'static str) {
        let time = self.now;
        // What happens to alike Pods at one time is told once.
        let last = self.log.entries.last_mut().filter(|last| {
            (last.time, last.what, last.slot, last.revision) == (time, what, slot, revision) && last.pods > 0
        });
        match last {
            Some(last) => last.pods += pods,
            None => self.log.entries.push(Entry { time, what, pods, slot, revision, source }),
        }
    }

    /// Returns how many Pods there are of those for which `is_meant` says so.
    pub(super) fn count(&self, is_meant: impl Fn(&Group) -> bool) -> u64 {
        self.groups.iter().filter(|group| is_meant(group)).map(|group| group.pods).sum()
    }

    /// Runs on until nothing happens any more. `stuck` says why it never ends, where it does not, and `done` is the function of Kubernetes
    /// that says when it has.
    pub(super) fn run(
        mut self,
        mut look: impl FnMut(&mut Self) -> Look,
        stuck: impl Fn(&Self) -> Why,
        done: &'static str,
    ) -> Log {
        self.note();
        let mut ended = None;
        for _ in 0..MAX_ROUNDS {
            let mut looks = 0;
            let last = loop {
                let last = look(&mut self);
                looks += 1;
                // No controller acts so often without waiting: a bound, so that none can hang.
                if last != Look::Acted || looks > MAX_ROUNDS {
                    break last;
                }
            };
            if last == Look::Done && ended.is_none() {
                ended = Some(self.now);
                self.tell(What::Ended, 0, None, Revision::New, done);
            }
            self.note();
            let next = self.groups.iter().filter_map(|group| group.next).chain(self.wake).min();
            let Some(next) = next.filter(|next| *next < HORIZON) else {
                let why = if next.is_some() { Why::Longer } else { stuck(&self) };
                return self.finish(ended, why);
            };
            self.advance(next);
        }
        self.finish(ended, Why::Longer)
    }

    fn finish(mut self, ended: Option<Duration>, why: Why) -> Log {
        self.log.end = ended.map_or((self.now, End::Never(why)), |ended| (ended, End::Done));
        self.log.until = self.now;
        self.log
    }

    /// Writes down how many Pods there are now.
    fn note(&mut self) {
        let total = self.count(|group| !group.is_deleted());
        let available = self.count(Group::is_available);
        let ending = self.count(Group::is_deleted);
        self.log.count(Counts { time: self.now, total, available, ending });
    }

    fn advance(&mut self, to: Duration) {
        self.now = to;
        self.wake = self.wake.filter(|wake| *wake > to);
        let mut groups = std::mem::take(&mut self.groups);
        groups.retain_mut(|group| {
            if group.next != Some(to) {
                return true;
            }
            group.next = None;
            let (pods, slot, revision) = (group.pods, group.slot, group.revision);
            match group.state {
                State::Deleted => {
                    self.tell(What::Gone, pods, slot, revision, "terminationGracePeriodSeconds");
                    return false;
                }
                State::Made => {
                    self.tell(What::Ready, pods, slot, revision, "IsPodReady");
                    group.state = State::Ready;
                    group.next = Some(to.saturating_add(self.settles)).filter(|_| !self.settles.is_zero());
                }
                State::Ready | State::Available => {}
            }
            if group.next.is_none() {
                group.state = State::Available;
                self.tell(What::Available, pods, slot, revision, "IsPodAvailable");
            }
            true
        });
        self.groups = groups;
    }
}
