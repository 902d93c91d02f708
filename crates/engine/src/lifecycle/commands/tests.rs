//! Tests of the commands.

use super::*;
use crate::syntax::json::from_object;

fn of(words: &[&str]) -> Option<Endless> {
    let text = serde_json::json!({ "command": words }).to_string();
    never_ends(&from_object(&text).unwrap())
}

#[test]
fn commands() {
    for (words, word, what) in [
        (&["sleep", "infinity"][..], 0, SLEEP),
        (&["/bin/sleep", "inf"], 0, SLEEP),
        (&["tini", "-g", "--", "sleep", "infinity"], 3, SLEEP),
        (&["tail", "-f", "/dev/null"], 0, TAIL),
        (&["tail", "-qn5", "-F", "x"], 0, TAIL),
        (&["tail", "--follow=name", "x"], 0, TAIL),
        (&["sh", "-c", "sleep infinity"], 2, SLEEP),
        (&["/bin/bash", "-eo", "pipefail", "-c", "while true; do x; done"], 4, LOOP),
        (&["sh", "-ec", "exec tail -f /dev/null"], 2, TAIL),
        (&["env", "MODE=x", "sleep", "infinity"], 2, SLEEP),
        (&["sh", "-c", "echo waits && sleep infinity"], 2, SLEEP),
    ] {
        assert_eq!(of(words), Some(Endless { word, what }), "{words:?}");
    }
    for words in [
        &[][..],
        &["sleep", "30"],
        &["echo", "infinity"],
        &["timeout", "30", "sleep", "infinity"],
        &["tail", "-n", "5", "x"],
        &["tail", "-nf", "x"],
        &["tail", "--pid=1", "-f", "x"],
        &["sh", "script.sh"],
        &["sh", "-c"],
        &["sh", "-nc", "sleep infinity"],
        &["sh", "-c", "prepare &&\n sleep infinity"],
        &["sh", "-c", "sleep infinity || x &"],
        &["sh", "-e", "while true; do x; done"],
        &["app", "-c", "while true; do x; done"],
    ] {
        assert_eq!(of(words), None, "{words:?}");
    }
    let split = from_object(r#"{"command": ["sh", "-c"], "args": ["while :; do x; done"]}"#).unwrap();
    assert_eq!(never_ends(&split), Some(Endless { word: 2, what: LOOP }));
}

#[test]
fn scripts_that_never_end() {
    for (script, what) in [
        ("while true; do date; sleep 5; done", LOOP),
        ("while :\ndo\n  date\ndone\n", LOOP),
        ("echo start && prepare; while true; do if x; then y; fi; done", LOOP),
        ("while true; do for i in 1 2; do x; done; done", LOOP),
        ("trap 'exit 0' TERM\nwhile true; do sleep 1; done", LOOP),
        ("while true; do x; done > /dev/null 2>&1", LOOP),
        ("for i in 1 2 3; do x; done; while :; do y; done", LOOP),
        ("cp a b; sleep infinity", SLEEP),
        ("cp a b & sleep infinity", SLEEP),
        ("cp a b # then wait\nexec sleep infinity", SLEEP),
        ("echo \"ready\"\ntail -f /var/log/app.log 2>&1", TAIL),
        ("f() { x; }; f; tail -F y", TAIL),
        ("case $1 in a) x;; esac; sleep infinity", SLEEP),
    ] {
        assert_eq!(script_never_ends(script), Some(what), "{script}");
    }
}

#[test]
fn scripts_that_may_end() {
    for script in [
        "",
        "until nc -z db 5432; do sleep 1; done",
        "until false; do sleep 1; done; x",
        "while ! nc -z db 5432; do sleep 1; done",
        "while true; do nc -z db 5432 && break; sleep 1; done",
        "while true; do if x; then exit 0; fi; done",
        "while true; do x && exec y; done",
        "while [ ! -f /ready ]; do sleep 1; done",
        "while read line; do x; done < file",
        "while true | x; do y; done",
        "while true; do x; done & y",
        "(while true; do x; done) & y",
        "while true; do echo y; done | head -1",
        "f() { while true; do x; done; }; y",
        "if x; then sleep infinity; fi",
        "x || sleep infinity",
        "[ -n \"$DEBUG\" ] && sleep infinity; x",
        "case $1 in start) sleep infinity;; esac",
        "sleep infinity & x",
        "sleep infinity | x",
        "tail -f log | grep -m1 done",
        "timeout 30 sleep infinity",
        "echo 'while true; do x; done'",
        "echo sleep infinity",
        "# sleep infinity",
        "cat <<EOF > run.sh\nwhile true; do x; done\nEOF",
        "'while' true; do x; done",
        "echo \"open",
        "done; } ) esac fi",
    ] {
        assert_eq!(script_never_ends(script), None, "{script}");
    }
}

fn seconds(text: &str) -> Option<f64> {
    interval(text).map(|duration| duration.as_secs_f64())
}

fn least(command: &[&str]) -> Option<u64> {
    let command: Vec<Str> = command.iter().map(|word| Str::from(*word)).collect();
    least_duration(&command).map(|duration| duration.as_secs())
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
fn durations() {
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
        (&["sh", "-c", "sleep 5 || sleep 6; sleep 7"], 12),
        (&["sh", "-c", "sleep 5; kill $(pidof app)"], 5),
        (&["sh", "-c", "sleep 5; while true; do sleep 1; done"], 5),
        (&["sh", "-c", "sleep 5; nginx -s quit && sleep 6"], 5),
        (&["sh", "-c", "sleep 5; nginx -s quit; sleep 6"], 11),
        (&["sh", "-c", "sleep 5; sleep 6 & wait"], 5),
        (&["sh", "-c", "nginx -s quit; sleep 5"], 5),
        (&["sh", "-c", "curl -sf http://localhost/drain || true; sleep 5"], 5),
        (&["sh", "-c", "# waits for the load balancer\nsleep 5"], 5),
        (&["sh", "-c", "sleep 5 # seconds"], 5),
        (&["sh", "-c", "exec sleep 5"], 5),
        (&["sh", "-c", "sleep 5 && exec sleep 6; sleep 7"], 11),
        (&["sh", "-c", "sleep 5 >/dev/null 2>&1"], 5),
        (&["sh", "-c", "sleep 5 > /dev/null"], 5),
        (&["sh", "-c", "sleep '5' < /dev/null"], 5),
        (&["sh", "-c", "sleep \\\n  5"], 5),
        (&["sh", "-c", "true &&\n  sleep 5"], 5),
        (&["sh", "-c", "T=9; sleep 5; sleep $T"], 5),
        (&["sh", "-c", "trap '' TERM; sleep 5"], 5),
        (&["sh", "-c", "if test -f /x; then drain; fi; sleep 5"], 5),
        (&["sh", "-c", "drain | tee /log; sleep 5"], 5),
        (&["env", "sleep", "5"], 5),
        (&["env", "-i", "TZ=UTC", "sleep", "5"], 5),
        (&["busybox", "busybox", "sleep", "5"], 5),
        (&["bash", "-lc", "sleep 5"], 5),
        (&["sh", "-e", "-c", "sleep 5"], 5),
        (&["bash", "-eo", "pipefail", "-c", "sleep 5"], 5),
        (&["bash", "-c", "--", "sleep 5"], 5),
        (&["sh", "-ec", "sleep 5; echo x; sleep 6"], 11),
        (&["sh", "-c", "set -e; sleep 5"], 5),
        (&["sh", "-c", "set -e; /bin/sleep 5s; sleep 0.1m && sleep 1"], 12),
        (&["sh", "-c", "set -euo pipefail\nsleep 5\ndrain\nsleep 6"], 5),
        (&["sh", "-ec", "set +e; drain; sleep 5"], 5),
        (&["sh", "-c", "set -x; drain; sleep 5"], 5),
    ] {
        assert_eq!(least(command), Some(expected), "{command:?}");
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
        &["sh", "-c", "kill 1; sleep 5"],
        &["sh", "-ec", "drain; sleep 5"],
        &["sh", "-ec", "echo x > /log; sleep 5"],
        &["bash", "-o", "errexit", "-c", "drain; sleep 5"],
        &["sh", "-c", "set -e; drain; sleep 5"],
        &["sh", "-c", "set -o errexit; if drain; then x; fi; sleep 5"],
        &["sh", "-c", "drain &&\n sleep 5"],
        &["sh", "-c", "sleep 5 && x &"],
        &["sh", "-c", "test -f /x || exit 0; sleep 5"],
        &["sh", "-c", "if test -f /x; then exec drain; fi; sleep 5"],
        &["sh", "-c", "killall -QUIT nginx; sleep 5"],
        &["sh", "-c", "sleep 5>/dev/null"],
        &["timeout", "1", "sleep", "5"],
        &["sh", "-c", "echo \"a; sleep 5\""],
        &["sh", "-c", "echo 'a\nsleep 5'"],
        &["sh", "-c", "echo a \\; sleep 5"],
        &["sh", "-c", "cat <<X\nsleep 5\nX"],
        &["sh", "-c", "(sleep 5)"],
        &["sh", "-c", "stop() { sleep 5; }; stop"],
        &["python", "-c", "sleep 5"],
        &["nginx", "-s", "quit"],
    ] {
        assert_eq!(least(command), None, "{command:?}");
    }
}
