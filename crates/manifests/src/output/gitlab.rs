//! A Code Quality report, which GitLab shows in merge requests:
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use serde::Serialize;

use crate::{Outcome, fingerprint::fingerprints};
use podgate_engine::rules::Level;

/// Holds what GitLab requires of an entry, by its names.
#[derive(Serialize)]
struct Issue<'o> {
    description: String,
    check_name: &'o str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'o>,
}

#[derive(Serialize)]
struct Location<'o> {
    path: &'o str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// Returns the outcome as a list of issues. What could not be judged is one of severity `blocker`.
pub fn write(outcome: &Outcome) -> Result<String, serde_json::Error> {
    let findings = outcome.findings.iter().zip(fingerprints(&outcome.findings)).map(|(finding, fingerprint)| {
        let object = &finding.spot.object;
        Issue {
            description: format!("{} ({} {}/{})", finding.message, object.kind, object.namespace, object.name),
            check_name: finding.rule.id,
            fingerprint,
            severity: match finding.level {
                Level::Deny => "critical",
                Level::Warn => "minor",
                Level::Audit | Level::Off => "info",
            },
            location: Location { path: &finding.spot.file, lines: Lines { begin: finding.spot.place.line } },
        }
    });
    let problems = outcome.problems.iter().map(|problem| Issue {
        description: problem.message.clone(),
        check_name: "podgate",
        fingerprint: format!("{}: {}", problem.file, problem.message),
        severity: "blocker",
        location: Location { path: &problem.file, lines: Lines { begin: problem.place.map_or(1, |place| place.line) } },
    });
    let issues: Vec<Issue<'_>> = problems.chain(findings).collect();
    Ok(serde_json::to_string_pretty(&issues)? + "\n")
}
