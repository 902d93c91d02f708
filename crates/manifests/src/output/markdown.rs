//! Markdown, for the summary of a job on GitHub.

use std::fmt::Write;

use super::text::summary;
use crate::Outcome;
use podgate_engine::rules::Level;

/// Tells how many findings are listed: GitHub takes 1 MiB of a step, and nobody reads more.
const MOST: usize = 100;

/// Returns what is refused and warned of as a table, and the line that sums up.
pub fn write(outcome: &Outcome) -> String {
    let mut text = format!("### podgate\n\n{}\n", escape(&summary(outcome)));
    let mut listed: Vec<_> = outcome.findings.iter().filter(|finding| finding.level >= Level::Warn).collect();
    listed.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    if !listed.is_empty() {
        text.push_str("\n| level | rule | place | finding |\n|---|---|---|---|\n");
    }
    for finding in listed.iter().take(MOST) {
        let (spot, object) = (&finding.spot, &finding.spot.object);
        let object = format!("{} {}/{}", object.kind, object.namespace, object.name);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {}:{} | {}: {} |",
            finding.level,
            finding.rule.id,
            escape(&spot.file),
            spot.place.line,
            escape(&object),
            escape(&finding.message)
        );
    }
    if listed.len() > MOST {
        let _ = writeln!(text, "\nand {} more", listed.len() - MOST);
    }
    if !outcome.problems.is_empty() {
        text.push_str("\nNot judged:\n\n");
    }
    for problem in outcome.problems.iter().take(MOST) {
        let _ = writeln!(text, "- {}", escape(&problem.to_string()));
    }
    text
}

/// Names and values are text, not Markdown.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '@' => escaped.extend(['\\', character]),
            '\n' | '\r' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
