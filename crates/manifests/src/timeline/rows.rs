//! What is drawn: a row for the Pod and one for each container, with bars and marks. Text and SVG draw the same.

use std::time::Duration;

use podgate_engine::lifecycle::{
    stages::Role,
    timeline::{Bounds, Hook, Interval, Phase, Timeline, What},
};

use super::{Life, words};

/// A row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    /// What part the container plays; empty for the Pod.
    pub(super) part: &'static str,
    pub(super) bars: Vec<Bar>,
    pub(super) marks: Vec<Mark>,
    /// How long probes may fail.
    pub(super) windows: Vec<Bar>,
}

/// A bar.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) from: Duration,
    pub(super) to: Duration,
    pub(super) kind: Kind,
    /// Says what it is, for who hovers or listens.
    pub(super) title: String,
}

/// Tells what a bar stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Waits for its back-off, or is pulled.
    Waits,
    /// May run already, or still.
    MayRun,
    Runs,
    MayBeReady,
    Ready,
    /// Is being stopped.
    Stops,
    /// A probe may fail so long.
    Window,
}

/// Something that happens at one time.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) at: Bounds,
    pub(super) sign: char,
    pub(super) title: String,
}

/// Until when is drawn: the last thing that happens, and a little more.
pub(super) fn end(timeline: &Timeline) -> Duration {
    let last = timeline.events.iter().map(|event| event.time.latest.unwrap_or(event.time.earliest)).max();
    let end = last.unwrap_or_default().max(if timeline.goes_on.is_some() { timeline.until } else { Duration::ZERO });
    (end + end / 20).max(Duration::from_secs(10))
}

/// The rows of a life.
pub(super) fn rows(life: &Life) -> Vec<Row> {
    let timeline = &life.timeline;
    let end = end(timeline);
    let mut rows = vec![pod(timeline, end)];
    rows.extend((0..timeline.containers.len()).filter_map(|index| container(timeline, index, end)));
    rows
}

/// A bar of what holds in an interval: what may be, what is for certain, what may be.
fn bars_of(interval: &Interval, end: Duration, may: Kind, is: Kind, title: &str, bars: &mut Vec<Bar>) {
    let to = interval.to.unwrap_or(Bounds { earliest: end, latest: Some(end) });
    let from_for_certain = interval.from.latest.unwrap_or(end).min(to.earliest).max(interval.from.earliest);
    let mut add = |from: Duration, to: Duration, kind: Kind, title: String| {
        if from < to {
            bars.push(Bar { from, to, kind, title });
        }
    };
    add(interval.from.earliest, from_for_certain, may, format!("{title} perhaps: from {}", words::bounds(interval.from)));
    let until = format!("{title} from {} until {}", words::bounds(interval.from), words::bounds(to));
    add(from_for_certain, to.earliest, is, until);
    let latest = to.latest.unwrap_or(end).min(end);
    let still = from_for_certain.max(to.earliest);
    add(still, latest, may, format!("{title} perhaps still: until {}", words::bounds(to)));
}

fn pod(timeline: &Timeline, end: Duration) -> Row {
    let mut bars = Vec::new();
    let mut phase: Option<Interval> = None;
    let mut ready: Option<Interval> = None;
    let mut marks = Vec::new();
    for event in timeline.events.iter().filter(|event| event.container.is_none()) {
        let title = format!("{}: {}", words::bounds(event.time), words::event(timeline, event));
        match event.what {
            What::Phase(Phase::Running) => phase = Some(Interval { from: event.time, to: None }),
            What::Phase(Phase::Succeeded | Phase::Failed) | What::Gone => {
                if let Some(mut running) = phase.take() {
                    running.to = Some(event.time);
                    bars_of(&running, end, Kind::MayRun, Kind::Runs, "Running", &mut bars);
                }
            }
            What::PodReady => ready = Some(Interval { from: event.time, to: None }),
            What::PodNotReady | What::Deleted => {
                if let Some(mut was) = ready.take() {
                    was.to = Some(event.time);
                    bars_of(&was, end, Kind::MayBeReady, Kind::Ready, "takes traffic", &mut bars);
                }
            }
            _ => {}
        }
        let sign = match event.what {
            What::Deleted => 'D',
            What::Gone => 'G',
            What::Ungated => 'U',
            What::DeadlineExceeded => '!',
            What::Phase(Phase::Failed) => 'F',
            What::Phase(Phase::Succeeded) => 'S',
            _ => continue,
        };
        marks.push(Mark { at: event.time, sign, title });
    }
    if let Some(running) = phase {
        bars_of(&running, end, Kind::MayRun, Kind::Runs, "Running", &mut bars);
    }
    if let Some(ready) = ready {
        bars_of(&ready, end, Kind::MayBeReady, Kind::Ready, "takes traffic", &mut bars);
    }
    bars.sort_by_key(|bar| bar.kind);
    Row { name: "Pod".to_owned(), part: "", bars, marks, windows: Vec::new() }
}

fn container(timeline: &Timeline, index: usize, end: Duration) -> Option<Row> {
    let lane = timeline.containers.get(index)?;
    let mut bars = Vec::new();
    for run in &lane.runs {
        bars_of(run, end, Kind::MayRun, Kind::Runs, "runs", &mut bars);
    }
    for ready in &lane.ready {
        bars_of(ready, end, Kind::MayBeReady, Kind::Ready, "ready", &mut bars);
    }
    let mut marks = Vec::new();
    let mut waits: Option<(Duration, String)> = None;
    let mut stops: Option<(Duration, String)> = None;
    for event in timeline.events.iter().filter(|event| event.container == Some(index)) {
        let title = format!("{}: {}", words::bounds(event.time), words::event(timeline, event));
        match event.what {
            What::Pulls | What::BacksOff { .. } => waits = Some((event.time.earliest, title.clone())),
            What::Starts => {
                if let Some((from, title)) = waits.take() {
                    bars.push(Bar { from, to: event.time.earliest, kind: Kind::Waits, title });
                }
            }
            What::Signal { .. } | What::HookStarts(Hook::PreStop) => {
                stops.get_or_insert((event.time.earliest, title.clone()));
            }
            What::Exits(_) => {
                if let Some((from, title)) = stops.take() {
                    let to = event.time.latest.unwrap_or(event.time.earliest);
                    bars.push(Bar { from, to: to.min(end), kind: Kind::Stops, title });
                }
            }
            _ => {}
        }
        let sign = match event.what {
            What::Signal { .. } => 'T',
            What::Killed => 'K',
            What::GivesUp(_) => '!',
            What::Exits(0) => 'o',
            What::Exits(_) => 'x',
            What::HookStarts(_) => 'h',
            What::RestartsAll => 'R',
            What::Resized => 'r',
            _ => continue,
        };
        marks.push(Mark { at: event.time, sign, title });
    }
    if let Some((from, title)) = waits {
        bars.push(Bar { from, to: end, kind: Kind::Waits, title });
    }
    bars.sort_by_key(|bar| bar.kind);
    let windows = lane.windows.iter().filter_map(|window| {
        let gives_up = window.gives_up?;
        let (from, to) = (window.from.earliest, gives_up.latest.unwrap_or(gives_up.earliest).min(end));
        let title = format!("{} gives up at {}, if it never succeeds", window.probe.field(), words::bounds(gives_up));
        (from < to).then_some(Bar { from, to, kind: Kind::Window, title })
    });
    let part = match lane.role {
        Role::Init => "init",
        Role::Sidecar => "sidecar",
        Role::App => "app",
        Role::Ephemeral => "ephemeral",
    };
    Some(Row { name: lane.name.clone(), part, bars, marks, windows: windows.collect() })
}

/// The times of the axis: a round step, and no more than `most` of them.
pub(super) fn ticks(end: Duration, most: u64) -> Vec<Duration> {
    const STEPS: [u64; 16] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 86_400];
    let seconds = end.as_secs().max(1);
    let fits = |step: &u64| seconds / step < most.max(1);
    let step = STEPS.into_iter().find(fits).unwrap_or(seconds);
    (0..=seconds / step).map(|number| Duration::from_secs(number * step)).collect()
}

/// A time on the axis: `0`, `45s`, `2m`, `1h30`.
pub(super) fn tick(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => "0".to_owned(),
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, 0) => format!("{minutes}m"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}"),
        (hours, 0, _) => format!("{hours}h"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}"),
    }
}
