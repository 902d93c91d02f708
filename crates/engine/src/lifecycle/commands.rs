//! What a container's command does, as far as its words tell: nothing is guessed, what is not understood does nothing known.

use super::shell::{Script, Step};
use crate::model::Container;

/// A command that does not end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endless {
    /// The word of command and arguments, counted over both, that holds it.
    pub word: usize,
    /// Holds what it is.
    pub what: &'static str,
}

const SLEEP: &str = "sleep infinity";
const TAIL: &str = "tail -f";
const LOOP: &str = "an endless loop";

const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "ksh", "zsh"];

/// Programs that run the rest of their words as a command and end with it.
const WRAPPERS: &[&str] = &["tini", "dumb-init", "exec", "nohup"];

/// Words that end a script, a loop or what else runs, wherever they stand.
const ENDS: &[&str] = &["break", "exit", "return", "kill", "pkill"];

/// Returns whether the container's command and arguments never end: `sleep infinity`, `tail -f`, or a shell script that in any case
/// comes to one of these, or to a `while true` or `while :` loop. A script is only taken for endless where this does not
/// depend on anything: not behind `&&` or `||`, in an `if`, a `case`, a function or a pipe, not in the background, and not
/// where the script holds `break`, `exit`, `return` or `kill`, or a here-document.
pub fn never_ends(container: &Container<'_>) -> Option<Endless> {
    let words: Vec<&str> = container.command.iter().chain(&container.args).map(|word| &**word).collect();
    let start = skip_wrappers(&words, 0);
    let program = base_name(words.get(start)?);
    if SHELLS.contains(&program) {
        let word = script_word(&words, start)?;
        return script_never_ends(words.get(word)?).map(|what| Endless { word, what });
    }
    let arguments = words.get(start + 1..)?;
    program_never_ends(program, arguments).map(|what| Endless { word: start, what })
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns where the command proper begins: behind `tini --` and the like.
fn skip_wrappers(words: &[&str], mut start: usize) -> usize {
    while words.get(start).is_some_and(|word| WRAPPERS.contains(&base_name(word))) {
        start += 1;
        while words.get(start).is_some_and(|word| word.starts_with('-')) {
            start += 1;
        }
    }
    start
}

fn program_never_ends(program: &str, arguments: &[&str]) -> Option<&'static str> {
    match program {
        "sleep" if arguments.iter().any(|word| matches!(*word, "infinity" | "inf")) => Some(SLEEP),
        "tail"
            if arguments.iter().any(|word| follows(word))
                && !arguments.iter().any(|word| word.starts_with("--pid")) =>
        {
            Some(TAIL)
        }
        _ => None,
    }
}

/// Returns whether an argument of `tail` makes it follow: `-f`, `-F`, `--follow`, or one of them in a cluster such as `-qf`.
fn follows(word: &str) -> bool {
    let Some(cluster) = word.strip_prefix('-') else { return false };
    if let Some(long) = cluster.strip_prefix('-') {
        return long.starts_with("follow");
    }
    // n, c and s take the rest of the cluster for their value.
    cluster.chars().take_while(|option| !matches!(option, 'n' | 'c' | 's')).any(|option| matches!(option, 'f' | 'F'))
}

/// The word that holds the script of `sh -c script`, whatever other options there are.
fn script_word(words: &[&str], shell: usize) -> Option<usize> {
    let (mut word, mut takes_script) = (shell + 1, false);
    while let Some(option) = words.get(word).filter(|option| option.len() > 1 && option.starts_with(['-', '+'])) {
        let cluster = !option.starts_with("--");
        takes_script |= cluster && option.contains('c');
        // `-o` is followed by the name of an option.
        word += if cluster && option.ends_with('o') { 2 } else { 1 };
    }
    takes_script.then_some(word)
}

/// Returns what in a script never ends, if it is come to in any case.
fn script_never_ends(script: &str) -> Option<&'static str> {
    let script = Script::read(script)?;
    if script.words().any(|word| ENDS.contains(&word)) {
        return None;
    }
    script.steps().iter().find_map(|step| match step {
        Step::Command(words) => {
            let start = skip_wrappers(words, 0);
            program_never_ends(base_name(words.get(start)?), words.get(start + 1..)?)
        }
        // An exec in a loop is the end of the loop.
        Step::While { condition, body } => {
            let for_ever = matches!(condition.as_slice(), ["true" | ":"]) && !body.contains(&"exec");
            for_ever.then_some(LOOP)
        }
    })
}

#[cfg(test)]
mod tests {
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
}
