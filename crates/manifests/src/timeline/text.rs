//! The picture for a terminal.

use std::{fmt::Write as _, time::Duration};

use anstyle::{AnsiColor, Style as Ansi};

use podgate_engine::rules::Level;

use super::{
    Life,
    rows::{self, Kind, Row},
    words,
};

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The columns of the terminal; at least 40 are used.
    pub width: usize,
    /// Says whether to add colours.
    pub color: bool,
}

/// The most events that are listed.
const MOST_EVENTS: usize = 40;

/// Draws lives for a terminal. It says the same without colours.
pub fn text(lives: &[Life], style: Style) -> String {
    let drawn: Vec<String> = lives.iter().map(|life| one(life, style)).collect();
    drawn.join("\n")
}

fn one(life: &Life, style: Style) -> String {
    let rows = rows::rows(life);
    let end = rows::end(&life.timeline);
    let longest = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let label = longest.min(20);
    let columns = style.width.max(40) - label - 2;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{life}\n");
    let _ = writeln!(out, "{}", axis(end, label, columns));
    for row in &rows {
        let _ = writeln!(out, "{}", drawn(row, end, label, columns, style.color));
    }
    let _ = writeln!(out, "\n{}", wrapped(LEGEND, style.width, 0));
    let _ = writeln!(out);
    let events: Vec<_> = life.timeline.events.iter().filter(|event| words::is_worth_a_line(event)).collect();
    let times: Vec<String> = events.iter().map(|event| words::bounds(event.time)).collect();
    let widest = times.iter().take(MOST_EVENTS).map(|time| time.chars().count()).max().unwrap_or(0);
    for (event, time) in events.iter().zip(&times).take(MOST_EVENTS) {
        let line = format!("{time:>widest$}  {}", words::event(&life.timeline, event));
        let _ = writeln!(out, "{}", wrapped(&line, style.width, widest + 2));
    }
    if events.len() > MOST_EVENTS {
        let _ = writeln!(out, "{:>widest$}  and {} more; --format json has all", "", events.len() - MOST_EVENTS);
    }
    if let Some(goes_on) = words::goes_on(&life.timeline) {
        let _ = writeln!(out, "{:>widest$}  {goes_on}", "");
    }
    if !life.assumptions.is_empty() {
        let _ = writeln!(out, "\nassumed:");
        for assumption in &life.assumptions {
            let _ = writeln!(out, "{}", wrapped(&format!("- {assumption}"), style.width, 2));
        }
    }
    let findings: Vec<_> = life.findings.iter().filter(|finding| finding.level > Level::Audit).collect();
    if !findings.is_empty() {
        let _ = writeln!(out, "\nfindings:");
        for finding in findings {
            let line = format!("- {}[{}] {}", finding.level, finding.rule, finding.message);
            let _ = writeln!(out, "{}", wrapped(&line, style.width, 2));
        }
    }
    out
}

const LEGEND: &str = "░ may run  ─ runs  ▒ may be ready  █ ready  ▓ stops  · waits  h hook  ! given up  T stop signal  K killed  o ends with 0  x ends otherwise  D deleted  G gone";

fn axis(end: Duration, label: usize, columns: usize) -> String {
    let most = u64::try_from(columns / 8).unwrap_or(1);
    let mut line: Vec<char> = vec![' '; columns + 8];
    for time in rows::ticks(end, most) {
        let at = column(time, end, columns);
        for (offset, letter) in rows::tick(time).chars().enumerate() {
            if let Some(cell) = line.get_mut(at + offset) {
                *cell = letter;
            }
        }
    }
    line.truncate(columns);
    let line: String = line.into_iter().collect();
    format!("{:label$}  {}", "", line.trim_end())
}

/// The column of a time, of so many.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a column is small")]
fn column(time: Duration, end: Duration, columns: usize) -> usize {
    let place = time.as_secs_f64() / end.as_secs_f64() * columns as f64;
    (place as usize).min(columns.saturating_sub(1))
}

fn drawn(row: &Row, end: Duration, label: usize, columns: usize, color: bool) -> String {
    let mut line: Vec<(char, Option<Kind>)> = vec![(' ', None); columns];
    for bar in &row.bars {
        let (from, to) = (column(bar.from, end, columns), column(bar.to, end, columns));
        let sign = match bar.kind {
            Kind::Waits => '·',
            Kind::MayRun => '░',
            Kind::Runs | Kind::Window => '─',
            Kind::MayBeReady => '▒',
            Kind::Ready => '█',
            Kind::Stops => '▓',
        };
        for cell in line.iter_mut().take(to.max(from + 1)).skip(from) {
            *cell = (sign, Some(bar.kind));
        }
    }
    for mark in &row.marks {
        if let Some(cell) = line.get_mut(column(mark.at.earliest, end, columns)) {
            *cell = (mark.sign, None);
        }
    }
    let name: String = if row.name.chars().count() > label {
        row.name.chars().take(label.saturating_sub(1)).chain(['…']).collect()
    } else {
        row.name.clone()
    };
    let mut text = format!("{name:label$}  ");
    for (sign, kind) in line {
        let style = match kind {
            Some(Kind::Ready | Kind::MayBeReady) => Ansi::new().fg_color(Some(AnsiColor::Green.into())),
            Some(Kind::Stops) => Ansi::new().fg_color(Some(AnsiColor::Yellow.into())),
            Some(Kind::Runs | Kind::MayRun) => Ansi::new().fg_color(Some(AnsiColor::Cyan.into())),
            None if sign != ' ' => Ansi::new().bold(),
            _ => Ansi::new(),
        };
        if color && style != Ansi::new() {
            let _ = write!(text, "{style}{sign}{style:#}");
        } else {
            text.push(sign);
        }
    }
    text.trim_end().to_owned()
}

/// Breaks a line at spaces; what follows is indented.
fn wrapped(line: &str, width: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    // Spaces at the beginning and two of them between words stay.
    for word in line.split(' ') {
        let length = word.chars().count();
        if used > indent && used + 1 + length > width.max(40) {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = indent;
        } else if used > 0 || out.ends_with(' ') {
            out.push(' ');
            used += 1;
        } else if word.is_empty() {
            out.push(' ');
            used += 1;
            continue;
        }
        out.push_str(word);
        used += length;
    }
    out
}
