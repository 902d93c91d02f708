//! A baseline: the findings that somebody knows and does not want to hear of again.
//!
//! A team that begins with podgate writes one file of all that is found today, and is told only of what comes after. The file
//! is JSON with a finding a line, sorted, so that a change of it is a change of few lines.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Located, Outcome, fingerprint::fingerprints};

/// The version of the file.
const VERSION: u32 = 1;

/// Findings that do not count.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Baseline(HashSet<String>);

/// A baseline that cannot be read.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// The text is no baseline.
    #[error("is no baseline (line {line}, column {column}); --write-baseline makes one")]
    Json {
        /// Line of what is not as in a baseline, counted from 1.
        line: usize,
        /// Column of it, counted from 1.
        column: usize,
    },
    /// It is of another version of podgate.
    #[error("has version {found}; {VERSION} is known here: make it again by --write-baseline")]
    Version {
        /// The version in it.
        found: u32,
    },
}

#[derive(Deserialize)]
struct File {
    version: u32,
    findings: Vec<Known>,
}

#[derive(Deserialize)]
struct Known {
    fingerprint: String,
}

/// One line of the file. Only the fingerprint is read again; the rest is for people.
#[derive(Serialize)]
struct Line<'f> {
    file: &'f str,
    object: String,
    rule: &'static str,
    path: String,
    fingerprint: &'f str,
}

impl Baseline {
    /// Reads a file that [`Self::write`] wrote.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let File { version, findings } = serde_json::from_str(text)
            .map_err(|error| BaselineError::Json { line: error.line(), column: error.column() })?;
        if version != VERSION {
            return Err(BaselineError::Version { found: version });
        }
        Ok(Self(findings.into_iter().map(|known| known.fingerprint).collect()))
    }

    /// Returns the file that makes these findings known.
    pub fn write(findings: &[Located]) -> Result<String, serde_json::Error> {
        let fingerprints = fingerprints(findings);
        let mut lines: Vec<String> = findings
            .iter()
            .zip(&fingerprints)
            .map(|(finding, fingerprint)| {
                let object = &finding.spot.object;
                serde_json::to_string(&Line {
                    file: &finding.spot.file,
                    object: format!("{} {}/{}", object.kind, object.namespace, object.name),
                    rule: finding.rule.id,
                    path: finding.spot.path.to_string(),
                    fingerprint,
                })
            })
            .collect::<Result<_, _>>()?;
        lines.sort_unstable();
        let lines: Vec<String> = lines.into_iter().map(|line| format!("  {line}")).collect();
        let list = if lines.is_empty() { String::new() } else { format!("\n{}\n", lines.join(",\n")) };
        Ok(format!("{{\"version\":{VERSION},\"findings\":[{list}]}}\n"))
    }

    /// Takes the findings that are known out of `outcome`, and counts them there. Returns how many known ones are found no more.
    pub fn apply(&self, outcome: &mut Outcome) -> usize {
        let fingerprints = fingerprints(&outcome.findings);
        let gone = self.0.len() - fingerprints.iter().filter(|fingerprint| self.0.contains(*fingerprint)).count();
        let mut fingerprints = fingerprints.into_iter();
        let before = outcome.findings.len();
        outcome.findings.retain(|_| fingerprints.next().is_none_or(|fingerprint| !self.0.contains(&fingerprint)));
        outcome.in_baseline += before - outcome.findings.len();
        gone
    }
}
