//! Tests of the shutdown.

use super::*;
use crate::syntax::json::from_object;

fn seconds(text: &str) -> Option<f64> {
    interval(text).map(|duration| duration.as_secs_f64())
}

fn of_command(command: &[&str]) -> Option<u64> {
    let command: Vec<Str> = command.iter().map(|word| Str::from(*word)).collect();
    command_duration(&command).map(|duration| duration.as_secs())
}

#[test]
fn arguments_of_sleep() {
    for (text, expected) in [
        ("5", 5.0),
        ("0", 0.0),
        ("007", 7.0),
        ("5s", 5.0),
        ("2m", 120.0),
        ("1h", 3600.0),
        ("1d", 86_400.0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1.5m", 90.0),
        ("0.0000000019", 0.000_000_001),
    ] {
        assert_eq!(seconds(text), Some(expected), "{text}");
    }
    for text in ["", "s", ".", "x", "-1", "+1", "5x", "5ms", "1.2.3", "$T", "${T}", "1e1", "5 ", "５"] {
        assert_eq!(seconds(text), None, "{text:?}");
    }
    let nines = "9".repeat(400);
    assert_eq!(interval(&nines), Some(Duration::from_secs(u64::MAX)));
    assert_eq!(interval(&format!("{nines}d")), Some(Duration::MAX));
    assert_eq!(interval("infinity"), Some(Duration::MAX));
}

#[test]
fn commands() {
    for (command, expected) in [
        (&["sleep", "5"][..], 5),
        (&["/bin/sleep", "5"], 5),
        (&["/usr/bin/sleep", "1m", "30s"], 90),
        (&["busybox", "sleep", "5"], 5),
        (&["/bin/busybox", "sh", "-c", "sleep 5"], 5),
        (&["sh", "-c", "sleep 5"], 5),
        (&["/bin/sh", "-c", "sleep 5; nginx -s quit"], 5),
        (&["/bin/sh", "-c", "sleep 5", "name", "argument"], 5),
        (&["bash", "-ec", "sleep 5 && nginx -s quit"], 5),
        (&["sh", "-c", " sleep 5 ;"], 5),
        (&["sh", "-c", "/bin/sleep 0.5m"], 30),
        (&["sh", "-c", "sleep 5; sleep 6"], 11),
        (&["sh", "-c", "sleep 5 && sleep 6\nsleep 7"], 18),
        (&["sh", "-c", "echo bye; sleep 20"], 20),
        (&["sh", "-c", "echo bye > /proc/1/fd/1\nsleep 20"], 20),
        (&["sh", "-c", "sleep 5 || true"], 5),
        (&["sh", "-c", "sleep 5 || sleep 6; sleep 7"], 5),
        (&["sh", "-c", "sleep 5; kill $(pidof app)"], 5),
        (&["sh", "-c", "sleep 5; while true; do sleep 1; done"], 5),
        (&["sh", "-c", "sleep 5; nginx -s quit && sleep 6"], 5),
        (&["sh", "-ec", "sleep 5; echo x; sleep 6"], 5),
        (&["sh", "-c", "sleep 5; nginx -s quit; sleep 6"], 5),
        (&["sh", "-c", "sleep 5; sleep 6 & wait"], 5),
    ] {
        assert_eq!(of_command(command), Some(expected), "{command:?}");
    }
    for command in [
        &[][..],
        &["sleep"],
        &["sleep", "$T"],
        &["sleep", "5", "x"],
        &["sleep 5"],
        &["sh"],
        &["sh", "-c"],
        &["sh", "stop.sh"],
        &["sh", "-l", "sleep 5"],
        &["sh", "-nc", "sleep 5"],
        &["sh", "-c", ""],
        &["sh", "-c", "# sleep 5"],
        &["sh", "-c", "sleep $T"],
        &["sh", "-c", "sleep 5 & echo"],
        &["sh", "-c", "sleep 5 | cat"],
        &["sh", "-c", "exit 0; sleep 5"],
        &["sh", "-c", "exec nginx -s quit; sleep 5"],
        &["sh", "-c", "if true; then sleep 5; fi"],
        &["sh", "-c", "test -f /x && sleep 5"],
        &["sh", "-c", "test -f /x || sleep 5"],
        &["sh", "-c", "nginx -s quit; sleep 5"],
        &["sh", "-c", "kill 1; sleep 5"],
        &["sh", "-ec", "echo x; sleep 5"],
        &["busybox", "busybox", "sleep", "5"],
        &["sh", "-c", "echo \"a; sleep 5\""],
        &["sh", "-c", "echo 'a\nsleep 5'"],
        &["sh", "-c", "echo a \\; sleep 5"],
        &["sh", "-c", "cat <<X\nsleep 5\nX"],
        &["sh", "-c", "(sleep 5)"],
        &["sh", "-c", "stop() { sleep 5; }; stop"],
        &["sh", "-c", "PATH=/x; sleep 5"],
        &["python", "-c", "sleep 5"],
        &["nginx", "-s", "quit"],
    ] {
        assert_eq!(of_command(command), None, "{command:?}");
    }
}

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
