//! JSON: stable, and versioned for the day when it cannot be.

use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use crate::{NotJudged, Outcome, Spot};
use podgate_engine::rules::Level;

/// The version of this format; it changes only if a field goes or changes its meaning.
const VERSION: u32 = 1;

/// What `podgate check --format json` prints.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Report<'o> {
    /// The version of this form: 1. Fields may be added to it.
    version: u32,
    /// What the rules found, by file and line.
    findings: Vec<Finding<'o>>,
    /// What is said beside it, such as an ignored annotation without a reason.
    notices: Vec<Notice<'o>>,
    /// What could not be read or judged.
    errors: Vec<Error<'o>>,
    /// What is left aside, by reason.
    not_judged: &'o [NotJudged],
    /// Counts.
    summary: Summary,
}

/// Something that a rule found.
#[derive(Serialize, JsonSchema)]
struct Finding<'o> {
    /// The id of the rule.
    rule: &'static str,
    /// The level under the policy.
    level: Level,
    /// What was found: one line.
    message: &'o str,
    #[serde(flatten)]
    place: Place<'o>,
}

/// Something to know, which is no finding.
#[derive(Serialize, JsonSchema)]
struct Notice<'o> {
    /// What: one line.
    message: &'o str,
    #[serde(flatten)]
    place: Place<'o>,
}

/// A field of an object in a file.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Place<'o> {
    /// The file.
    file: &'o str,
    /// The line, from 1.
    line: usize,
    /// The column in characters, from 1.
    column: usize,
    /// The path of the field in the object.
    path: String,
    /// The object's `apiVersion`.
    api_version: &'o str,
    /// The object's kind.
    kind: &'o str,
    /// The object's namespace; empty where the manifest names none.
    namespace: &'o str,
    /// The object's name.
    name: &'o str,
    /// The file of a chart that the object was rendered from.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'o str>,
}

/// Something that could not be read or judged.
#[derive(Serialize, JsonSchema)]
struct Error<'o> {
    /// Why: one line.
    message: &'o str,
    /// The file.
    file: &'o str,
    /// The line, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The column in characters, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

/// Counts of a run.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Summary {
    /// Files that were read.
    files: usize,
    /// Objects in them.
    objects: usize,
    /// Objects that were judged.
    judged: usize,
    /// Objects of kinds that have no Pods.
    skipped: usize,
    /// Groups of files that are judged by themselves.
    environments: usize,
    /// Objects that stand in several of these.
    in_several_environments: usize,
    /// Objects that stand twice in one of these.
    repeated: usize,
    /// Findings of level deny.
    deny: usize,
    /// Findings of level warn.
    warn: usize,
    /// Findings of level audit.
    audit: usize,
    /// Findings that an annotation or a comment ignores.
    ignored: usize,
    /// Findings that the old objects had already (`--old`).
    before: usize,
    /// Findings that stand in the baseline.
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

/// Returns the JSON Schema of what [`write()`] returns.
pub fn schema() -> Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<Report<'_>>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("title".to_owned(), "Findings of podgate check".into());
    }
    schema
}
