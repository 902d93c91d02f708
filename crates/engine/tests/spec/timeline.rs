//! What a rule computes and what the simulation does are one derivation: a rule that says that a container is killed holds exactly where the
//! simulation kills it.

use std::time::{Duration, Instant};

use podgate_engine::{
    Engine,
    lifecycle::timeline::{Action, Event, Hook, Probe, Scenario, Script, Timeline, What, simulate},
    model::PodSpec,
    syntax::json::from_object,
};
use proptest::{prelude::*, test_runner::RngSeed};
use serde_json::{Value, json};

use crate::judging::{Circumstances, judge, policy};

fn config() -> ProptestConfig {
    ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

/// Judges a Pod of this one container, with this grace period, and tells the messages of one rule.
fn messages(engine: &Engine, spec: &Value, rule: &str) -> Vec<String> {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec});
    let verdict = judge(engine, &pod.to_string(), None, &Circumstances::default());
    let found = verdict.findings.iter().filter(|finding| finding.rule.id == rule);
    found.map(|finding| finding.message.clone()).collect()
}

fn life(spec: &Value, scenario: &Scenario) -> Timeline {
    let text = spec.to_string();
    let spec: PodSpec<'_> = from_object(&text).unwrap();
    simulate("Always", &spec, scenario)
}

fn first(timeline: &Timeline, what: What) -> Option<&Event> {
    timeline.events.iter().find(|event| event.what == what && event.attempt == 0)
}

fn starting_in(seconds: u64) -> Scenario {
    let script = Script { starts_in: Some(Duration::from_secs(seconds)), ..Script::default() };
    Scenario { containers: [("app".to_owned(), script)].into(), ..Scenario::default() }
}

prop_compose! {
    fn probe()(delay in 0..40u64, period in 1..20u64, failures in 1..8u64) -> (Value, u64) {
        let probe = json!({
            "exec": {"command": ["ok"]}, "initialDelaySeconds": delay, "periodSeconds": period, "failureThreshold": failures
        });
        (probe, delay + period * failures)
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_slow_start_is_killed_where_the_rule_says_so((liveness, budget) in probe(), start in 1..200u64) {
        prop_assume!(budget != start);
        let rules = format!("rules: {{liveness-without-startup: {{level: warn, startSeconds: {start}}}}}");
        let engine = Engine::new(&policy(&rules));
        let spec = json!({"containers": [{"name": "app", "image": "example.com/app:1", "livenessProbe": liveness}]});
        let found = messages(&engine, &spec, "liveness-without-startup");
        let timeline = life(&spec, &starting_in(start));
        let killed = first(&timeline, What::GivesUp(Probe::Liveness)).filter(|event| event.time.is_certain());
        prop_assert_eq!(!found.is_empty(), killed.is_some(), "{:?} {:?}", found, timeline.events);
        if let Some(event) = killed {
            let start = first(&timeline, What::Starts).unwrap().time.latest.unwrap();
            let said = format!("has {} s to start", event.time.latest.unwrap().saturating_sub(start).as_secs());
            prop_assert!(found[0].contains(&said), "{} {:?}", found[0], event);
        }
    }

    #[test]
    fn a_startup_probe_gives_up_first_where_the_rule_says_so((startup, _) in probe(), (liveness, _) in probe()) {
        let engine = Engine::new(&policy("profile: standard"));
        let spec = |startup: Option<&Value>| {
            let mut container = json!({"name": "app", "image": "example.com/app:1", "livenessProbe": liveness});
            if let Some(startup) = startup {
                container["startupProbe"] = startup.clone();
            }
            json!({"containers": [container]})
        };
        let with = spec(Some(&startup));
        let found = messages(&engine, &with, "startup-window-too-short");
        let gives_up = |spec: &Value, probe| {
            let timeline = life(spec, &starting_in(100_000));
            first(&timeline, What::GivesUp(probe)).unwrap().time.latest.unwrap()
        };
        let sooner = gives_up(&with, Probe::Startup) <= gives_up(&spec(None), Probe::Liveness);
        prop_assert_eq!(!found.is_empty(), sooner);
    }

    #[test]
    fn a_hook_is_cut_off_where_the_rule_says_so(grace in 0..60u64, sleep in 1..60u64) {
        let engine = Engine::new(&policy("profile: standard"));
        let hook = json!({"preStop": {"sleep": {"seconds": sleep}}});
        let container = json!({"name": "app", "image": "example.com/app:1", "lifecycle": hook});
        let spec = json!({"terminationGracePeriodSeconds": grace, "containers": [container]});
        let found = messages(&engine, &spec, "prestop-exceeds-grace");
        let delete = (Duration::from_secs(60), Action::Delete { grace: None });
        let timeline = life(&spec, &Scenario { actions: vec![delete], ..Scenario::default() });
        let is_cut = first(&timeline, What::HookFails(Hook::PreStop)).is_some();
        prop_assert_eq!(found.iter().any(|message| message.contains("cut off")), is_cut, "{:?}", found);
        let left = timeline.events.iter().find_map(|event| match event.what {
            What::Signal { left } => Some(left),
            _ => None,
        });
        prop_assert_eq!(left, Some(grace.max(1).saturating_sub(sleep).max(2)));
    }

    /// Bounds are bounds: whatever start is assumed, what comes of it lies within those of an unknown start.
    #[test]
    fn what_is_known_lies_within_the_bounds_of_what_is_not((startup, budget) in probe(), start in 0..200u64) {
        prop_assume!(start <= budget - startup["periodSeconds"].as_u64().unwrap());
        let container = json!({"name": "app", "image": "example.com/app:1", "startupProbe": startup});
        let spec = json!({"containers": [container]});
        let time = |timeline: &Timeline| first(timeline, What::Ready).unwrap().time;
        let (known, unknown) = (time(&life(&spec, &starting_in(start))), time(&life(&spec, &Scenario::default())));
        prop_assert!(known.earliest >= unknown.earliest && known.latest <= unknown.latest, "{known:?} {unknown:?}");
    }
}

/// Four times the containers take no more than a few times the work; and the work is bounded.
#[test]
fn cost_grows_with_the_containers() {
    let probe = json!({"exec": {"command": ["ok"]}});
    let of = |count: usize, list: &str| {
        let container =
            |index: usize| json!({"name": format!("c{index}"), "image": "example.com/app:1", "livenessProbe": probe});
        json!({list: (0..count).map(container).collect::<Vec<_>>()})
    };
    let delete = (Duration::from_secs(60), Action::Delete { grace: None });
    let scenario = Scenario { actions: vec![delete], ..Scenario::default() };
    for (list, each) in [("containers", 7), ("initContainers", 2)] {
        let begin = Instant::now();
        let timeline = life(&of(1_000, list), &scenario);
        assert!(timeline.events.len() >= 1_000 * each, "{}", timeline.events.len());
        // In a debug build, and beside others; a release build takes less than 50 ms.
        assert!(begin.elapsed() < Duration::from_secs(3), "{list}: {:?}", begin.elapsed());
    }
}
