//! Tests of the shutdown.

use super::*;
use crate::syntax::json::from_object;

#[test]
fn hooks() {
    let hook = |text: &str| hook_duration(&from_object::<LifecycleHandler>(text).unwrap());
    assert_eq!(hook(r#"{"sleep": {"seconds": 5}}"#), Some(Duration::from_secs(5)));
    assert_eq!(hook(r#"{"exec": {"command": ["sleep", "5"]}}"#), Some(Duration::from_secs(5)));
    for unknown in [
        "{}",
        r#"{"sleep": {}}"#,
        r#"{"sleep": {"seconds": -1}}"#,
        r#"{"exec": {}}"#,
        r#"{"httpGet": {"path": "/stop", "port": 80}}"#,
        r#"{"sleep": {"seconds": 5}, "exec": {"command": ["sleep", "5"]}}"#,
    ] {
        assert_eq!(hook(unknown), None, "{unknown}");
    }
}

#[test]
fn grace_periods() {
    let grace = |text: &str| grace_seconds(&from_object(text).unwrap());
    assert_eq!(grace("{}"), 30);
    assert_eq!(grace(r#"{"terminationGracePeriodSeconds": null}"#), 30);
    assert_eq!(grace(r#"{"terminationGracePeriodSeconds": 0}"#), 0);
    assert_eq!(grace(r#"{"terminationGracePeriodSeconds": 1}"#), 1);
    assert_eq!(grace(r#"{"terminationGracePeriodSeconds": -5}"#), 1);
    assert_eq!(grace(r#"{"terminationGracePeriodSeconds": 9223372036854775807}"#), i64::MAX.unsigned_abs());
}

/// `name@signal_after+left` of each, in order.
fn order(spec: &str) -> Vec<String> {
    let spec: PodSpec = from_object(spec).unwrap();
    let stops = stops(&spec);
    let line =
        |stop: &Stop| format!("{}@{}+{}", stop.placed.container.name, stop.signal_after.as_secs(), stop.left.as_secs());
    stops.iter().map(line).collect()
}

#[test]
fn apps_first_then_sidecars_in_reverse() {
    let sleep = |seconds| format!(r#""lifecycle": {{"preStop": {{"sleep": {{"seconds": {seconds}}}}}}}"#);
    let sidecar = r#""restartPolicy": "Always""#;
    let spec = format!(
        r#"{{"initContainers": [{{"name": "init"}}, {{"name": "s1", {sidecar}}}, {{"name": "s2", {sidecar}, {}}}, {{"name": "s3", {sidecar}}}],
            "containers": [{{"name": "a"}}, {{"name": "b", {}}}], "ephemeralContainers": [{{"name": "e"}}]}}"#,
        sleep(8),
        sleep(5),
    );
    // s3 waits for b; s2's hook started at once and is over 3 s after that; s1 waits for s2.
    assert_eq!(order(&spec), ["a@0+30", "b@5+25", "e@0+30", "s3@5+25", "s2@8+22", "s1@8+22"]);
}

#[test]
fn nobody_waits_longer_than_the_grace_period() {
    let spec = |grace| {
        format!(
            r#"{{"terminationGracePeriodSeconds": {grace}, "initContainers": [{{"name": "s", "restartPolicy": "Always"}}],
                "containers": [{{"name": "a", "lifecycle": {{"preStop": {{"sleep": {{"seconds": 60}}}}}}}}]}}"#
        )
    };
    assert_eq!(order(&spec(30)), ["a@30+2", "s@30+2"]);
    assert_eq!(order(&spec(61)), ["a@60+2", "s@60+2"]);
    assert_eq!(order(&spec(1)), ["a@1+2", "s@1+2"]);
    assert_eq!(order(&spec(0)), ["a@1+2", "s@1+2"]);
    assert_eq!(order("{}"), [] as [&str; 0]);
}
