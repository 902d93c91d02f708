//! Finds the object of a manifest whose Pods are drawn.

use super::error::TimelineError;
use crate::{
    input::Text,
    load::{self, Identity, Item, Loaded, Reader},
};
use podgate_engine::{model::WorkloadTable, policy::suggest::did_you_mean};

/// An object with Pods, and where it stands.
pub(super) struct Picked {
    pub(super) file: String,
    pub(super) identity: Identity,
    pub(super) json: String,
    /// The PodDisruptionBudgets of its namespace.
    pub(super) budgets: Vec<String>,
}

/// Returns the object that is meant: the only one with Pods, or the one called `object`, as KIND/NAME, or as KIND/NAMESPACE/NAME where
/// several have that name.
pub(super) fn pick(
    texts: &[Text],
    kinds: &WorkloadTable,
    namespace: &str,
    object: Option<&str>,
) -> Result<Picked, TimelineError> {
    let all: Vec<(&Text, Loaded)> =
        texts.iter().map(|text| (text, load::load(text, Reader::keeping_all(kinds, namespace)))).collect();
    let found: Vec<(&Text, &Loaded, &Item)> = all
        .iter()
        .flat_map(|(text, loaded)| {
            loaded.items.iter().filter(|item| has_pods(item)).map(move |item| (*text, loaded, item))
        })
        .collect();
    let names: Vec<String> = found.iter().map(|(_, _, item)| name(&item.identity)).collect();
    let is_meant = |item: &Item| object.is_none_or(|object| is_called(&item.identity, object));
    let mut meant = found.iter().filter(|(_, _, item)| is_meant(item));
    match (meant.next(), meant.next(), object) {
        (Some((text, loaded, item)), None, _) => {
            let is_near = |other: &&Item| {
                let is_budget = other.workload.is_some_and(|kind| kind.is("policy", "PodDisruptionBudget"));
                is_budget && other.identity.namespace == item.identity.namespace
            };
            let budgets = all
                .iter()
                .map(|(_, loaded)| loaded)
                .flat_map(|other| other.items.iter().filter(is_near).map(|budget| other.json(budget).to_owned()));
            Ok(Picked {
                file: text.name.clone(),
                identity: item.identity.clone(),
                json: loaded.json(item).to_owned(),
                budgets: budgets.collect(),
            })
        }
        (Some(_), Some(_), _) => {
            let mut several: Vec<String> =
                names.iter().filter(|name| object.is_none_or(|object| is_like(name, object))).cloned().collect();
            several.dedup();
            Err(TimelineError::Several(several))
        }
        (None, ..) if found.is_empty() => match all.iter().flat_map(|(_, loaded)| &loaded.problems).next() {
            Some(problem) => Err(TimelineError::Unreadable(problem.to_string())),
            None => Err(TimelineError::None),
        },
        (None, ..) => {
            let object = object.unwrap_or_default();
            let near = did_you_mean(object, names.iter().map(String::as_str));
            Err(TimelineError::Unknown { object: object.to_owned(), near, all: names })
        }
    }
}

/// Returns whether it is a Pod or makes Pods.
pub(super) fn has_pods(item: &Item) -> bool {
    item.workload.is_some_and(|workload| workload.makes_pods() || workload.is_pod())
}

/// Returns how an object is named on the command line.
pub(super) fn name(identity: &Identity) -> String {
    format!("{}/{}", identity.kind, identity.name)
}

/// Returns how an object is named where others have the same name in other namespaces.
pub(super) fn full_name(identity: &Identity) -> String {
    format!("{}/{}/{}", identity.kind, identity.namespace, identity.name)
}

fn is_called(identity: &Identity, object: &str) -> bool {
    is_like(&name(identity), object) || is_like(&full_name(identity), object)
}

/// Kinds are taken in lower case too, as kubectl does.
fn is_like(name: &str, object: &str) -> bool {
    match (name.split_once('/'), object.split_once('/')) {
        (Some((kind, name)), Some((other_kind, other))) => kind.eq_ignore_ascii_case(other_kind) && name == other,
        (Some((_, name)), None) => name == object,
        _ => false,
    }
}
