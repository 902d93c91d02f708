//! The judgement of one object of a living cluster, as if it were created now.

use podgate_engine::{
    model::{Inventory, Metadata, Objects, Operation, Request, Review, ReviewError, Target, User, Workload},
    panics::catch,
    policy::Engine,
    rules::{Level, rule::MAX_MESSAGE_BYTES},
    syntax::text::one_line,
};
use serde_json::{Map, Value};

use crate::{
    audit::{Found, Observation, Source},
    auditor::{aside::unreadable, ignoring},
};

/// Tells what the rules say of one object.
pub(super) enum Answer {
    /// The label of its namespace says that nothing in it is judged.
    Off,
    /// Holds what was found.
    Verdict {
        found: Vec<Found>,
        /// Counts what was found and is set aside.
        ignored: usize,
        /// The observations that its annotations ignore.
        ignoring: Vec<&'static Observation>,
    },
}

/// Judges an object for a user, whose name may be empty. The error says in words why it cannot be judged.
pub(super) fn judge(
    engine: &Engine,
    inventory: &Inventory,
    text: &str,
    metadata: &Metadata<'_>,
    workload: &'static Workload,
    user: &str,
) -> Result<Answer, String> {
    let review =
        review(inventory, text, metadata, workload, user).map_err(|error| unreadable(&error.cause.to_string()))?;
    let nothing = || Answer::Verdict { found: Vec::new(), ignored: 0, ignoring: Vec::new() };
    let Some(review) = review else { return Ok(nothing()) };
    if engine.is_off(&review) {
        return Ok(Answer::Off);
    }
    // A rule that fails is one object that is not judged, not the end of the audit.
    let verdict = catch(|| engine.review(&review)).map_err(|panic| format!("a rule failed at them: {panic}"))?;
    let ignored = verdict.ignored.len() + verdict.more_ignored.iter().map(|more| more.count).sum::<usize>();
    let mut ignoring = ignoring::asked(&metadata.annotations);
    if !ignoring.is_empty() && !engine.may_ignore_observations(&review) {
        ignoring.clear();
    }
    let found = verdict.findings.into_iter().map(|finding| Found {
        source: Source::Rule(finding.rule),
        level: finding.level,
        path: finding.at.to_string(),
        message: one_line(&finding.message, MAX_MESSAGE_BYTES).into_owned(),
        pods: 0,
    });
    Ok(Answer::Verdict { found: found.collect(), ignored, ignoring })
}

/// Returns whether the policy lets an object ignore observations by annotation.
pub(super) fn may_ignore(
    engine: &Engine,
    inventory: &Inventory,
    text: &str,
    metadata: &Metadata<'_>,
    workload: &'static Workload,
) -> bool {
    let review = review(inventory, text, metadata, workload, "");
    review.ok().flatten().is_some_and(|review| engine.may_ignore_observations(&review))
}

fn review<'a>(
    inventory: &'a Inventory,
    text: &'a str,
    metadata: &Metadata<'a>,
    workload: &'static Workload,
    user: &'a str,
) -> Result<Option<Review<'a>>, ReviewError> {
    let Some(target) = Target::of(Operation::Create, workload, "") else { return Ok(None) };
    let request = Request {
        target,
        sub_resource: "".into(),
        namespace: metadata.namespace.clone(),
        user: User { username: user.into(), ..User::default() },
        objects: Objects::created(text),
        inventory: Some(inventory),
    };
    // Nobody asks for it now, and it carries what the API server and the scheduler have written.
    Ok(Review::read(request)?.map(|review| Review { from_file: true, ..review }))
}

/// Returns whether somebody will want to see how the Pods of an object with these findings live.
pub(super) fn is_worth_drawing(found: &[Found]) -> bool {
    found.iter().any(|found| found.level >= Level::Warn)
}

/// Returns the text of an object without what only the cluster has written: `status` and `metadata.managedFields`.
pub(super) fn without_status(text: &str) -> Option<Box<str>> {
    let mut object: Map<String, Value> = serde_json::from_str(text).ok()?;
    object.shift_remove("status");
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
    Some(Value::Object(object).to_string().into())
}
