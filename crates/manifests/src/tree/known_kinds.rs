//! The groups and versions that the API has for the kinds that are judged, and what somebody meant who names others.

use thiserror::Error;

use podgate_engine::policy::suggest::did_you_mean;

/// The kinds that hold Pods, select or scale them, each with the versions that the API has or had, the one to use first.
const KINDS: [(&str, &str, &[&str]); 11] = [
    ("", "Pod", &["v1"]),
    ("", "PodTemplate", &["v1"]),
    ("", "ReplicationController", &["v1"]),
    ("apps", "Deployment", &["v1", "v1beta2", "v1beta1"]),
    ("apps", "ReplicaSet", &["v1", "v1beta2"]),
    ("apps", "StatefulSet", &["v1", "v1beta2", "v1beta1"]),
    ("apps", "DaemonSet", &["v1", "v1beta2"]),
    ("batch", "Job", &["v1"]),
    ("batch", "CronJob", &["v1", "v1beta1", "v2alpha1"]),
    ("policy", "PodDisruptionBudget", &["v1", "v1beta1"]),
    ("autoscaling", "HorizontalPodAutoscaler", &["v2", "v1", "v2beta2", "v2beta1"]),
];
/// The kinds that were in a group that no cluster serves any more.
const UNSERVED: [(&str, &str); 3] =
    [("extensions", "Deployment"), ("extensions", "DaemonSet"), ("extensions", "ReplicaSet")];
/// Names what else is in the groups that nothing but Kubernetes itself has kinds in.
const OTHERS: [(&str, &str); 4] =
    [("apps", "ControllerRevision"), ("apps", "Scale"), ("policy", "PodSecurityPolicy"), ("policy", "Eviction")];
/// The endings of groups with a dot that are Kubernetes' own all the same: nobody adds kinds to them.
const OWN: [&str; 11] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// Says what is wrong with the group, the version or the kind of an object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {message}")]
pub(crate) struct Fault {
    /// The field: `apiVersion` or `kind`.
    pub(crate) field: &'static str,
    /// Holds what is wrong, and what was meant.
    message: String,
}

/// Returns what is wrong with the version of a kind that the group does have.
pub(super) fn wrong_version(group: &str, version: &str, kind: &str) -> Option<Fault> {
    let (.., versions) = KINDS.iter().find(|(of, known, _)| *of == group && *known == kind)?;
    let newest = versions.first().filter(|_| !versions.contains(&version))?;
    let (the_group, slash) = if group.is_empty() { ("the core group", "") } else { (group, "/") };
    let message = format!("{the_group} has no version {version}; did you mean {group}{slash}{newest}?");
    Some(Fault { field: "apiVersion", message })
}

/// Returns whether the kind was once in the group, which no cluster serves any more.
pub(super) fn is_unserved(group: &str, kind: &str) -> bool {
    UNSERVED.contains(&(group, kind))
}

/// Returns what is wrong with a kind that is not in its group: another group has it, or it is one of the group's in another
/// spelling. Groups with a dot may have been added by anybody, and may have any kind.
pub(super) fn wrong_kind(api_version: &str, group: &str, kind: &str) -> Option<Fault> {
    if group.contains('.') && !OWN.iter().any(|own| group.ends_with(own)) {
        return None;
    }
    if let Some((of, _, versions)) = KINDS.iter().find(|(_, known, _)| *known == kind) {
        let slash = if of.is_empty() { "" } else { "/" };
        let version = versions.first()?;
        let message = format!("{api_version} has no {kind}; did you mean {of}{slash}{version}?");
        return Some(Fault { field: "apiVersion", message });
    }
    let bare = kind.to_ascii_lowercase();
    let bare = bare.strip_suffix('s').unwrap_or(&bare);
    let of_group = KINDS.iter().filter(|(of, ..)| *of == group).map(|(_, known, _)| *known);
    let same = of_group.clone().find(|known| known.eq_ignore_ascii_case(bare) || known.eq_ignore_ascii_case(kind));
    if let Some(meant) = same {
        let message = format!("{api_version} has no {kind}; did you mean {meant}?");
        return Some(Fault { field: "kind", message });
    }
    // In the core group there is much else, and not only Kubernetes has files of `apiVersion: v1`.
    let is_other = group.is_empty() || kind.ends_with("List") || OTHERS.contains(&(group, kind));
    let hint = did_you_mean(kind, of_group.filter(|_| !is_other));
    (!hint.is_empty()).then(|| Fault { field: "kind", message: format!("{api_version} has no {kind}{hint}") })
}
