//! What a container's command does, as far as its words tell: nothing is guessed, what is not understood does nothing known.

use std::time::Duration;

use super::shell::{Script, Step, succeeds};
use crate::{model::Container, syntax::Str};

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
const WRAPPERS: &[&str] = &["tini", "dumb-init", "exec", "nohup", "env", "busybox"];

/// Words that end a script, a loop or what else runs, wherever they stand.
const ENDS: &[&str] = &["break", "exit", "return", "kill", "pkill", "killall"];

/// Returns whether the container's command and arguments never end: `sleep infinity`, `tail -f`, or a shell script that in any case
/// comes to one of these, or to a `while true` or `while :` loop. A script is only taken for endless where this does not
/// depend on anything: not behind `&&` or `||`, in an `if`, a `case`, a function or a pipe, not in the background, and not
/// where the script holds `break`, `exit`, `return` or `kill`, or a here-document.
pub fn never_ends(container: &Container<'_>) -> Option<Endless> {
    let words: Vec<&str> = container.command.iter().chain(&container.args).map(|word| &**word).collect();
    let start = skip_wrappers(&words, 0);
    let program = base_name(words.get(start)?);
    if SHELLS.contains(&program) {
        let (word, _) = script_word(&words, start)?;
        return script_never_ends(words.get(word)?).map(|what| Endless { word, what });
    }
    let arguments = words.get(start + 1..)?;
    program_never_ends(program, arguments).map(|what| Endless { word: start, what })
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns where the command proper begins: behind `tini --`, `env TZ=UTC` and the like.
fn skip_wrappers(words: &[&str], mut start: usize) -> usize {
    while words.get(start).is_some_and(|word| WRAPPERS.contains(&base_name(word))) {
        start += 1;
        while words.get(start).is_some_and(|word| word.starts_with('-') || word.contains('=')) {
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

/// The word that holds the script of `sh -c script`, whatever other options there are, and whether the script ends with the
/// first command that fails (`-e`). `None` where the shell only checks it (`-n`).
fn script_word(words: &[&str], shell: usize) -> Option<(usize, bool)> {
    let (mut word, mut takes_script, mut errexit) = (shell + 1, false, false);
    while let Some(option) = words.get(word).filter(|option| option.len() > 1 && option.starts_with(['-', '+'])) {
        let cluster = !option.starts_with("--");
        if cluster && option.starts_with('-') && option.contains('n') {
            return None;
        }
        takes_script |= cluster && option.contains('c');
        errexit |= cluster && option.starts_with('-') && option.contains('e');
        // `-o` is followed by the name of an option.
        let named = cluster && option.ends_with('o');
        errexit |= named && words.get(word + 1) == Some(&"errexit");
        word += if named { 2 } else { 1 };
    }
    takes_script.then_some((word, errexit))
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
        Step::Perhaps(_) => None,
    })
}

/// Returns how long a command takes at least, where that is known: `sleep 5`, `/bin/sleep 1m 30s`, `busybox sleep 5`, and
/// `sh -c` (or another shell) of a script whose `sleep`s are added up. `Duration::MAX` is for ever.
pub fn least_duration(command: &[Str<'_>]) -> Option<Duration> {
    let words: Vec<&str> = command.iter().map(|word| &**word).collect();
    let start = skip_wrappers(&words, 0);
    if SHELLS.contains(&base_name(words.get(start)?)) {
        let (word, errexit) = script_word(&words, start)?;
        return script_duration(words.get(word)?, errexit);
    }
    slept(&words)
}

/// The sum of the `sleep`s that a script comes to in any case; any other command takes no known time. Nothing is certain behind one
/// that may end the script or, as `kill` does, the container that it runs in, nor behind one that may fail where that ends the script.
fn script_duration(script: &str, mut errexit: bool) -> Option<Duration> {
    let script = Script::read(script)?;
    let mut total: Option<Duration> = None;
    for step in script.steps() {
        let (words, certain) = match step {
            Step::Command(words) => (words, true),
            Step::Perhaps(words) => (words, false),
            Step::While { .. } => continue,
        };
        if let Some(slept) = slept(&words).filter(|_| certain) {
            total = Some(total.unwrap_or_default().saturating_add(slept));
        }
        match words.split_first() {
            Some((&"set", options)) if certain => errexit = sets_errexit(options).unwrap_or(errexit),
            Some((program, _)) if *program == "exec" || ENDS.contains(program) => break,
            _ if errexit && !(certain && succeeds(&words)) => break,
            _ => {}
        }
    }
    total
}

/// Returns whether `set` with these words makes a script end with the first command that fails, where they tell: `-e`, `-eux`, `+e`,
/// `-o errexit`.
fn sets_errexit(options: &[&str]) -> Option<bool> {
    let mut sign = None;
    options.iter().find_map(|option| {
        let cluster = option.strip_prefix(['-', '+']);
        sign = cluster.map(|_| option.starts_with('-')).or(sign);
        let errexit = cluster.map_or(*option == "errexit", |letters| letters.contains('e'));
        sign.filter(|_| errexit)
    })
}

/// The time that a command takes if it is `sleep`.
fn slept(words: &[&str]) -> Option<Duration> {
    let words = words.get(skip_wrappers(words, 0)..)?;
    let (program, arguments) = words.split_first()?;
    if base_name(program) != "sleep" {
        return None;
    }
    // Leaves out redirections: `>/dev/null`, `> /dev/null`, `2>&1`.
    let mut plain = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument.ends_with(['<', '>']) {
            arguments.next();
        } else if !argument.contains(['<', '>']) {
            plain.push(*argument);
        }
    }
    sleep_duration(&plain)
}

/// The time that `sleep` with these arguments takes: their sum, as GNU's does.
fn sleep_duration(arguments: &[&str]) -> Option<Duration> {
    let (first, rest) = arguments.split_first()?;
    rest.iter().try_fold(interval(first)?, |sum, argument| Some(sum.saturating_add(interval(argument)?)))
}

/// One argument of `sleep`: a number of seconds, or of what the suffix says: `s`, `m`, `h`, `d`; with a fraction, or
/// `infinity`. Digits after the ninth of a fraction are dropped.
fn interval(text: &str) -> Option<Duration> {
    if matches!(text, "inf" | "infinity") {
        return Some(Duration::MAX);
    }
    let (number, unit_seconds) = match text.as_bytes().last()? {
        b's' => (text.strip_suffix('s')?, 1),
        b'm' => (text.strip_suffix('m')?, 60),
        b'h' => (text.strip_suffix('h')?, 3600),
        b'd' => (text.strip_suffix('d')?, 86_400),
        _ => (text, 1),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    // All digits: it can only be too large.
    let seconds: u64 = format!("0{whole}").parse().unwrap_or(u64::MAX);
    let nanos: u32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Some(Duration::new(seconds, nanos).saturating_mul(unit_seconds))
}

#[cfg(test)]
mod tests;
