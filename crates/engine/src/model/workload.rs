//! Knows the kinds: where each holds its Pod template(s), which restartPolicy it allows; and reads an object by that.
//!
//! A kind is one row of [`WORKLOADS`], and all that differs between kinds when an object is read is the row's `Nest`: the way from
//! the root to the Pod templates. There are structs for the objects on that way, each with the fields that some kind has
//! there, and not a struct for each kind, because the [API's own types](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/)
//! repeat the same few shapes. They are generic over what is read of a Pod's spec: all of it where the object is judged,
//! nothing where only its labels and replicas count. After reading, the templates move into [`Object`], each with its path, and
//! nobody has to know the way again. A PodDisruptionBudget is in the table too: it makes no Pods, but says what may happen to
//! them.

use serde::Deserialize;

use super::{IntOrString, Metadata, PodSpec, PodStatus, SelectorView, pod::Present};
use crate::syntax::{
    List, Path, ReadErrors, Str,
    json::{from_object, object, object_or_default},
};

/// Says where a kind holds the Pods that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nest {
    /// The object is a Pod.
    Pod,
    /// `template`
    Root,
    /// `spec.template`
    Spec,
    /// `spec.template` of a Job
    Job,
    /// `spec.jobTemplate.spec.template`
    CronJob,
    /// `spec.template.jobTemplate.spec.template` or `spec.template.broadcastJobTemplate.spec.template`
    AdvancedCronJob,
    /// `spec.replicatedJobs[].template.spec.template`
    ReplicatedJobs,
    /// `spec.leaderWorkerTemplate.leaderTemplate` and `.workerTemplate`
    LeaderWorker,
    /// The object is a PodDisruptionBudget.
    Budget,
}

/// Says which `restartPolicy` a kind allows in its Pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartPolicies {
    /// All three; or, where Knative decides, none that podgate judges.
    Any,
    /// `Always` only, the API's default.
    Always,
    /// `OnFailure` or `Never`, and one of them has to be said where the default is the API's, `Always`.
    OnFailureOrNever,
}

/// A kind that podgate judges.
#[derive(Debug, PartialEq, Eq)]
pub struct Workload {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Says which `restartPolicy` its Pods may have.
    pub restart_policies: RestartPolicies,
    /// The `restartPolicy` of a template that has none.
    pub default_restart_policy: &'static str,
    /// Says whether its probes are those that the kubelet will run: Knative rewrites them.
    pub probes_as_written: bool,
    nest: Nest,
}

const fn row(group: &'static str, kind: &'static str, nest: Nest, restart_policies: RestartPolicies) -> Workload {
    Workload { group, kind, restart_policies, default_restart_policy: "Always", probes_as_written: true, nest }
}

/// Returns the JobSet's own webhook fills the `restartPolicy` in.
const fn job_set() -> Workload {
    let row = row("jobset.x-k8s.io", "JobSet", Nest::ReplicatedJobs, RestartPolicies::OnFailureOrNever);
    Workload { default_restart_policy: "OnFailure", ..row }
}

const fn knative(kind: &'static str) -> Workload {
    let row = row("serving.knative.dev", kind, Nest::Spec, RestartPolicies::Any);
    Workload { probes_as_written: false, ..row }
}

/// Every kind that podgate knows. An unknown kind is left alone, never refused.
pub static WORKLOADS: &[Workload] = &[
    row("", "Pod", Nest::Pod, RestartPolicies::Any),
    row("", "PodTemplate", Nest::Root, RestartPolicies::Any),
    row("", "ReplicationController", Nest::Spec, RestartPolicies::Always),
    row("apps", "Deployment", Nest::Spec, RestartPolicies::Always),
    row("apps", "ReplicaSet", Nest::Spec, RestartPolicies::Always),
    row("apps", "StatefulSet", Nest::Spec, RestartPolicies::Always),
    row("apps", "DaemonSet", Nest::Spec, RestartPolicies::Always),
    row("batch", "Job", Nest::Job, RestartPolicies::OnFailureOrNever),
    row("batch", "CronJob", Nest::CronJob, RestartPolicies::OnFailureOrNever),
    row("argoproj.io", "Rollout", Nest::Spec, RestartPolicies::Always),
    row("apps.kruise.io", "CloneSet", Nest::Spec, RestartPolicies::Always),
    row("apps.kruise.io", "StatefulSet", Nest::Spec, RestartPolicies::Always),
    row("apps.kruise.io", "DaemonSet", Nest::Spec, RestartPolicies::Always),
    row("apps.kruise.io", "BroadcastJob", Nest::Job, RestartPolicies::OnFailureOrNever),
    row("apps.kruise.io", "AdvancedCronJob", Nest::AdvancedCronJob, RestartPolicies::OnFailureOrNever),
    job_set(),
    row("leaderworkerset.x-k8s.io", "LeaderWorkerSet", Nest::LeaderWorker, RestartPolicies::Always),
    knative("Service"),
    knative("Configuration"),
    row("policy", "PodDisruptionBudget", Nest::Budget, RestartPolicies::Any),
];

impl Workload {
    /// Returns the kind's row, by API group (empty for core) and kind.
    pub fn find(group: &str, kind: &str) -> Option<&'static Self> {
        WORKLOADS.iter().find(|row| row.kind == kind && row.group == group)
    }

    /// Returns the kind's row, by API group and resource, such as `deployments`.
    pub fn by_resource(group: &str, resource: &str) -> Option<&'static Self> {
        WORKLOADS.iter().find(|row| {
            let singular = resource.strip_suffix('s').unwrap_or_default();
            row.group == group && row.kind.eq_ignore_ascii_case(singular)
        })
    }

    /// Returns whether a kind of this name, of any group, makes Pods.
    pub fn is_kind(kind: &str) -> bool {
        WORKLOADS.iter().any(|row| row.kind == kind && row.makes_pods())
    }

    /// Returns whether the object makes Pods, or objects that do.
    pub fn makes_pods(&self) -> bool {
        !matches!(self.nest, Nest::Pod | Nest::Budget)
    }

    /// Returns whether the object is itself a Pod, not something that makes Pods.
    pub fn is_pod(&self) -> bool {
        self.nest == Nest::Pod
    }

    /// Returns whether it is this kind of the built-in API.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    /// Returns whether its Pods are those of a Job: they run to completion.
    pub fn is_job(&self) -> bool {
        self.restart_policies == RestartPolicies::OnFailureOrNever
    }

    /// Reads an object of this kind from JSON text.
    pub fn read<'a>(&'static self, text: &'a str) -> Result<Object<'a>, ReadErrors> {
        match self.nest {
            Nest::Pod => from_object::<Pod<'a>>(text).map(Object::from),
            Nest::Budget => {
                let BudgetRoot { metadata, spec } = from_object(text)?;
                Ok(Object { metadata, budget: Some(spec), ..Object::default() })
            }
            _ => self.read_workload(text),
        }
    }

    /// Reads an object that makes Pods, whose specs are read as `S`: nothing is read of them as [`Present`].
    pub(super) fn read_workload<'a, S>(&'static self, text: &'a str) -> Result<Object<'a, S>, ReadErrors>
    where
        S: Default + Deserialize<'a>,
    {
        let mut object = Object::default();
        // What a Job says beside its template is in a struct of its own, read from the same text.
        let job_node = if self.nest == Nest::Job { from_object(text).map(Some) } else { Ok(None) };
        let (root, job_node) = match (from_object(text), job_node) {
            (Ok(root), Ok(job_node)) => (root, job_node),
            (Err(errors), Err(others)) => return Err(errors.and(others)),
            (Err(errors), _) | (_, Err(errors)) => return Err(errors),
        };
        let Root { metadata, mut spec, template: root_template } = root;
        object.metadata = metadata;
        object.templates = match self.nest {
            Nest::Pod | Nest::Budget => Vec::new(),
            Nest::Root => template(&["template"], root_template),
            Nest::Spec => template(&["spec", "template"], spec.template.take()),
            Nest::Job => job(Path::default(), job_node),
            Nest::CronJob => job(Path::of(&["spec", "jobTemplate"]), spec.job_template.take()),
            Nest::AdvancedCronJob => {
                let base = Path::of(&["spec", "template"]);
                let inner = spec.template.take().unwrap_or_default();
                let mut templates = job(base.clone().key("jobTemplate"), inner.job_template);
                templates.extend(job(base.key("broadcastJobTemplate"), inner.broadcast_job_template));
                templates
            }
            Nest::ReplicatedJobs => {
                let base = Path::of(&["spec", "replicatedJobs"]);
                let jobs = (0..).zip(std::mem::take(&mut spec.replicated_jobs).into_vec());
                object.claims =
                    spec.volume_claim_policies.iter().flat_map(|policy| claims(&policy.templates)).collect();
                jobs.flat_map(|(index, node)| job(base.clone().index(index).key("template"), node.template)).collect()
            }
            Nest::LeaderWorker => {
                let inner = spec.leader_worker_template.take().unwrap_or_default();
                object.claims = claims(&inner.volume_claim_templates);
                let mut templates =
                    template(&["spec", "leaderWorkerTemplate", "leaderTemplate"], inner.leader_template);
                templates.extend(template(&["spec", "leaderWorkerTemplate", "workerTemplate"], inner.worker_template));
                templates
            }
        };
        if matches!(self.kind, "StatefulSet" | "CloneSet") {
            object.claims = claims(&spec.volume_claim_templates);
        } else {
            spec.volume_claim_templates = List::default();
        }
        object.controller = spec;
        Ok(object)
    }
}

/// An object of a known kind.
#[derive(Debug, Clone, Default)]
pub struct Object<'a, S = PodSpec<'a>> {
    /// The JSON text of its `spec`, for the few rules that compare what podgate does not know; only of an UPDATE.
    pub spec_text: Option<&'a str>,
    /// The object's metadata.
    pub metadata: Metadata<'a>,
    /// Holds its Pods or templates: itself for a Pod, one template for most kinds, several for some.
    pub templates: Vec<Template<'a, S>>,
    /// A Pod's status; empty for other kinds.
    pub status: PodStatus<'a>,
    /// Holds what a workload's own spec says beside its template; empty for Pods.
    pub controller: ControllerSpec<'a, S>,
    /// The volumes that the workload's claim templates give to its Pods, beside those that the Pod template declares.
    pub claims: Vec<Str<'a>>,
    /// The spec of a PodDisruptionBudget.
    pub budget: Option<BudgetSpec<'a>>,
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
    /// The place that holds `spec`: the root for a Pod, `spec.template` for a Deployment.
    pub path: Path,
    /// The template's own metadata; `None` where the object is the Pod.
    pub metadata: Option<Metadata<'a>>,
    /// The Pod's spec.
    pub spec: S,
    /// The Job that holds it, in a Job and in what makes Jobs.
    pub job: Option<Job<'a, S>>,
}

impl<S> Template<'_, S> {
    /// Returns the path of the spec's member `field`.
    pub fn spec_path(&self, field: &'static str) -> Path {
        self.path.clone().keys(&["spec", field])
    }
}

/// A Job's own facts, and where it stands.
#[derive(Debug, Clone, Default)]
pub struct Job<'a, S = PodSpec<'a>> {
    /// The place that holds the Job's `spec`: the root for a Job, `spec.jobTemplate` for a CronJob.
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
    /// `podFailurePolicy`.
    #[serde(deserialize_with = "object")]
    pub pod_failure_policy: Option<Present>,
    /// Moved to [`Object::templates`] as the object is read.
    #[serde(borrow, deserialize_with = "object")]
    template: Option<Box<TemplateNode<'a, S>>>,
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
    /// `strategy` of a Deployment.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub strategy: Strategy<'a>,
    /// `updateStrategy` of a StatefulSet or DaemonSet.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub update_strategy: Strategy<'a>,
    /// `volumeClaimTemplates` of a StatefulSet or CloneSet; empty for other kinds.
    #[serde(borrow)]
    pub volume_claim_templates: List<VolumeClaimTemplate<'a>>,
    /// `concurrencyPolicy` of a CronJob.
    #[serde(borrow)]
    pub concurrency_policy: Str<'a>,
    /// `startingDeadlineSeconds` of a CronJob.
    pub starting_deadline_seconds: Option<i64>,
    // The rest is moved to `Object::templates` as the object is read. In boxes, because it is large and mostly not there.
    #[serde(borrow, deserialize_with = "object")]
    template: Option<Box<TemplateNode<'a, S>>>,
    #[serde(borrow, deserialize_with = "object")]
    job_template: Option<Box<JobNode<'a, S>>>,
    #[serde(borrow)]
    replicated_jobs: List<ReplicatedJob<'a, S>>,
    #[serde(borrow)]
    volume_claim_policies: List<VolumeClaimPolicy<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    leader_worker_template: Option<Box<LeaderWorkerTemplate<'a, S>>>,
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
}

/// One of `volumeClaimTemplates`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct VolumeClaimTemplate<'a> {
    /// `metadata`; its name is the volume's.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub metadata: Metadata<'a>,
}

/// One of a JobSet's `volumeClaimPolicies`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct VolumeClaimPolicy<'a> {
    #[serde(borrow)]
    templates: List<VolumeClaimTemplate<'a>>,
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

fn claims<'a>(templates: &[VolumeClaimTemplate<'a>]) -> Vec<Str<'a>> {
    templates.iter().map(|claim| claim.metadata.name.clone()).collect()
}

fn template<'a, S>(at: &[&'static str], node: Option<Box<TemplateNode<'a, S>>>) -> Vec<Template<'a, S>> {
    let node =
        node.map(|node| Template { path: Path::of(at), metadata: Some(node.metadata), spec: node.spec, job: None });
    node.into_iter().collect()
}

/// Returns the template of a Job that stands at `path`.
fn job<S>(path: Path, node: Option<Box<JobNode<'_, S>>>) -> Vec<Template<'_, S>> {
    let Some(mut spec) = node.and_then(|node| node.spec) else { return Vec::new() };
    let Some(node) = spec.template.take() else { return Vec::new() };
    let (metadata, at) = (Some(node.metadata), path.clone().keys(&["spec", "template"]));
    vec![Template { path: at, metadata, spec: node.spec, job: Some(Job { path, spec }) }]
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

#[derive(Default, Deserialize)]
#[serde(default)]
struct BudgetRoot<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    spec: BudgetSpec<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
#[serde(bound(deserialize = "S: Default + Deserialize<'de>, 'de: 'a"))]
struct Root<'a, S> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    spec: ControllerSpec<'a, S>,
    #[serde(borrow, deserialize_with = "object")]
    template: Option<Box<TemplateNode<'a, S>>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[serde(bound(deserialize = "S: Default + Deserialize<'de>, 'de: 'a"))]
struct TemplateNode<'a, S> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(deserialize_with = "object_or_default")]
    spec: S,
    #[serde(borrow, deserialize_with = "object")]
    job_template: Option<Box<JobNode<'a, S>>>,
    #[serde(borrow, deserialize_with = "object")]
    broadcast_job_template: Option<Box<JobNode<'a, S>>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[serde(bound(deserialize = "S: Default + Deserialize<'de>, 'de: 'a"))]
struct JobNode<'a, S> {
    #[serde(borrow, deserialize_with = "object")]
    spec: Option<JobSpec<'a, S>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[serde(bound(deserialize = "S: Default + Deserialize<'de>, 'de: 'a"))]
struct ReplicatedJob<'a, S> {
    #[serde(borrow, deserialize_with = "object")]
    template: Option<Box<JobNode<'a, S>>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[serde(bound(deserialize = "S: Default + Deserialize<'de>, 'de: 'a"))]
struct LeaderWorkerTemplate<'a, S> {
    #[serde(borrow, deserialize_with = "object")]
    leader_template: Option<Box<TemplateNode<'a, S>>>,
    #[serde(borrow, deserialize_with = "object")]
    worker_template: Option<Box<TemplateNode<'a, S>>>,
    #[serde(borrow)]
    volume_claim_templates: List<VolumeClaimTemplate<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_finds_its_templates() {
        let pod = r#"{"spec": {"containers": [{"name": "c"}]}}"#;
        let job = format!(r#"{{"spec": {{"template": {pod}}}}}"#);
        let cases = [
            ("", "Pod", pod.to_owned(), vec![""]),
            ("", "PodTemplate", format!(r#"{{"template": {pod}}}"#), vec!["template"]),
            ("apps", "Deployment", format!(r#"{{"spec": {{"template": {pod}}}}}"#), vec!["spec.template"]),
            ("serving.knative.dev", "Service", format!(r#"{{"spec": {{"template": {pod}}}}}"#), vec!["spec.template"]),
            (
                "batch",
                "CronJob",
                format!(r#"{{"spec": {{"jobTemplate": {job}}}}}"#),
                vec!["spec.jobTemplate.spec.template"],
            ),
            (
                "apps.kruise.io",
                "AdvancedCronJob",
                format!(r#"{{"spec": {{"template": {{"broadcastJobTemplate": {job}}}}}}}"#),
                vec!["spec.template.broadcastJobTemplate.spec.template"],
            ),
            (
                "jobset.x-k8s.io",
                "JobSet",
                format!(r#"{{"spec": {{"replicatedJobs": [{{"template": {job}}}, {{"template": {job}}}]}}}}"#),
                vec!["spec.replicatedJobs[0].template.spec.template", "spec.replicatedJobs[1].template.spec.template"],
            ),
            (
                "leaderworkerset.x-k8s.io",
                "LeaderWorkerSet",
                format!(
                    r#"{{"spec": {{"leaderWorkerTemplate": {{"leaderTemplate": {pod}, "workerTemplate": {pod}}}}}}}"#
                ),
                vec!["spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"],
            ),
        ];
        for (group, kind, text, paths) in cases {
            let object = Workload::find(group, kind).unwrap().read(&text).unwrap();
            let found: Vec<String> = object.templates.iter().map(|template| template.path.to_string()).collect();
            assert_eq!(found, paths, "{kind}");
            assert!(object.templates.iter().all(|template| template.spec.containers[0].name == "c"), "{kind}");
        }
    }

    #[test]
    fn claim_templates_give_volumes() {
        let claim = r#"{"metadata": {"name": "data"}}"#;
        let of_set = format!(r#"{{"spec": {{"volumeClaimTemplates": [{claim}]}}}}"#);
        for (group, kind, text, claims) in [
            ("apps", "StatefulSet", of_set.clone(), vec!["data"]),
            ("apps.kruise.io", "CloneSet", of_set.clone(), vec!["data"]),
            ("apps", "Deployment", of_set, vec![]),
            (
                "leaderworkerset.x-k8s.io",
                "LeaderWorkerSet",
                format!(r#"{{"spec": {{"leaderWorkerTemplate": {{"volumeClaimTemplates": [{claim}]}}}}}}"#),
                vec!["data"],
            ),
            (
                "jobset.x-k8s.io",
                "JobSet",
                format!(r#"{{"spec": {{"volumeClaimPolicies": [{{"templates": [{claim}]}}]}}}}"#),
                vec!["data"],
            ),
        ] {
            assert_eq!(Workload::find(group, kind).unwrap().read(&text).unwrap().claims, claims, "{kind}");
        }
    }

    #[test]
    fn kinds_are_told_apart_by_group() {
        assert!(Workload::find("", "Deployment").is_none());
        assert!(Workload::find("", "Service").is_none());
        assert!(!Workload::find("serving.knative.dev", "Service").unwrap().probes_as_written);
    }

    #[test]
    fn objects_without_templates_have_none() {
        for row in WORKLOADS.iter().filter(|row| !row.is_pod()) {
            for text in ["{}", r#"{"spec": null}"#, r#"{"spec": {"template": null}, "template": null}"#] {
                assert!(row.read(text).unwrap().templates.is_empty(), "{} {text}", row.kind);
            }
        }
    }
}
