//! Large files: time that grows with the file and not faster, whatever it holds.

use std::{path::Path, process::Command, time::Duration};

use serde_json::{Value, json};

use super::{folder, run};

/// Files of `count` objects, or of one that has `count` parts, with something to say of every one.
fn files(count: usize) -> Vec<(&'static str, String)> {
    let each = |part: &dyn Fn(usize) -> Value| -> Vec<Value> { (0..count).map(part).collect() };
    let container = |name: String| json!({"name": name, "image": "a:1", "ports": [{"containerPort": 8080}]});
    let object = |kind: &str, name: usize, spec: Value| json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": format!("web-{name}")}, "spec": spec});
    let found = each(&|number| {
        let containers = [container("app".to_owned()), container("metrics".to_owned())];
        object("Deployment", number, json!({"template": {"spec": {"containers": containers}}}))
    });
    let unreadable = each(&|number| object("Deployment", number, json!({"replicas": "many"})));
    // What is said of others depends on it.
    let unknown = each(
        &|number| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("web-{number}")}, "spec": {"selector": "web"}}),
    );
    let containers = each(&|number| container(format!("c{number}")));
    let pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": containers}});
    let list = |items: &[Value]| json!({"apiVersion": "v1", "kind": "List", "items": items});
    // JSON is YAML, too, once there is something in it that JSON does not have.
    let yaml = |value: &Value| format!("# YAML\n{value:#}\n");
    let many = |items: &[Value], of: &dyn Fn(&Value) -> String| items.iter().map(of).collect::<Vec<_>>().join("---\n");
    vec![
        ("list.json", format!("{:#}", list(&found))),
        ("line.json", list(&found).to_string()),
        ("list.yaml", yaml(&list(&found))),
        ("many.json", many(&found, &|item| format!("{item:#}\n")).replace("---\n", "")),
        ("many.yaml", many(&found, &yaml)),
        ("pod.json", format!("{pod:#}")),
        ("pod.yaml", yaml(&pod)),
        ("unreadable.json", format!("{:#}", list(&unreadable))),
        ("unreadable-many.yaml", many(&unreadable, &yaml)),
        ("unreadable.yaml", yaml(&list(&unreadable))),
        ("unknown.json", format!("{:#}", list(&unknown))),
        ("unknown.yaml", many(&unknown, &yaml)),
    ]
}

/// The processor time that a run takes, as the shell counts it: what else the machine has to do does not count.
fn spent(folder: &Path, file: &str) -> Duration {
    let script = r#""$0" check "$1" >/dev/null 2>&1; times"#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_podgate"), file]).current_dir(folder);
    let output = String::from_utf8(shell.output().unwrap().stdout).unwrap();
    // The second line is that of the shell's children: user and system, as in `0m1.250000s`.
    let times = output.lines().nth(1).unwrap().split_whitespace();
    let seconds = times.map(|time| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
        minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
    });
    Duration::from_secs_f64(seconds.sum())
}

/// Eight times as much takes about eight times as long; what goes through the file for each of its findings would take
/// sixty-four times.
#[test]
fn time_grows_with_the_file_and_not_with_its_square() {
    const FEW: usize = 100;
    let (few, many) = (files(FEW), files(8 * FEW));
    let of = |files: &[(&str, String)]| folder(&files.iter().map(|(name, text)| (*name, &**text)).collect::<Vec<_>>());
    let (small, large) = (of(&few), of(&many));
    for (name, _) in few {
        let ran = run(small.path(), &["check", name]);
        let said = (ran.stdout + &ran.stderr).lines().filter(|line| line.contains(&format!("{name}:"))).count();
        assert!(said >= FEW - 1, "{name}: {said} lines");
        let best = |folder: &Path| (0..3).map(|_| spent(folder, name)).min().unwrap();
        let (small, large) = (best(small.path()), best(large.path()));
        // The program has to start, too.
        let floor = Duration::from_millis(30);
        assert!(large < small.max(floor) * 24, "{name}: {small:?}, of eight times as much {large:?}");
    }
}
