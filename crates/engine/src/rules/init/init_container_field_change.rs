//! # What it does
//!
//! Finds an UPDATE of a Pod that changes an init container in anything but its `image`: any field, known to podgate or not,
//! and init containers that are added, removed, renamed or put in another order. Resizing (`pods/resize`) may change
//! `resources` too. The templates of workloads may change freely.
//!
//! Fields are compared as the API server does: after its defaults, quantities by value, and what is empty as if it were absent.
//! `cpu: 100m` and `cpu: "0.1"` are the same, and so are `terminationMessagePolicy: File` and nothing.
//!
//! # Why it is bad
//!
//! A Pod's init containers have been planned, and mostly run, before the update; the API server refuses to change them.
//!
//! # Examples
//!
//! ```yaml old
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate
//!     image: example.com/migrate:1
//!     args: [up]
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate
//!     image: example.com/migrate:2
//!     args: [down] # finding
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! Delete the Pod and create the changed one; or change the template of the workload that owns it, which replaces its Pods:
//!
//! ```yaml old
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       initContainers:
//!       - name: migrate
//!         image: example.com/migrate:1
//!         args: [up]
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       initContainers:
//!       - name: migrate
//!         image: example.com/migrate:1
//!         args: [down]
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement>
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/>

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    lifecycle::defaults::same_field,
    model::{Object, Review},
    rules::rule::{Check, Report, rule},
    syntax::{
        Path, Str,
        json::{self, MAX_COMPARED_BYTES},
    },
};

rule! {
    id: "init-container-field-change",
    summary: "an update of a Pod changes an init container in more than its image",
    level: Deny,
    since: "0.1.0",
    page: "init_container_field_change.rs",
    check: InitContainerFieldChange {},
}

impl Check for InitContainerFieldChange {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(old) = review.old.as_ref().filter(|_| review.workload.is_pod()) else { return };
        let has_init =
            |object: &Object<'_>| object.templates.iter().any(|template| !template.spec.init_containers.is_empty());
        if !has_init(&review.new) && !has_init(old) {
            return;
        }
        let (Some(new), Some(old)) = (review.new.spec_text, old.spec_text) else { return };
        let (new, old) = (init_containers(new), init_containers(old));
        let at = |index| Path::of(&["spec", "initContainers"]).index(index);
        let may_change: &[&str] = if review.sub_resource == "resize" { &["image", "resources"] } else { &["image"] };

        // Of each name the old ones that are still to be found, in their order.
        let mut missing: HashMap<Str<'_>, VecDeque<(usize, &Fields<'_>)>> = HashMap::new();
        for (place, before) in old.iter().enumerate() {
            missing.entry(name(before)).or_default().push_back((place, before));
        }
        for (index, after) in new.iter().enumerate() {
            let name = name(after);
            let Some((place, before)) = missing.get_mut(&name).and_then(VecDeque::pop_front) else {
                out.at(
                    at(index),
                    format_args!("init container \"{name}\" is added; the init containers of a Pod are fixed"),
                );
                continue;
            };
            if new.len() == old.len() && place != index {
                out.at(at(index), format_args!("init container \"{name}\" moves from place {place} to {index}; the init containers of a Pod are fixed"));
            }
            for field in changed(before, after).filter(|field| !may_change.contains(field)) {
                out.at(
                    at(index).key(field.to_owned()),
                    format_args!("init container \"{name}\" changes {field}; only its image may change in a Pod"),
                );
            }
        }
        let removed: BTreeSet<usize> = missing.into_values().flatten().map(|(place, _)| place).collect();
        for name in removed.into_iter().filter_map(|place| old.get(place)).map(name) {
            out.at(
                Path::of(&["spec", "initContainers"]),
                format_args!("init container \"{name}\" is removed; the init containers of a Pod are fixed"),
            );
        }
    }
}

/// An init container with all its fields, also those that podgate does not know, as they were received.
type Fields<'a> = BTreeMap<Str<'a>, &'a RawValue>;

fn init_containers(spec: &str) -> Vec<Fields<'_>> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Spec<'a> {
        #[serde(borrow)]
        init_containers: json::List<Fields<'a>>,
    }
    // The text has been read as a Pod's spec already, so that this cannot fail.
    json::from_object::<Spec<'_>>(spec).unwrap_or_default().init_containers.into_vec()
}

fn name<'a>(container: &Fields<'a>) -> Str<'a> {
    container.get("name").and_then(|name| serde_json::from_str(name.get()).ok()).unwrap_or_default()
}

/// Returns the fields that differ, after the API's defaults.
fn changed<'c>(before: &'c Fields<'_>, after: &'c Fields<'_>) -> impl Iterator<Item = &'c str> {
    let gone = before.keys().filter(|field| !after.contains_key(*field));
    let fields = after.keys().chain(gone).map(|field| &**field);
    fields.filter(move |field| {
        let text = |container: &'c Fields<'_>| container.get(*field).map(|value| value.get());
        text(before) != text(after)
            && match (read(before, field), read(after, field)) {
                (Some(before), Some(after)) => !same_field(&before, &after, field),
                _ => true,
            }
    })
}

/// Reads one field of a container, and `image`, which a default depends on; `None` where it is too long or nested too deep to be
/// compared: the API server writes the same thing always in the same way.
fn read(container: &Fields<'_>, field: &str) -> Option<Map<String, Value>> {
    let mut fields = Map::new();
    for name in [field, "image"] {
        if let Some(value) = container.get(name) {
            let short = value.get().len() <= MAX_COMPARED_BYTES;
            fields.insert(name.to_owned(), short.then(|| serde_json::from_str(value.get()).ok()).flatten()?);
        }
    }
    Some(fields)
}
