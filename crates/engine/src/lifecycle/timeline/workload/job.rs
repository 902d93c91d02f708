//! A Job: its Pods, its back-off, and its limits.

use std::time::Duration;

use super::{
    course::{Course, End, Failure, Revision, What, Why},
    given::{HORIZON, MAX_ROUNDS, PodTimes, pods},
    log::{Counts, Entry, Log, merge},
};
use crate::{
    lifecycle::{
        restart::{back_off_seconds, job_back_off_seconds},
        timeline::{Bounds, pace::Pace},
    },
    model::object::JobSpec,
};

#[cfg(test)]
mod tests;

/// The `backoffLimit` of a Job that has none (`SetDefaults_Job`).
const DEFAULT_LIMIT: u64 = 6;
/// The controller looks at a Job up to a second after something happened to its Pods (`SyncJobBatchPeriod`), and the kubelet looks at the
/// ends of containers once a second.
const LOOKS_LATE: Duration = Duration::from_secs(2);
/// The kubelet starts a container up to two seconds later than it might: it looks once a second at what ended, and at what is to be started.
const STARTS_LATE: Duration = Duration::from_secs(2);
/// A container that fails for ever is started again so often beyond what is told of it, where nothing counts that.
const SURPLUS_RESTARTS: u64 = 8;

/// A run of a Job's Pod, or, with the restart policy `OnFailure`, of its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// From the creation of the Pod, or from the restart of its container, until it ends. `latest: None`: perhaps never.
    pub runs: Bounds,
    /// The exit code; 0 is a success.
    pub code: i64,
}

/// Returns what a Job does with its Pods, whose restart policy is `pod_policy`.
///
/// `attempts` says how the first run ends, the second, and so on; the last counts for all that follow. With `Never` the run after is a new
/// Pod's, of the same index where there are indexes; with `OnFailure` the same Pod's. `gone` is how long a Pod takes that is deleted, because
/// the Job fails.
///
/// A Pod that failed is replaced after the back-off ([`job_back_off_seconds`]); more failures than `backoffLimit`, as many restarts (one where
/// it is 0), or `activeDeadlineSeconds` end the Job (`syncJob`, `pastBackoffLimitOnFailure`, `manageJob`). With `backoffLimitPerIndex` each
/// index has a back-off and a limit of its own, and nothing counts restarts. `podFailurePolicy` and `successPolicy` are left out.
pub fn job(job: &JobSpec<'_>, pod_policy: &str, attempts: &[Attempt], gone: Bounds) -> Course {
    let plan = Plan::of(job, pod_policy, attempts, gone);
    let wanted = plan.completions.unwrap_or(plan.parallelism);
    let (_, mut assumptions) =
        pods(job.completions.map_or(0, positive).max(job.parallelism.map_or(0, positive)), "Pods");
    if job.pod_failure_policy.is_some() {
        assumptions.push("podFailurePolicy is left out: every failure counts".to_owned());
    }
    merge(wanted, &Run::new(&plan, Pace::Early).run(), &Run::new(&plan, Pace::Late).run(), false, assumptions)
}

/// What a Job says, with the API's defaults.
#[derive(Debug)]
struct Plan<'a> {
    completions: Option<u64>,
    parallelism: u64,
    indexed: bool,
    limit: u64,
    limit_per_index: Option<u64>,
    max_failed_indexes: Option<u64>,
    deadline: Option<i64>,
    restarts_containers: bool,
    suspended: bool,
    attempts: &'a [Attempt],
    gone: Bounds,
}

fn positive(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl<'a> Plan<'a> {
    fn of(job: &JobSpec<'_>, pod_policy: &str, attempts: &'a [Attempt], gone: Bounds) -> Self {
        let count = |number: Option<i64>| number.map(|number| pods(positive(number), "").0);
        let alone = job.completions.is_none() && job.parallelism.is_none();
        let limit_per_index = job.backoff_limit_per_index.map(positive);
        let default_limit = if limit_per_index.is_some() { i32::MAX as u64 } else { DEFAULT_LIMIT };
        Self {
            completions: if alone { Some(1) } else { count(job.completions) },
            parallelism: count(job.parallelism).unwrap_or(1),
            indexed: job.completion_mode == "Indexed",
            limit: job.backoff_limit.map_or(default_limit, positive),
            limit_per_index,
            max_failed_indexes: job.max_failed_indexes.map(positive),
            deadline: job.active_deadline_seconds,
            restarts_containers: pod_policy == "OnFailure",
            suspended: job.suspend == Some(true),
            attempts,
            gone,
        }
    }

    fn attempt(&self, number: usize) -> Attempt {
        let never = Attempt { runs: PodTimes::NEVER, code: 0 };
        self.attempts.get(number).or(self.attempts.last()).copied().unwrap_or(never)
    }
}

/// The work of one Pod and those that replace it.
#[derive(Debug, Clone)]
struct Lane {
    slot: Option<u64>,
    /// Which attempt is next, or runs.
    attempt: usize,
    /// When its last Pod failed.
    failed: Option<Duration>,
}

#[derive(Debug)]
struct Active {
    lane: Lane,
    /// How often its container was started again.
    restarts: u64,
    /// From when the controller sees the last of these.
    seen: Duration,
    /// Says whether its container waits to be started again.
    backs_off: bool,
    /// When its run, or its back-off, is over.
    next: Option<Duration>,
}

#[derive(Debug)]
struct Run<'p> {
    plan: &'p Plan<'p>,
    pace: Pace,
    now: Duration,
    log: Log,
    active: Vec<Active>,
    /// When Pods that were deleted are gone.
    ending: Vec<Option<Duration>>,
    /// Work that waits for a Pod; without indexes only that which was tried before.
    waiting: Vec<Lane>,
    /// Pods that ended and were not counted yet, whether they succeeded, and from when the controller sees it.
    ended: Vec<(Lane, bool, Duration)>,
    /// When the controller looks next.
    look: Option<Duration>,
    succeeded: u64,
    failed: u64,
    failed_indexes: u64,
    failures_in_a_row: u32,
    last_failure: Option<Duration>,
    fails: Option<Failure>,
    restarts_for_ever: bool,
}

impl<'p> Run<'p> {
    fn new(plan: &'p Plan<'p>, pace: Pace) -> Self {
        let lane = |slot| Lane { slot: Some(slot), attempt: 0, failed: None };
        let indexes = if plan.indexed { plan.completions.unwrap_or(0) } else { 0 };
        Self {
            plan,
            pace,
            now: Duration::ZERO,
            log: Log::new(),
            active: Vec::new(),
            ending: Vec::new(),
            waiting: (0..indexes).map(lane).collect(),
            ended: Vec::new(),
            look: Some(Duration::ZERO),
            succeeded: 0,
            failed: 0,
            failed_indexes: 0,
            failures_in_a_row: 0,
            last_failure: None,
            fails: None,
            restarts_for_ever: false,
        }
    }

    fn run(mut self) -> Log {
        self.note();
        let mut end = None;
        let mut why = Why::Longer;
        for _ in 0..MAX_ROUNDS {
            if self.look.is_some_and(|look| look <= self.now) {
                self.look = None;
                end = self.sync();
            }
            self.note();
            if end.is_some() {
                break;
            }
            let pods = self.active.iter().map(|pod| pod.next).chain(self.ending.iter().copied()).chain([self.look]);
            let Some(next) = pods.flatten().min() else {
                why = self.stuck();
                break;
            };
            if next >= HORIZON {
                break;
            }
            self.now = next;
            self.advance();
        }
        self.log.end = (self.now, end.unwrap_or(End::Never(why)));
        self.log.until = self.now;
        self.log
    }

    fn stuck(&self) -> Why {
        match () {
            () if self.plan.suspended || self.plan.parallelism == 0 => Why::Paused,
            () if !self.ending.is_empty() => Why::NotGone,
            () if self.restarts_for_ever => Why::Restarts,
            () => Why::DoesNotEnd,
        }
    }

    fn tell(&mut self, what: What, pods: u64, slot: Option<u64>, source: &'static str) {
        self.log.entries.push(Entry { time: self.now, what, pods, slot, revision: Revision::New, source });
    }

    fn note(&mut self) {
        let (active, ending) = (self.active.len() as u64, self.ending.len() as u64);
        self.log.count(Counts { time: self.now, total: active, available: active, ending });
    }

    fn look_at(&mut self, time: Duration) {
        self.look = Some(self.look.map_or(time, |look| look.min(time)));
    }

    /// Lets the containers do what they do now.
    fn advance(&mut self) {
        let now = self.now;
        let late = now.saturating_add(self.pace.pick(Duration::ZERO, LOOKS_LATE));
        for mut pod in std::mem::take(&mut self.active) {
            if pod.next != Some(now) {
                self.active.push(pod);
                continue;
            }
            let slot = pod.lane.slot;
            if pod.backs_off {
                pod.backs_off = false;
                pod.restarts += 1;
                pod.seen = late;
                pod.lane.attempt += 1;
                self.tell(What::Restarted, 1, slot, "ContainerShouldRestart");
                self.look_at(late);
                pod.next = self.pace.after(now, self.plan.attempt(pod.lane.attempt).runs);
                self.active.push(pod);
                continue;
            }
            let is_success = self.plan.attempt(pod.lane.attempt).code == 0;
            if is_success || !self.plan.restarts_containers {
                self.tell(if is_success { What::Succeeded } else { What::PodFailed }, 1, slot, "getNewFinishedPods");
                self.ended.push((Lane { failed: (!is_success).then_some(now), ..pod.lane }, is_success, late));
                self.look_at(late);
                continue;
            }
            pod.backs_off = true;
            // Nothing ends this but a limit or a deadline.
            let is_surplus = pod.restarts >= self.plan.attempts.len() as u64 + SURPLUS_RESTARTS;
            let is_endless = self.plan.limit >= i32::MAX as u64 && self.plan.deadline.is_none();
            self.restarts_for_ever |= is_surplus && is_endless;
            let crashes = u32::try_from(pod.restarts + 1).unwrap_or(u32::MAX);
            let back_off = self.pace.whole_seconds(back_off_seconds(crashes));
            let start = now.saturating_add(back_off).saturating_add(self.pace.pick(Duration::ZERO, STARTS_LATE));
            pod.next = (!(is_surplus && is_endless)).then_some(start);
            self.active.push(pod);
        }
        let gone = self.ending.iter().filter(|time| **time == Some(now)).count();
        if gone > 0 {
            self.ending.retain(|time| *time != Some(now));
            self.tell(What::Gone, gone as u64, None, "terminationGracePeriodSeconds");
            self.look_at(late);
        }
    }

    /// One look of the controller at the Job (`syncJob`). Returns how the Job has ended, if it has.
    fn sync(&mut self) -> Option<End> {
        if self.plan.suspended {
            return None;
        }
        self.count_ended();
        if self.fails.is_none()
            && let Some((failure, source)) = self.failure()
        {
            self.fails = Some(failure);
            self.tell(What::Fails(failure), 0, None, source);
            let pods = self.active.len() as u64;
            if pods > 0 {
                self.tell(What::Deleted, pods, None, "deleteActivePods");
                let gone = self.pace.after(self.now, self.plan.gone);
                self.ending.extend(self.active.drain(..).map(|_| gone));
            }
        }
        let ended = match (self.fails, self.plan.completions) {
            (Some(failure), _) => Some(End::Failed(failure)),
            (None, Some(completions)) => (self.succeeded >= completions).then_some(End::Done),
            (None, None) => {
                let is_over = self.succeeded > 0 && self.active.is_empty() && self.ended.is_empty();
                is_over.then_some(End::Done)
            }
        };
        if ended.is_some() {
            // It waits for Pods that still end.
            let ended = ended.filter(|_| self.ending.is_empty());
            if ended.is_some() {
                self.tell(What::Ended, 0, None, "enactJobFinished");
            }
            return ended;
        }
        self.manage();
        None
    }

    /// Counts the Pods that have ended since the last look (`newBackoffRecord`).
    fn count_ended(&mut self) {
        for (lane, is_success, seen) in std::mem::take(&mut self.ended) {
            if seen > self.now {
                self.ended.push((lane, is_success, seen));
                self.look_at(seen);
                continue;
            }
            if is_success {
                self.succeeded += 1;
                (self.failures_in_a_row, self.last_failure) = (0, None);
                continue;
            }
            self.failed += 1;
            self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
            self.last_failure = lane.failed;
            if let Some(limit) = self.plan.limit_per_index
                && lane.attempt as u64 >= limit
            {
                self.failed_indexes += 1;
                self.tell(What::IndexFailed, 1, lane.slot, "isIndexFailed");
                continue;
            }
            self.waiting.push(Lane { attempt: lane.attempt + 1, ..lane });
        }
    }

    /// Returns why the Job fails now, if it does, and the function that says so.
    fn failure(&mut self) -> Option<(Failure, &'static str)> {
        let limit = self.plan.limit;
        let is_seen = |pod: &Active| pod.seen <= self.now;
        let restarts: u64 = self.active.iter().map(|pod| pod.restarts - u64::from(!is_seen(pod))).sum();
        if self.failed > limit {
            return Some((Failure::BackoffLimitExceeded, "syncJob"));
        }
        if self.plan.restarts_containers && restarts >= limit.max(1) {
            return Some((Failure::BackoffLimitExceeded, "pastBackoffLimitOnFailure"));
        }
        if let Some(deadline) = self.plan.deadline {
            let deadline = self.pace.whole_seconds(deadline);
            if self.now >= deadline {
                return Some((Failure::DeadlineExceeded, "pastActiveDeadline"));
            }
            self.look_at(deadline);
        }
        self.plan.limit_per_index?;
        if self.plan.max_failed_indexes.is_some_and(|most| self.failed_indexes > most) {
            return Some((Failure::MaxFailedIndexesExceeded, "syncJob"));
        }
        let is_over = self.failed_indexes + self.succeeded >= self.plan.completions.unwrap_or(0);
        (self.failed_indexes > 0 && is_over).then_some((Failure::FailedIndexes, "syncJob"))
    }

    /// Makes Pods, if more are wanted and the back-off is over (`manageJob`).
    fn manage(&mut self) {
        let active = (self.active.len() + self.ended.len()) as u64;
        let wanted = match self.plan.completions {
            Some(completions) => completions.saturating_sub(self.succeeded).min(self.plan.parallelism),
            None if self.succeeded > 0 => active,
            None => self.plan.parallelism,
        };
        let missing = wanted.saturating_sub(active);
        if missing == 0 {
            return;
        }
        if self.plan.limit_per_index.is_none()
            && let Some(over) = self.back_off_over(self.failures_in_a_row, self.last_failure)
        {
            self.look_at(over);
            return;
        }
        // The lowest indexes; without indexes, what failed before is tried again first.
        self.waiting.sort_by_key(|lane| lane.slot);
        let count = usize::try_from(missing).unwrap_or(usize::MAX);
        let mut lanes: Vec<Lane> = self.waiting.drain(..count.min(self.waiting.len())).collect();
        if !self.plan.indexed {
            lanes.resize(count, Lane { slot: None, attempt: 0, failed: None });
        }
        for lane in lanes {
            let failures = u32::try_from(lane.attempt).unwrap_or(u32::MAX);
            if self.plan.limit_per_index.is_some()
                && let Some(over) = self.back_off_over(failures, lane.failed)
            {
                self.look_at(over);
                self.waiting.push(lane);
                continue;
            }
            self.tell(What::Created, 1, lane.slot, "manageJob");
            let next = self.pace.after(self.now, self.plan.attempt(lane.attempt).runs);
            self.active.push(Active { lane, restarts: 0, seen: self.now, backs_off: false, next });
        }
    }

    /// Returns when the back-off is over, where it is not.
    fn back_off_over(&self, failures: u32, last: Option<Duration>) -> Option<Duration> {
        let over = last?.saturating_add(self.pace.whole_seconds(job_back_off_seconds(failures)));
        (over > self.now).then_some(over)
    }
}
