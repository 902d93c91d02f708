//! # What it does
//!
//! Finds fields that the Pod API does not have, in the spec of a Pod or of a Pod template and in everything below it: containers, probes,
//! hooks, volumes, affinity. Upper and lower case matter. Keys of labels, annotations, node selectors and other maps are no fields.
//!
//! It has level warn where it is known what was meant: a field of a similar name, or a field of this name one level further out or in.
//! Other unknown fields have level audit: they may be fields of a later Kubernetes than podgate knows.
//!
//! `podgate check` says so of files. The webhook says nothing: the API server has dropped such fields before it asks a webhook, and
//! warns of them itself. Silent for Knative and for kinds that a policy adds, whose templates may have fields of their own, and for the
//! steps of Tekton and Argo, which are no containers of the Pod API.
//!
//! # Why it is bad
//!
//! The API server drops a field that it does not know, or refuses the object where the client asks for strict validation, as kubectl does
//! unless it is told otherwise. For other clients it is a warning that nobody reads: the Pod runs without the probe, limit or hook that its
//! manifest has. In a custom resource whose schema leaves the template open, not even that.
//!
//! # Examples
//!
//! ```yaml request
//! file: true
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         readinesProbe: # finding: container "app" has "readinesProbe", which is no field of Container (did you mean "readinessProbe"?)
//!           httpGet: {path: /ready, port: 8080}
//!         livenessProbe:
//!           httpGet:
//!             path: /healthz
//!             port: 8080
//!             periodSeconds: 20 # finding: container "app" has "livenessProbe.httpGet.periodSeconds", which is no field of HTTPGetAction (Probe has it)
//! ```
//!
//! # Use instead
//!
//! ```yaml request
//! file: true
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         readinessProbe:
//!           httpGet: {path: /ready, port: 8080}
//!         livenessProbe:
//!           periodSeconds: 20
//!           httpGet:
//!             path: /healthz
//!             port: 8080
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation>
//! - <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>
//! - `UnmarshalCaseSensitivePreserveInts` and `UnmarshalStrict` of `sigs.k8s.io/json`

use std::{cell::LazyCell, collections::HashMap};

use crate::{
    model::{PodSpec, Review, Template, fields::Unknown, pod_fields::POD_SPEC},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
    syntax::{Path, path::Segment, pattern, suggest},
};

rule! {
    id: "unknown-field",
    summary: "a field that the Pod API does not have: the API server drops it, or refuses the object",
    level: Warn,
    since: "0.1.0",
    page: "unknown_field.rs",
    check: UnknownField {},
    other_levels: [LevelCase::of(Level::Audit, "nothing tells what was meant", |workload| !workload.plain_specs().is_empty())],
}

impl Check for UnknownField {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(text) = review.new.text.filter(|_| review.from_file) else { return };
        let templates = LazyCell::new(|| -> HashMap<Path, &Template<'_>> {
            review.new.templates.iter().map(|template| (template.spec_at(), template)).collect()
        });
        for place in review.workload.plain_specs() {
            // What cannot be read has been told by whoever read it first.
            for (at, spec) in pattern::places(text, &place).unwrap_or_default() {
                POD_SPEC.unknown(spec, &mut |unknown| report(unknown, &at, templates.get(&at).copied(), out));
            }
        }
    }
}

fn report(unknown: &Unknown<'_>, at: &Path, template: Option<&Template<'_>>, out: &mut Report<'_>) {
    // A directive of a patch, for kustomize or kubectl.
    if unknown.field.starts_with('$') {
        return;
    }
    let below = unknown.path();
    let container = template.and_then(|template| container_at(&template.spec, &below));
    let what = match &container {
        Some((name, within)) => {
            format!("container \"{name}\" has \"{within}\", which is no field of {}", unknown.of.name)
        }
        None => format!("the Pod has \"{below}\", which is no field of {}", unknown.of.name),
    };
    let at = at.clone().join(&below);
    if let Some(belongs_to) = unknown.belongs_to() {
        out.at(at, format_args!("{what} ({} has it): {DROPPED}", belongs_to.name));
    } else if let Some(meant) = unknown.meant() {
        out.at(at, format_args!("{what}{}: {DROPPED}", suggest::meant(meant)));
    } else {
        out.at_level(Level::Audit, at, format_args!("{what}: {DROPPED}"));
    }
}

const DROPPED: &str = "the API server drops it, or refuses the object";

/// Returns the name of the container that a path from the spec leads into, and the rest of the path.
fn container_at<'t>(spec: &'t PodSpec<'_>, below: &Path) -> Option<(&'t str, Path)> {
    let [Segment::Key(list), Segment::Index(index), within @ ..] = below.segments() else { return None };
    let containers = match &**list {
        "initContainers" => &spec.init_containers,
        "containers" => &spec.containers,
        "ephemeralContainers" => &spec.ephemeral_containers,
        _ => return None,
    };
    let within = within.iter().fold(Path::default(), |path, step| match step {
        Segment::Key(key) => path.key(key.clone()),
        Segment::Index(index) => path.index(*index),
    });
    Some((&containers.get(*index)?.name, within))
}
