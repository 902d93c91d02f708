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

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::{
    lifecycle::changes::{Fields, Holder, changed, containers, fields, name, only_images_differ},
    model::{Object, Review},
    rules::rule::{Check, Report, rule},
    syntax::{Path, Str},
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
        if !has_init(&review.new) && !has_init(old) || only_images_differ(old, &review.new) {
            return;
        }
        let (Some(new), Some(old)) = (review.new.spec_text, old.spec_text) else { return };
        let init_containers = |spec| containers(&fields(spec), "initContainers");
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
            for field in changed(Holder::Container, before, after).filter(|field| !may_change.contains(field)) {
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
