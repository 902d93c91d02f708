//! What a probe makes of a container's answers: when its result changes.

use std::time::Duration;

use super::{event::Probe, pace::Pace};
use crate::lifecycle::probes::Timing;

/// The times in which a probe's question is answered well, and how long an answer takes.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    /// From and to when, in order, without gaps of nothing between them.
    pub(super) good: Vec<(Duration, Duration)>,
    /// How long one takes.
    pub(super) takes: Duration,
}

/// The time that never comes.
pub(super) const NEVER: Duration = Duration::MAX;

impl Answers {
    /// Answers that are good from this time on.
    pub(super) fn good_from(from: Duration) -> Self {
        Self { good: if from == NEVER { Vec::new() } else { vec![(from, NEVER)] }, takes: Duration::ZERO }
    }

    /// Takes this time out of those in which it answers well.
    pub(super) fn fail(&mut self, from: Duration, to: Duration) {
        let rest = |(begin, end): (Duration, Duration)| [(begin, end.min(from)), (begin.max(to), end)];
        let good = self.good.drain(..).flat_map(rest).filter(|(begin, end)| begin < end);
        self.good = good.collect();
    }

    /// The stretches from `base` on in which the answers are all good or all bad.
    fn stretches(&self, base: Duration, hangs: bool) -> Vec<(bool, Duration, Duration)> {
        let mut stretches = Vec::new();
        let mut at = base;
        let good = if hangs { &[][..] } else { &self.good[..] };
        for &(from, to) in good.iter().filter(|(_, to)| *to > base) {
            if from > at {
                stretches.push((false, at, from));
            }
            stretches.push((true, from.max(at), to));
            at = to;
        }
        if at < NEVER {
            stretches.push((false, at, NEVER));
        }
        stretches
    }
}

/// A probe that is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'r> {
    pub(super) probe: Probe,
    pub(super) timing: &'r Timing,
    pub(super) answers: &'r Answers,
    /// From when it is asked.
    pub(super) base: Duration,
    /// The failures in a row that an earlier run of the container has left: it has ended by itself, and the count goes on
    /// (`resultRun` of the kubelet's worker begins anew only where the probe has ended the container).
    pub(super) failures_before: u32,
    pub(super) pace: Pace,
}

impl Asking<'_> {
    /// The time from one question to the next, and what an answer takes of it.
    fn period(&self) -> (Duration, Duration) {
        let takes = self.answers.takes.min(seconds(self.timing.timeout_seconds));
        (seconds(self.timing.period_seconds).max(takes), takes)
    }

    fn stretches(&self) -> Vec<(bool, Duration, Duration)> {
        self.answers.stretches(self.base, self.answers.takes > seconds(self.timing.timeout_seconds))
    }

    /// Returns when the result changes, and to what, if it is `good` before (`doProbe` of the kubelet).
    ///
    /// Its ticks have no fixed place in the life of a container. As early as can be it is asked just as the answers change, as late as can
    /// be a period after that; then once a period, or as soon as it has its answer where that takes longer. failureThreshold or
    /// successThreshold equal answers in a row change the result.
    pub(super) fn changes(&self, good: bool) -> Vec<(Duration, bool)> {
        let (period, takes) = self.period();
        let missed = if self.pace == Pace::Early { Duration::ZERO } else { period };
        let mut result = good;
        let mut changes = Vec::new();
        for (answer, from, to) in self.stretches() {
            if answer == result && self.probe != Probe::Startup {
                continue;
            }
            let threshold = if answer { self.timing.success_threshold } else { self.timing.failure_threshold };
            let counted = if !answer && from == self.base { self.failures_before } else { 0 };
            let more = u32::try_from(threshold.max(1).saturating_sub(1)).unwrap_or(u32::MAX).saturating_sub(counted);
            // One that is not ready is asked besides whenever the status of its container is looked at (`UpdatePodStatus`).
            let is_asked_besides = self.pace == Pace::Early && answer && self.probe == Probe::Readiness;
            let more = if is_asked_besides { 0 } else { more };
            let asked = from.saturating_add(missed).saturating_add(period.saturating_mul(more));
            // As late as can be the last of them may come at the very end.
            let counts = match self.pace {
                Pace::Early => asked < to,
                Pace::Late => asked <= to,
            };
            if counts && asked < NEVER {
                result = answer;
                changes.push((asked.saturating_add(takes), answer));
                // A startup probe that has said one or the other is not asked again, a liveness probe that has given up neither.
                if self.probe == Probe::Startup || self.probe == Probe::Liveness && !answer {
                    break;
                }
            }
        }
        changes
    }

    /// Returns how many failures in a row are counted at this time: as early as can be the most, as late as can be the fewest.
    pub(super) fn failures(&self, until: Duration) -> u32 {
        let (period, _) = self.period();
        let last = self.stretches().into_iter().rfind(|(_, from, _)| *from < until);
        let most = u32::try_from(self.timing.failure_threshold.saturating_sub(1)).unwrap_or(0);
        // As long as the status still says that it runs, it may be asked once more in vain.
        let after = u32::from(self.pace == Pace::Early);
        let Some((false, from, _)) = last else {
            let counted = if last.is_none() { self.failures_before } else { 0 };
            return counted.saturating_add(after).min(most);
        };
        let spent = until.saturating_sub(from).as_nanos();
        let asked = match self.pace {
            Pace::Early => spent.div_ceil(period.as_nanos().max(1)),
            Pace::Late => spent / period.as_nanos().max(1),
        };
        let counted = if from == self.base { self.failures_before } else { 0 };
        u32::try_from(asked).unwrap_or(u32::MAX).saturating_add(counted).saturating_add(after).min(most)
    }
}

fn seconds(number: i64) -> Duration {
    Duration::from_secs(number.max(1).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(
        probe: Probe,
        timing: &Timing,
        answers: &Answers,
        base: Duration,
        good: bool,
        pace: Pace,
    ) -> Vec<(Duration, bool)> {
        Asking { probe, timing, answers, base, failures_before: 0, pace }.changes(good)
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn timing(delay: i64, period: i64, success: i64, failure: i64) -> Timing {
        Timing {
            initial_delay_seconds: delay,
            timeout_seconds: 1,
            period_seconds: period,
            success_threshold: success,
            failure_threshold: failure,
        }
    }

    #[test]
    fn a_probe_gives_up_within_its_budget() {
        let never = Answers::default();
        for (delay, period, failure) in [(0, 10, 3), (5, 2, 60), (0, 1, 1)] {
            let timing = timing(delay, period, 1, failure);
            let base = s(delay.unsigned_abs());
            let late = changes(Probe::Startup, &timing, &never, base, false, Pace::Late);
            assert_eq!(late, [(s(timing.budget_seconds().unsigned_abs()), false)]);
            let early = changes(Probe::Startup, &timing, &never, base, false, Pace::Early);
            assert_eq!(early, [(s((timing.budget_seconds() - period).unsigned_abs()), false)]);
        }
    }

    #[test]
    fn results_change_with_the_answers() {
        let mut answers = Answers::good_from(s(3));
        answers.fail(s(12), s(24));
        assert_eq!(answers.good, [(s(3), s(12)), (s(24), NEVER)]);
        let timing = timing(0, 1, 1, 2);
        let of = |pace| changes(Probe::Readiness, &timing, &answers, s(0), false, pace);
        assert_eq!(of(Pace::Early), [(s(3), true), (s(13), false), (s(24), true)]);
        assert_eq!(of(Pace::Late), [(s(4), true), (s(14), false), (s(25), true)]);
        // One good answer between failures starts the count again, and a short failure may go unseen.
        answers.fail(s(30), s(31));
        let of = |pace| changes(Probe::Liveness, &timing, &answers, s(3), true, pace).len();
        assert_eq!((of(Pace::Early), of(Pace::Late)), (1, 1));
        let mut short = Answers::good_from(s(0));
        short.fail(s(5), s(7));
        let of = |pace| changes(Probe::Liveness, &timing, &short, s(0), true, pace);
        assert_eq!((of(Pace::Early), of(Pace::Late)), (vec![(s(6), false)], vec![(s(7), false)]));
    }

    #[test]
    fn failures_are_counted_over_ends_that_the_probe_did_not_make() {
        let never = Answers::default();
        let timing = timing(0, 3, 1, 4);
        let asking = |failures_before, pace| Asking {
            probe: Probe::Liveness,
            timing: &timing,
            answers: &never,
            base: s(10),
            failures_before,
            pace,
        };
        assert_eq!((asking(0, Pace::Early).failures(s(15)), asking(0, Pace::Late).failures(s(15))), (3, 1));
        assert_eq!((asking(1, Pace::Early).failures(s(17)), asking(2, Pace::Late).failures(s(10))), (3, 2));
        assert_eq!(asking(2, Pace::Early).changes(true), [(s(13), false)]);
        assert_eq!(asking(2, Pace::Late).changes(true), [(s(16), false)]);
    }

    #[test]
    fn a_probe_that_hangs_fails_after_its_timeout() {
        let mut answers = Answers::good_from(s(0));
        answers.takes = s(10);
        let timing = Timing { timeout_seconds: 4, ..timing(0, 1, 1, 3) };
        assert_eq!(changes(Probe::Liveness, &timing, &answers, s(0), true, Pace::Early), [(s(12), false)]);
        assert_eq!(changes(Probe::Liveness, &timing, &answers, s(0), true, Pace::Late), [(s(16), false)]);
    }
}
