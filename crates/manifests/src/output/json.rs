//! JSON: stable, and versioned for the day when it cannot be.

use serde::Serialize;

use crate::{NotJudged, Outcome, Spot};
use podgate_engine::rules::Level;

/// The version of this format; it changes only if a field goes or changes its meaning.
const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'o> {
    version: u32,
    findings: Vec<Finding<'o>>,
    notices: Vec<Notice<'o>>,
    errors: Vec<Error<'o>>,
    not_judged: &'o [NotJudged],
    summary: Summary,
}

#[derive(Serialize)]
struct Finding<'o> {
    rule: &'static str,
    level: Level,
    message: &'o str,
    #[serde(flatten)]
    place: Place<'o>,
}

#[derive(Serialize)]
struct Notice<'o> {
    message: &'o str,
    #[serde(flatten)]
    place: Place<'o>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'o> {
    file: &'o str,
    line: usize,
    column: usize,
    path: String,
    api_version: &'o str,
    kind: &'o str,
    namespace: &'o str,
    name: &'o str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'o str>,
}

#[derive(Serialize)]
struct Error<'o> {
    message: &'o str,
    file: &'o str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    files: usize,
    objects: usize,
    judged: usize,
    skipped: usize,
    /// Tells how many groups of files are judged by themselves.
    environments: usize,
    /// Tells how many objects stand in several of these, and how many twice in one.
    in_several_environments: usize,
    repeated: usize,
    deny: usize,
    warn: usize,
    audit: usize,
    ignored: usize,
    before: usize,
    in_baseline: usize,
}

impl<'o> From<&'o Spot> for Place<'o> {
    fn from(spot: &'o Spot) -> Self {
        let object = &spot.object;
        Self {
            file: &spot.file,
            line: spot.place.line,
            column: spot.place.column,
            path: spot.path.to_string(),
            api_version: &object.api_version,
            kind: &object.kind,
            namespace: &object.namespace,
            name: &object.name,
            template: spot.template.as_deref(),
        }
    }
}

/// The outcome as one JSON document.
pub fn write(outcome: &Outcome) -> Result<String, serde_json::Error> {
    let report = Report {
        version: VERSION,
        findings: outcome
            .findings
            .iter()
            .map(|finding| Finding {
                rule: finding.rule.id,
                level: finding.level,
                message: &finding.message,
                place: (&finding.spot).into(),
            })
            .collect(),
        notices: outcome
            .notices
            .iter()
            .map(|notice| Notice { message: &notice.message, place: (&notice.spot).into() })
            .collect(),
        errors: outcome
            .problems
            .iter()
            .map(|problem| Error {
                message: &problem.message,
                file: &problem.file,
                line: problem.place.map(|place| place.line),
                column: problem.place.map(|place| place.column),
            })
            .collect(),
        not_judged: &outcome.not_judged,
        summary: Summary {
            files: outcome.files.len(),
            objects: outcome.objects,
            judged: outcome.judged,
            skipped: outcome.skipped,
            environments: outcome.environments,
            in_several_environments: outcome.repeated.in_several,
            repeated: outcome.repeated.in_one,
            deny: outcome.count(Level::Deny),
            warn: outcome.count(Level::Warn),
            audit: outcome.count(Level::Audit),
            ignored: outcome.ignored,
            before: outcome.before,
            in_baseline: outcome.in_baseline,
        },
    };
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}
