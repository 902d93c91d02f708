//! The bars of a lane: what a container is doing, one after the other.

use std::time::Duration;

use podgate_engine::lifecycle::timeline::{Bounds, Event, Hook, Phase, Timeline, What};

/// Tells what a container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Its image is pulled.
    Pull,
    /// It waits to be started again.
    Wait,
    /// It runs, and is not ready.
    Run,
    /// It is ready.
    Ready,
    /// It is being stopped: its preStop hook runs, or it has its stop signal.
    Stop,
}

impl Kind {
    /// Holds all kinds, in the order of a life.
    pub const ALL: [Self; 5] = [Self::Pull, Self::Wait, Self::Run, Self::Ready, Self::Stop];

    /// Returns it in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pull => "image is pulled",
            Self::Wait => "waits for its restart",
            Self::Run => "runs, not ready",
            Self::Ready => "ready",
            Self::Stop => "is stopped",
        }
    }

    /// Returns the short name that JSON and styles have.
    pub fn id(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Wait => "wait",
            Self::Run => "run",
            Self::Ready => "ready",
            Self::Stop => "stop",
        }
    }
}

/// A time in which one thing holds: what a container does, or the Pod's phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar<K> {
    /// What holds.
    pub kind: K,
    /// The run of the container; the first is 0.
    pub attempt: u32,
    /// When it begins.
    pub from: Bounds,
    /// When it ends. `None`: not while was looked.
    pub to: Option<Bounds>,
}

/// A stretch of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From when.
    pub from: Duration,
    /// Until when.
    pub to: Duration,
    /// Says that it holds there however early or late everything comes; else it may.
    pub is_certain: bool,
}

impl<K> Bar<K> {
    /// Returns the stretches in which it may hold and in which it holds, in the order of time, as far as `end`.
    pub fn spans(&self, end: Duration) -> Vec<Span> {
        let to = self.to.unwrap_or(Bounds::at(end));
        let last = to.last().min(end);
        let first = self.from.earliest.min(end);
        // What may never begin may hold all the time.
        let from = self.from.latest.unwrap_or(last).clamp(first, last.max(first));
        let until = to.earliest.clamp(first, last.max(first));
        let span = |from: Duration, to: Duration, is_certain| (from < to).then_some(Span { from, to, is_certain });
        if from >= until {
            return span(first, last, false).into_iter().collect();
        }
        [span(first, from, false), span(from, until, true), span(until, last, false)].into_iter().flatten().collect()
    }
}

/// Puts one bar behind the other.
struct Row<K> {
    done: Vec<Bar<K>>,
    open: Option<Bar<K>>,
}

impl<K: Copy + PartialEq> Row<K> {
    fn new() -> Self {
        Self { done: Vec::new(), open: None }
    }

    fn close(&mut self, time: Bounds) {
        if let Some(bar) = self.open.take() {
            self.done.push(Bar { to: Some(time), ..bar });
        }
    }

    fn begin(&mut self, kind: K, event: &Event) {
        self.close(event.time);
        self.open = Some(Bar { kind, attempt: event.attempt, from: event.time, to: None });
    }

    fn is(&self, kinds: &[K]) -> bool {
        self.open.as_ref().is_some_and(|bar| kinds.contains(&bar.kind))
    }

    fn all(mut self) -> Vec<Bar<K>> {
        self.done.extend(self.open);
        self.done
    }
}

/// Returns what a container is doing over time.
pub(super) fn of_container(timeline: &Timeline, index: usize) -> Vec<Bar<Kind>> {
    let mut row = Row::new();
    for event in timeline.events.iter().filter(|event| event.container == Some(index)) {
        match event.what {
            What::Pulls => row.begin(Kind::Pull, event),
            What::Starts => row.begin(Kind::Run, event),
            What::Ready if row.is(&[Kind::Run]) => row.begin(Kind::Ready, event),
            What::NotReady if row.is(&[Kind::Ready]) => row.begin(Kind::Run, event),
            What::HookStarts(Hook::PreStop) | What::Signal { .. } if row.is(&[Kind::Run, Kind::Ready]) => {
                row.begin(Kind::Stop, event);
            }
            What::Exits(_) => row.close(event.time),
            What::BacksOff { .. } => row.begin(Kind::Wait, event),
            _ => {}
        }
    }
    // It is not known how the wait goes on for a Pod that is gone.
    if row.is(&[Kind::Wait])
        && let Some(gone) = timeline.events.iter().find(|event| matches!(event.what, What::Deleted | What::Gone))
    {
        row.close(gone.time);
    }
    row.all()
}

/// Returns the phases of the Pod over time.
pub(super) fn phases(timeline: &Timeline) -> Vec<Bar<Phase>> {
    let mut row = Row::new();
    for event in timeline.events.iter().filter(|event| event.container.is_none()) {
        match event.what {
            What::Phase(phase) => row.begin(phase, event),
            What::Gone => row.close(event.time),
            _ => {}
        }
    }
    row.all()
}

/// Returns when the Pod is ready.
pub(super) fn pod_ready(timeline: &Timeline) -> Vec<Bar<Kind>> {
    let mut row = Row::new();
    for event in timeline.events.iter().filter(|event| event.container.is_none()) {
        match event.what {
            What::PodReady if !row.is(&[Kind::Ready]) => row.begin(Kind::Ready, event),
            What::PodNotReady | What::Gone => row.close(event.time),
            _ => {}
        }
    }
    row.all()
}

/// Returns when a hook of a container runs.
pub(super) fn hook(timeline: &Timeline, index: usize, hook: Hook) -> Vec<Bar<Hook>> {
    let mut row = Row::new();
    for event in timeline.events.iter().filter(|event| event.container == Some(index)) {
        match event.what {
            What::HookStarts(started) if started == hook => row.begin(hook, event),
            What::HookEnds(ended) | What::HookFails(ended) if ended == hook => row.close(event.time),
            What::Exits(_) => row.close(event.time),
            _ => {}
        }
    }
    row.all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn bounds(earliest: u64, latest: u64) -> Bounds {
        Bounds { earliest: seconds(earliest), latest: Some(seconds(latest)) }
    }

    fn spans(from: Bounds, to: Option<Bounds>) -> Vec<(u64, u64, bool)> {
        let bar = Bar { kind: Kind::Run, attempt: 0, from, to };
        bar.spans(seconds(100)).iter().map(|span| (span.from.as_secs(), span.to.as_secs(), span.is_certain)).collect()
    }

    #[test]
    fn what_is_certain_lies_between_what_may_be() {
        assert_eq!(spans(bounds(1, 3), Some(bounds(10, 20))), [(1, 3, false), (3, 10, true), (10, 20, false)]);
        assert_eq!(spans(bounds(1, 30), Some(bounds(10, 20))), [(1, 20, false)]);
        assert_eq!(spans(bounds(5, 5), None), [(5, 100, true)]);
        let maybe = Bounds { earliest: seconds(5), latest: None };
        assert_eq!(spans(maybe, None), [(5, 100, false)]);
        assert_eq!(spans(bounds(5, 5), Some(maybe)), [(5, 5, true); 0]);
        assert_eq!(spans(bounds(150, 160), None), [(5, 5, true); 0]);
    }

    #[test]
    fn a_container_starts_gets_ready_and_stops() {
        let event = |time, what| Event { time, container: Some(0), attempt: 0, what, source: "" };
        let timeline = Timeline {
            containers: Vec::new(),
            events: vec![
                event(bounds(0, 1), What::Starts),
                event(bounds(5, 9), What::Ready),
                event(bounds(60, 60), What::Signal { left: 30 }),
                event(bounds(60, 60), What::NotReady),
                event(bounds(60, 90), What::Exits(Some(0))),
            ],
            until: seconds(90),
            goes_on: None,
            assumptions: Vec::new(),
        };
        let bars = of_container(&timeline, 0);
        let kinds: Vec<(Kind, u64)> = bars.iter().map(|bar| (bar.kind, bar.from.earliest.as_secs())).collect();
        assert_eq!(kinds, [(Kind::Run, 0), (Kind::Ready, 5), (Kind::Stop, 60)]);
        assert_eq!(bars[2].to, Some(bounds(60, 90)));
    }
}
