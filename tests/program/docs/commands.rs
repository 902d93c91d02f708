//! Every command in a block ```` ```console ```` is run, and prints what is shown below it, or is listed with where it is run.
//! `UPDATE=1 cargo test` writes what it prints.
//!
//! A shown line `…` stands for any lines; such a block is changed by hand. Below a command that prints much, nothing may be shown
//! at all.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use wildmatch::WildMatch;

use super::{Page, elsewhere::ELSEWHERE, pages, root};

/// How a block begins.
const BLOCK: &str = "```console";
/// Stands for any lines.
const ANY: &str = "…";
/// What has more lines than these may be left out as a whole.
const FEW_LINES: usize = 20;

/// A command with what is shown below it.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    /// Where it begins, from 1.
    line: usize,
    /// As the shell gets it: several lines where one ends with a backslash.
    command: String,
    output: String,
}

/// Cuts a page into what stands around commands and their outputs: the text before each, up to the end of the command, and what is
/// shown; and the text after the last.
fn cut(text: &str) -> (Vec<(String, Shown)>, String) {
    let (mut shown, mut before): (Vec<(String, Shown)>, String) = (Vec::new(), String::new());
    let mut lines = text.split_inclusive('\n').enumerate().peekable();
    let mut in_block = false;
    while let Some((index, line)) = lines.next() {
        before.push_str(line);
        match line.trim_end() {
            BLOCK => in_block = true,
            "```" => in_block = false,
            _ => {}
        }
        let Some(command) = line.strip_prefix("$ ").filter(|_| in_block) else { continue };
        let mut command = command.to_owned();
        // What goes on stands deeper in the same block, as the commands of a loop do.
        while let Some((_, line)) = lines.next_if(|(_, line)| {
            command.trim_end().ends_with(['\\', ';']) || line.starts_with("    ") && command.contains('\\')
        }) {
            before.push_str(line);
            command.push_str(line);
        }
        let mut output = String::new();
        while let Some((_, line)) = lines.next_if(|(_, line)| !line.starts_with("$ ") && !line.starts_with("```")) {
            output.push_str(line);
        }
        let command = command.trim_end().to_owned();
        shown.push((std::mem::take(&mut before), Shown { line: index + 1, command, output }));
    }
    (shown, before)
}

/// Returns what a shell at the top of the tree prints, to stdout and stderr as they come, and whether it took the command.
fn print(command: &str, home: &Path) -> (bool, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_podgate")).parent().unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("exec 2>&1\n{command}")]).current_dir(root()).stdin(Stdio::null());
    // Nothing of whoever runs the tests.
    shell.env_clear().env("HOME", home).env("COLUMNS", "100").env("LC_ALL", "C.UTF-8");
    shell.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", program.display()));
    let output = shell.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // 2 is also what a manifest that cannot be read gives.
    (!text.starts_with("error: ") && output.status.code() != Some(127), text)
}

/// Returns whether a text is what is shown, where `…` stands for any lines.
fn fits(shown: &str, printed: &str) -> bool {
    let mut parts = vec![String::new()];
    for line in shown.split_inclusive('\n') {
        if line.trim_end() == ANY {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push_str(line);
        }
    }
    let (first, last) = (parts.first().unwrap(), parts.last().unwrap());
    if parts.len() == 1 {
        return first == printed;
    }
    let Some(mut rest) = printed.strip_prefix(first.as_str()) else { return false };
    for part in &parts[1..parts.len() - 1] {
        let Some(at) = rest.find(part.as_str()) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last.as_str())
}

#[test]
fn commands_print_what_is_shown() {
    let home = tempfile::tempdir().unwrap();
    // How often each pattern fits, and what each command that was run printed: some are shown on several pages.
    let (mut fitting, mut printed) = (vec![0; ELSEWHERE.len()], BTreeMap::new());
    let (mut runs, mut wrong) = (0, Vec::new());
    for Page { file, text } in pages() {
        let (commands, after) = cut(&text);
        let mut updated = String::new();
        for (before, Shown { line, command, output }) in commands {
            updated.push_str(&before);
            let fits_here = |it: &super::elsewhere::Elsewhere| {
                WildMatch::new(it.file).matches(&file) && WildMatch::new(it.command).matches(&command)
            };
            if let Some(index) = ELSEWHERE.iter().position(fits_here) {
                fitting[index] += 1;
                updated.push_str(&output);
                continue;
            }
            if !command.starts_with("podgate ") {
                wrong.push(format!("{file}:{line}: is run nowhere: {command}"));
                continue;
            }
            runs += 1;
            let (taken, text) = printed.entry(command.clone()).or_insert_with(|| print(&command, home.path()));
            if !*taken {
                wrong.push(format!("{file}:{line}: {command} is no command:\n{text}"));
            }
            let is_left_out = output.is_empty() && text.lines().count() > FEW_LINES;
            if is_left_out || fits(&output, text) {
                updated.push_str(&output);
            } else {
                updated.push_str(text);
                if output.lines().any(|line| line == ANY) {
                    wrong.push(format!("{file}:{line}: {command} prints otherwise (to be changed by hand):\n{text}"));
                }
            }
        }
        updated.push_str(&after);
        if updated != text && wrong.is_empty() {
            if std::env::var_os("UPDATE").is_some() {
                fs::write(root().join(&file), updated).unwrap();
            } else {
                let first = text.lines().zip(updated.lines()).find(|(there, now)| there != now);
                wrong.push(format!("{file} is not what its commands print (UPDATE=1 cargo test), first: {first:#?}"));
            }
        }
    }
    for (count, it) in fitting.iter().zip(ELSEWHERE) {
        if *count == 0 {
            wrong.push(format!("tests/program/docs/elsewhere.rs: {} {} fits no command", it.file, it.command));
        }
        if it.shown.contains('/') && !root().join(it.shown).is_file() {
            wrong.push(format!("tests/program/docs/elsewhere.rs: {} is not there", it.shown));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(runs > 20, "only {runs} commands were run");
}

#[test]
fn a_page_is_cut_into_commands() {
    let text = "a\n```console\n$ one \\\n    | two\nout\n$ three\n```\n$ no command\n```yaml\n$ none\n```\n";
    let (shown, after) = cut(text);
    let shown: Vec<(&str, usize, &str, &str)> =
        shown.iter().map(|(before, it)| (&**before, it.line, &*it.command, &*it.output)).collect();
    assert_eq!(shown[0], ("a\n```console\n$ one \\\n    | two\n", 3, "one \\\n    | two", "out\n"));
    assert_eq!(shown[1], ("$ three\n", 6, "three", ""));
    assert_eq!((shown.len(), after.as_str()), (2, "```\n$ no command\n```yaml\n$ none\n```\n"));
}

#[test]
fn three_dots_stand_for_lines() {
    assert!(fits("a\n", "a\n") && !fits("a\n", "a\nb\n") && !fits("a\n", ""));
    assert!(fits("a\n…\n", "a\nb\nc\n") && fits("…\nc\n", "a\nb\nc\n") && fits("a\n…\nb\n…\nd\n", "a\nb\nc\nd\n"));
    assert!(!fits("b\n…\n", "a\nb\n") && !fits("a\n…\nx\n", "a\nb\n") && !fits("a\n…\nx\n…\n", "a\nb\n"));
}
