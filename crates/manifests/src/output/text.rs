//! Text for people: a block a finding, as compilers write them, and a line that sums up.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::{Outcome, Spot};
use podgate_engine::{rules::Level, syntax::text::one_line};

/// How text is to look.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look {
    /// For a terminal: colours, and the line of the file with a mark under the field.
    pub terminal: bool,
    /// Whether colours are wanted there.
    pub colour: bool,
    /// Only findings of this level and above.
    pub at_least: Option<Level>,
    /// Without the line that sums up.
    pub quiet: bool,
}

/// The longest name of a file or object that is shown, in characters.
const MAX_NAME_CHARACTERS: usize = 500;

/// The outcome as text.
pub fn write(outcome: &Outcome, look: Look) -> String {
    let mut text = String::new();
    for finding in &outcome.findings {
        if look.at_least.is_some_and(|least| finding.level < least) {
            continue;
        }
        let colour = match finding.level {
            Level::Deny => AnsiColor::Red,
            Level::Warn => AnsiColor::Yellow,
            Level::Audit | Level::Off => AnsiColor::Cyan,
        };
        let label = format!("{}[{}]", finding.level, finding.rule.id);
        block(&mut text, &finding.spot, colour, &label, &finding.message, look);
        let _ = writeln!(text, "   = help: podgate rules {}", finding.rule.id);
    }
    if !look.quiet {
        for notice in &outcome.notices {
            block(&mut text, &notice.spot, AnsiColor::Blue, "note", &notice.message, look);
        }
        text.push_str(&summary(outcome));
        text.push('\n');
        text.push_str(&not_judged(outcome));
    }
    text
}

/// Place and message, the line on a terminal, and the object. Writing to a String cannot fail.
fn block(text: &mut String, spot: &Spot, colour: AnsiColor, label: &str, message: &str, look: Look) {
    let bold = if look.colour { Style::new().bold() } else { Style::new() };
    let strong = if look.colour { bold.fg_color(Some(colour.into())) } else { bold };
    let file = one_line(&spot.file, MAX_NAME_CHARACTERS);
    let _ = writeln!(text, "{bold}{file}:{}{bold:#}: {strong}{label}{strong:#} {message}", spot.place);
    if look.terminal && !spot.source.is_empty() {
        let number = spot.place.line.to_string();
        let gutter = " ".repeat(number.len());
        // Tabs keep their width, so that the mark stands under the field.
        let before = spot.source.chars().take(spot.place.column.saturating_sub(1));
        let blank: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let word = spot.source.chars().skip(spot.place.column.saturating_sub(1));
        let width = word.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '"')).count().max(1);
        let mark = "^".repeat(width);
        let _ = writeln!(text, "  {number} | {}", spot.source);
        let _ = writeln!(text, "  {gutter} | {blank}{strong}{mark}{strong:#}");
    }
    let object = &spot.object;
    let name = one_line(&object.name, MAX_NAME_CHARACTERS);
    let namespace = one_line(&object.namespace, MAX_NAME_CHARACTERS);
    let path = spot.path.to_string();
    let path = one_line(&path, MAX_NAME_CHARACTERS);
    let field = if path.is_empty() { String::new() } else { format!(", {path}") };
    let _ = writeln!(text, "   = {} {namespace}/{name}{field}", one_line(&object.kind, MAX_NAME_CHARACTERS));
}

/// Returns `3 files, 7 objects, 4 of them judged: 1 deny, 2 warn, 0 audit`, and what else there is to say.
pub fn summary(outcome: &Outcome) -> String {
    let count = |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    let judged =
        if outcome.judged == outcome.objects { String::new() } else { format!(", {} of them judged", outcome.judged) };
    let mut line = format!(
        "{}, {}{judged}: {} deny, {} warn, {} audit",
        count(outcome.files.len(), "file"),
        count(outcome.objects, "object"),
        outcome.count(Level::Deny),
        outcome.count(Level::Warn),
        outcome.count(Level::Audit),
    );
    if outcome.ignored > 0 {
        let _ = write!(line, ", {} ignored by annotation", outcome.ignored);
    }
    if outcome.skipped > 0 {
        let _ = write!(line, "; {} skipped (no Kubernetes object)", count(outcome.skipped, "document"));
    }
    if !outcome.problems.is_empty() {
        let _ = write!(line, "; not all was judged: {}", count(outcome.problems.len(), "error"));
    }
    line
}

/// How many charts are told of one by one.
const MAX_CHARTS: usize = 10;

/// Returns what was not judged, a line each, and what else there is to know of what was.
pub fn not_judged(outcome: &Outcome) -> String {
    let mut text = String::new();
    // Charts come first, a line each.
    let lines = outcome.reasons();
    let charts = lines.iter().take_while(|line| line.starts_with("Helm chart ")).count();
    for line in lines.iter().take(charts.min(MAX_CHARTS)).chain(lines.iter().skip(charts)) {
        let _ = writeln!(text, "   = not judged: {line}");
    }
    if let Some(more) = charts.checked_sub(MAX_CHARTS).filter(|more| *more > 0) {
        let _ = writeln!(text, "   = not judged: {more} more Helm chart{}", if more == 1 { "" } else { "s" });
    }
    let objects =
        |count: usize| if count == 1 { "1 object stands".to_owned() } else { format!("{count} objects stand") };
    let repeated = &outcome.repeated;
    let [several, one] = repeated.examples.each_ref().map(|examples| examples.join("; "));
    if repeated.in_several > 0 {
        let what = "in several environments, each judged beside what is deployed with it";
        let _ = writeln!(text, "   = {} {what} ({several})", objects(repeated.in_several));
    }
    if repeated.in_one > 0 {
        let what = "twice among what is deployed together, where the last counts";
        let _ = writeln!(text, "   = {} {what} ({one})", objects(repeated.in_one));
    }
    text
}
