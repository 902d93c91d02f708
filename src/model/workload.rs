//! The one table of kinds: where each holds its Pod template(s) and which restartPolicy it allows; and the object read by it.

use serde::Deserialize;

use super::{
    Metadata, Path, PodSpec, PodStatus,
    json::{List, from_object, object, object_or_default},
};

/// Where a kind holds the Pods that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nest {
    /// The object is a Pod.
    Pod,
    /// `template`
    Root,
    /// `spec.template`
    Spec,
    /// `spec.jobTemplate.spec.template`
    CronJob,
    /// `spec.template.jobTemplate.spec.template` or `spec.template.broadcastJobTemplate.spec.template`
    AdvancedCronJob,
    /// `spec.replicatedJobs[].template.spec.template`
    ReplicatedJobs,
    /// `spec.leaderWorkerTemplate.leaderTemplate` and `.workerTemplate`
    LeaderWorker,
}

/// Which `restartPolicy` a kind allows in its Pods.
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
    /// Which `restartPolicy` its Pods may have.
    pub restart_policies: RestartPolicies,
    /// The `restartPolicy` of a template that has none.
    pub default_restart_policy: &'static str,
    /// Whether its probes are those that the kubelet will run: Knative rewrites them.
    pub probes_as_written: bool,
    nest: Nest,
}

const fn row(group: &'static str, kind: &'static str, nest: Nest, restart_policies: RestartPolicies) -> Workload {
    Workload { group, kind, restart_policies, default_restart_policy: "Always", probes_as_written: true, nest }
}

/// The JobSet's own webhook fills the `restartPolicy` in.
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
    row("batch", "Job", Nest::Spec, RestartPolicies::OnFailureOrNever),
    row("batch", "CronJob", Nest::CronJob, RestartPolicies::OnFailureOrNever),
    row("argoproj.io", "Rollout", Nest::Spec, RestartPolicies::Always),
    row("apps.kruise.io", "CloneSet", Nest::Spec, RestartPolicies::Always),
    row("apps.kruise.io", "StatefulSet", Nest::Spec, RestartPolicies::Always),
    row("apps.kruise.io", "DaemonSet", Nest::Spec, RestartPolicies::Always),
    row("apps.kruise.io", "BroadcastJob", Nest::Spec, RestartPolicies::OnFailureOrNever),
    row("apps.kruise.io", "AdvancedCronJob", Nest::AdvancedCronJob, RestartPolicies::OnFailureOrNever),
    job_set(),
    row("leaderworkerset.x-k8s.io", "LeaderWorkerSet", Nest::LeaderWorker, RestartPolicies::Always),
    knative("Service"),
    knative("Configuration"),
];

impl Workload {
    /// The kind's row, by API group (empty for core) and kind.
    pub fn find(group: &str, kind: &str) -> Option<&'static Self> {
        WORKLOADS.iter().find(|row| row.kind == kind && row.group == group)
    }

    /// Whether the object is itself a Pod, not something that makes Pods.
    pub fn is_pod(&self) -> bool {
        self.nest == Nest::Pod
    }

    /// Whether its Pods are those of a Job: they run to completion.
    pub fn is_job(&self) -> bool {
        self.restart_policies == RestartPolicies::OnFailureOrNever
    }

    /// Reads an object of this kind from JSON text. The error names the field.
    pub fn read<'a>(&'static self, text: &'a str) -> Result<Object<'a>, String> {
        if self.is_pod() {
            let root: PodRoot<'a> = from_object(text)?;
            let template =
                Template { path: Path::default(), metadata: None, spec: root.spec, pod_failure_policy: false };
            return Ok(Object {
                text,
                metadata: root.metadata,
                templates: vec![template],
                status: root.status.unwrap_or_default(),
            });
        }
        let root: Root<'a> = from_object(text)?;
        let spec = root.spec.unwrap_or_default();
        let templates = match self.nest {
            Nest::Pod => Vec::new(),
            Nest::Root => template(&["template"], root.template),
            Nest::Spec => {
                let mut templates = template(&["spec", "template"], spec.template);
                for template in &mut templates {
                    template.pod_failure_policy = spec.pod_failure_policy.is_some();
                }
                templates
            }
            Nest::CronJob => job(Path::of(&["spec", "jobTemplate"]), spec.job_template),
            Nest::AdvancedCronJob => {
                let base = Path::of(&["spec", "template"]);
                let inner = spec.template.unwrap_or_default();
                let mut templates = job(base.clone().key("jobTemplate"), inner.job_template.map(|node| *node));
                templates.extend(job(base.key("broadcastJobTemplate"), inner.broadcast_job_template.map(|node| *node)));
                templates
            }
            Nest::ReplicatedJobs => (0..)
                .zip(spec.replicated_jobs.into_vec())
                .flat_map(|(index, replicated)| {
                    job(Path::of(&["spec", "replicatedJobs"]).index(index).key("template"), replicated.template)
                })
                .collect(),
            Nest::LeaderWorker => {
                let inner = spec.leader_worker_template.unwrap_or_default();
                let mut templates =
                    template(&["spec", "leaderWorkerTemplate", "leaderTemplate"], inner.leader_template);
                templates.extend(template(&["spec", "leaderWorkerTemplate", "workerTemplate"], inner.worker_template));
                templates
            }
        };
        Ok(Object { text, metadata: root.metadata, templates, status: PodStatus::default() })
    }
}

/// An object of a known kind.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    /// The object's own JSON text, for the few rules that compare what podgate does not know.
    pub text: &'a str,
    /// The object's metadata.
    pub metadata: Metadata<'a>,
    /// What it says of Pods: itself for a Pod, one template for most kinds, several for some.
    pub templates: Vec<Template<'a>>,
    /// A Pod's status; empty for other kinds.
    pub status: PodStatus<'a>,
}

impl<'a> Object<'a> {
    /// The labels and annotations that the template's Pods get: a Pod's own are the object's.
    pub fn pod_metadata<'s>(&'s self, template: &'s Template<'a>) -> &'s Metadata<'a> {
        template.metadata.as_ref().unwrap_or(&self.metadata)
    }
}

/// A Pod or a Pod template, and where it stands.
#[derive(Debug, Clone)]
pub struct Template<'a> {
    /// The place that holds `spec`: the root for a Pod, `spec.template` for a Deployment.
    pub path: Path,
    /// The template's own metadata; `None` where the object is the Pod.
    pub metadata: Option<Metadata<'a>>,
    /// The Pod's spec.
    pub spec: PodSpec<'a>,
    /// Whether the Job that holds it has a `podFailurePolicy`.
    pub pod_failure_policy: bool,
}

impl Template<'_> {
    /// The path of the spec's member `field`.
    pub fn spec_path(&self, field: &'static str) -> Path {
        self.path.clone().keys(&["spec", field])
    }
}

fn template<'a>(at: &[&'static str], node: Option<TemplateNode<'a>>) -> Vec<Template<'a>> {
    placed(Path::of(at), node).into_iter().collect()
}

fn placed(path: Path, node: Option<TemplateNode<'_>>) -> Option<Template<'_>> {
    node.map(|node| Template { path, metadata: Some(node.metadata), spec: node.spec, pod_failure_policy: false })
}

fn job(path: Path, node: Option<JobNode<'_>>) -> Vec<Template<'_>> {
    let Some(spec) = node.and_then(|node| node.spec) else { return Vec::new() };
    let template = placed(path.keys(&["spec", "template"]), spec.template);
    let pod_failure_policy = spec.pod_failure_policy.is_some();
    template.into_iter().map(|template| Template { pod_failure_policy, ..template }).collect()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodRoot<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    spec: PodSpec<'a>,
    #[serde(borrow, deserialize_with = "object")]
    status: Option<PodStatus<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Root<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "object")]
    spec: Option<Spec<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    template: Option<TemplateNode<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec<'a> {
    #[serde(borrow, deserialize_with = "object")]
    template: Option<TemplateNode<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    job_template: Option<JobNode<'a>>,
    #[serde(borrow)]
    replicated_jobs: List<ReplicatedJob<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    leader_worker_template: Option<LeaderWorkerTemplate<'a>>,
    #[serde(deserialize_with = "object")]
    pod_failure_policy: Option<Present>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TemplateNode<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    spec: PodSpec<'a>,
    #[serde(borrow, deserialize_with = "object")]
    job_template: Option<Box<JobNode<'a>>>,
    #[serde(borrow, deserialize_with = "object")]
    broadcast_job_template: Option<Box<JobNode<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobNode<'a> {
    #[serde(borrow, deserialize_with = "object")]
    spec: Option<JobSpec<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct JobSpec<'a> {
    #[serde(borrow, deserialize_with = "object")]
    template: Option<TemplateNode<'a>>,
    #[serde(deserialize_with = "object")]
    pod_failure_policy: Option<Present>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReplicatedJob<'a> {
    #[serde(borrow, deserialize_with = "object")]
    template: Option<JobNode<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LeaderWorkerTemplate<'a> {
    #[serde(borrow, deserialize_with = "object")]
    leader_template: Option<TemplateNode<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    worker_template: Option<TemplateNode<'a>>,
}

/// An object of which only its presence counts.
#[derive(Deserialize)]
struct Present {}

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
