//! Holds what is simulated of workloads against the scenarios in which real controllers and a kubelet were seen.
//!
//! Each scenario is simulated with everything as early and as late as can be, and its lines are read over both as they are read over what
//! really happened. A simulation may be [`GRANULARITY`] off: the kubelet looks at its containers once a second, and controllers keep
//! times in whole seconds.

mod cluster;
mod pod;

use std::collections::BTreeSet;

use libtest_mimic::Trial;

use crate::scenario::{self, Scenario};
use crate::timeline::{Action, Event, From, Kind, Pattern, Step};
use cluster::{Cluster, kind};
use pod::Pace;

/// How many seconds sooner or later than a scenario says something may come in a simulation.
const GRANULARITY: f64 = 1.0;

/// How long it takes to do something after an event, in milliseconds.
const MOMENT: i64 = 50;

/// How many scenarios and lines of them are compared at least.
const COMPARED: (usize, usize) = (35, 162);

/// Scenarios of workloads that are not simulated, and why.
const NOT_COMPARED: &[(&str, &str)] =
    &[("host-port-replicas", "where Pods of one revision find a node is not simulated: they are alike")];

/// Lines that are left out, by their scenario and their first words, and why.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("deployment-unobserved", "deployment has Available False", "no Pod becomes unavailable by itself"),
    ("job-kept", "passing/job is gone", "it is the TTL controller's"),
];

pub fn tests() -> Vec<Trial> {
    let test = |name: &str, body: fn()| {
        Trial::test(format!("courses::{name}"), move || {
            body();
            Ok(())
        })
    };
    vec![test("scenarios", scenarios), test("nothing_is_left_out_for_nothing", nothing_is_left_out_for_nothing)]
}

/// The scenarios of workloads, by their headings.
fn workloads() -> Vec<(String, Scenario)> {
    let named = |scenario: Scenario| Some((scenario.name.strip_prefix("workloads/")?.to_owned(), scenario));
    let is_meant = |scenario: &Scenario| {
        let evicts = scenario.steps.iter().any(|step| matches!(step.kind, Kind::Do(Action::Evict { .. })));
        let kinds = ["Deployment", "StatefulSet", "DaemonSet", "Job"];
        let keeps = scenario.objects.iter().filter_map(kind).any(|kind| kinds.contains(&kind.kind));
        evicts || keeps
    };
    scenario::all().into_iter().filter_map(named).filter(|(_, scenario)| is_meant(scenario)).collect()
}

fn scenarios() {
    let (mut compared, mut lines, mut problems) = (0, 0, Vec::new());
    for (name, scenario) in workloads() {
        if NOT_COMPARED.iter().any(|(left_out, _)| *left_out == name) {
            continue;
        }
        match compare(&name, &scenario, true) {
            Ok(held) => lines += held,
            Err(error) => problems.push(format!("{name}: {error}")),
        }
        compared += 1;
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    println!("{compared} scenarios and {lines} lines of them were held against simulations");
    assert!(compared >= COMPARED.0 && lines >= COMPARED.1, "only {compared} scenarios and {lines} lines were compared");
}

fn nothing_is_left_out_for_nothing() {
    let all = workloads();
    let mut names = BTreeSet::new();
    for (name, reason) in NOT_COMPARED {
        let (_, scenario) = all.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no scenario {name}"));
        assert!(!reason.is_empty() && names.insert(*name), "{name}");
        assert!(compare(name, scenario, true).is_err(), "{name} is simulated well, and could be compared");
    }
    for (name, line, reason) in LEFT_OUT {
        let (_, scenario) = all.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no scenario {name}"));
        assert!(scenario.steps.iter().any(|step| is_line(step, line)), "{name} has no line: {line}");
        assert!(!reason.is_empty() && compare(name, scenario, false).is_err(), "{name}: {line} could be compared");
    }
}

fn is_line(step: &Step, line: &str) -> bool {
    matches!(&step.kind, Kind::Seen { event, .. } | Kind::No(event) if event.to_string().starts_with(line))
}

/// Reads a scenario over both simulations of it. Returns how many lines were held against them.
fn compare(name: &str, scenario: &Scenario, leaves_out: bool) -> Result<usize, String> {
    let is_left_out =
        |step: &Step| leaves_out && LEFT_OUT.iter().any(|(known, line, _)| *known == name && is_line(step, line));
    let steps: Vec<&Step> = scenario.steps.iter().filter(|step| !is_left_out(step)).collect();
    for pace in [Pace::Early, Pace::Late] {
        let begin = Event::done(0, "", "begin");
        let cluster = Cluster::new(pace, &scenario.objects);
        let (seen, forbidden) = (vec![("> begin".to_owned(), begin)], Vec::new());
        let mut play = Play { cluster, log: Vec::new(), now: 0, seen, forbidden, patches: 0, evictions: 0 };
        play.log = play.cluster.log();
        for step in &steps {
            play.step(step, scenario)
                .map_err(|error| format!("{pace:?}, {}: {error}\nsimulated, in seconds:\n{}", step.at, play.told()))?;
        }
    }
    Ok(steps.iter().filter(|step| matches!(step.kind, Kind::Seen { .. } | Kind::No(_))).count())
}

/// A scenario that is read over a simulation.
struct Play<'s> {
    cluster: Cluster,
    log: Vec<Event>,
    now: i64,
    seen: Vec<(String, Event)>,
    forbidden: Vec<&'s Pattern>,
    patches: usize,
    evictions: usize,
}

impl<'s> Play<'s> {
    fn step(&mut self, step: &'s Step, scenario: &Scenario) -> Result<(), String> {
        let last = self.seen.last().unwrap().1.clone();
        match &step.kind {
            Kind::Seen { event, within, from } => {
                let (earlier, zero) = match from {
                    From::Last => (last.clone(), last),
                    From::After(event) => (self.seen_before(event)?, self.seen_before(event)?),
                    From::Since(event) => (last, self.seen_before(event)?),
                };
                let later: Vec<&Event> = self.log.iter().filter(|event| event.may_follow(&earlier)).collect();
                let place =
                    later.iter().position(|found| event.matches(found)).ok_or(format!("does not come: {event}"))?;
                let found = later[place].clone();
                let between = later[..place].iter().copied().filter(|event| !event.is_one_change_with(&found));
                self.allowed(between.filter(|event| !event.is_one_change_with(&earlier)))?;
                self.forbidden.clear();
                let passed = seconds(found.at - zero.at);
                if within
                    .is_some_and(|within| !(within.least - GRANULARITY..=within.most + GRANULARITY).contains(&passed))
                {
                    return Err(format!("{event}: {passed} s after \"{zero}\""));
                }
                self.now = self.now.max(found.at);
                self.seen.push((event.to_string(), found));
            }
            Kind::No(event) => self.forbidden.push(event),
            Kind::Quiet(seconds) => {
                let end = last.at + milliseconds(*seconds);
                let later = self.log.iter().filter(|event| event.may_follow(&last) && event.at <= end);
                self.allowed(later.filter(|event| !event.is_one_change_with(&last)))?;
                self.forbidden.clear();
                self.now = self.now.max(end);
            }
            Kind::Do(action) => self.act(action, scenario)?,
        }
        Ok(())
    }

    fn act(&mut self, action: &Action, scenario: &Scenario) -> Result<(), String> {
        let word = match action {
            Action::Wait(seconds) => {
                self.now += milliseconds(*seconds);
                return Ok(());
            }
            Action::Patch { .. } => {
                self.now += MOMENT;
                self.cluster.patch(&scenario.patches[self.patches], self.now);
                self.patches += 1;
                "patch"
            }
            Action::Delete { name, .. } => {
                self.now += MOMENT;
                self.cluster.delete(name.as_deref().unwrap(), self.now);
                "delete"
            }
            Action::Evict { name, granted } => {
                self.now += MOMENT;
                let is_eviction = |step: &&Step| matches!(step.kind, Kind::Do(Action::Evict { .. }));
                let all = scenario.steps.iter().filter(is_eviction).count() as u64;
                let found = self.cluster.evict(name, (self.evictions, all), self.now);
                self.evictions += 1;
                if found != *granted {
                    return Err(format!("the eviction of {name} is {}", if found { "granted" } else { "refused" }));
                }
                "evict"
            }
            Action::Create | Action::Missing { .. } => return Err("is not simulated".to_owned()),
        };
        self.log = self.cluster.log();
        self.seen.push((format!("> {word}"), Event::done(self.now, "", word)));
        Ok(())
    }

    fn seen_before(&self, line: &Pattern) -> Result<Event, String> {
        let line = line.to_string();
        let found = self.seen.iter().rfind(|(seen, _)| *seen == line);
        found.map(|(_, event)| event.clone()).ok_or_else(|| format!("nothing was seen before for: {line}"))
    }

    fn allowed<'e>(&self, mut events: impl Iterator<Item = &'e Event>) -> Result<(), String> {
        let bad = events.find(|event| self.forbidden.iter().any(|pattern| pattern.matches(event)));
        bad.map_or(Ok(()), |event| Err(format!("must not come: {event}")))
    }

    fn told(&self) -> String {
        self.log.iter().map(|event| format!("{:>8.2}  {event}\n", seconds(event.at))).collect()
    }
}

#[allow(clippy::cast_precision_loss)]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

#[allow(clippy::cast_possible_truncation)]
fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}
