//! Holds the life of a Pod as the engine simulates it against what the kubelet's log says.

use std::time::Duration;

use podgate_engine::lifecycle::stages::{self, Role};
use podgate_engine::lifecycle::timeline::{self as simulation, Hook, Phase, Scenario, What};
use podgate_engine::model::PodSpec;
use podgate_engine::syntax::json::from_object;
use serde_json::Value;

use crate::script;
use crate::timeline::{Action, Event};

/// How much later than simulated at the latest something may come: the log, and a machine that is busy with something else.
const SLACK: f64 = 5.0;

/// The same for what a status says: the kubelet sends the statuses of all Pods one after another.
const STATUS_SLACK: f64 = 14.0;

/// How much sooner than simulated at the earliest: clocks are read a moment apart, and each hand-over once.
const EARLY: f64 = 1.2;

/// Scenarios whose Pod the simulation does not play, and why.
pub const NOT_SIMULATED: &[(&str, &str)] = &[
    ("order/missing-volume-that-is-mounted", OTHERS),
    ("order/missing-claim-that-nobody-mounts", OTHERS),
    ("order/port-taken-twice", "that a port is taken ends a container, which no script says"),
    ("workloads/node-name-set", "the Pod is bound to a node that is not there"),
];

/// Stands for the exit code of an end that comes by itself or by a stop, whichever is quicker.
const ANY_CODE: &str = "?";

const OTHERS: &str = "the Pod waits for an object that is not there, of which its own spec says nothing";

/// What an action of a scenario does to its Pod.
pub fn actions(action: &Action, patch: Option<&Value>) -> Vec<simulation::Action> {
    match (action, patch) {
        (Action::Delete { query, .. }, _) => {
            let grace = query.strip_prefix("gracePeriodSeconds=").and_then(|seconds| seconds.parse().ok());
            vec![simulation::Action::Delete { grace }]
        }
        (Action::Evict { granted: true, .. }, _) => vec![simulation::Action::Delete { grace: None }],
        (Action::Patch { subresource }, Some(_)) if subresource == "status" => {
            vec![simulation::Action::PassReadinessGates]
        }
        (Action::Patch { .. }, Some(patch)) if !patch["spec"]["schedulingGates"].is_null() => {
            vec![simulation::Action::Ungate]
        }
        (Action::Patch { subresource }, Some(patch)) => {
            let lists = ["initContainers", "containers"];
            let patched = lists.iter().flat_map(|list| patch["spec"][list].as_array().into_iter().flatten());
            let name = |container: &Value| container["name"].as_str().unwrap().to_owned();
            let is_resize = subresource == "resize";
            let change = |container: &Value| {
                let container = name(container);
                if is_resize {
                    simulation::Action::Resize { container }
                } else {
                    simulation::Action::Update { container }
                }
            };
            patched.map(change).collect()
        }
        _ => Vec::new(),
    }
}

/// Something that both know.
#[derive(Debug, Clone)]
struct Told {
    what: String,
    earliest: f64,
    /// `None`: it may not come.
    latest: Option<f64>,
}

/// Returns in what the simulated life of a Pod of this spec differs from what was seen of it, which began at `begin` and was looked at until `end`,
/// both in milliseconds; `actions` is what was done to it, with its time.
pub fn differences(
    pod: &Value,
    events: &[Event],
    actions: &[(i64, simulation::Action)],
    end: i64,
) -> Result<Vec<String>, String> {
    let text = pod["spec"].to_string();
    let spec: PodSpec<'_> = from_object(&text).map_err(|error| error.to_string())?;
    let Some(begin) = events.iter().find(|event| event.what.starts_with("sandbox starts")).map(|event| event.at) else {
        return Ok(vec!["the Pod was never begun".to_owned()]);
    };
    let seconds = |at: i64| {
        #[allow(clippy::cast_precision_loss)]
        let seconds = (at - begin) as f64 / 1000.0;
        seconds
    };
    let mut scenario: Scenario = script::scenario(&spec);
    scenario.actions =
        actions.iter().map(|(at, action)| (Duration::from_secs_f64(seconds(*at).max(0.0)), action.clone())).collect();
    scenario.until = Some(Duration::from_secs_f64(seconds(end).max(0.0) + 60.0));
    let is_init = |who: Option<usize>| {
        let role = who.and_then(|index| stages::containers(&spec).nth(index)).map(|placed| placed.role);
        role == Some(Role::Init)
    };
    let policy = if spec.restart_policy.is_empty() { "Always" } else { &*spec.restart_policy };
    let simulated = simulation::simulate(policy, &spec, &scenario);
    // Where the earliest and the latest course part, one of two things happens, and what follows has no bounds.
    let parts = simulated.events.iter().filter(|event| !event.time.is_certain()).map(|event| event.time.earliest);
    let end = parts.min().map_or(seconds(end), |parts| (parts.as_secs_f64() - EARLY).min(seconds(end)));
    // A status that changes more than once within the kubelet's second is not written each time.
    let restarts = simulated.events.iter().any(|event| event.attempt > 0 && event.time.earliest.as_secs_f64() < end);
    let mut differences = Vec::new();
    let mut whos: Vec<Option<usize>> = (0..simulated.containers.len()).map(Some).collect();
    whos.push(None);
    for who in whos {
        let name = who.map_or("pod", |index| &simulated.containers[index].name);
        let container = who.and_then(|index| {
            let all = stages::containers(&spec);
            all.map(|placed| placed.container).nth(index)
        });
        let hooks = container.map(hook_names).unwrap_or_default();
        // The status of an init container calls it ready once it is done.
        for status in if is_init(who) || restarts { &[false][..] } else { &[false, true] } {
            let status = *status;
            let told: Vec<Told> = simulated
                .events
                .iter()
                .filter(|event| event.container == who)
                .filter_map(|event| {
                    let what = words(&event.what, status, event.attempt, &hooks)?;
                    let latest = event.time.latest.map(|latest| latest.as_secs_f64());
                    Some(Told { what, earliest: event.time.earliest.as_secs_f64(), latest })
                })
                .collect();
            let seen: Vec<(f64, String)> = events
                .iter()
                .filter(|event| event.who == name && event.status == status && seconds(event.at) <= end)
                .filter_map(|event| Some((seconds(event.at), seen_words(&event.what, status, who.is_none(), &hooks)?)))
                .collect();
            let compared = if status { compare_status } else { compare };
            if let Err(error) = compared(&told, &seen, end) {
                let line = |told: &Told| {
                    let latest = told.latest.map_or("-".to_owned(), |latest| format!("{latest:.1}"));
                    format!("    {:.1}..{latest} {}\n", told.earliest, told.what)
                };
                let simulated: String = told.iter().map(line).collect();
                let seen: String = seen.iter().map(|(at, what)| format!("    {at:.2} {what}\n")).collect();
                differences.push(format!("{name}: {error}\n  simulated:\n{simulated}  seen:\n{seen}"));
            }
        }
    }
    Ok(differences)
}

/// The commands of a container's postStart and preStop hooks.
fn hook_names(container: &podgate_engine::model::Container<'_>) -> Vec<(Hook, String)> {
    let Some(lifecycle) = &container.lifecycle else { return Vec::new() };
    let command = |handler: &Option<podgate_engine::model::LifecycleHandler<'_>>| {
        Some(handler.as_ref()?.exec.as_ref()?.command.first()?.to_string())
    };
    let hooks = [(Hook::PostStart, command(&lifecycle.post_start)), (Hook::PreStop, command(&lifecycle.pre_stop))];
    hooks.into_iter().filter_map(|(hook, name)| Some((hook, name?))).collect()
}

/// What the log would say of a simulated event, if it says anything.
fn words(what: &What, status: bool, attempt: u32, hooks: &[(Hook, String)]) -> Option<String> {
    let name = |hook: &Hook| hooks.iter().find(|(which, _)| which == hook).map(|(_, name)| name.clone());
    let text = match what {
        What::Starts => format!("starts attempt {attempt}"),
        What::Exits(Some(code)) => format!("exits {code} attempt {attempt}"),
        What::Exits(None) => format!("exits {ANY_CODE} attempt {attempt}"),
        What::Signal { left } => format!("gets SIGTERM {left}"),
        What::Killed => "gets SIGKILL".to_owned(),
        What::HookStarts(hook) => format!("runs {}", name(hook)?),
        What::HookEnds(Hook::PostStart) => format!("ran {} 0", name(&Hook::PostStart)?),
        // What comes of a preStop hook is written when its command has ended, and not when it is given up.
        What::HookFails(Hook::PostStart) => format!("ran {} failing", name(&Hook::PostStart)?),
        What::Resized => "is resized".to_owned(),
        What::Ready if status => "is ready".to_owned(),
        What::NotReady if status => "is not ready".to_owned(),
        What::PodReady if status => "has Ready True".to_owned(),
        What::PodNotReady if status => "has Ready False".to_owned(),
        What::Phase(phase) if status && *phase != Phase::Pending => format!("is {}", phase.name()),
        What::Gone => "is gone".to_owned(),
        _ => return None,
    };
    let is_status = text.starts_with("has ") || text.starts_with("is ") && !matches!(&*text, "is resized" | "is gone");
    (is_status == status).then_some(text)
}

/// The same of an event that the log has.
fn seen_words(what: &str, status: bool, is_pod: bool, hooks: &[(Hook, String)]) -> Option<String> {
    let words: Vec<&str> = what.split(' ').collect();
    let is_hook = |name: &str| hooks.iter().any(|(_, hook)| hook == name);
    let is_post_start = |name: &str| hooks.iter().any(|(which, hook)| *which == Hook::PostStart && hook == name);
    Some(match (status, is_pod, &words[..]) {
        (false, false, ["starts" | "exits", ..])
        | (true, false, ["is", "ready"] | ["is", "not", "ready"])
        | (false, true, ["is", "gone"]) => what.to_owned(),
        (false, false, ["gets", "SIGTERM", left, ..]) => format!("gets SIGTERM {left}"),
        (false, false, ["gets", "SIGKILL", ..]) => "gets SIGKILL".to_owned(),
        (false, false, ["is", "resized", ..]) => "is resized".to_owned(),
        (false, false, ["runs", name, ..]) if is_hook(name) => format!("runs {name}"),
        (false, false, ["ran", name, "0", ..]) if is_post_start(name) => format!("ran {name} 0"),
        (false, false, ["ran", name, ..]) if is_post_start(name) => format!("ran {name} failing"),
        (true, true, ["has", "Ready", value, ..]) => format!("has Ready {value}"),
        (true, true, ["is", phase @ ("Running" | "Succeeded" | "Failed"), ..]) => format!("is {phase}"),
        _ => return None,
    })
}

/// Wants each event that was seen to be simulated, in this order and within these times, and each that is simulated for certain to have been
/// seen.
fn compare(simulated: &[Told], seen: &[(f64, String)], end: f64) -> Result<(), String> {
    let mut rest = simulated.iter().peekable();
    for (at, what) in seen {
        let told = loop {
            let Some(told) = rest.next() else { return Err(format!("seen and not simulated: {what} at {at:.2}")) };
            if same(&told.what, what) {
                break told;
            }
            // It may end just before it would have got its stop signal.
            let ends_first = told.what.starts_with("gets SIGTERM")
                && rest.peek().is_some_and(|next| same(&next.what, what) && next.earliest - told.earliest < EARLY);
            if told.latest.is_some() && !ends_first {
                return Err(format!("{what} at {at:.2}, where {} is simulated", told.what));
            }
        };
        let slack = if what == "is gone" { STATUS_SLACK } else { SLACK };
        let latest = told.latest.map_or(f64::MAX, |latest| latest + slack);
        if *at < told.earliest - EARLY || *at > latest {
            return Err(format!("{what} at {at:.2}, simulated {:.1} to {:?}", told.earliest, told.latest));
        }
    }
    // When a Pod is gone the API server says, once the kubelet has come to tell it.
    let is_due = |told: &&Told| told.what != "is gone" && told.latest.is_some_and(|latest| latest + STATUS_SLACK < end);
    match rest.find(is_due) {
        Some(told) => Err(format!("simulated and not seen: {} by {:?}", told.what, told.latest)),
        None => Ok(()),
    }
}

/// The same of a status, which need not say what holds for a moment only: it is written once in a while. What a phase and a condition say has no
/// order.
fn compare_status(simulated: &[Told], seen: &[(f64, String)], end: f64) -> Result<(), String> {
    let is_phase = |what: &str| matches!(what, "is Running" | "is Succeeded" | "is Failed");
    for phase in [true, false] {
        let simulated: Vec<&Told> = simulated.iter().filter(|told| is_phase(&told.what) == phase).collect();
        let mut seen: Vec<&(f64, String)> = seen.iter().filter(|(_, what)| is_phase(what) == phase).collect();
        // What is taken back within a second was one unanswered question, as a busy machine has them.
        let is_short =
            |pair: &[&(f64, String)]| pair[1].0 - pair[0].0 < 1.0 && is_not(&pair[0].1) != is_not(&pair[1].1);
        while let Some(place) = seen.windows(3).position(|three| is_short(&three[1..]) && three[0].1 == three[2].1) {
            seen.drain(place + 1..place + 3);
        }
        let mut rest = &simulated[..];
        let mut last = None;
        for (at, what) in seen {
            // What is not so from the beginning is said once, and what is said may get another reason.
            if last == Some(what) || last.is_none() && is_not(what) {
                continue;
            }
            let place = rest.iter().position(|told| same(&told.what, what));
            let told = place.map(|place| rest[place]).filter(|told| *at >= told.earliest - EARLY);
            let Some((told, place)) = told.zip(place) else {
                return Err(format!("seen and not simulated: {what} at {at:.2}"));
            };
            rest = &rest[place + 1..];
            last = Some(&told.what);
        }
        // What holds at the end is said at last.
        let held = simulated.iter().rfind(|told| told.latest.is_some_and(|latest| latest + STATUS_SLACK < end));
        let settled =
            simulated.last().is_some_and(|told| told.latest.is_some_and(|latest| latest + STATUS_SLACK < end));
        // Nothing is ready at first, and what was so for a moment only need not have been written.
        let is_news = |held: &&&Told| last != Some(&held.what) && (last.is_some() || !is_not(&held.what));
        if let Some(held) = held.filter(|held| settled && is_news(held)) {
            return Err(format!("simulated and not seen: {} by {:?}", held.what, held.latest));
        }
    }
    Ok(())
}

/// Whether it says that something is not, as all is not at the beginning.
fn is_not(what: &str) -> bool {
    what.contains("not") || what.contains("False")
}

/// Whether they say the same; of the seconds that are left one more or less does not count, nor an exit code that is not known.
fn same(simulated: &str, seen: &str) -> bool {
    let seconds = |text: &str| text.strip_prefix("gets SIGTERM ").and_then(|left| left.parse::<i64>().ok());
    let end = |text: &str| text.strip_prefix("exits ").map(|end| end.split(' ').map(str::to_owned).collect::<Vec<_>>());
    match (seconds(simulated), seconds(seen), end(simulated), end(seen)) {
        (Some(simulated), Some(seen), ..) => (simulated - seen).abs() <= 2,
        (.., Some(simulated), Some(seen)) if simulated[0] == ANY_CODE => simulated[1..] == seen[1..],
        _ => simulated == seen,
    }
}
