//! Tests of the simulation. `tests/kubelet` holds it against a kubelet.

use std::time::Duration;

use super::*;
use crate::syntax::json::from_object;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn life(spec: &str, scenario: &Scenario) -> Timeline {
    let spec: PodSpec = from_object(spec).unwrap();
    let policy = if spec.restart_policy.is_empty() { "Always" } else { &*spec.restart_policy };
    simulate(policy, &spec, scenario)
}

/// `who what earliest..latest` of the events of these kinds, a line each; `-` is never for certain.
fn told(timeline: &Timeline, is: impl Fn(&What) -> bool) -> Vec<String> {
    let line = |event: &Event| {
        let who = event.container.map_or("pod", |index| &*timeline.containers[index].name);
        let latest = event.time.latest.map_or("-".to_owned(), |latest| latest.as_secs_f64().to_string());
        format!("{who} {:?} {}..{latest}", event.what, event.time.earliest.as_secs_f64())
    };
    timeline.events.iter().filter(|event| is(&event.what)).map(line).collect()
}

fn starts_and_ends(what: &What) -> bool {
    matches!(what, What::Starts | What::Exits(_))
}

fn exits(name: &str, exits: &[(Runs, u64, i64)]) -> (String, Script) {
    let exits = exits.iter().map(|(runs, after, code)| (*runs, Exit { after: s(*after), code: *code }));
    (name.to_owned(), Script { exits: exits.collect(), ..Script::default() })
}

fn delete(at: u64) -> Vec<(Duration, Action)> {
    vec![(s(at), Action::Delete { grace: None })]
}

#[test]
fn an_end_by_itself_or_by_a_probe_has_no_certain_code() {
    let (name, mut script) = exits("app", &[(Runs::ALL, 8, 0)]);
    script.stops = vec![(Runs::ALL, Exit { after: s(3), code: 143 })];
    script.fails = vec![(s(0), None)];
    let timeline = life(
        r#"{"containers": [{"name": "app", "livenessProbe":
            {"exec": {"command": ["alive"]}, "initialDelaySeconds": 3, "periodSeconds": 1, "failureThreshold": 3}}]}"#,
        &Scenario { containers: [(name, script)].into(), until: Some(s(14)), ..Scenario::default() },
    );
    let first = told(&timeline, |what| matches!(what, What::Exits(_)));
    assert_eq!(first.first().map(String::as_str), Some("app Exits(None) 7..9"));
}

#[test]
fn sidecars_hold_up_what_comes_after_them() {
    let timeline = life(
        r#"{"initContainers": [{"name": "proxy", "restartPolicy": "Always", "startupProbe": {"exec": {"command": ["up"]}}},
                               {"name": "init"}], "containers": [{"name": "app"}]}"#,
        &Scenario { containers: [exits("init", &[(Runs::ALL, 5, 0)])].into(), ..Scenario::default() },
    );
    let expected = ["proxy Starts 0..1", "init Starts 0..32", "init Exits(Some(0)) 5..37", "app Starts 5..38"];
    assert_eq!(told(&timeline, starts_and_ends), expected);
    let window = timeline.containers[0].windows[0];
    assert_eq!(
        (window.probe, window.gives_up),
        (Probe::Startup, Some(Bounds { earliest: s(20), latest: Some(s(31)) }))
    );
    assert_eq!(timeline.goes_on, None);
    assert!(timeline.assumptions[0].contains("proxy takes to start is not known"), "{:?}", timeline.assumptions);
}

#[test]
fn a_crash_loop_backs_off_and_is_bounded() {
    let crash = Scenario { containers: [exits("app", &[(Runs::ALL, 1, 1)])].into(), ..Scenario::default() };
    let timeline = life(r#"{"containers": [{"name": "app"}]}"#, &crash);
    let starts: Vec<u64> = timeline.containers[0].runs.iter().map(|run| run.from.earliest.as_secs()).collect();
    assert_eq!(starts, [0, 1, 12, 33, 74, 155]);
    assert_eq!(timeline.goes_on, Some(GoesOn::Restarts));
    // Once it has run for ten minutes it is started again at once, and the back-off begins anew.
    let long = [(Runs { first: 0, last: 1 }, 1, 1), (Runs { first: 2, last: 9 }, 700, 1)];
    let slow = Scenario { containers: [exits("app", &long)].into(), until: Some(s(1500)), ..Scenario::default() };
    let timeline = life(r#"{"containers": [{"name": "app"}]}"#, &slow);
    let starts: Vec<u64> = timeline.containers[0].runs.iter().map(|run| run.from.earliest.as_secs()).collect();
    assert_eq!(starts, [0, 1, 12, 712, 1412]);
    assert_eq!(timeline.goes_on, Some(GoesOn::Longer));
}

#[test]
fn a_rule_restarts_all_containers() {
    let rules = r#""restartPolicy": "Never", "restartPolicyRules": [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [3]}}]"#;
    let spec = format!(
        r#"{{"restartPolicy": "Never", "initContainers": [{{"name": "init"}}], "containers": [{{"name": "other"}}, {{"name": "app", {rules}}}]}}"#
    );
    let first = Runs { first: 0, last: 0 };
    let mut containers = [exits("init", &[(Runs::ALL, 1, 0)]), exits("app", &[(first, 4, 3)])];
    containers[0].1.never_ends = true;
    let scenario = Scenario { containers: containers.into(), until: Some(s(30)), ..Scenario::default() };
    let timeline = life(&spec, &scenario);
    let expected = [
        "init Starts 0..1",
        "init Exits(Some(0)) 1..2",
        "other Starts 1..3",
        "app Starts 1..3",
        "app Exits(Some(3)) 5..7",
        "other Exits(None) 5..10",
        "init Starts 5..12",
        "init Exits(Some(0)) 6..13",
        "other Starts 6..14",
        "app Starts 6..14",
    ];
    assert_eq!(told(&timeline, starts_and_ends), expected);
}

#[test]
fn gates_and_deadlines() {
    let gated = r#"{"schedulingGates": [{"name": "a"}], "activeDeadlineSeconds": 10, "containers": [{"name": "app"}]}"#;
    let waits = life(gated, &Scenario::default());
    assert!(told(&waits, starts_and_ends).is_empty());
    assert!(waits.assumptions[0].contains("scheduling gates"), "{:?}", waits.assumptions);
    let opened = life(gated, &Scenario { actions: vec![(s(60), Action::Ungate)], ..Scenario::default() });
    assert_eq!(told(&opened, |what| matches!(what, What::Starts)), ["app Starts 60..61"]);
    // It counts from when the Pod is bound.
    assert_eq!(told(&opened, |what| matches!(what, What::DeadlineExceeded)), ["pod DeadlineExceeded 70..71"]);
    assert_eq!(told(&opened, |what| *what == What::Phase(Phase::Failed)).len(), 1);
    let missing = Script { image_is_missing: true, ..Script::default() };
    let scenario = Scenario { containers: [("app".to_owned(), missing)].into(), ..Scenario::default() };
    let pending = life(r#"{"containers": [{"name": "app"}]}"#, &scenario);
    assert!(
        told(&pending, starts_and_ends).is_empty()
            && !told(&pending, |what| *what == What::PodReady).iter().any(|_| true)
    );
}

#[test]
fn a_stop_takes_the_hooks_and_the_apps_first() {
    let timeline = life(
        r#"{"terminationGracePeriodSeconds": 20,
            "initContainers": [{"name": "proxy", "restartPolicy": "Always"}],
            "containers": [{"name": "app", "lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}]}"#,
        &Scenario {
            containers: ["proxy", "app"]
                .map(|name| {
                    let stop = (Runs::ALL, Exit { after: s(3), code: 0 });
                    (name.to_owned(), Script { stops: vec![stop], ..Script::default() })
                })
                .into(),
            actions: delete(60),
            ..Scenario::default()
        },
    );
    let stop = |what: &What| matches!(what, What::Signal { .. } | What::Exits(_) | What::Gone);
    let expected = [
        "app Signal { left: 15 } 65..66",
        "app Exits(Some(0)) 68..69",
        "proxy Signal { left: 12 } 68..69",
        "proxy Exits(Some(0)) 71..72",
        "pod Gone 71..73",
    ];
    assert_eq!(told(&timeline, stop), expected);
}

#[test]
fn what_may_happen_is_not_certain() {
    // How long a stop takes nobody says: at once, or until it is killed.
    let timeline =
        life(r#"{"containers": [{"name": "app"}]}"#, &Scenario { actions: delete(10), ..Scenario::default() });
    assert_eq!(told(&timeline, |what| matches!(what, What::Exits(_))), ["app Exits(None) 10..41"]);
    assert_eq!(told(&timeline, |what| *what == What::Killed), ["app Killed 40..-"]);
    // Nothing gives up a container that has only a readinessProbe.
    let timeline = life(
        r#"{"containers": [{"name": "app", "readinessProbe": {"tcpSocket": {"port": 1}}}]}"#,
        &Scenario::default(),
    );
    assert_eq!(told(&timeline, |what| *what == What::PodReady), ["pod PodReady 0..-"]);
}
