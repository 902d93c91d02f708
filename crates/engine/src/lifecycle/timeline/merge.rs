//! Makes one timeline of all runs: what all have gets the first and the last of its times as bounds.

use std::{collections::HashMap, mem::Discriminant, time::Duration};

use super::{
    answers::probe,
    event::{Bounds, Event, Probe, What},
    life::{GoesOn, Interval, Lane, Timeline, Window},
    pace::Pace,
    run::{Happened, Outcome},
    scenario::{Action, Scenario, Script},
};
use crate::{
    lifecycle::{
        probes::Timing,
        stages::{Placed, Role, containers},
    },
    model::{Container, PodSpec},
};

/// What tells one sort of events from others: which container, which run, and what.
type Sort = (Option<usize>, u32, Discriminant<What>, Option<What>);

/// An event among those of its sort.
type Key = (Sort, u32);

/// Gives each event of a run its key.
fn keyed(log: &[Happened]) -> Vec<(Key, Happened)> {
    let mut counts: HashMap<Sort, u32> = HashMap::new();
    let key = |happened: &Happened| {
        // How an end goes is no other event.
        let which = match happened.what {
            What::Signal { .. } | What::Exits(_) | What::BacksOff { .. } => None,
            what => Some(what),
        };
        (happened.container, happened.attempt, std::mem::discriminant(&happened.what), which)
    };
    let mut numbered = |happened: &Happened| {
        let sort = key(happened);
        let count = counts.entry(sort).or_default();
        *count += 1;
        ((sort, *count), *happened)
    };
    log.iter().map(&mut numbered).collect()
}

/// Makes one timeline of all runs.
pub(super) fn merged(spec: &PodSpec<'_>, scenario: &Scenario, runs: &[Outcome]) -> Timeline {
    // By its key: its place in `found`.
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut found: Vec<(Event, usize)> = Vec::new();
    for run in runs {
        for (key, Happened { at, container, attempt, what, source }) in keyed(&run.log) {
            let place = *places.entry(key).or_insert(found.len());
            if let Some((event, times)) = found.get_mut(place) {
                event.time.earliest = event.time.earliest.min(at);
                event.time.latest = event.time.latest.max(Some(at));
                if let (What::Exits(code), What::Exits(other)) = (&mut event.what, what)
                    && *code != other
                {
                    *code = None;
                }
                *times += 1;
            } else {
                found.push((Event { time: Bounds::at(at), container, attempt, what, source }, 1));
            }
        }
    }
    let bounded = found.into_iter().map(|(mut event, times)| {
        if times < runs.len() {
            event.time.latest = None;
        }
        event
    });
    let mut events: Vec<Event> = bounded.collect();
    events.sort_by_key(|event| event.time.earliest);
    let any = |is: fn(&Outcome) -> bool| runs.iter().any(is);
    let goes_on = match (any(|run| run.restarts), any(|run| run.is_cut)) {
        (true, _) => Some(GoesOn::Restarts),
        (_, true) => Some(GoesOn::Longer),
        _ => None,
    };
    let mut by_container: Vec<Vec<&Event>> = Vec::new();
    for event in &events {
        let Some(index) = event.container else { continue };
        if by_container.len() <= index {
            by_container.resize(index + 1, Vec::new());
        }
        if let Some(own) = by_container.get_mut(index) {
            own.push(event);
        }
    }
    let lanes = containers(spec).enumerate();
    let lane_of = |(index, placed): (usize, Placed<'_, '_>)| {
        let own = by_container.get(index).map_or(&[][..], Vec::as_slice);
        Lane {
            name: placed.container.name.to_string(),
            role: placed.role,
            index: placed.index,
            runs: intervals(own, |what| matches!(what, What::Starts), |what| matches!(what, What::Exits(_))),
            ready: intervals(own, |what| matches!(what, What::Ready), |what| matches!(what, What::NotReady)),
            windows: if placed.role == Role::Init { Vec::new() } else { windows(placed.container, own) },
        }
    };
    Timeline {
        containers: lanes.map(lane_of).collect(),
        until: runs.iter().map(|run| run.until).max().unwrap_or_default(),
        goes_on,
        assumptions: assumptions(spec, scenario),
        events,
    }
}

/// The times from what begins to what ends, of the events of one container.
fn intervals(events: &[&Event], begins: fn(&What) -> bool, ends: fn(&What) -> bool) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    for event in events {
        if begins(&event.what) {
            intervals.push(Interval { from: event.time, to: None });
        } else if ends(&event.what)
            && let Some(last) = intervals.last_mut().filter(|last| last.to.is_none())
        {
            last.to = Some(event.time);
        }
    }
    intervals
}

/// Returns how long each probe lets a container fail, in each of its runs.
fn windows(container: &Container<'_>, events: &[&Event]) -> Vec<Window> {
    let mut windows = Vec::new();
    for event in events {
        let probes: &[Probe] = match event.what {
            What::Starts => &[Probe::Startup],
            What::Started => &[Probe::Liveness, Probe::Readiness],
            _ => continue,
        };
        let start = |events: &[&Event]| {
            let same = |other: &&&Event| other.what == What::Starts && other.attempt == event.attempt;
            events.iter().find(same).map_or(event.time, |other| other.time)
        };
        let start = start(events);
        for which in probes {
            let Some(probe) = probe(container, *which) else { continue };
            let timing = Timing::of(probe);
            let seconds = |number: i64| Duration::from_secs(u64::try_from(number).unwrap_or(0));
            let delay = |pace: Pace| pace.whole_seconds(timing.initial_delay_seconds);
            let later = |one: Duration, pace: Pace, other: Duration| one.saturating_add(delay(pace)).max(other);
            let from = Bounds {
                earliest: later(start.earliest, Pace::Early, event.time.earliest),
                latest: start.latest.zip(event.time.latest).map(|(start, time)| later(start, Pace::Late, time)),
            };
            let patience = seconds(timing.patience_seconds());
            let sooner = patience.saturating_sub(seconds(timing.period_seconds));
            let gives_up = (*which != Probe::Readiness).then(|| Bounds {
                earliest: from.earliest.saturating_add(sooner),
                latest: from.latest.map(|latest| latest.saturating_add(patience)),
            });
            windows.push(Window { probe: *which, attempt: event.attempt, from, gives_up });
        }
    }
    windows
}

/// Says what is taken for granted that neither the manifest nor the scenario tells.
fn assumptions(spec: &PodSpec<'_>, scenario: &Scenario) -> Vec<String> {
    let mut assumptions = Vec::new();
    for placed in containers(spec) {
        let container = placed.container;
        let name = &*container.name;
        let script = scenario.containers.get(name);
        let is_said = |says: fn(&Script) -> bool| script.is_some_and(says);
        match placed.role {
            Role::Init
                if !is_said(|script| script.never_ends || !script.exits.is_empty() || !script.ends_at.is_empty()) =>
            {
                assumptions.push(format!("how long {name} runs is not known: it is drawn as done at once"));
            }
            Role::App | Role::Sidecar if !is_said(|script| script.starts_in.is_some() || !script.checks.is_empty()) => {
                let mut gives_up = [&container.startup_probe, &container.liveness_probe]
                    .into_iter()
                    .zip(["startupProbe", "livenessProbe"]);
                let first = gives_up.find_map(|(probe, field)| probe.as_ref().map(|_| field));
                if let Some(field) = first {
                    assumptions.push(format!(
                        "how long {name} takes to start is not known: between at once and the last moment that its {field} allows"
                    ));
                } else if container.readiness_probe.is_some() {
                    assumptions
                        .push(format!("how long {name} takes to be ready is not known, and nothing gives it up"));
                }
            }
            _ => {}
        }
    }
    if !spec.gates().is_empty() && !scenario.actions.iter().any(|(_, action)| *action == Action::Ungate) {
        assumptions.push("nothing removes the scheduling gates: the Pod waits".to_owned());
    }
    if !spec.readiness_gates.is_empty()
        && !scenario.actions.iter().any(|(_, action)| *action == Action::PassReadinessGates)
    {
        assumptions.push("nothing reports what the readiness gates wait for: the Pod is never ready".to_owned());
    }
    assumptions
}
