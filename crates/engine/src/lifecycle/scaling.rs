//! Who decides on the number of replicas, and by what.

use super::{
    disruption::is_without_scale,
    resources::{pod_level, request_of},
    stages::{self, Placed, Role},
};
use crate::model::{
    PodSpec, Review, Workload, autoscaler::Utilization, inventory::Namespace, inventory_object::Autoscaler,
};

/// Returns the known autoscaler of what is judged; of two that scale the same the first.
pub fn autoscaler<'a>(review: &Review<'a>) -> Option<&'a Autoscaler> {
    review.known()?.autoscaler(review.workload.kind, &review.new.metadata.name)
}

/// Returns the apps and sidecars that request nothing of a resource of whose use an autoscaler takes the part: it cannot compute that
/// then. None where the Pod as a whole has requests, which count in place of the containers' unless one container is named.
/// (`calculateRequests` of the autoscaler's replica calculator)
pub fn without_request<'p, 'a>(
    spec: &'p PodSpec<'a>,
    utilization: &'p Utilization,
) -> impl Iterator<Item = Placed<'p, 'a>> {
    let Utilization { resource, container } = utilization;
    let of_pod = container.is_empty() && pod_level(spec).is_some();
    let running = stages::containers(spec).filter(|placed| matches!(placed.role, Role::App | Role::Sidecar));
    let counts = move |placed: &Placed<'_, '_>| container.is_empty() || placed.container.name == **container;
    running.filter(move |placed| !of_pod && counts(placed) && request_of(placed.container, resource).is_none())
}

/// The kinds of Kubernetes with a `scale`, with their groups.
const WITH_SCALE: [(&str, &str); 4] =
    [("apps", "Deployment"), ("apps", "ReplicaSet"), ("apps", "StatefulSet"), ("", "ReplicationController")];
/// The groups in which one looks for these kinds in vain.
const MISTAKEN_GROUPS: [&str; 3] = ["", "apps", "extensions"];

/// Says why an autoscaler cannot scale a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTarget {
    /// The group does not have it; this one does.
    Group(&'static str),
    /// It has no `scale`.
    Scale,
}

/// Returns why an autoscaler cannot scale this kind of this group, if it cannot. The API server takes any kind; the autoscaler then finds
/// no `scale`.
pub fn no_target(group: &str, kind: &str) -> Option<NoTarget> {
    if is_without_scale(group, kind) || (group, kind) == ("", "Pod") {
        return Some(NoTarget::Scale);
    }
    let (right, _) = WITH_SCALE.iter().find(|(_, with_scale)| *with_scale == kind)?;
    (*right != group && MISTAKEN_GROUPS.contains(&group)).then_some(NoTarget::Group(right))
}

/// Returns whether the target of an autoscaler is missing, of which all workloads of a namespace are known.
pub fn is_target_missing(known: &Namespace, group: &str, target: &Autoscaler) -> bool {
    let keeps_replicas = Workload::find(group, &target.kind).is_some_and(|workload| workload.keeps_replicas);
    keeps_replicas && known.has_workloads() && known.workload(&target.kind, &target.name).is_none()
}

/// Autoscalers of one workload that are looked at: two are too many already.
const MOST_AUTOSCALERS: usize = 10;

/// Returns the autoscalers that scale the same as this one: none of them scales then. The one that a ScaledObject keeps is the same as the
/// ScaledObject. (`HPAsMatchingPods` of the autoscaler's controller, reason `AmbiguousSelector`)
pub fn other_autoscalers<'k>(known: &'k Namespace, this: &Autoscaler) -> impl Iterator<Item = &'k Autoscaler> {
    known.autoscalers(&this.kind, &this.name).iter().take(MOST_AUTOSCALERS).filter(move |other| {
        let is_this = (other.own_kind, &other.own_name) == (this.own_kind, &this.own_name);
        let keeps = |keeper: &Autoscaler, kept: &Autoscaler| {
            keeper.own_kind == "ScaledObject" && kept.kept_by == keeper.own_name
        };
        !is_this && !keeps(this, other) && !keeps(other, this)
    })
}
