//! `InventoryObject`: what an [`Inventory`](super::Inventory) keeps of one object.
//!
//! Reading an object costs far more than putting it in its place, and needs no inventory: many threads may do it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    IntOrString, LabelSelector, Metadata, Object, ResourceList, SelectorView, Template, Workload,
    autoscaler::{AutoscalerSpec, Utilization},
    object::BudgetSpec,
    pod_ports::{PodPorts, PortsSpec},
    service::{Service, ServiceSpec},
};
use crate::syntax::{
    List, Map, Path, ReadErrors, Str,
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
    // In boxes: most objects are workloads, and each is as large as the largest.
    Service(Box<Service>),
    Budget(Box<Budget>),
    Autoscaler(Box<Autoscaler>),
    LimitRange(LimitRange),
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
    /// `status.expectedPods`: how many Pods the controller counts, of workloads that are known and of others; 0 where no status is known.
    pub expected_pods: i64,
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

/// A HorizontalPodAutoscaler or a ScaledObject: what it scales, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Autoscaler {
    /// Its own kind.
    pub own_kind: &'static str,
    /// Its own name.
    pub own_name: String,
    /// Name of the ScaledObject that keeps it; empty where none does.
    pub kept_by: String,
    /// Kind of the workload that it scales.
    pub kind: String,
    /// Name of the workload that it scales.
    pub name: String,
    /// `minReplicas`, 1 by default; of a ScaledObject `minReplicaCount`, 0 by default.
    pub min_replicas: i64,
    /// `maxReplicas`; of a ScaledObject `maxReplicaCount`, 100 by default. `None` where it is not known.
    pub max_replicas: Option<i64>,
    /// The metrics that are a part of what containers request.
    pub utilizations: Vec<Utilization>,
    /// Says how many metrics there are besides.
    pub other_metrics: usize,
}

impl Autoscaler {
    /// Reads it from its spec, with the defaults of its kind.
    pub fn of(own_kind: &'static str, metadata: &Metadata<'_>, spec: &AutoscalerSpec<'_>) -> Self {
        let is_keda = own_kind == SCALED_OBJECT;
        let target = &spec.scale_target_ref;
        // KEDA scales a Deployment unless another kind is named.
        let kind = if is_keda && target.kind.is_empty() { "Deployment" } else { &target.kind };
        let (min_replicas, max_replicas) = if is_keda {
            (spec.min_replica_count.unwrap_or(0), Some(spec.max_replica_count.unwrap_or(100)))
        } else {
            (spec.min_replicas.unwrap_or(1), spec.max_replicas)
        };
        let keeper = metadata.controller().filter(|owner| owner.kind == SCALED_OBJECT);
        let (utilizations, other_metrics) = spec.metrics(is_keda, metadata);
        Self {
            own_kind,
            own_name: metadata.name.to_string(),
            kept_by: keeper.map(|owner| owner.name.to_string()).unwrap_or_default(),
            kind: kind.to_owned(),
            name: target.name.to_string(),
            min_replicas,
            max_replicas,
            utilizations,
            other_metrics,
        }
    }
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

const SCALED_OBJECT: &str = "ScaledObject";

/// A LimitRange: what it gives containers that say nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LimitRange {
    /// The resources of which they get a request.
    pub(super) default_requests: Vec<String>,
    /// Says whether they get a memory limit.
    pub(super) limits_memory: bool,
}

/// Something that has Pods: a workload, or a Pod that nothing controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryWorkload {
    /// Its API group.
    pub group: &'static str,
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
    /// The annotation of its Pods that says what they wait for ([`WAIT_FOR`]).
    pub wait_for: Option<String>,
    /// `ttlSecondsAfterFinished` of a Job: how many seconds after its end it is deleted. `None` for what makes Jobs.
    pub kept_seconds: Option<i64>,
}

/// The annotation of Pods that says what they wait for, and the gate of the Pods that have it.
pub const WAIT_FOR: &str = "podgate.dev/wait-for";

/// Begins the annotations by which an object ignores rules.
pub const IGNORE_PREFIX: &str = "ignore.podgate.dev/";

impl InventoryObject {
    /// Returns whether [`InventoryObject::read`] has a use for objects of this kind.
    pub fn takes(group: &str, kind: &str) -> bool {
        let beside_workloads = [
            ("", "Namespace"),
            ("", "Service"),
            ("", "LimitRange"),
            ("policy", "PodDisruptionBudget"),
            ("autoscaling", "HorizontalPodAutoscaler"),
            ("keda.sh", SCALED_OBJECT),
            ("", "PersistentVolumeClaim"),
        ];
        beside_workloads.contains(&(group, kind)) || Workload::find(group, kind).is_some()
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
                let root: Root<'_, ServiceSpec<'_>> = from_object(text)?;
                Content::Service(Service::of(&root.metadata.name, &root.spec).into())
            }
            ("policy", "PodDisruptionBudget") => {
                let root: Root<'_, BudgetSpec<'_>> = from_object(text)?;
                // An absent selector selects no Pod.
                let Some(selector) = root.spec.selector.as_ref().and_then(SelectorView::to_selector) else {
                    return Ok(None);
                };
                let Status { disruptions_allowed, current_healthy, desired_healthy, expected_pods } = root.status;
                let budget = Budget {
                    lets_unready_go: root.spec.unhealthy_pod_eviction_policy == "AlwaysAllow"
                        || current_healthy >= desired_healthy && desired_healthy > 0,
                    name: root.metadata.name.to_string(),
                    selector,
                    disruptions_allowed,
                    expected_pods,
                    min_available: root.spec.min_available.map(IntOrString::into_owned),
                    max_unavailable: root.spec.max_unavailable.map(IntOrString::into_owned),
                };
                Content::Budget(budget.into())
            }
            ("autoscaling", "HorizontalPodAutoscaler") => {
                let root: Root<'_, AutoscalerSpec<'_>> = from_object(text)?;
                Content::Autoscaler(Autoscaler::of("HorizontalPodAutoscaler", &root.metadata, &root.spec).into())
            }
            ("keda.sh", SCALED_OBJECT) => {
                let root: Root<'_, AutoscalerSpec<'_>> = from_object(text)?;
                Content::Autoscaler(Autoscaler::of(SCALED_OBJECT, &root.metadata, &root.spec).into())
            }
            ("", "PersistentVolumeClaim") => {
                let root: Root<'_, ClaimSpec<'_>> = from_object(text)?;
                let access = ClaimAccess::of(&root.spec.access_modes);
                Content::Claim { name: root.metadata.name.to_string(), access }
            }
            ("", "LimitRange") => {
                let root: Root<'_, LimitRangeSpec<'_>> = from_object(text)?;
                Content::LimitRange(root.spec.of_containers())
            }
            _ => {
                let Some(workload) = Workload::find(group, kind) else { return Ok(None) };
                Content::Workloads(if workload.is_pod() {
                    let root: Root<'_, Nothing> = from_object(text)?;
                    naked_pod(workload, &root.metadata).into_iter().collect()
                } else {
                    workloads(workload, &workload.read_workload(text)?)
                })
            }
        };
        Ok(Some(Self { namespace, content }))
    }
}

/// Returns a Pod that nothing controls; the Pods of others are counted with those.
fn naked_pod(workload: &'static Workload, metadata: &Metadata<'_>) -> Option<InventoryWorkload> {
    let is_naked = metadata.controller().is_none() && !metadata.has_mirror_annotation();
    is_naked.then(|| InventoryWorkload {
        group: workload.group,
        kind: workload.kind,
        name: metadata.name.to_string(),
        replicas: None,
        labels: owned(&metadata.labels),
        ignores: ignores(metadata).collect(),
        ports: None,
        is_job: false,
        wait_for: wait_for(metadata),
        kept_seconds: None,
    })
}

fn workloads(workload: &'static Workload, object: &Object<'_, PortsSpec<'_>>) -> Vec<InventoryWorkload> {
    // A Deployment's ReplicaSet has the same Pods once more.
    if object.metadata.controller().is_some_and(|owner| Workload::is_kind(&owner.kind)) {
        return Vec::new();
    }
    // What a CronJob or a JobSet says of its Jobs stands deeper, and their names are not known.
    let kept_seconds = |template: &Template<'_, PortsSpec<'_>>| {
        let job = template.job.as_ref().filter(|job| job.path == Path::of(&["spec"]))?;
        job.spec.ttl_seconds_after_finished
    };
    let workload = |template: &Template<'_, PortsSpec<'_>>| InventoryWorkload {
        group: workload.group,
        kind: workload.kind,
        name: object.metadata.name.to_string(),
        replicas: object.controller.replicas.filter(|_| workload.keeps_replicas),
        labels: owned(&object.pod_metadata(template).labels),
        ignores: ignores(&object.metadata).chain(ignores(object.pod_metadata(template))).collect(),
        ports: template.spec.ports(object.pod_metadata(template)),
        is_job: workload.is_job(),
        wait_for: wait_for(object.pod_metadata(template)),
        kept_seconds: kept_seconds(template),
    };
    object.templates.iter().map(workload).collect()
}

fn wait_for(metadata: &Metadata<'_>) -> Option<String> {
    metadata.annotations.get(WAIT_FOR).map(ToOwned::to_owned)
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
    expected_pods: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ClaimSpec<'a> {
    #[serde(borrow)]
    access_modes: List<Str<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LimitRangeSpec<'a> {
    #[serde(borrow)]
    limits: List<LimitRangeItem<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LimitRangeItem<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    default_request: ResourceList<'a>,
    #[serde(borrow)]
    default: ResourceList<'a>,
    #[serde(borrow)]
    max: ResourceList<'a>,
    #[serde(borrow)]
    min: ResourceList<'a>,
}

impl LimitRangeSpec<'_> {
    /// Returns what containers get that say nothing: requests of `defaultRequest`, and where that has none of `default`, `max` and `min`; a
    /// limit of `default`, or of `max`. (`SetDefaults_LimitRangeItem`)
    fn of_containers(&self) -> LimitRange {
        let of_containers = || self.limits.iter().filter(|item| item.kind == "Container");
        let lists = of_containers().flat_map(|item| [&item.default_request, &item.default, &item.max, &item.min]);
        let default_requests = lists.flat_map(|list| list.iter().map(|(name, _)| name.to_owned())).collect();
        let limits = of_containers().flat_map(|item| [&item.default, &item.max]);
        LimitRange { default_requests, limits_memory: { limits }.any(|list| list.get("memory").is_some()) }
    }
}
