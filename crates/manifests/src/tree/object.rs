//! What an object is that stands in a manifest: one to judge, or one that is not, and why.

use serde::Deserialize;
use serde_json::Value;

use super::known_kinds::{self, Fault};
use crate::aside::Reason;
use podgate_engine::{
    model::{InventoryObject, Workload, WorkloadTable},
    syntax::json::from_object,
};

/// The marks that only patches for kustomize and kubectl have.
const MARKS: [&str; 4] = ["$patch", "$retainKeys", "$setElementOrder", "$deleteFromPrimitiveList"];
/// The annotation of what kustomize and kpt read but never send to a cluster.
const LOCAL: &str = "config.kubernetes.io/local-config";
/// Names the lists of containers in the kinds of others: those of Pods, and what has an image.
const LISTS: [&str; 2] = ["containers", "initContainers"];
const HOLDERS: [&str; 4] = ["container", "steps", "script", "sidecars"];
/// Tells how deep a kind of others is searched for containers.
const MAX_DEPTH: usize = 24;

/// Kinds that stand for objects which somebody else makes of them.
const RELEASES: [(&str, &str); 9] = [
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("fluxcd.controlplane.io", "FluxInstance"),
    ("fluxcd.controlplane.io", "ResourceSet"),
    ("argoproj.io", "Application"),
    ("argoproj.io", "ApplicationSet"),
    ("helm.cattle.io", "HelmChart"),
    ("k3s.cattle.io", "Addon"),
    ("fleet.cattle.io", "GitRepo"),
];

/// Tells what a run does with an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Judges it.
    Judged(&'static Workload),
    /// Nothing, as far as this goes: it holds no Pods.
    Other,
    /// Leaves it aside, for this reason; with the kind that it is counted under.
    Aside(Reason, String),
    /// It is none that its group has.
    Fault(Fault),
}

/// Tells what the object `text` is, whose group, version and kind are known; `kinds` are judged.
pub(crate) fn class(kinds: &WorkloadTable, api_version: &str, kind: &str, text: &str) -> Class {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    // This program's own.
    if group == "podgate.dev" {
        return Class::Other;
    }
    if group.ends_with("kustomize.config.k8s.io") || is_local(text) {
        return Class::Aside(Reason::Local, kind.to_owned());
    }
    let workload = kinds.find(group, kind);
    let is_known = workload.is_some() || InventoryObject::takes(group, kind);
    if is_known && is_patch(text) || workload.is_some_and(|workload| is_fragment(workload, text)) {
        return Class::Aside(Reason::Fragment, kind.to_owned());
    }
    if let Some(workload) = workload {
        return known_kinds::wrong_version(group, version, kind).map_or(Class::Judged(workload), Class::Fault);
    }
    if RELEASES.contains(&(group, kind)) {
        return Class::Aside(Reason::Release, kind.to_owned());
    }
    if known_kinds::is_unserved(group, kind) {
        return Class::Aside(Reason::Unserved, format!("{kind} of {api_version}"));
    }
    if let Some(fault) = known_kinds::wrong_kind(api_version, group, kind) {
        return Class::Fault(fault);
    }
    if holds_pods(text) {
        let of = if group.is_empty() { String::new() } else { format!(".{group}") };
        return Class::Aside(Reason::Kind, format!("{kind}{of}"));
    }
    Class::Other
}

/// Returns whether a key of the object is one of a strategic merge patch.
fn is_patch(text: &str) -> bool {
    // Most have no such word at all. In a string the quotation mark would have a backslash before it.
    text.contains("\"$")
        && MARKS.iter().any(|mark| {
            let begin = format!("\"{mark}");
            let after = text.match_indices(&begin).map(|(at, found)| text.get(at + found.len()..));
            after.flatten().any(|rest| {
                let end = rest.trim_start_matches(|c: char| c != '"').strip_prefix('"').unwrap_or_default();
                // `$setElementOrder/containers` names a list.
                let whole = rest.starts_with('"') || rest.starts_with('/');
                whole && end.trim_start().starts_with(':')
            })
        })
}

fn is_local(text: &str) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Root {
        metadata: Value,
    }
    text.contains(LOCAL)
        && from_object::<Root>(text).is_ok_and(|root| {
            let annotations = root.metadata.get("annotations");
            annotations.and_then(|annotations| annotations.get(LOCAL)).and_then(Value::as_str) == Some("true")
        })
}

/// Returns whether a workload says too little to be one, and can only say what is to change in another. It lacks two things
/// without which the API refuses it: its selector, or in a Job's Pods the restartPolicy; and its Pods, their containers, or the
/// image of one.
fn is_fragment(workload: &'static Workload, text: &str) -> bool {
    let (needed, template) = match (workload.group, workload.kind) {
        ("apps", _) => ("\"selector\"", "/spec/template"),
        ("batch", "Job") => ("\"restartPolicy\"", "/spec/template"),
        ("batch", "CronJob") => ("\"restartPolicy\"", "/spec/jobTemplate/spec/template"),
        _ => return false,
    };
    if text.contains(needed) {
        return false;
    }
    let Ok(object) = serde_json::from_str::<Value>(text) else { return false };
    let spec = object.get("spec").and_then(Value::as_object);
    if spec.is_none_or(serde_json::Map::is_empty) {
        return false;
    }
    let pod = object.pointer(template).and_then(|template| template.get("spec"));
    match pod.map(|pod| pod.get("containers").unwrap_or(&Value::Null)) {
        Some(Value::Array(containers)) => {
            containers.iter().any(|container| container.is_object() && container.get("image").is_none())
        }
        // What cannot be read is told of where it is judged.
        Some(Value::Null) | None => workload.read(text).is_ok(),
        Some(_) => false,
    }
}

/// Returns whether an object of a kind of others holds containers.
fn holds_pods(text: &str) -> bool {
    // Names of members, so that nothing else need be read.
    let may = LISTS.iter().chain(&HOLDERS).any(|holder| text.contains(&format!("\"{holder}\"")));
    may && serde_json::from_str(text).is_ok_and(|value: Value| has_containers(&value, MAX_DEPTH))
}

fn has_containers(value: &Value, depth: usize) -> bool {
    let is = |value: &Value, key: &str| value.get(key).is_some_and(Value::is_string);
    let any = |value: &Value, key: &str| value.as_array().is_some_and(|items| items.iter().any(|item| is(item, key)));
    let Some(depth) = depth.checked_sub(1) else { return false };
    match value {
        Value::Object(members) => members.iter().any(|(key, value)| {
            // A list of this name may leave the images to somebody else.
            let holds = LISTS.contains(&key.as_str()) && any(value, "name")
                || HOLDERS.contains(&key.as_str()) && (is(value, "image") || any(value, "image"));
            holds || has_containers(value, depth)
        }),
        Value::Array(items) => items.iter().any(|item| has_containers(item, depth)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(api_version: &str, kind: &str, spec: &str) -> Class {
        class(
            &WorkloadTable::default(),
            api_version,
            kind,
            &format!(r#"{{"apiVersion": "{api_version}", "kind": "{kind}", "metadata": {{"name": "a"}}, {spec}}}"#),
        )
    }

    fn aside(reason: Reason, name: &str) -> Class {
        Class::Aside(reason, name.to_owned())
    }

    fn is_judged(class: &Class) -> bool {
        matches!(class, Class::Judged(_))
    }

    #[test]
    fn patches_and_fragments_are_told_from_objects() {
        let containers = |more: &str, container: &str| {
            format!(r#""spec": {{{more} "template": {{"spec": {{"containers": [{container}]}}}}}}"#)
        };
        let fragment = aside(Reason::Fragment, "Deployment");
        let deployment = |spec: &str| of("apps/v1", "Deployment", spec);
        assert_eq!(deployment(r#""$patch": "delete""#), fragment);
        assert_eq!(
            deployment(r#""spec": {"template": {"spec": {"containers": [{"name": "a", "$patch" : "delete"}]}}}"#),
            fragment
        );
        assert_eq!(deployment(r#""spec": {"selector": {}, "$setElementOrder/ports": []}"#), fragment);
        assert_eq!(deployment(&containers("", r#"{"name": "a"}"#)), fragment);
        assert_eq!(deployment(&containers("", r#"{"name": "a"}, {"name": "b", "image": "b:1"}"#)), fragment);
        assert_eq!(deployment(r#""spec": {"template": {"spec": {"nodeSelector": {}}}}"#), fragment);
        assert_eq!(
            of("v1", "Service", r#""spec": {"ports": [{"port": 1, "$patch": "replace"}]}"#),
            aside(Reason::Fragment, "Service")
        );
        // What is a manifest, though not a good one, is judged.
        for spec in [
            containers("", r#"{"name": "a", "image": "a:1"}"#),
            containers(r#""selector": {},"#, r#"{"name": "a"}"#),
            containers("", ""),
            containers("", r#"{"name": "a", "image": "a:1", "args": ["\"$patch\": 1", "$patch"]}"#),
            r#""spec": {"replicas": "many"}"#.to_owned(),
        ] {
            assert!(is_judged(&deployment(&spec)), "{spec}");
        }
        assert!(is_judged(&of("v1", "Pod", r#""spec": {"containers": [{"name": "a"}]}"#)));
        let job = |pod: &str| {
            of(
                "batch/v1",
                "Job",
                &format!(r#""spec": {{"template": {{"spec": {{{pod}"containers": [{{"name": "a"}}]}}}}}}"#),
            )
        };
        assert!(is_judged(&job(r#""restartPolicy": "Never", "#)));
        assert_eq!(job(""), aside(Reason::Fragment, "Job"));
        assert!(is_judged(&of("batch/v1", "Job", &containers("", r#"{"name": "a", "image": "a:1"}"#))));
        assert_eq!(of("batch/v1", "CronJob", r#""spec": {"suspend": true}"#), aside(Reason::Fragment, "CronJob"));
        assert_eq!(deployment(r#""spec": {"replicas": 3}"#), fragment);
    }

    #[test]
    fn kinds_of_others_are_told_of() {
        let pod = r#""spec": {"template": {"spec": {"containers": [{"name": "a", "image": "a:1"}]}}}"#;
        assert_eq!(of("example.com/v1", "Runner", pod), aside(Reason::Kind, "Runner.example.com"));
        let workflow = r#""spec": {"templates": [{"name": "a", "container": {"image": "a:1"}}]}"#;
        assert_eq!(of("example.com/v1", "Flow", workflow), aside(Reason::Kind, "Flow.example.com"));
        let schema = r#""spec": {"schema": {"containers": {"items": {"properties": {"image": {"type": "string"}}}}}}"#;
        assert_eq!(of("apiextensions.k8s.io/v1", "CustomResourceDefinition", schema), Class::Other);
        assert_eq!(of("v1", "ConfigMap", r#""data": {"a": "\"containers\": \"image\""}"#), Class::Other);
        assert_eq!(
            of("helm.toolkit.fluxcd.io/v2", "HelmRelease", r#""spec": {}"#),
            aside(Reason::Release, "HelmRelease")
        );
        assert_eq!(of("argoproj.io/v1alpha1", "Application", r#""spec": {}"#), aside(Reason::Release, "Application"));
        let local = r#""metadata": {"annotations": {"config.kubernetes.io/local-config": "true"}}, "spec": {}"#;
        let text = format!(r#"{{"apiVersion": "apps/v1", "kind": "Deployment", {local}}}"#);
        assert_eq!(
            class(&WorkloadTable::default(), "apps/v1", "Deployment", &text),
            aside(Reason::Local, "Deployment")
        );
    }

    #[test]
    fn wrong_groups_and_versions_are_faults() {
        let said = |api_version, kind| match of(api_version, kind, r#""spec": {}"#) {
            Class::Fault(fault) => fault.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(said("v1", "Deployment"), "apiVersion: v1 has no Deployment; did you mean apps/v1?");
        assert_eq!(said("apps/v1", "Job"), "apiVersion: apps/v1 has no Job; did you mean batch/v1?");
        assert_eq!(said("app/v1", "Deployment"), "apiVersion: app/v1 has no Deployment; did you mean apps/v1?");
        assert_eq!(said("apps/v2", "Deployment"), "apiVersion: apps has no version v2; did you mean apps/v1?");
        assert_eq!(said("apps/v1", "deployment"), "kind: apps/v1 has no deployment; did you mean Deployment?");
        assert_eq!(said("v1", "Pods"), "kind: v1 has no Pods; did you mean Pod?");
        assert_eq!(said("apps/v1", "Deploymnet"), "kind: apps/v1 has no Deploymnet (did you mean \"Deployment\"?)");
        let networking = "apiVersion: networking.k8s.io/v1 has no DaemonSet; did you mean apps/v1?";
        assert_eq!(said("networking.k8s.io/v1", "DaemonSet"), networking);
        assert_eq!(
            of("extensions/v1beta1", "Deployment", r#""spec": {}"#),
            aside(Reason::Unserved, "Deployment of extensions/v1beta1")
        );
        for (api_version, kind) in
            [("apps/v1beta1", "Deployment"), ("batch/v1beta1", "CronJob"), ("policy/v1beta1", "PodDisruptionBudget")]
        {
            assert!(is_judged(&of(api_version, kind, r#""spec": {}"#)), "{kind}");
        }
        for (api_version, kind) in [
            ("example.com/v1", "Deployment"),
            ("v1", "PodList"),
            ("v1", "Node"),
            ("apps/v1", "ControllerRevision"),
            ("v1", "Endpoints"),
        ] {
            assert_eq!(of(api_version, kind, r#""spec": {}"#), Class::Other, "{kind}");
        }
    }
}
