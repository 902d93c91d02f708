//! Holds what `lifecycle/` derives from a manifest against what the scenarios say, and with them the kubelet.

use libtest_mimic::Trial;
use podgate_engine::lifecycle::restart::{Restart, after_exit, after_probe_kill};
use podgate_engine::lifecycle::shutdown::stops;
use podgate_engine::lifecycle::stages::{Placed, Role, containers};
use podgate_engine::{model::PodSpec, syntax::json::from_object};

use crate::scenario::{self, Scenario};
use crate::timeline::{Action, Kind, Step};

pub fn tests() -> Vec<Trial> {
    let test = |name: &str, body: fn()| {
        Trial::test(format!("derivations::{name}"), move || {
            body();
            Ok(())
        })
    };
    vec![test("restarts", restarts), test("shutdown", shutdown)]
}

/// Gives each scenario of one Pod, with that Pod's spec.
fn each_pod(mut with: impl FnMut(&Scenario, &PodSpec<'_>)) {
    for scenario in scenario::all() {
        if let [pod] = &scenario.objects[..]
            && pod["kind"] == "Pod"
        {
            let text = pod["spec"].to_string();
            with(&scenario, &from_object(&text).unwrap());
        }
    }
}

/// A container that ends, with what the scenario says of it before and after.
struct End<'s> {
    name: &'s str,
    code: i64,
    killed: bool,
    /// Whether it starts again; `None` if nothing is said.
    starts: Option<bool>,
}

/// Every end of a container of which a scenario says what comes next.
fn ends(steps: &[Step]) -> Vec<End<'_>> {
    let mut ends = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let Kind::Seen { event, .. } = &step.kind else { continue };
        let Some((name, code)) = event.words().zip(event.exit_code()).map(|(words, code)| (words.0, code)) else {
            continue;
        };
        let says = |step: &Step, verb: &str| match &step.kind {
            Kind::Seen { event, .. } => event.words() == Some((name, verb)),
            _ => false,
        };
        let later = &steps[place + 1..];
        let later = &later[..later.iter().position(|step| says(step, "exits")).unwrap_or(later.len())];
        let never = |step: &Step| matches!(&step.kind, Kind::No(event) if event.words() == Some((name, "starts")));
        let starts = later.iter().any(|step| says(step, "starts")).then_some(true);
        let starts = starts.or_else(|| later.iter().any(never).then_some(false));
        let killed =
            steps[..place].iter().rev().take_while(|step| !says(step, "starts")).any(|step| says(step, "gets"));
        ends.push(End { name, code, killed, starts });
    }
    ends
}

/// Whether a container is started again.
fn restarts() {
    let mut held = 0;
    each_pod(|scenario, spec| {
        let ended_by_others = spec.active_deadline_seconds.is_some()
            || scenario
                .steps
                .iter()
                .any(|step| matches!(step.kind, Kind::Do(Action::Delete { .. } | Action::Patch { .. })));
        let policy = if spec.restart_policy.is_empty() { "Always" } else { &*spec.restart_policy };
        for End { name, code, killed, starts } in ends(&scenario.steps) {
            let Some(starts) = starts.filter(|_| !ended_by_others) else { continue };
            let placed = containers(spec).find(|placed| placed.container.name == name).unwrap();
            let probed = placed.container.liveness_probe.is_some() || placed.container.startup_probe.is_some();
            let derived = match (killed, probed) {
                (false, _) => after_exit(policy, &placed, code),
                (true, true) => after_probe_kill(policy, &placed, code, spec.containers.len() > 1),
                // By something else: a hook, or the end of the Pod.
                (true, false) => continue,
            };
            assert_eq!(derived != Restart::No, starts, "{}: {name} after {code}: {derived:?}", scenario.name);
            held += 1;
        }
    });
    assert!(held >= 40, "only {held} ends of containers were held against lifecycle/");
}

/// How long a container has from SIGTERM to SIGKILL on the Pod's deletion, and that SIGTERM comes no sooner than its hook
/// takes.
fn shutdown() {
    let mut held = 0;
    each_pod(|scenario, spec| {
        let deleted = scenario
            .steps
            .iter()
            .position(|step| matches!(&step.kind, Kind::Do(Action::Delete { query, .. }) if query.is_empty()));
        let Some(deleted) = deleted else { return };
        for step in &scenario.steps[deleted..] {
            let Kind::Seen { event, within, .. } = &step.kind else { continue };
            let Some((name, left)) = event.words().zip(event.seconds_left()).map(|(words, left)| (words.0, left))
            else {
                continue;
            };
            let running = |placed: &Placed<'_, '_>| placed.role != Role::Init;
            if !containers(spec).filter(running).any(|placed| placed.container.name == name) {
                continue;
            }
            let stops = stops(spec);
            let stop = stops.iter().find(|stop| stop.placed.container.name == name).unwrap();
            // What a script does is not known from the manifest: it only shortens what is left.
            assert!(left <= stop.left.as_secs(), "{}: {name} has {left} s, derived: {stop:?}", scenario.name);
            if let (Some(hook), Some(within)) = (stop.hook, within) {
                let after = stop.signal_after.as_secs_f64();
                assert!((within.least..=within.most).contains(&after), "{}: {hook:?} {stop:?}", scenario.name);
                assert_eq!(left, stop.left.as_secs(), "{}: {stop:?}", scenario.name);
            }
            held += 1;
        }
    });
    assert!(held >= 15, "only {held} stops of containers were held against lifecycle/");
}
