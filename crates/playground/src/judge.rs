//! A manifest, judged.

use std::slice;

use serde::{Deserialize, Serialize};

use podgate_engine::{
    lifecycle::stages::Role,
    model::inventory_object::IGNORE_PREFIX,
    policy::{Engine, Mistake},
    rules::Level,
};
use podgate_manifests::{
    self as manifests, Check, Located, Outcome, Spot, Text,
    output::text,
    timeline::{Candidate, candidates},
};

use crate::{
    answer::{MANIFEST, NAMESPACE, OLD, answered},
    clock,
    policy::{self, NoPolicy},
    spans::{Span, Spans},
};

/// So many findings are handed on at most, the worst of them: nobody reads more, and a page that shows more is slow.
const MOST_FINDINGS: usize = 1000;
/// So many notices and problems are handed on at most.
const MOST_OTHERS: usize = 200;
/// So many objects can be chosen from at most.
const MOST_PODS: usize = 200;

#[derive(Deserialize)]
struct Request {
    manifest: String,
    old: Option<String>,
    policy: Option<String>,
    profile: Option<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Judged {
    is_policy_broken: bool,
    findings: Vec<Finding>,
    left_out: usize,
    notices: Vec<Notice>,
    summary: Summary,
    problems: Vec<Problem>,
    policy_problems: Vec<PolicyProblem>,
    policy_notes: Vec<String>,
    pods: Vec<Pods>,
}

#[derive(Serialize)]
struct Finding {
    rule: &'static str,
    level: Level,
    message: String,
    path: String,
    object: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    ignore: String,
    #[serde(flatten)]
    span: Span,
}

#[derive(Serialize)]
struct Notice {
    message: String,
    path: String,
    object: String,
    #[serde(flatten)]
    span: Span,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    objects: usize,
    judged: usize,
    deny: usize,
    warn: usize,
    audit: usize,
    ignored: usize,
    before: usize,
    text: String,
    not_judged: Vec<String>,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    nothing_judged: Option<String>,
}

/// Something that cannot be read.
#[derive(Serialize)]
pub(crate) struct Problem {
    message: String,
    r#in: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

#[derive(Serialize)]
struct PolicyProblem {
    message: String,
    #[serde(flatten)]
    span: Span,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pods {
    id: String,
    kind: String,
    namespace: String,
    name: String,
    line: usize,
    containers: Vec<Container>,
    grace_period_seconds: u64,
    is_gated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools, reason = "each says whether a field is set")]
struct Container {
    name: String,
    role: &'static str,
    startup_probe: bool,
    liveness_probe: bool,
    readiness_probe: bool,
    post_start: bool,
    pre_stop: bool,
}

/// Judges a manifest, as `podgate check` does.
pub fn judge(request: &str) -> String {
    answered(request, judged)
}

fn judged(request: Request) -> Result<Judged, String> {
    let policy_text = request.policy.as_deref().unwrap_or_default();
    let policy = match policy::read(request.policy.as_deref(), request.profile.as_deref()) {
        Ok(policy) => policy,
        Err(NoPolicy::Request(error)) => return Err(error),
        Err(NoPolicy::Mistakes(mistakes)) => {
            let summary = Summary { exit_code: 2, ..Summary::default() };
            let policy_problems = PolicyProblem::all(&mistakes, policy_text);
            return Ok(Judged { is_policy_broken: true, policy_problems, summary, ..Judged::default() });
        }
    };
    let policy_notes = policy.spec.notes(clock::today());
    let engine = policy::compile(policy);
    let (manifest, old) = texts(request.manifest, request.old);
    let outcome = run(&engine, &manifest, &old);
    let pods = candidates(&manifest, &engine, NAMESPACE, MOST_PODS);
    let old_text = old.first().map_or("", |old| &*old.text);
    let summary = Summary::of(&outcome);
    let problems = Problem::all(&outcome.problems, &manifest.text, old_text);
    let notices = notices(&outcome, &manifest.text);
    let shown = worst(outcome.findings);
    Ok(Judged {
        is_policy_broken: false,
        left_out: (summary.deny + summary.warn + summary.audit).saturating_sub(shown.len()),
        findings: findings(&shown, &pods, &manifest.text),
        notices,
        summary,
        problems,
        policy_problems: Vec::new(),
        policy_notes,
        pods: pods.into_iter().map(Pods::from).collect(),
    })
}

/// Returns the texts of a manifest and of the objects as they were, as they are judged.
pub(crate) fn texts(manifest: String, old: Option<String>) -> (Text, Vec<Text>) {
    let old = old.into_iter().map(|text| Text { name: OLD.to_owned(), text });
    (Text { name: MANIFEST.to_owned(), text: manifest }, old.collect())
}

/// Judges a manifest, as an update where there are objects as they were.
pub(crate) fn run(engine: &Engine, manifest: &Text, old: &[Text]) -> Outcome {
    let check = Check { engine, namespace: NAMESPACE, old, folder: "", around: &[] };
    check.run(slice::from_ref(manifest), &|_| {})
}

/// Returns the worst findings, as many as are shown, in their order.
fn worst(mut findings: Vec<Located>) -> Vec<Located> {
    if findings.len() <= MOST_FINDINGS {
        return findings;
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let mut room = MOST_FINDINGS;
    let shares = [Level::Deny, Level::Warn, Level::Audit].map(|level| {
        let share = count(level).min(room);
        room -= share;
        (level, share)
    });
    let mut shares = shares.to_vec();
    findings.retain(|finding| match shares.iter_mut().find(|(level, _)| *level == finding.level) {
        Some((_, share)) if *share > 0 => {
            *share -= 1;
            true
        }
        _ => false,
    });
    findings
}

fn findings(findings: &[Located], pods: &[Candidate], text: &str) -> Vec<Finding> {
    let mut spans = Spans::of(text);
    let finding = |found: &Located| Finding {
        rule: found.rule.id,
        level: found.level,
        message: found.message.clone(),
        path: found.spot.path.to_string(),
        object: found.spot.object.to_string(),
        container: container(&found.spot, pods),
        ignore: format!("{IGNORE_PREFIX}{}: \"<reason>\"", found.rule.id),
        span: span(&found.spot, &mut spans),
    };
    findings.iter().map(finding).collect()
}

fn notices(outcome: &Outcome, text: &str) -> Vec<Notice> {
    let mut spans = Spans::of(text);
    let notice = |notice: &manifests::Notice| Notice {
        message: notice.message.clone(),
        path: notice.spot.path.to_string(),
        object: notice.spot.object.to_string(),
        span: span(&notice.spot, &mut spans),
    };
    outcome.notices.iter().take(MOST_OTHERS).map(notice).collect()
}

fn span(spot: &Spot, spans: &mut Spans<'_>) -> Span {
    let width = spot.excerpt.text.get(spot.excerpt.mark.clone()).map_or(1, |marked| marked.chars().count());
    spans.span(spot.place, width.max(1))
}

/// Returns the name of the container that holds the field.
fn container(spot: &Spot, pods: &[Candidate]) -> Option<String> {
    let pods = pods.iter().find(|pods| pods.object == *spot.object)?;
    let path = spot.path.segments();
    let holder = pods.containers.iter().find(|container| path.starts_with(container.at.segments()));
    holder.map(|container| container.name.clone())
}

impl Summary {
    fn of(outcome: &Outcome) -> Self {
        let nothing_judged = outcome.nothing_judged();
        let deny = outcome.count(Level::Deny);
        let is_incomplete = !outcome.problems.is_empty() || nothing_judged.is_some();
        let exit_code = if is_incomplete { 2 } else { u8::from(deny > 0) };
        Self {
            objects: outcome.objects,
            judged: outcome.judged,
            deny,
            warn: outcome.count(Level::Warn),
            audit: outcome.count(Level::Audit),
            ignored: outcome.ignored,
            before: outcome.before,
            text: text::summary(outcome),
            not_judged: outcome.reasons(),
            exit_code,
            nothing_judged: nothing_judged.map(|why| format!("{why} in the manifest")),
        }
    }
}

impl Problem {
    /// Returns problems with their places as JavaScript counts them.
    pub(crate) fn all(problems: &[manifests::Problem], manifest: &str, old: &str) -> Vec<Self> {
        let (mut manifest, mut old) = (Spans::of(manifest), Spans::of(old));
        let problem = |problem: &manifests::Problem| {
            let (which, spans) = match &*problem.file {
                OLD => ("old", &mut old),
                _ => ("manifest", &mut manifest),
            };
            let span = problem.place.map(|place| spans.span(place, 1));
            Self {
                message: problem.message.clone(),
                r#in: which,
                line: span.map(|span| span.line),
                column: span.map(|span| span.column),
            }
        };
        problems.iter().take(MOST_OTHERS).map(problem).collect()
    }
}

impl PolicyProblem {
    fn all(mistakes: &[Mistake], text: &str) -> Vec<Self> {
        let mut spans = Spans::of(text);
        let problem = |mistake: &Mistake| Self {
            message: mistake.message.clone(),
            span: spans.span(mistake.place, mistake.width),
        };
        mistakes.iter().map(problem).collect()
    }
}

impl From<Candidate> for Pods {
    fn from(candidate: Candidate) -> Self {
        let container = |container: manifests::timeline::CandidateContainer| {
            let has = |field| container.fields.contains(&field);
            Container {
                role: match container.role {
                    Role::Init => "init",
                    Role::Sidecar => "sidecar",
                    Role::App => "app",
                    Role::Ephemeral => "ephemeral",
                },
                startup_probe: has("startupProbe"),
                liveness_probe: has("livenessProbe"),
                readiness_probe: has("readinessProbe"),
                post_start: has("postStart"),
                pre_stop: has("preStop"),
                name: container.name,
            }
        };
        Self {
            id: candidate.id,
            kind: candidate.object.kind,
            namespace: candidate.object.namespace,
            name: candidate.object.name,
            line: candidate.place.line,
            containers: candidate.containers.into_iter().map(container).collect(),
            grace_period_seconds: candidate.grace_seconds,
            is_gated: candidate.is_gated,
        }
    }
}
