//! What README.md shows, and how long it may be.

use std::fs;

use anstyle_svg::Term;

use super::{
    run,
    tree::{hold, root},
};

/// The width of the terminal in the picture, in characters.
const COLUMNS: usize = 100;

/// Returns `text` as a terminal breaks it: escape sequences take no room, and a line goes on below where it is full.
fn wrapped(text: &str) -> String {
    let (mut shown, mut column, mut is_escape) = (String::new(), 0, false);
    for letter in text.chars() {
        match letter {
            '\u{1b}' => is_escape = true,
            '\n' => column = 0,
            _ if is_escape => is_escape = letter != 'm',
            _ if column == COLUMNS => {
                shown.push('\n');
                column = 1;
            }
            _ => column += 1,
        }
        shown.push(letter);
    }
    shown
}

/// The picture at the top of the README is what the command prints.
#[test]
fn the_terminal_is_a_real_one() {
    let ran = run(&root().join("samples/incidents"), &["check", ".", "--color", "always"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    assert!(ran.stdout.contains("\u{1b}["), "no colours in {}", ran.stdout);
    let text = wrapped(&format!("$ podgate check .\n{}", ran.stdout));
    assert!(text.lines().count() > ran.stdout.lines().count() + 1, "no line is broken");
    hold("docs/pictures/terminal.svg", &Term::new().render_svg(&text));
}

/// A word is what stands between spaces and holds a letter or a digit, in text, tables and blocks of code alike.
#[test]
fn the_readme_is_short() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let words = text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
    assert!(words <= 900, "README.md has {words} words; 900 are the most");
}

/// Each incident that README.md and docs/why.md tell is found by one rule, above level audit.
#[test]
fn every_incident_is_found() {
    let why = fs::read_to_string(root().join("docs/why.md")).unwrap();
    for (file, level, rule) in [
        ("drops-requests", "deny", "prestop-exceeds-grace"),
        ("never-starts", "warn", "startup-window-too-short"),
        ("drain-fails", "warn", "overlapping-disruption-budgets"),
    ] {
        let path = format!("samples/incidents/{file}.yaml");
        let ran = run(&root(), &["check", &path, "--concise"]);
        let found: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with(&path)).collect();
        assert_eq!(found.len(), 1, "{}", ran.stdout);
        assert!(found[0].contains(&format!("{level}[{rule}]")), "{}", found[0]);
        // The page shows the manifest itself, less the two lines of comment.
        let text = fs::read_to_string(root().join(&path)).unwrap();
        let manifest = text.splitn(3, '\n').nth(2).unwrap();
        assert!(why.contains(&format!("```yaml\n{manifest}```\n")), "docs/why.md does not show {path}");
    }
}
