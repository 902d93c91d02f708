//! podgate beside the API server: the same objects, made around the limits that both know, and the same judgement.
//!
//! Each sample goes to the API server as a dry run, in a namespace where podgate is not registered, and to podgate in this
//! process; a change of a Pod that is there goes to both as an update. For every cause of the API server's refusal podgate
//! has to deny the object at the same field, and the other way round. Two fields are the same if they are equal or one holds
//! the other directly: a finding stands at the field that one would edit, which can be one step above or below the one that
//! the API server names.
//!
//! Where the two are meant to differ is said in [`known`], once, with the reason; an entry that explains nothing fails.

mod edits;
mod known;
mod samples;

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use podgate_engine::model::Operation;
use podgate_engine::policy::{Engine, LifecyclePolicy};
use podgate_engine::rules::{Finding, Level};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::harness::{Answer, Asked, Cause, Cluster, judge};
use crate::test;
use known::{KNOWN, Known, Side};
use samples::{Change, Sample};

/// How many samples are with the API server at a time.
const AT_A_TIME: usize = 16;
/// How many disagreements are shown.
const SHOWN: usize = 40;

pub fn tests() -> Vec<Trial> {
    vec![test("differential::podgate_refuses_what_the_api_server_refuses", podgate_refuses_what_the_api_server_refuses)]
}

/// Something that is refused: by which rule, where podgate does it, at which field and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Refusal {
    rule: String,
    field: String,
    message: String,
}

async fn podgate_refuses_what_the_api_server_refuses(cluster: &'static Cluster) {
    let namespace = cluster.unjudged_namespace().await;
    let mut samples = samples::all(&namespace);
    for pod in samples::to_change(&namespace) {
        let mut old = cluster.client.create(&pod).await.accepted().body;
        // Who wrote which field says nothing about the Pod.
        old["metadata"].as_object_mut().unwrap().remove("managedFields");
        samples.extend(samples::changes(&old));
    }
    assert!(samples.len() >= 500, "only {} samples", samples.len());
    let engine = Engine::new(&LifecyclePolicy::default());

    let mut used = BTreeSet::new();
    let mut disagreements = Vec::new();
    let mut refused = 0;
    for chunk in samples.chunks(AT_A_TIME) {
        for (sample, answer) in chunk.iter().zip(ask(cluster, chunk).await) {
            refused += usize::from(!answer.is_accepted());
            disagreements.extend(compare(&engine, sample, &answer, &mut used));
        }
    }
    let stale: Vec<&Known> =
        KNOWN.iter().enumerate().filter(|(index, _)| !used.contains(index)).map(|(_, known)| known).collect();
    println!("{} objects, {refused} refused by the API server, {} disagreements", samples.len(), disagreements.len());
    let shown = disagreements.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(
        disagreements.is_empty() && stale.is_empty(),
        "{} disagreements:\n{shown}\nknown differences that are none: {stale:#?}",
        disagreements.len()
    );
}

/// What the API server says of each.
async fn ask(cluster: &'static Cluster, samples: &[Sample]) -> Vec<Answer> {
    let mut asked = JoinSet::new();
    for (index, sample) in samples.iter().enumerate() {
        let object = sample.object.clone();
        let subresource = sample.change.as_ref().map(|change| change.subresource);
        asked.spawn(async move {
            let answer = match subresource {
                Some(subresource) => cluster.client.replace(&object, subresource, "dryRun=All").await,
                None => cluster.client.dry_run(&object).await,
            };
            (index, answer)
        });
    }
    let mut answers = asked.join_all().await;
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Where the two differ, without what is known.
fn compare(engine: &Engine, sample: &Sample, answer: &Answer, used: &mut BTreeSet<usize>) -> Vec<String> {
    let change = sample.change.as_ref();
    // What is left out of a change is not what is there: podgate gets it with the API server's defaults.
    let object = if change.is_some() && answer.is_accepted() { &answer.body } else { &sample.object };
    let podgate = refused_by_podgate(engine, change, object);
    let api = refused_by_api_server(answer, change);
    if api.iter().any(|refusal| refusal.field.is_empty()) && !podgate.is_empty() {
        // The API server stops at the first value that it cannot read: both refuse, and there is no more to compare.
        return Vec::new();
    }
    let mut disagreements = Vec::new();
    if answer.is_accepted() {
        // This is what a webhook would have seen: with the API server's defaults.
        let with_defaults = refused_by_podgate(engine, change, &answer.body);
        if with_defaults != podgate {
            disagreements
                .push(format!("{}: podgate says {podgate:?}, and with defaults {with_defaults:?}", sample.name));
        }
    }
    let mut explained = |side: Side, refusal: &Refusal| {
        let index = KNOWN.iter().position(|known| known.explains(side, refusal));
        index.is_some_and(|index| {
            used.insert(index);
            true
        })
    };
    for refusal in &api {
        let same = podgate.iter().any(|other| is_same_field(&refusal.field, &other.field));
        if !same && !explained(Side::ApiServer, refusal) {
            disagreements
                .push(format!("{}: only the API server refuses {refusal:?}; podgate: {podgate:?}", sample.name));
        }
    }
    for refusal in &podgate {
        let same = api.iter().any(|other| is_same_field(&refusal.field, &other.field));
        if !same && !explained(Side::Podgate, refusal) {
            disagreements.push(format!("{}: only podgate refuses {refusal:?}; API server: {api:?}", sample.name));
        }
    }
    disagreements
}

/// What podgate refuses in an object that is to be created, or to take the place of another. An object that it cannot read
/// has one refusal without a field.
fn refused_by_podgate(engine: &Engine, change: Option<&Change>, object: &Value) -> BTreeSet<Refusal> {
    let asked = change.map_or_else(
        || Asked::create(object),
        |Change { old, subresource, .. }| Asked {
            operation: Operation::Update,
            old: Some(old),
            subresource,
            ..Asked::create(object)
        },
    );
    match judge(engine, &asked) {
        Ok(findings) => {
            let denied = findings.into_iter().filter(|finding| finding.level == Level::Deny);
            let refusal = |finding: Finding| Refusal {
                rule: finding.rule.id.to_owned(),
                field: finding.at.to_string(),
                message: finding.message,
            };
            denied.map(refusal).collect()
        }
        Err(error) => BTreeSet::from([Refusal {
            rule: "unreadable".to_owned(),
            field: String::new(),
            message: error.to_string(),
        }]),
    }
}

/// What the API server refuses. An object that it cannot read has one refusal without a field.
///
/// Of a field that may not change it says no more than `spec`: it is the one that was changed.
fn refused_by_api_server(answer: &Answer, change: Option<&Change>) -> BTreeSet<Refusal> {
    if answer.is_accepted() {
        return BTreeSet::new();
    }
    let refusal = |field: String, message: String| Refusal { rule: String::new(), field, message };
    if answer.status != 422 {
        return BTreeSet::from([refusal(String::new(), answer.message().to_owned())]);
    }
    let field = |cause: &Cause| match change {
        Some(change) if cause.field == "spec" => change.field.clone(),
        _ => cause.field.clone(),
    };
    answer.causes().into_iter().map(|cause| refusal(field(&cause), cause.message)).collect()
}

/// The API server puts every key of a map into brackets, podgate only those that need it: `limits[cpu]` is `limits.cpu`.
fn in_dots(field: &str) -> String {
    let is_plain = |key: &str| {
        key.parse::<usize>().is_err() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    let mut parts = field.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |field, part| match part.split_once(']') {
        Some((key, rest)) if is_plain(key) => format!("{field}.{key}{rest}"),
        _ => format!("{field}[{part}"),
    })
}

/// Equal, or one directly in the other.
fn is_same_field(one: &str, other: &str) -> bool {
    let (one, other) = (in_dots(one), in_dots(other));
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let is_one_step = |rest: &str| match rest.strip_prefix('[') {
        // A key in brackets may have dots.
        Some(key) => key.find(']') == Some(key.len() - 1),
        None => rest.strip_prefix('.').is_some_and(|key| !key.contains(['.', '['])),
    };
    long.strip_prefix(&short).is_some_and(|rest| rest.is_empty() || !short.is_empty() && is_one_step(rest))
}
