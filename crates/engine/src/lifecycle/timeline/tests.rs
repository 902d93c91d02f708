//! Tests of the simulation.

use std::time::Duration;

use super::*;
use crate::syntax::json::from_object;

/// `earliest..latest who what`, a line each.
fn told(spec: &str, scenario: &Scenario) -> Vec<String> {
    let spec: PodSpec = from_object(spec).unwrap();
    let policy = if spec.restart_policy.is_empty() { "Always" } else { &*spec.restart_policy };
    let timeline = simulate(policy, &spec, scenario);
    let line = |event: &Event| {
        let who = event.container.map_or("pod", |index| &*timeline.containers[index].name);
        let latest = event.time.latest.map_or("-".to_owned(), |latest| latest.as_secs_f64().to_string());
        format!("{}..{latest} {who} {:?} {}", event.time.earliest.as_secs_f64(), event.what, event.attempt)
    };
    timeline.events.iter().map(line).collect()
}

#[test]
fn prints() {
    let scenario =
        Scenario { actions: vec![(Duration::from_secs(90), Action::Delete { grace: None })], ..Scenario::default() };
    for line in told(
        r#"{"initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always", "startupProbe": {"exec": {"command": ["a"]}}}], "containers": [{"name": "a", "readinessProbe": {"exec": {"command": ["a"]}}, "livenessProbe": {"exec": {"command": ["a"]}}}]}"#,
        &scenario,
    ) {
        println!("{line}");
    }
}
