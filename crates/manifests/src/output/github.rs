//! Workflow commands, which GitHub shows as annotations on the lines of a pull request.

use std::fmt::Write;

use super::text::{not_judged, summary};
use crate::{Outcome, Spot};
use podgate_engine::rules::Level;

/// The outcome as workflow commands, and the line that sums up for the log.
pub fn write(outcome: &Outcome) -> String {
    let mut text = String::new();
    for problem in &outcome.problems {
        let place = problem.place.map(|place| format!(",line={},col={}", place.line, place.column)).unwrap_or_default();
        let (file, message) = (property(&problem.file), data(&problem.message));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "::error file={file}{place},title=podgate::{message}");
    }
    for finding in &outcome.findings {
        let command = match finding.level {
            Level::Deny => "error",
            Level::Warn => "warning",
            Level::Audit | Level::Off => "notice",
        };
        let title = format!("podgate: {}", finding.rule.id);
        command_line(&mut text, command, &finding.spot, &title, &finding.message);
    }
    for notice in &outcome.notices {
        command_line(&mut text, "notice", &notice.spot, "podgate", &notice.message);
    }
    let _ = write!(text, "{}\n{}", summary(outcome), not_judged(outcome));
    text
}

fn command_line(text: &mut String, command: &str, spot: &Spot, title: &str, message: &str) {
    let object = &spot.object;
    let message = format!("{message} ({} {}/{})", object.kind, object.namespace, object.name);
    let _ = writeln!(
        text,
        "::{command} file={},line={},col={},title={}::{}",
        property(&spot.file),
        spot.place.line,
        spot.place.column,
        property(title),
        data(&message)
    );
}

/// Escaped as the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escaped as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
