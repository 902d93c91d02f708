//! What a container's command does, as far as its words tell: nothing is guessed, what is not understood does nothing known.

use crate::model::Container;

/// A command that does not end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endless {
    /// The word of command and arguments, counted over both, that holds it.
    pub word: usize,
    /// What it is.
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

/// Whether the container's command and arguments never end: `sleep infinity`, `tail -f`, or a shell script that in any case
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

/// Where the command proper begins: behind `tini --` and the like.
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

/// Whether an argument of `tail` makes it follow: `-f`, `-F`, `--follow`, or one of them in a cluster such as `-qf`.
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

/// A piece of a shell script.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A word, and whether any of it is quoted.
    Word(String, bool),
    /// What stands between commands: `;`, a line's end, `&`, `&&`, `|`, `||`, `(` or `)`.
    Operator(&'static str),
}

/// The script's pieces; `None` where it holds a here-document or an open quote.
fn tokens(script: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut word: Option<(String, bool)> = None;
    let mut chars = script.chars().peekable();
    while let Some(character) = chars.next() {
        let operator = match character {
            '\\' => {
                match chars.next() {
                    Some('\n') => {}
                    escaped => {
                        let (text, quoted) = word.get_or_insert_default();
                        text.extend(escaped);
                        *quoted = true;
                    }
                }
                continue;
            }
            quote @ ('\'' | '"' | '`') => {
                let (text, quoted) = word.get_or_insert_default();
                *quoted = true;
                loop {
                    match chars.next()? {
                        end if end == quote => break,
                        '\\' if quote != '\'' => text.extend(chars.next()),
                        other => text.push(other),
                    }
                }
                continue;
            }
            '#' if word.is_none() => {
                while chars.next_if(|next| *next != '\n').is_some() {}
                continue;
            }
            '<' if chars.peek() == Some(&'<') => return None,
            // In `2>&1` and `&>file` it is no operator.
            '&' if chars.peek() == Some(&'>') || word.as_ref().is_some_and(|(text, _)| text.ends_with(['>', '<'])) => {
                word.get_or_insert_default().0.push('&');
                continue;
            }
            '&' if chars.next_if_eq(&'&').is_some() => "&&",
            '|' if chars.next_if_eq(&'|').is_some() => "||",
            '&' => "&",
            '|' => "|",
            ';' | '\n' => ";",
            '(' => "(",
            ')' => ")",
            ' ' | '\t' | '\r' => "",
            other => {
                word.get_or_insert_default().0.push(other);
                continue;
            }
        };
        tokens.extend(word.take().map(|(text, quoted)| Token::Word(text, quoted)));
        if !operator.is_empty() {
            tokens.push(Token::Operator(operator));
        }
    }
    tokens.extend(word.map(|(text, quoted)| Token::Word(text, quoted)));
    Some(tokens)
}

/// What in a script never ends, if it is come to in any case.
fn script_never_ends(script: &str) -> Option<&'static str> {
    let tokens = tokens(script)?;
    let bare = |token: &Token| match token {
        Token::Word(text, false) => Some(text.clone()),
        _ => None,
    };
    if tokens.iter().filter_map(bare).any(|word| ENDS.contains(&word.as_str())) {
        return None;
    }
    // What the place is inside of, each by the word that opened it.
    let mut inside: Vec<&'static str> = Vec::new();
    let mut before = ";";
    let mut at_command = true;
    let mut endless_loop = false;
    let mut place = 0;
    while let Some(token) = tokens.get(place) {
        place += 1;
        let word = match token {
            Token::Operator(operator) => {
                match *operator {
                    "(" => inside.push("("),
                    // One that ends a pattern of a `case` closes nothing.
                    ")" if inside.last() == Some(&"(") => {
                        inside.pop();
                    }
                    _ => {}
                }
                (before, at_command) = (operator, true);
                continue;
            }
            Token::Word(..) if !at_command => continue,
            Token::Word(_, true) => {
                at_command = false;
                continue;
            }
            Token::Word(text, false) => text.as_str(),
        };
        let command: Vec<&str> = words_of_command(&tokens, place);
        let unconditional = inside.is_empty() && matches!(before, ";" | "&");
        match word {
            "if" => inside.push("if"),
            "case" => inside.push("case"),
            "for" | "select" | "until" => inside.push("loop"),
            "while" => {
                let condition = command.as_slice();
                let alone = tokens.get(place + 1) == Some(&Token::Operator(";"));
                endless_loop |= unconditional && alone && matches!(condition, ["true" | ":"]);
                inside.push("loop");
            }
            "{" => inside.push("{"),
            "done" | "fi" | "esac" | "}" => {
                inside.pop();
                if inside.is_empty() && endless_loop {
                    if stays(&tokens, place) {
                        return Some(LOOP);
                    }
                    endless_loop = false;
                }
            }
            _ => {}
        }
        at_command = matches!(word, "if" | "while" | "until" | "do" | "then" | "else" | "elif" | "{" | "!");
        // An exec in a loop is the end of the loop.
        endless_loop &= word != "exec" || inside.is_empty();
        if unconditional && !at_command {
            let words: Vec<&str> = std::iter::once(word).chain(command).collect();
            let start = skip_wrappers(&words, 0);
            let program = words.get(start).map_or("", |program| base_name(program));
            let endless = program_never_ends(program, words.get(start + 1..).unwrap_or_default());
            if endless.is_some() && stays(&tokens, place) {
                return endless;
            }
        }
    }
    None
}

/// The words of the simple command that goes on at `place`.
fn words_of_command(tokens: &[Token], place: usize) -> Vec<&str> {
    let rest = tokens.get(place..).unwrap_or_default().iter();
    rest.map_while(|token| match token {
        Token::Word(text, _) => Some(text.as_str()),
        Token::Operator(_) => None,
    })
    .collect()
}

/// Whether the script waits for the command that goes on at `place`: it is neither in the background nor in a pipe, which
/// ends it when its reader ends.
fn stays(tokens: &[Token], place: usize) -> bool {
    let end = tokens.iter().skip(place).find_map(|token| match token {
        Token::Operator(operator) => Some(*operator),
        Token::Word(..) => None,
    });
    !matches!(end, Some("&" | "|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::json::from_object;

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
