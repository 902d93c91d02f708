//! `Object`: an object of a known kind, with its Pod templates, each with its place.
//!
//! There are structs for the objects on the way to the templates, each with the fields that some kind has there, and not a
//! struct for each kind, because the [API's own types](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/)
//! repeat the same few shapes. How they are read is in `read.rs`. All is generic over what is read of a Pod's spec: all of it where the
//! object is judged, nothing where only its labels and replicas count.

use serde::Deserialize;

use super::{
    IntOrString, Metadata, PodSpec, PodStatus, SelectorView,
    autoscaler::AutoscalerSpec,
    pod::{PodCondition, Present},
    service::Service,
};
use crate::syntax::{
    List, Path, Str,
    json::{object, object_or_default},
};

/// An object of a known kind.
#[derive(Debug, Clone, Default)]
pub struct Object<'a, S = PodSpec<'a>> {
    /// Its JSON text, for what podgate skips as it reads; not of an object of a request that is read where it stands.
    pub text: Option<&'a str>,
    /// The JSON text of its `spec`, for the few rules that compare what podgate does not know; only of an UPDATE.
    pub spec_text: Option<&'a str>,
    /// The object's metadata.
    pub metadata: Metadata<'a>,
    /// Holds its Pods or templates: itself for a Pod, one template for most kinds, several for some.
    pub templates: Vec<Template<'a, S>>,
    /// A Pod's status; empty for other kinds.
    pub status: PodStatus<'a>,
    /// Holds what a workload's own spec says beside its template; empty for Pods. What a Job says is beside its template.
    pub controller: ControllerSpec<'a, S>,
    /// The volumes that the workload's claim templates give to its Pods, beside those that the Pod template declares.
    pub claims: Vec<Str<'a>>,
    /// The spec of a PodDisruptionBudget.
    pub budget: Option<BudgetSpec<'a>>,
    /// What a Service says.
    pub service: Option<Box<Service>>,
    /// The spec of an autoscaler. In a box: nearly all objects are something else.
    pub autoscaler: Option<Box<AutoscalerSpec<'a>>>,
}

impl<'a, S> Object<'a, S> {
    /// Returns the labels and annotations that the template's Pods get: a Pod's own are the object's.
    pub fn pod_metadata<'s>(&'s self, template: &'s Template<'a, S>) -> &'s Metadata<'a> {
        template.metadata.as_ref().unwrap_or(&self.metadata)
    }
}

/// A Pod or a Pod template, and where it stands.
#[derive(Debug, Clone, Default)]
pub struct Template<'a, S = PodSpec<'a>> {
    /// The place that holds `spec`: the root for a Pod, `spec.template` for a Deployment. Where the kind has containers and no
    /// Pod's spec, that of the container.
    pub path: Path,
    /// Says whether the kind has a container here and no Pod's spec: `spec` then holds this container and nothing else.
    pub is_container: bool,
    /// The template's own metadata; `None` where the object is the Pod.
    pub metadata: Option<Metadata<'a>>,
    /// The Pod's spec.
    pub spec: S,
    /// The Job that holds it, in a Job and in what makes Jobs.
    pub job: Option<Job<'a, S>>,
}

impl<S> Template<'_, S> {
    /// Returns the place of the spec; of a container alone, its own place.
    pub fn spec_at(&self) -> Path {
        if self.is_container { self.path.clone() } else { self.path.clone().key("spec") }
    }

    /// Returns the path of the spec's member `field`.
    pub fn spec_path(&self, field: &'static str) -> Path {
        self.spec_at().key(field)
    }
}

/// A Job's own facts, and where it stands.
#[derive(Debug, Clone, Default)]
pub struct Job<'a, S = PodSpec<'a>> {
    /// The place of the Job's spec: `spec` for a Job, `spec.jobTemplate.spec` for a CronJob.
    pub path: Path,
    /// Holds what the Job's spec says.
    pub spec: JobSpec<'a, S>,
}

/// `JobSpec`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[serde(bound(deserialize = "S: Default + Deserialize<'de>, 'de: 'a"))]
pub struct JobSpec<'a, S = PodSpec<'a>> {
    /// `backoffLimit`.
    pub backoff_limit: Option<i64>,
    /// `backoffLimitPerIndex`.
    pub backoff_limit_per_index: Option<i64>,
    /// `activeDeadlineSeconds`.
    pub active_deadline_seconds: Option<i64>,
    /// `ttlSecondsAfterFinished`.
    pub ttl_seconds_after_finished: Option<i64>,
    /// `completions`.
    pub completions: Option<i64>,
    /// `parallelism`.
    pub parallelism: Option<i64>,
    /// `completionMode`; empty means `NonIndexed`.
    #[serde(borrow)]
    pub completion_mode: Str<'a>,
    /// `maxFailedIndexes`.
    pub max_failed_indexes: Option<i64>,
    /// `suspend`.
    pub suspend: Option<bool>,
    /// `podFailurePolicy`.
    #[serde(borrow, deserialize_with = "object")]
    pub pod_failure_policy: Option<PodFailurePolicy<'a>>,
    /// Moved to [`Object::controller`] of a Job as the object is read.
    #[serde(borrow, deserialize_with = "object")]
    pub(super) selector: Option<SelectorView<'a>>,
    /// Moved to [`Object::templates`] as the object is read.
    #[serde(borrow, deserialize_with = "object")]
    pub(super) template: Option<Box<TemplateNode<'a, S>>>,
}

/// `PodFailurePolicy`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PodFailurePolicy<'a> {
    #[serde(borrow)]
    rules: List<PodFailureRule<'a>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodFailureRule<'a> {
    #[serde(borrow)]
    action: Str<'a>,
    #[serde(borrow)]
    on_pod_conditions: List<PodCondition<'a>>,
}

impl PodFailurePolicy<'_> {
    /// Returns whether one of its rules ignores failures of Pods with this condition. (`status` is `True` where it is not given.)
    pub fn ignores(&self, condition: &str) -> bool {
        let is_meant = |one: &PodCondition<'_>| one.kind == condition && matches!(&*one.status, "" | "True");
        self.rules.iter().any(|rule| rule.action == "Ignore" && rule.on_pod_conditions.iter().any(is_meant))
    }
}

/// Holds what the specs of workloads say. Which of the fields mean something depends on the kind.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[serde(bound(deserialize = "S: Default + Deserialize<'de>, 'de: 'a"))]
pub struct ControllerSpec<'a, S = PodSpec<'a>> {
    /// `replicas`.
    pub replicas: Option<i64>,
    /// `paused`.
    pub paused: Option<bool>,
    /// `minReadySeconds`.
    pub min_ready_seconds: Option<i64>,
    /// `progressDeadlineSeconds` of a Deployment.
    pub progress_deadline_seconds: Option<i64>,
    /// `selector`, where it is a label selector. The plain labels of a ReplicationController or DeploymentConfig are not read:
    /// they are an empty selector here.
    #[serde(borrow, deserialize_with = "object")]
    pub selector: Option<SelectorView<'a>>,
    /// `serviceName` of a StatefulSet.
    #[serde(borrow)]
    pub service_name: Str<'a>,
    /// `strategy` of a Deployment.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub strategy: Strategy<'a>,
    /// `updateStrategy` of a StatefulSet or DaemonSet.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub update_strategy: Strategy<'a>,
    /// `podManagementPolicy` of a StatefulSet; empty means `OrderedReady`.
    #[serde(borrow)]
    pub pod_management_policy: Str<'a>,
    /// `volumeClaimTemplates` of a StatefulSet or CloneSet; empty for other kinds.
    #[serde(borrow)]
    pub volume_claim_templates: List<VolumeClaimTemplate<'a>>,
    /// `concurrencyPolicy` of a CronJob.
    #[serde(borrow)]
    pub concurrency_policy: Str<'a>,
    /// `schedule` of a CronJob.
    #[serde(borrow)]
    pub schedule: Str<'a>,
    /// `timeZone` of a CronJob.
    #[serde(borrow)]
    pub time_zone: Option<Str<'a>>,
    /// `suspend` of a CronJob.
    pub suspend: Option<bool>,
    /// `startingDeadlineSeconds` of a CronJob.
    pub starting_deadline_seconds: Option<i64>,
    // The rest is moved to `Object::templates` as the object is read. In boxes, because it is large and mostly not there.
    #[serde(borrow, deserialize_with = "object")]
    pub(super) template: Option<Box<TemplateNode<'a, S>>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(super) job_template: Option<Box<JobNode<'a, S>>>,
}

/// `DeploymentStrategy` and its like.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Strategy<'a> {
    /// `type`; empty means `RollingUpdate`.
    #[serde(borrow, rename = "type")]
    pub kind: Str<'a>,
    /// `rollingUpdate`.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub rolling_update: RollingUpdate<'a>,
    /// `rollingParams` of a DeploymentConfig.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub rolling_params: RollingUpdate<'a>,
    /// `canary` of a Rollout.
    #[serde(borrow, deserialize_with = "object")]
    pub canary: Option<Canary<'a>>,
    /// `maxSurge` of a CloneSet, which has no `rollingUpdate`.
    #[serde(borrow)]
    pub max_surge: Option<IntOrString<'a>>,
    /// `maxUnavailable` of a CloneSet.
    #[serde(borrow)]
    pub max_unavailable: Option<IntOrString<'a>>,
}

/// `CanaryStrategy` of a Rollout.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Canary<'a> {
    /// `maxSurge`: a number or a percentage.
    #[serde(borrow)]
    pub max_surge: Option<IntOrString<'a>>,
    /// `maxUnavailable`: a number or a percentage.
    #[serde(borrow)]
    pub max_unavailable: Option<IntOrString<'a>>,
    /// `steps`.
    pub steps: List<Present>,
    /// `trafficRouting`: who gets traffic does not follow from the number of Pods then.
    #[serde(deserialize_with = "object")]
    pub traffic_routing: Option<Present>,
}

/// `RollingUpdateDeployment` and its like.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollingUpdate<'a> {
    /// `maxSurge`: a number or a percentage.
    #[serde(borrow)]
    pub max_surge: Option<IntOrString<'a>>,
    /// `maxUnavailable`: a number or a percentage.
    #[serde(borrow)]
    pub max_unavailable: Option<IntOrString<'a>>,
    /// `timeoutSeconds` of a DeploymentConfig's `rollingParams`: its progress deadline.
    pub timeout_seconds: Option<i64>,
    /// `partition` of a StatefulSet: Pods of lower ordinals are not updated.
    pub partition: Option<i64>,
}

/// One of `volumeClaimTemplates`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct VolumeClaimTemplate<'a> {
    /// `metadata`; its name is the volume's.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub metadata: Metadata<'a>,
}

/// `PodDisruptionBudgetSpec`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BudgetSpec<'a> {
    /// `minAvailable`: a number or a percentage.
    #[serde(borrow)]
    pub min_available: Option<IntOrString<'a>>,
    /// `maxUnavailable`: a number or a percentage.
    #[serde(borrow)]
    pub max_unavailable: Option<IntOrString<'a>>,
    /// `selector`; absent selects no Pod.
    #[serde(borrow, deserialize_with = "object")]
    pub selector: Option<SelectorView<'a>>,
    /// `unhealthyPodEvictionPolicy`.
    #[serde(borrow)]
    pub unhealthy_pod_eviction_policy: Str<'a>,
}

impl<'a, S> TemplateNode<'a, S> {
    /// Returns the template that stands at `path`.
    pub(super) fn at(self, path: Path) -> Template<'a, S> {
        Template { path, is_container: false, metadata: Some(self.metadata), spec: self.spec, job: None }
    }
}

impl<'a, S> JobSpec<'a, S> {
    /// Returns the template of a Job whose spec stands at `path`.
    pub(super) fn at(mut self, path: Path) -> Option<Template<'a, S>> {
        let template = self.template.take()?.at(path.clone().key("template"));
        Some(Template { job: Some(Job { path, spec: self }), ..template })
    }
}

/// `Pod`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pod<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(super) spec: Option<PodSpec<'a>>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub(super) status: PodStatus<'a>,
}

impl<'a> From<Pod<'a>> for Object<'a> {
    fn from(pod: Pod<'a>) -> Self {
        let Pod { metadata, spec, status } = pod;
        let templates = spec.map(|spec| Template { spec, ..Template::default() }).into_iter().collect();
        Self { metadata, templates, status, ..Self::default() }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[serde(bound(deserialize = "S: Default + Deserialize<'de>, 'de: 'a"))]
pub(super) struct TemplateNode<'a, S> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(deserialize_with = "object_or_default")]
    spec: S,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[serde(bound(deserialize = "S: Default + Deserialize<'de>, 'de: 'a"))]
pub(super) struct JobNode<'a, S> {
    #[serde(borrow, deserialize_with = "object")]
    pub(super) spec: Option<JobSpec<'a, S>>,
}
