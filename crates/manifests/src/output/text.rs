//! Text for people: a block a finding, as compilers write them, and a line that sums up.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write,
};

use anstyle::{AnsiColor, Style};

use crate::{Located, Outcome, Spot};
use podgate_engine::{
    rules::Level,
    syntax::text::{counted, one_line},
};

/// Tells how text is to look.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look {
    /// With colours, as a terminal shows them.
    pub is_coloured: bool,
    /// Only findings of this level and above; else all but those of level audit, which are counted.
    pub at_least: Option<Level>,
    /// One line a finding.
    pub is_concise: bool,
    /// Without notices and without the line that sums up.
    pub is_quiet: bool,
}

/// The longest name of a file or object that is shown, in characters.
const MAX_NAME_CHARACTERS: usize = 500;
/// From more findings on, the rules are listed first, and what is refused comes before what is warned of: nobody reads hundreds
/// of blocks to find the one that matters.
const MANY: usize = 30;
/// Tells how many rules are listed there: more would push the first finding off the screen.
const LISTED_RULES: usize = 12;

/// Returns the outcome as text.
pub fn write(outcome: &Outcome, look: Look) -> String {
    let least = look.at_least.unwrap_or(Level::Warn);
    let mut shown: Vec<&Located> = outcome.findings.iter().filter(|finding| finding.level >= least).collect();
    let mut text = String::new();
    if shown.len() > MANY {
        shown.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        text.push_str(&by_rule(&shown, look));
    }
    let mut helped = HashSet::new();
    for finding in shown {
        let id = finding.rule.id;
        let colour = colour(finding.level);
        block(&mut text, &finding.spot, colour, &format!("{}[{id}]", finding.level), &finding.message, look);
        // Once a rule: the page is the same for all of its findings.
        if !look.is_concise && helped.insert(id) {
            let _ = writeln!(text, "   = help: podgate rules {id}");
        }
    }
    if !look.is_quiet {
        for notice in &outcome.notices {
            block(&mut text, &notice.spot, AnsiColor::Blue, "note", &notice.message, look);
        }
        let hidden = outcome.findings.iter().filter(|finding| finding.level < least).count();
        let hint = if hidden > 0 { " (--all shows them)" } else { "" };
        text.push_str(&summary_with(outcome, hint));
        text.push('\n');
        text.push_str(&not_judged(outcome));
    }
    text
}

fn colour(level: Level) -> AnsiColor {
    match level {
        Level::Deny => AnsiColor::Red,
        Level::Warn => AnsiColor::Yellow,
        Level::Audit | Level::Off => AnsiColor::Cyan,
    }
}

fn bold(look: Look, colour: Option<AnsiColor>) -> Style {
    if look.is_coloured { Style::new().bold().fg_color(colour.map(Into::into)) } else { Style::new() }
}

/// The rules that found something, the strictest and most frequent first.
fn by_rule(findings: &[&Located], look: Look) -> String {
    let mut counts: BTreeMap<(Level, &str), usize> = BTreeMap::new();
    for finding in findings {
        *counts.entry((finding.level, finding.rule.id)).or_default() += 1;
    }
    let mut rows: Vec<((Level, &str), usize)> = counts.into_iter().collect();
    rows.sort_by_key(|((level, id), count)| (std::cmp::Reverse((*level, *count)), *id));
    let mut text =
        format!("{} of {}:\n", counted(findings.len(), "finding", "findings"), counted(rows.len(), "rule", "rules"));
    let more = rows.len().saturating_sub(LISTED_RULES);
    for ((level, id), count) in rows.into_iter().take(LISTED_RULES) {
        let style = bold(look, Some(colour(level)));
        let _ = writeln!(text, "{count:>6} {style}{level:5}{style:#} {id}");
    }
    if more > 0 {
        let _ = writeln!(text, "       and {}", counted(more, "more rule", "more rules"));
    }
    text.push('\n');
    text
}

/// Place and message, the line of the file, and the object. Writing to a String cannot fail.
fn block(text: &mut String, spot: &Spot, colour: AnsiColor, label: &str, message: &str, look: Look) {
    let (bold, strong) = (bold(look, None), bold(look, Some(colour)));
    let file = one_line(&spot.file, MAX_NAME_CHARACTERS);
    let _ = writeln!(text, "{bold}{file}:{}{bold:#}: {strong}{label}{strong:#} {message}", spot.place);
    if look.is_concise {
        return;
    }
    if !spot.excerpt.text.is_empty() {
        text.push_str(&spot.excerpt.render(look.is_coloured));
    }
    let object = &spot.object;
    let name = one_line(&object.name, MAX_NAME_CHARACTERS);
    let namespace = one_line(&object.namespace, MAX_NAME_CHARACTERS);
    let path = spot.path.to_string();
    let path = one_line(&path, MAX_NAME_CHARACTERS);
    let field = if path.is_empty() { String::new() } else { format!(", {path}") };
    let template = spot.template.as_ref().map(|template| format!(" ({})", one_line(template, MAX_NAME_CHARACTERS)));
    let kind = one_line(&object.kind, MAX_NAME_CHARACTERS);
    let _ = writeln!(text, "   = {kind} {namespace}/{name}{field}{}", template.unwrap_or_default());
}

/// Returns `3 files, 7 objects, 4 of them judged: 1 deny, 2 warn, 0 audit`, and what else there is to say.
pub fn summary(outcome: &Outcome) -> String {
    summary_with(outcome, "")
}

/// Returns the same, with `hint` behind the count of what is audited.
fn summary_with(outcome: &Outcome, hint: &str) -> String {
    let judged =
        if outcome.judged == outcome.objects { String::new() } else { format!(", {} of them judged", outcome.judged) };
    let mut line = format!(
        "{}, {}{judged}: {} deny, {} warn, {} audit{hint}",
        counted(outcome.files.len(), "file", "files"),
        counted(outcome.objects, "object", "objects"),
        outcome.count(Level::Deny),
        outcome.count(Level::Warn),
        outcome.count(Level::Audit),
    );
    if outcome.ignored > 0 {
        let _ = write!(line, ", {} ignored by annotation or comment", outcome.ignored);
    }
    if outcome.before > 0 {
        let verb = if outcome.before == 1 { "was" } else { "were" };
        let _ = write!(line, ", {} {verb} there before", outcome.before);
    }
    if outcome.in_baseline > 0 {
        let _ = write!(line, ", {} in the baseline", outcome.in_baseline);
    }
    if outcome.skipped > 0 {
        let _ = write!(line, "; {} skipped (no Kubernetes object)", counted(outcome.skipped, "document", "documents"));
    }
    if !outcome.problems.is_empty() {
        let _ = write!(line, "; not all was judged: {}", counted(outcome.problems.len(), "error", "errors"));
    }
    line
}

/// Tells how many charts are told of one by one.
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
        let _ = writeln!(text, "   = not judged: {}", counted(more, "more Helm chart", "more Helm charts"));
    }
    let objects = |count: usize| counted(count, "object stands", "objects stand");
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
