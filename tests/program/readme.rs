//! What README.md shows, and how long it may be.

use std::fs;

use anstyle::RgbColor;
use anstyle_svg::{Palette, Term};

use super::{
    run,
    tree::{hold, root},
};

/// The width of the terminal in the picture, in characters.
const COLUMNS: usize = 100;

/// The sixteen colours of the picture, readable on its background: GitHub's, of its dark theme.
const PALETTE: Palette = Palette([
    RgbColor(0x48, 0x4f, 0x58),
    RgbColor(0xff, 0x7b, 0x72),
    RgbColor(0x3f, 0xb9, 0x50),
    RgbColor(0xd2, 0x99, 0x22),
    RgbColor(0x58, 0xa6, 0xff),
    RgbColor(0xbc, 0x8c, 0xff),
    RgbColor(0x39, 0xc5, 0xcf),
    RgbColor(0xb1, 0xba, 0xc4),
    RgbColor(0x6e, 0x76, 0x81),
    RgbColor(0xff, 0xa1, 0x98),
    RgbColor(0x56, 0xd3, 0x64),
    RgbColor(0xe3, 0xb3, 0x41),
    RgbColor(0x79, 0xc0, 0xff),
    RgbColor(0xd2, 0xa8, 0xff),
    RgbColor(0x56, 0xd4, 0xdd),
    RgbColor(0xff, 0xff, 0xff),
]);

/// Returns `text` with lines of at most `COLUMNS` characters, broken at spaces; escape sequences take no room.
fn wrapped(text: &str) -> String {
    let (mut shown, mut column, mut is_escape) = (String::new(), 0, false);
    // The last space of the line: where it is in `shown`, and in which column.
    let mut space = None;
    for letter in text.chars() {
        match letter {
            '\u{1b}' => is_escape = true,
            _ if is_escape => is_escape = letter != 'm',
            '\n' => (column, space) = (0, None),
            _ => column += 1,
        }
        if letter == ' ' {
            space = Some((shown.len(), column));
        }
        shown.push(letter);
        if let Some((index, at)) = space.filter(|_| column > COLUMNS) {
            shown.replace_range(index..=index, "\n");
            (column, space) = (column - at, None);
        }
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
    let terminal =
        Term::new().palette(PALETTE).fg_color(PALETTE.0[7].into()).bg_color(RgbColor(0x0d, 0x11, 0x17).into());
    hold("docs/pictures/terminal.svg", &terminal.render_svg(&text));
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
        ("stops-drains", "warn", "overlapping-disruption-budgets"),
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
