//! # What it does
//!
//! Finds an UPDATE of a Pod that the API server refuses because of what it changes. Of the spec of a Pod that is there only these may
//! change:
//!
//! - images, but not to nothing, and not with a blank before or after.
//! - `tolerations`: more of them, and other `tolerationSeconds`.
//! - `activeDeadlineSeconds`: set, or made shorter.
//! - `schedulingGates`: removed; see `scheduling-gate-added`. While the Pod still has gates, also `nodeSelector` and the required node
//!   affinity: narrower, and the preferred one.
//!
//! Resizing (`pods/resize`) may change cpu and memory of containers, and of the Pod as a whole, but remove neither requests nor limits
//! and not change the QoS class. Through `pods/ephemeralcontainers` ephemeral containers are added; those that are there are fixed.
//!
//! Of init containers `init-container-field-change` speaks. The templates of workloads may change freely.
//!
//! Fields are compared as the API server does: after its defaults, quantities by value, and what is empty as if it were absent.
//!
//! # Why it is bad
//!
//! The API server refuses the update.
//!
//! # Examples
//!
//! ```yaml old
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   terminationGracePeriodSeconds: 30
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     args: [serve]
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   terminationGracePeriodSeconds: 60 # finding
//!   containers:
//!   - name: app
//!     image: example.com/app:2
//!     args: [serve, --verbose] # finding: container "app" changes args; only its image may change in a Pod
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
//!       terminationGracePeriodSeconds: 30
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       terminationGracePeriodSeconds: 60
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement>
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/#mutable-pod-scheduling-directives>
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/>
//! - `ValidatePodUpdate`, `ValidatePodResize` and `ValidatePodEphemeralContainersUpdate` of the API server

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::{
    lifecycle::{
        changes::{Fields, Holder, changed, containers, differing, fields, is_same, name, only_images_differ},
        resources::{Amounts, QOS_RESOURCES, limits, pod_level, qos, requests},
        shutdown::grace_seconds,
    },
    model::{Container, Object, PodSpec, Review, pod::Toleration},
    rules::rule::{Check, Report, rule},
    syntax::{Path, json::same},
};

rule! {
    id: "pod-field-change",
    summary: "an update of a Pod changes what is fixed once the Pod exists",
    level: Deny,
    since: "0.1.0",
    page: "pod_field_change.rs",
    check: PodFieldChange {},
}

impl Check for PodFieldChange {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(old) = review.old.as_ref().filter(|_| review.workload.is_pod()) else { return };
        let Some((before, after)) = Pod::of(old).zip(Pod::of(&review.new)) else { return };
        match &*review.sub_resource {
            "" => {
                if !only_images_differ(old, &review.new) {
                    update(&before, &after, out);
                }
                images("initContainers", &before.spec.init_containers, &after.spec.init_containers, out);
                images("containers", &before.spec.containers, &after.spec.containers, out);
            }
            "resize" => resize(before.spec, after.spec, out),
            "ephemeralcontainers" => ephemeral(&fields(before.text), &fields(after.text), out),
            _ => {}
        }
    }
}

/// A Pod's spec as it is read, and its text.
struct Pod<'o, 'a> {
    spec: &'o PodSpec<'a>,
    text: &'a str,
}

impl<'o, 'a> Pod<'o, 'a> {
    fn of(object: &'o Object<'a>) -> Option<Self> {
        Some(Self { spec: &object.templates.first()?.spec, text: object.spec_text? })
    }
}

/// Lists the fields of a Pod's spec that are fixed or nearly so, of Kubernetes 1.37. Of one that a later version brings it is not known
/// whether it may change.
const FIXED: &[&str] = &[
    "affinity",
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "ephemeralContainers",
    "evictionResponders",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "hostnameOverride",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGroup",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "topologySpreadConstraints",
    "volumes",
    "workloadRef",
];

fn spec() -> Path {
    Path::of(&["spec"])
}

/// Judges an update of the Pod itself, but for the new images.
fn update(before: &Pod<'_, '_>, after: &Pod<'_, '_>, out: &mut Report<'_>) {
    let is_gated = !before.spec.gates().is_empty();
    let (old, new) = (fields(before.text), fields(after.text));
    for field in differing(&old, &new) {
        match field {
            // Other rules speak of these.
            "initContainers" | "schedulingGates" => {}
            "containers" => app_containers(&old, &new, out),
            "tolerations" => tolerations(&before.spec.tolerations, &after.spec.tolerations, out),
            "activeDeadlineSeconds" => {
                deadline(before.spec.active_deadline_seconds, after.spec.active_deadline_seconds, out);
            }
            // A negative number is 1.
            "terminationGracePeriodSeconds" if grace_seconds(before.spec) == grace_seconds(after.spec) => {}
            "nodeSelector" if is_gated => node_selector(&old, &new, out),
            "affinity" if is_gated => affinity(&old, &new, out),
            _ if !FIXED.contains(&field) || is_same(Holder::Spec, &old, &new, field) => {}
            _ => out.at(
                spec().key(field.to_owned()),
                format_args!("the update changes {field}, which is fixed once the Pod exists; create a new Pod, or change the workload that makes it"),
            ),
        }
    }
}

/// Compares app containers by their places, as the API server does.
fn app_containers(before: &Fields<'_>, after: &Fields<'_>, out: &mut Report<'_>) {
    let (old, new) = (containers(before, "containers"), containers(after, "containers"));
    let at = || spec().key("containers");
    for (index, (before, after)) in old.iter().zip(&new).enumerate() {
        let (old_name, name) = (name(before), name(after));
        if old_name != name {
            out.at(
                at().index(index).key("name"),
                format_args!(
                    "container \"{name}\" takes the place of \"{old_name}\"; the containers of a Pod are fixed"
                ),
            );
            continue;
        }
        for field in changed(Holder::Container, before, after).filter(|field| *field != "image") {
            out.at(
                at().index(index).key(field.to_owned()),
                format_args!("container \"{name}\" changes {field}; only its image may change in a Pod"),
            );
        }
    }
    for (index, added) in new.iter().enumerate().skip(old.len()) {
        out.at(
            at().index(index),
            format_args!("container \"{}\" is added; the containers of a Pod are fixed", name(added)),
        );
    }
    for removed in old.iter().skip(new.len()) {
        out.at(at(), format_args!("container \"{}\" is removed; the containers of a Pod are fixed", name(removed)));
    }
}

/// Finds new images that the API server takes in a new Pod and not in an update.
fn images(list: &'static str, before: &[Container<'_>], after: &[Container<'_>], out: &mut Report<'_>) {
    for (index, (before, Container { name, image, .. })) in before.iter().zip(after).enumerate() {
        if *image != before.image && (image.is_empty() || image.trim() != &**image) {
            out.at(
                spec().key(list).index(index).key("image"),
                format_args!(
                    "container \"{name}\" has image \"{image}\"; an update needs one without blanks around it"
                ),
            );
        }
    }
}

fn tolerations(before: &[Toleration<'_>], after: &[Toleration<'_>], out: &mut Report<'_>) {
    fn key<'t>(toleration: &'t Toleration<'_>) -> [&'t str; 4] {
        [&toleration.key, &toleration.operator, &toleration.value, &toleration.effect]
    }
    let kept: HashSet<[&str; 4]> = after.iter().map(key).collect();
    for gone in before.iter().filter(|toleration| !kept.contains(&key(toleration))) {
        out.at(
            spec().key("tolerations"),
            format_args!("the toleration of \"{}\" is removed or changed; an update of a Pod can add tolerations and change tolerationSeconds", gone.key),
        );
    }
}

fn deadline(before: Option<i64>, after: Option<i64>, out: &mut Report<'_>) {
    let at = || spec().key("activeDeadlineSeconds");
    match (before, after) {
        (Some(before), None) => out.at(
            at(),
            format_args!("activeDeadlineSeconds {before} is removed; an update of a Pod can only make it shorter"),
        ),
        (Some(before), Some(after)) if after > before => out.at(
            at(),
            format_args!("activeDeadlineSeconds {before} becomes {after}; an update of a Pod can only make it shorter"),
        ),
        _ => {}
    }
}

/// Reads a field that a gated Pod may change; an object without members where it is absent.
fn value(fields: &Fields<'_>, field: &str) -> Map<String, Value> {
    fields.get(field).and_then(|text| serde_json::from_str(text.get()).ok()).unwrap_or_default()
}

fn node_selector(before: &Fields<'_>, after: &Fields<'_>, out: &mut Report<'_>) {
    let after = value(after, "nodeSelector");
    for (label, _) in value(before, "nodeSelector").iter().filter(|(label, value)| after.get(*label) != Some(*value)) {
        out.at(
            spec().key("nodeSelector"),
            format_args!("nodeSelector of \"{label}\" is removed or changed; an update of a Pod that waits for its gates can only add to it"),
        );
    }
}

/// The terms of required node affinity, of which one has to match.
const TERMS: [&str; 3] = ["nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];

fn affinity(before: &Fields<'_>, after: &Fields<'_>, out: &mut Report<'_>) {
    let (before, after) = (value(before, "affinity"), value(after, "affinity"));
    let at = || spec().key("affinity");
    for field in ["podAffinity", "podAntiAffinity"] {
        let part = |affinity: &Map<String, Value>| affinity.get(field).cloned().unwrap_or_default();
        if !same(&part(&before), &part(&after)) {
            out.at(
                at().key(field),
                format_args!("the update changes {field}, which is fixed once the Pod exists; create a new Pod, or change the workload that makes it"),
            );
        }
    }
    let (old, new) = (terms(&before), terms(&after));
    if old.is_empty() {
        return;
    }
    if old.len() != new.len() {
        out.at(
            at().keys(&TERMS),
            format_args!("{} nodeSelectorTerms become {}; an update of a Pod that waits for its gates can only add expressions to each", old.len(), new.len()),
        );
        return;
    }
    for (index, _) in old.iter().zip(new).enumerate().filter(|(_, (old, new))| !is_narrower(old, new)) {
        out.at(
            at().keys(&TERMS).index(index),
            "a nodeSelectorTerm loses or changes expressions; an update of a Pod that waits for its gates can only add expressions behind them",
        );
    }
}

fn terms(affinity: &Map<String, Value>) -> &[Value] {
    let [first, rest @ ..] = TERMS;
    let terms = rest.iter().try_fold(affinity.get(first), |value, key| Some(value?.get(key)));
    terms.flatten().and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns whether a term has all that it had, and perhaps more behind it. One without expressions matches no node, and stays so
/// (`validateNodeSelectorTermHasOnlyAdditions`).
fn is_narrower(old: &Value, new: &Value) -> bool {
    let lists = ["matchExpressions", "matchFields"].map(|field| {
        let list = |term: &Value| term.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
        (list(old), list(new))
    });
    let was_empty = lists.iter().all(|(old, _)| old.is_empty());
    lists.iter().all(|(old, new)| match new.get(..old.len()) {
        Some(kept) => kept.iter().zip(old).all(|(new, old)| same(new, old)) && (!was_empty || new.is_empty()),
        None => false,
    })
}

/// Judges what `pods/resize` may change. Of anything else in the request the API server takes no notice.
fn resize(before: &PodSpec<'_>, after: &PodSpec<'_>, out: &mut Report<'_>) {
    let lists = [
        ("initContainers", &before.init_containers, &after.init_containers),
        ("containers", &before.containers, &after.containers),
    ];
    for (list, before, after) in lists {
        for (index, (before, after)) in before.iter().zip(after.iter()).enumerate() {
            let at = spec().key(list).index(index).key("resources");
            let who = format_args!("container \"{}\"", after.name);
            resized((&requests(before), &requests(after)), "requests", &at, who, out);
            resized((&limits(before), &limits(after)), "limits", &at, who, out);
        }
    }
    if let Some(before) = pod_level(before) {
        let (at, who) = (spec().key("resources"), format_args!("the Pod as a whole"));
        let after = pod_level(after).unwrap_or_default();
        resized((&before.requests, &after.requests), "requests", &at, who, out);
        resized((&before.limits, &after.limits), "limits", &at, who, out);
    }
    let (class, was) = (qos(after).class, qos(before).class);
    if class != was {
        out.at(
            spec(),
            format_args!(
                "the resize makes a {was:?} Pod {class:?}; resizing may not change the QoS class, create a new Pod"
            ),
        );
    }
}

/// Compares one list of the resources at a place; `list` is its name.
fn resized(
    (before, after): (&Amounts<'_>, &Amounts<'_>),
    list: &'static str,
    resources: &Path,
    who: std::fmt::Arguments<'_>,
    out: &mut Report<'_>,
) {
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        out.at(
            resources.clone().key(list),
            format_args!("{who} has no {name} in its {list} any more; resizing can only change amounts"),
        );
    }
    let is_other = |name: &&&str| !QOS_RESOURCES.contains(*name) && before.get(**name) != after.get(**name);
    for name in after.keys().filter(is_other) {
        out.at(
            resources.clone(),
            format_args!("{who} changes {name} in its {list}; resizing can only change cpu and memory"),
        );
    }
}

/// Judges what `pods/ephemeralcontainers` may change. Of anything else in the request the API server takes no notice.
fn ephemeral(before: &Fields<'_>, after: &Fields<'_>, out: &mut Report<'_>) {
    const LIST: &str = "ephemeralContainers";
    let (old, new) = (containers(before, LIST), containers(after, LIST));
    let at = || spec().key(LIST);
    let places: HashMap<_, _> = new.iter().enumerate().map(|(index, container)| (name(container), index)).collect();
    for before in &old {
        let name = name(before);
        let kept = places.get(&name).and_then(|index| Some((*index, new.get(*index)?)));
        let Some((index, after)) = kept else {
            out.at(at(), format_args!("ephemeral container \"{name}\" is removed; it stays as long as the Pod"));
            continue;
        };
        for field in changed(Holder::Container, before, after) {
            out.at(
                at().index(index).key(field.to_owned()),
                format_args!("ephemeral container \"{name}\" changes {field}; add another one instead"),
            );
        }
    }
}
