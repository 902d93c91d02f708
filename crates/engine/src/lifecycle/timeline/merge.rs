//! Makes one timeline of two runs: what both have gets the times of both as bounds.

use std::{collections::HashMap, mem::Discriminant, time::Duration};

use super::{
    Bounds, Event, GoesOn, Interval, Lane, Scenario, Timeline, What, Window,
    answers::probe,
    event::Probe,
    run::{Happened, Outcome},
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

/// Makes one timeline of the earliest and the latest run.
pub(super) fn merged(spec: &PodSpec<'_>, scenario: &Scenario, early: &Outcome, late: &Outcome) -> Timeline {
    let late_keys = keyed(&late.log);
    let mut by_key: HashMap<Key, Duration> = late_keys.iter().map(|(key, happened)| (*key, happened.at)).collect();
    let event = |happened: &Happened, time| Event {
        time,
        container: happened.container,
        attempt: happened.attempt,
        what: happened.what,
        source: happened.source,
    };
    let mut events: Vec<Event> = Vec::with_capacity(early.log.len());
    for (key, happened) in keyed(&early.log) {
        let time = match by_key.remove(&key) {
            Some(other) => Bounds { earliest: happened.at.min(other), latest: Some(happened.at.max(other)) },
            None => Bounds { earliest: happened.at, latest: None },
        };
        events.push(event(&happened, time));
    }
    let only_late = late_keys.iter().filter(|(key, _)| by_key.contains_key(key));
    events.extend(only_late.map(|(_, happened)| event(happened, Bounds { earliest: happened.at, latest: None })));
    events.sort_by_key(|event| event.time.earliest);
    let goes_on = match (early.restarts || late.restarts, early.is_cut || late.is_cut) {
        (true, _) => Some(GoesOn::Restarts),
        (_, true) => Some(GoesOn::Longer),
        _ => None,
    };
    let lanes = containers(spec).enumerate();
    let lane_of = |(index, placed): (usize, Placed<'_, '_>)| {
        let own: Vec<&Event> = events.iter().filter(|event| event.container == Some(index)).collect();
        Lane {
            name: placed.container.name.to_string(),
            role: placed.role,
            index: placed.index,
            runs: intervals(&own, |what| matches!(what, What::Starts), |what| matches!(what, What::Exits(_))),
            ready: intervals(&own, |what| matches!(what, What::Ready), |what| matches!(what, What::NotReady)),
            windows: if placed.role == Role::Init { Vec::new() } else { windows(placed.container, &own) },
        }
    };
    Timeline {
        containers: lanes.map(lane_of).collect(),
        until: early.until.max(late.until),
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
            let delay = seconds(timing.initial_delay_seconds);
            let later = |one: Duration, other: Duration| one.saturating_add(delay).max(other);
            let from = Bounds {
                earliest: later(start.earliest, event.time.earliest),
                latest: start.latest.zip(event.time.latest).map(|(start, time)| later(start, time)),
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
        let is_said = |says: fn(&super::Script) -> bool| script.is_some_and(says);
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
    if !spec.gates().is_empty() && !scenario.actions.iter().any(|(_, action)| *action == super::Action::Ungate) {
        assumptions.push("nothing removes the scheduling gates: the Pod waits".to_owned());
    }
    if !spec.readiness_gates.is_empty()
        && !scenario.actions.iter().any(|(_, action)| *action == super::Action::PassReadinessGates)
    {
        assumptions.push("nothing reports what the readiness gates wait for: the Pod is never ready".to_owned());
    }
    assumptions
}
