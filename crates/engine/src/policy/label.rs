//! The label of a namespace that says what profile holds in it.

use serde::Deserialize;

use super::{config::Profile, ignore::Notice, suggest::did_you_mean};
use crate::syntax::{
    Map, Path,
    json::{from_object, object_or_default},
};

/// The label.
pub const PROFILE_LABEL: &str = "podgate.dev/profile";
/// Its value where nothing is judged or mutated.
pub const OFF: &str = "off";

/// Returns what is wrong with a value of the label, if anything.
pub fn problem(value: &str) -> Option<String> {
    let mut known: Vec<&str> = Profile::ALL.map(Profile::as_str).to_vec();
    known.push(OFF);
    if known.contains(&value) {
        return None;
    }
    let hint = did_you_mean(value, known.iter().copied());
    Some(format!("has no effect: \"{value}\" is no profile{hint}; profiles are {}", known.join(", ")))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Namespace<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Labelled<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Labelled<'a> {
    #[serde(borrow)]
    labels: Map<'a>,
}

/// Returns what is wrong with the label of a Namespace that is created or changed, given as JSON text. `asked` says whether the
/// policy listens to it.
pub fn notice(asked: bool, text: &str) -> Option<Notice> {
    let namespace: Namespace<'_> = from_object(text).ok()?;
    let value = namespace.metadata.labels.get(PROFILE_LABEL)?;
    let unasked = || "has no effect: the policy does not ask for it (spec.namespaceLabels)".to_owned();
    let message = problem(value).or_else(|| (!asked).then(unasked))?;
    Some(Notice { at: Path::of(&["metadata", "labels"]).key(PROFILE_LABEL), message })
}
