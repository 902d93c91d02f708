//! `InventoryObject`: what an [`Inventory`](super::Inventory) keeps of one object.
//!
//! Reading an object costs far more than putting it in its place, and needs no inventory: many threads may do it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    IntOrString, LabelSelector, Metadata, Object, SelectorView, Template, Workload,
    object::BudgetSpec,
    pod_ports::{PodPorts, PortsSpec},
    service::{Service, read_service},
};
use crate::syntax::{
    List, Map, ReadErrors, Str,
    json::{from_object, object_or_default},
};

/// Holds what one object says, and in which namespace.
#[derive(Debug, Clone)]
pub struct InventoryObject {
    pub(super) namespace: String,
    pub(super) content: Content,
}

/// Holds what is kept of an object of each kind.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Namespace {
        terminating: bool,
        labels: BTreeMap<String, String>,
    },
    Service(LabelSelector, Service),
    Budget(LabelSelector, Budget),
    Autoscaler(Autoscaler),
    Claim {
        name: String,
        access: Option<ClaimAccess>,
    },
    /// One for each template.
    Workloads(Vec<InventoryWorkload>),
}

/// A PodDisruptionBudget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// The labels of the Pods that it selects.
    pub selector: LabelSelector,
    /// `status.disruptionsAllowed`, where a status is known.
    pub disruptions_allowed: Option<i64>,
    /// Says whether an eviction may take a Pod that is not ready whatever `disruptions_allowed` is: `unhealthyPodEvictionPolicy` is
    /// AlwaysAllow, or as many Pods are healthy as shall be, and some shall be.
    pub lets_unready_go: bool,
    /// `minAvailable`.
    min_available: Option<IntOrString<'static>>,
    /// `maxUnavailable`.
    max_unavailable: Option<IntOrString<'static>>,
}

impl Budget {
    /// Returns what it allows.
    pub fn limits(&self) -> BudgetSpec<'static> {
        BudgetSpec {
            min_available: self.min_available.clone(),
            max_unavailable: self.max_unavailable.clone(),
            ..BudgetSpec::default()
        }
    }
}

/// A HorizontalPodAutoscaler or a ScaledObject: what it scales.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Autoscaler {
    /// Kind of the workload that it scales.
    pub kind: String,
    /// Name of the workload that it scales.
    pub name: String,
    /// `minReplicas`, 1 by default; of a ScaledObject `minReplicaCount`, 0 by default.
    pub min_replicas: i64,
}

/// Says how many may use a PersistentVolumeClaim that lets only one node have its volume at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimAccess {
    /// `ReadWriteOnce`: Pods on one node.
    OneNode,
    /// `ReadWriteOncePod`: one Pod.
    OnePod,
}

impl ClaimAccess {
    /// Returns what these access modes mean; `None` where several nodes may have the volume, and where there are none.
    fn of(modes: &[Str<'_>]) -> Option<Self> {
        let are = |mode: &str| !modes.is_empty() && modes.iter().all(|known| *known == mode);
        if are("ReadWriteOncePod") {
            Some(Self::OnePod)
        } else if are("ReadWriteOnce") {
            Some(Self::OneNode)
        } else {
            None
        }
    }

    /// Returns the access mode.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneNode => "ReadWriteOnce",
            Self::OnePod => "ReadWriteOncePod",
        }
    }
}

/// A workload that keeps replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryWorkload {
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// `replicas`; `None` where it is absent, and for kinds that keep no certain number of Pods.
    pub replicas: Option<i64>,
    /// The labels of its Pods.
    pub labels: BTreeMap<String, String>,
    /// The annotations by which it ignores rules, its own and its template's.
    pub ignores: BTreeMap<String, String>,
    /// The ports of its Pods; `None` where they are not known.
    pub ports: Option<PodPorts>,
    /// Says whether its Pods are those of a Job: they run to completion.
    pub is_job: bool,
}

/// Begins the annotations by which an object ignores rules.
pub const IGNORE_PREFIX: &str = "ignore.podgate.dev/";

impl InventoryObject {
    /// Returns whether [`InventoryObject::read`] has a use for objects of this kind.
    pub fn takes(group: &str, kind: &str) -> bool {
        let beside_workloads = [
            ("", "Namespace"),
            ("", "Service"),
            ("policy", "PodDisruptionBudget"),
            ("autoscaling", "HorizontalPodAutoscaler"),
            ("keda.sh", "ScaledObject"),
            ("", "PersistentVolumeClaim"),
        ];
        beside_workloads.contains(&(group, kind))
            || Workload::find(group, kind).is_some_and(|workload| !workload.is_pod())
    }

    /// Reads an object from its JSON text; `None` for kinds that are of no use here. `namespace` is where it lives.
    pub fn read(group: &str, kind: &str, namespace: &str, text: &str) -> Result<Option<Self>, ReadErrors> {
        let mut namespace = namespace.to_owned();
        let content = match (group, kind) {
            ("", "Namespace") => {
                let root: Root<'_, Nothing> = from_object(text)?;
                namespace = root.metadata.name.to_string();
                let terminating = root.metadata.deletion_timestamp.is_some();
                Content::Namespace { terminating, labels: owned(&root.metadata.labels) }
            }
            ("", "Service") => {
                let (_, service) = read_service(text)?;
                Content::Service(service.selector.clone(), service)
            }
            ("policy", "PodDisruptionBudget") => {
                let root: Root<'_, BudgetSpec<'_>> = from_object(text)?;
                // An absent selector selects no Pod.
                let Some(selector) = root.spec.selector.as_ref().and_then(SelectorView::to_selector) else {
                    return Ok(None);
                };
                let Status { disruptions_allowed, current_healthy, desired_healthy } = root.status;
                let budget = Budget {
                    lets_unready_go: root.spec.unhealthy_pod_eviction_policy == "AlwaysAllow"
                        || current_healthy >= desired_healthy && desired_healthy > 0,
                    name: root.metadata.name.to_string(),
                    selector: selector.clone(),
                    disruptions_allowed,
                    min_available: root.spec.min_available.map(IntOrString::into_owned),
                    max_unavailable: root.spec.max_unavailable.map(IntOrString::into_owned),
                };
                Content::Budget(selector, budget)
            }
            ("autoscaling", "HorizontalPodAutoscaler") => {
                let root: Root<'_, AutoscalerSpec<'_>> = from_object(text)?;
                let target = root.spec.scale_target_ref;
                let min_replicas = root.spec.min_replicas.unwrap_or(1);
                Content::Autoscaler(Autoscaler {
                    kind: target.kind.to_string(),
                    name: target.name.to_string(),
                    min_replicas,
                })
            }
            ("", "PersistentVolumeClaim") => {
                let root: Root<'_, ClaimSpec<'_>> = from_object(text)?;
                let access = ClaimAccess::of(&root.spec.access_modes);
                Content::Claim { name: root.metadata.name.to_string(), access }
            }
            ("keda.sh", "ScaledObject") => {
                let root: Root<'_, ScaledObjectSpec<'_>> = from_object(text)?;
                let ScaleTargetRef { kind, name } = root.spec.scale_target_ref;
                let kind = if kind.is_empty() { "Deployment".to_owned() } else { kind.to_string() };
                let min_replicas = root.spec.min_replica_count.unwrap_or(0);
                Content::Autoscaler(Autoscaler { kind, name: name.to_string(), min_replicas })
            }
            _ => {
                let workload = Workload::find(group, kind).filter(|workload| !workload.is_pod());
                let Some(workload) = workload else { return Ok(None) };
                Content::Workloads(workloads(workload, &workload.read_workload(text)?))
            }
        };
        Ok(Some(Self { namespace, content }))
    }
}

fn workloads(workload: &'static Workload, object: &Object<'_, PortsSpec<'_>>) -> Vec<InventoryWorkload> {
    // A Deployment's ReplicaSet has the same Pods once more.
    if object.metadata.controller().is_some_and(|owner| Workload::is_kind(&owner.kind)) {
        return Vec::new();
    }
    let workload = |template: &Template<'_, PortsSpec<'_>>| InventoryWorkload {
        kind: workload.kind,
        name: object.metadata.name.to_string(),
        replicas: object.controller.replicas.filter(|_| workload.keeps_replicas),
        labels: owned(&object.pod_metadata(template).labels),
        ignores: ignores(&object.metadata).chain(ignores(object.pod_metadata(template))).collect(),
        ports: template.spec.ports(object.pod_metadata(template)),
        is_job: workload.is_job(),
    };
    object.templates.iter().map(workload).collect()
}

fn ignores(metadata: &Metadata<'_>) -> impl Iterator<Item = (String, String)> {
    let annotations = metadata.annotations.iter().filter(|(key, _)| key.starts_with(IGNORE_PREFIX));
    annotations.map(|(key, value)| (key.to_owned(), value.to_owned()))
}

fn owned(labels: &Map<'_>) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "S: Default + Deserialize<'de>, 'de: 'a"))]
struct Root<'a, S: Default> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(deserialize_with = "object_or_default")]
    spec: S,
    #[serde(deserialize_with = "object_or_default")]
    status: Status,
}

#[derive(Default, Deserialize)]
struct Nothing {}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    disruptions_allowed: Option<i64>,
    current_healthy: i64,
    desired_healthy: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ClaimSpec<'a> {
    #[serde(borrow)]
    access_modes: List<Str<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AutoscalerSpec<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    scale_target_ref: ScaleTargetRef<'a>,
    min_replicas: Option<i64>,
}

/// [`ScaledObject`](https://keda.sh/docs/latest/reference/scaledobject-spec/) of KEDA.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ScaledObjectSpec<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    scale_target_ref: ScaleTargetRef<'a>,
    min_replica_count: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScaleTargetRef<'a> {
    #[serde(borrow)]
    kind: Str<'a>,
    #[serde(borrow)]
    name: Str<'a>,
}
