//! `Object`: an object of a known kind, with its Pod templates, each with its place.
//!
//! The kinds of the built-in API, and those that are made like them, are read in one pass. There are structs for the objects on
//! the way to the templates, each with the fields that some kind has there, and not a struct for each kind, because the
//! [API's own types](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/) repeat the same few shapes. The
//! templates of other kinds stand at the places that their row of the table names, and are read from there. All is generic over
//! what is read of a Pod's spec: all of it where the object is judged, nothing where only its labels and replicas count.

use serde::Deserialize;

use super::{
    Container, IntOrString, Metadata, PodSpec, PodStatus, SelectorView, Workload,
    autoscaler::AutoscalerSpec,
    pod::{PodCondition, Present},
    service::{Service, read_service},
    workload::{Holds, Layout, Place},
};
use crate::syntax::{
    List, Path, ReadErrors, Str,
    json::{from_object, object, object_or_default},
    pattern,
};

impl Workload {
    /// Reads an object of this kind from JSON text.
    pub fn read<'a>(&'static self, text: &'a str) -> Result<Object<'a>, ReadErrors> {
        let object = match self.layout {
            Layout::Pod => Object::from(from_object::<Pod<'a>>(text)?),
            Layout::Budget => {
                let BudgetRoot { metadata, spec } = from_object(text)?;
                Object { metadata, budget: Some(spec), ..Object::default() }
            }
            Layout::Service => {
                let (metadata, service) = read_service(text)?;
                Object { metadata, service: Some(Box::new(service)), ..Object::default() }
            }
            Layout::Autoscaler => {
                let AutoscalerRoot { metadata, spec } = from_object(text)?;
                Object { metadata, autoscaler: Some(spec), ..Object::default() }
            }
            Layout::Places { places, .. } => {
                let mut object = self.read_workload(text)?;
                object.templates.extend(read_containers(places, text)?);
                object
            }
            _ => self.read_workload(text)?,
        };
        Ok(Object { text: Some(text), ..object })
    }

    /// Reads an object that makes Pods, whose specs are read as `S`: nothing is read of them as [`Present`]. Containers that
    /// are in no Pod's spec are not read.
    pub(super) fn read_workload<'a, S>(&'static self, text: &'a str) -> Result<Object<'a, S>, ReadErrors>
    where
        S: Default + Deserialize<'a>,
    {
        if let Layout::Places { places, claims } = self.layout {
            let Root { metadata, .. }: Root<'a, Present, Present> = from_object(text)?;
            let (templates, claims) = (read_places(places, text)?, read_claims(claims, text)?);
            return Ok(Object { metadata, templates, claims, ..Object::default() });
        }
        let mut object = Object::default();
        // What a Job says beside its template is in a struct of its own, read from the same text.
        let job_node: Result<Option<JobNode<'a, S>>, _> =
            if self.layout == Layout::Job { from_object(text).map(Some) } else { Ok(None) };
        let root: Result<Root<'a, ControllerSpec<'a, S>, S>, _> = from_object(text);
        let (root, job_node) = match (root, job_node) {
            (Ok(root), Ok(job_node)) => (root, job_node),
            (Err(errors), Err(others)) => return Err(errors.and(others)),
            (Err(errors), _) | (_, Err(errors)) => return Err(errors),
        };
        let Root { metadata, mut spec, template: root_template } = root;
        let job = |at: &[&'static str], node: Option<JobNode<'a, S>>| node?.spec?.at(Path::of(at));
        object.metadata = metadata;
        let template = match self.layout {
            Layout::Pod | Layout::Budget | Layout::Service | Layout::Autoscaler | Layout::Places { .. } => None,
            Layout::Template => root_template.map(|node| node.at(Path::of(&["template"]))),
            Layout::Workload => spec.template.take().map(|node| node.at(Path::of(&["spec", "template"]))),
            Layout::Job => job(&["spec"], job_node),
            Layout::CronJob => job(&["spec", "jobTemplate", "spec"], spec.job_template.take().map(|node| *node)),
        };
        object.templates = template.into_iter().collect();
        if self.has_claim_templates {
            object.claims = spec.volume_claim_templates.iter().map(|claim| claim.metadata.name.clone()).collect();
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
    /// Its JSON text, for what podgate skips as it reads; not of Pods of a request, which are read where they stand.
    pub text: Option<&'a str>,
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
    /// Moved to [`Object::templates`] as the object is read.
    #[serde(borrow, deserialize_with = "object")]
    template: Option<Box<TemplateNode<'a, S>>>,
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
    template: Option<Box<TemplateNode<'a, S>>>,
    #[serde(borrow, deserialize_with = "object")]
    job_template: Option<Box<JobNode<'a, S>>>,
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
    fn at(self, path: Path) -> Template<'a, S> {
        Template { path, is_container: false, metadata: Some(self.metadata), spec: self.spec, job: None }
    }
}

impl<'a, S> JobSpec<'a, S> {
    /// Returns the template of a Job whose spec stands at `path`.
    fn at(mut self, path: Path) -> Option<Template<'a, S>> {
        let template = self.template.take()?.at(path.clone().key("template"));
        Some(Template { job: Some(Job { path, spec: self }), ..template })
    }
}

/// Reads what stands at a place of an object.
fn read_at<'a, T: Deserialize<'a>>(at: &Path, text: &'a str) -> Result<T, ReadErrors> {
    from_object(text).map_err(|errors| errors.within(at))
}

/// Reads the Pod templates, and the Jobs, at the places that a kind has them at.
fn read_places<'a, S>(places: &[Place], text: &'a str) -> Result<Vec<Template<'a, S>>, ReadErrors>
where
    S: Default + Deserialize<'a>,
{
    let mut templates = Vec::new();
    for place in places.iter().filter(|place| place.holds != Holds::Container) {
        for (at, text) in pattern::places(text, place.at)? {
            match place.holds {
                Holds::JobSpec => templates.extend(read_at::<JobSpec<'a, S>>(&at, text)?.at(at)),
                _ => templates.push(read_at::<TemplateNode<'a, S>>(&at, text)?.at(at)),
            }
        }
    }
    Ok(templates)
}

/// Reads the containers at the places that a kind has them at, each as the only one of a Pod that is never restarted. What is
/// mounted is declared somewhere else, and is not read.
fn read_containers<'a>(places: &[Place], text: &'a str) -> Result<Vec<Template<'a>>, ReadErrors> {
    let mut templates = Vec::new();
    for place in places.iter().filter(|place| place.holds == Holds::Container) {
        for (path, text) in pattern::places(text, place.at)? {
            let mut container: Container<'a> = read_at(&path, text)?;
            (container.volume_mounts, container.volume_devices) = Default::default();
            if container.name.is_empty() {
                let field = place.at.trim_end_matches("[*]").rsplit('.').next();
                container.name = field.unwrap_or_default().into();
            }
            let spec = PodSpec { containers: [container].into_iter().collect(), ..PodSpec::default() };
            templates.push(Template { path, is_container: true, metadata: None, spec, job: None });
        }
    }
    Ok(templates)
}

/// Returns the names of the claim templates at the places that a kind has them at.
fn read_claims<'a>(places: &[&str], text: &'a str) -> Result<Vec<Str<'a>>, ReadErrors> {
    let mut names = Vec::new();
    for place in places {
        for (at, text) in pattern::places(text, place)? {
            names.push(read_at::<VolumeClaimTemplate<'a>>(&at, text)?.metadata.name);
        }
    }
    Ok(names)
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
struct AutoscalerRoot<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    spec: Box<AutoscalerSpec<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
#[serde(bound(deserialize = "C: Default + Deserialize<'de>, S: Default + Deserialize<'de>, 'de: 'a"))]
struct Root<'a, C, S> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(deserialize_with = "object_or_default")]
    spec: C,
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
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[serde(bound(deserialize = "S: Default + Deserialize<'de>, 'de: 'a"))]
struct JobNode<'a, S> {
    #[serde(borrow, deserialize_with = "object")]
    spec: Option<JobSpec<'a, S>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::workload::WORKLOADS;

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
    fn objects_without_templates_have_none() {
        for row in WORKLOADS.iter().filter(|row| !row.is_pod()) {
            for text in ["{}", r#"{"spec": null}"#, r#"{"spec": {"template": null}, "template": null}"#] {
                assert!(row.read(text).unwrap().templates.is_empty(), "{} {text}", row.kind);
            }
        }
    }

    #[test]
    fn containers_without_a_pod_stand_alone() {
        let text = r#"{"spec": {"steps": [
            {"name": "build", "image": "a", "volumeMounts": [{"name": "source", "mountPath": "/s"}]}, {"image": "b"}
        ]}}"#;
        let object = Workload::find("tekton.dev", "Task").unwrap().read(text).unwrap();
        let [build, other] = object.templates.as_slice() else { panic!("{object:?}") };
        assert_eq!((build.spec_at().to_string(), build.is_container), ("spec.steps[0]".to_owned(), true));
        let container = &build.spec.containers[0];
        assert!(container.name == "build" && container.volume_mounts.is_empty(), "{container:?}");
        assert_eq!(other.spec.containers[0].name, "steps");
        let wrong = Workload::find("tekton.dev", "Task").unwrap().read(r#"{"spec": {"steps": [{"ports": 1}]}}"#);
        assert_eq!(wrong.unwrap_err().to_string(), "spec.steps[0].ports: is 1; a list is expected");
    }
}
