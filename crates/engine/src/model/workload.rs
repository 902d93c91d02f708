//! Knows the kinds: where each holds its Pod template(s), which restartPolicy it allows, how it replaces its Pods.
//!
//! A kind is one row of [`WORKLOADS`]; a policy may add [more](super::WorkloadTable). All that differs between kinds when an object is read
//! is the row's `Layout`. PodDisruptionBudgets, Services and autoscalers are in the table too: they make no Pods, but say what may happen
//! to them, who gets to them, and how many there are.

/// Says where a kind holds the Pods that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// The object is a Pod.
    Pod,
    /// `template`
    Template,
    /// `spec.template`, with the fields of what keeps replicas beside it.
    Workload,
    /// `spec.template` of a Job.
    Job,
    /// `spec.jobTemplate.spec.template`
    CronJob,
    /// At these places; and these are its claim templates.
    Places { places: &'static [Place], claims: &'static [&'static str] },
    /// The object is a PodDisruptionBudget.
    Budget,
    /// The object is a Service.
    Service,
    /// The object is an autoscaler.
    Autoscaler,
}

/// Some places of a kind that hold the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The way to them, as [`crate::syntax::pattern`] takes it.
    pub at: &'static str,
    /// Says what is there.
    pub holds: Holds,
}

/// Says what stands at a place of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A Pod template: `metadata` and `spec`.
    Template,
    /// The `spec` of a Job.
    JobSpec,
    /// A container, of a Pod that somebody else puts together.
    Container,
}

/// Says how a kind replaces its Pods, and where it says so: see `lifecycle::rollout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updates {
    /// It does not, or in a way that is not judged.
    No,
    /// As a Deployment.
    Deployment,
    /// As a DeploymentConfig of OpenShift.
    DeploymentConfig,
    /// As a Rollout of Argo.
    Rollout,
    /// As a CloneSet of OpenKruise.
    CloneSet,
    /// As a StatefulSet.
    StatefulSet,
    /// As a DaemonSet.
    DaemonSet,
}

/// Says which `restartPolicy` a kind allows in its Pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartPolicies {
    /// All three; or, where somebody else decides, none that podgate judges.
    Any,
    /// `Always` only, the API's default.
    Always,
    /// `OnFailure` or `Never`, and one of them has to be said where the default is the API's, `Always`.
    OnFailureOrNever,
}

/// A kind that podgate judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workload {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Says which `restartPolicy` its Pods may have.
    pub restart_policies: RestartPolicies,
    /// The `restartPolicy` of a template that has none.
    pub default_restart_policy: &'static str,
    /// Says whether its probes are those that the kubelet will run: Knative and KubeRay add to them or rewrite them.
    pub probes_as_written: bool,
    /// Says whether `spec.replicas` is the number of its Pods, which its `scale` subresource changes.
    pub keeps_replicas: bool,
    /// Says how it replaces its Pods.
    pub updates: Updates,
    /// Says whether `spec.volumeClaimTemplates` gives volumes to its Pods.
    pub(super) has_claim_templates: bool,
    pub(super) layout: Layout,
}

impl Workload {
    const fn new(group: &'static str, kind: &'static str, layout: Layout, restart_policies: RestartPolicies) -> Self {
        Self {
            group,
            kind,
            restart_policies,
            default_restart_policy: "Always",
            probes_as_written: true,
            keeps_replicas: false,
            updates: Updates::No,
            has_claim_templates: false,
            layout,
        }
    }

    /// Returns the row of a kind with `spec.replicas` and `spec.template`.
    const fn replicated(group: &'static str, kind: &'static str, updates: Updates) -> Self {
        let row = Self::new(group, kind, Layout::Workload, RestartPolicies::Always);
        Self { keeps_replicas: !matches!(updates, Updates::DaemonSet), updates, ..row }
    }

    const fn with_claim_templates(self) -> Self {
        Self { has_claim_templates: true, ..self }
    }

    /// Returns the row of a kind with Pod templates, Jobs or containers at places of its own.
    pub(super) const fn with_places(
        group: &'static str,
        kind: &'static str,
        restart_policies: RestartPolicies,
        places: &'static [Place],
    ) -> Self {
        Self::new(group, kind, Layout::Places { places, claims: &[] }, restart_policies)
    }

    const fn with_claims_at(self, claims: &'static [&'static str]) -> Self {
        let layout = match self.layout {
            Layout::Places { places, .. } => Layout::Places { places, claims },
            layout => layout,
        };
        Self { layout, ..self }
    }

    pub(super) const fn with_default_restart_policy(self, policy: &'static str) -> Self {
        Self { default_restart_policy: policy, ..self }
    }

    /// Returns the row of a kind whose controller adds to the probes of its Pods, or rewrites them.
    const fn with_other_probes(self) -> Self {
        Self { probes_as_written: false, ..self }
    }

    /// Returns the row of a kind whose Pods run containers of its own beside or around those that it names.
    const fn of_containers(group: &'static str, kind: &'static str, places: &'static [Place]) -> Self {
        Self::with_places(group, kind, RestartPolicies::Any, places).with_default_restart_policy("Never")
    }
}

const fn template(at: &'static str) -> Place {
    Place { at, holds: Holds::Template }
}

const fn job(at: &'static str) -> Place {
    Place { at, holds: Holds::JobSpec }
}

const fn container(at: &'static str) -> Place {
    Place { at, holds: Holds::Container }
}

const KNATIVE: &str = "serving.knative.dev";

const fn knative(kind: &'static str) -> Workload {
    Workload::new(KNATIVE, kind, Layout::Workload, RestartPolicies::Any).with_other_probes()
}

const fn argo(kind: &'static str, places: &'static [Place]) -> Workload {
    Workload::of_containers("argoproj.io", kind, places)
}

const fn tekton(kind: &'static str, places: &'static [Place]) -> Workload {
    Workload::of_containers("tekton.dev", kind, places)
}

/// The kinds of the training operator: a template for each role. The restartPolicy of a role stands beside its template, and
/// wins.
const fn training(kind: &'static str, places: &'static [Place]) -> Workload {
    Workload::with_places("kubeflow.org", kind, RestartPolicies::Any, places).with_default_restart_policy("Never")
}

const fn ray(kind: &'static str, places: &'static [Place]) -> Workload {
    Workload::with_places("ray.io", kind, RestartPolicies::Any, places).with_other_probes()
}

/// The containers of a Workflow, and of what a Workflow is made of.
const ARGO_TEMPLATES: &[Place] = &[
    container("spec.templates[*].container"),
    container("spec.templates[*].script"),
    container("spec.templates[*].containerSet.containers[*]"),
    container("spec.templates[*].sidecars[*]"),
];

/// Every kind that podgate knows. An unknown kind is left alone, never refused.
pub static WORKLOADS: &[Workload] = &[
    Workload::new("", "Pod", Layout::Pod, RestartPolicies::Any),
    Workload::new("", "PodTemplate", Layout::Template, RestartPolicies::Any),
    Workload::replicated("", "ReplicationController", Updates::No),
    Workload::replicated("apps", "Deployment", Updates::Deployment),
    Workload::replicated("apps", "ReplicaSet", Updates::No),
    Workload::replicated("apps", "StatefulSet", Updates::StatefulSet).with_claim_templates(),
    Workload::replicated("apps", "DaemonSet", Updates::DaemonSet),
    Workload::new("batch", "Job", Layout::Job, RestartPolicies::OnFailureOrNever),
    Workload::new("batch", "CronJob", Layout::CronJob, RestartPolicies::OnFailureOrNever),
    Workload::replicated("argoproj.io", "Rollout", Updates::Rollout),
    Workload::replicated("apps.kruise.io", "CloneSet", Updates::CloneSet).with_claim_templates(),
    Workload::replicated("apps.kruise.io", "StatefulSet", Updates::StatefulSet).with_claim_templates(),
    Workload::replicated("apps.kruise.io", "DaemonSet", Updates::DaemonSet),
    Workload::new("apps.kruise.io", "BroadcastJob", Layout::Job, RestartPolicies::OnFailureOrNever),
    Workload::with_places(
        "apps.kruise.io",
        "AdvancedCronJob",
        RestartPolicies::OnFailureOrNever,
        &[job("spec.template.jobTemplate.spec"), job("spec.template.broadcastJobTemplate.spec")],
    ),
    // JobSet's own webhook fills the restartPolicy in.
    Workload::with_places(
        "jobset.x-k8s.io",
        "JobSet",
        RestartPolicies::OnFailureOrNever,
        &[job("spec.replicatedJobs[*].template.spec")],
    )
    .with_claims_at(&["spec.volumeClaimPolicies[*].templates[*]"])
    .with_default_restart_policy("OnFailure"),
    Workload::with_places(
        "leaderworkerset.x-k8s.io",
        "LeaderWorkerSet",
        RestartPolicies::Always,
        &[template("spec.leaderWorkerTemplate.leaderTemplate"), template("spec.leaderWorkerTemplate.workerTemplate")],
    )
    .with_claims_at(&["spec.leaderWorkerTemplate.volumeClaimTemplates[*]"]),
    knative("Service"),
    knative("Configuration"),
    Workload::replicated("apps.openshift.io", "DeploymentConfig", Updates::DeploymentConfig),
    // KEDA fills the restartPolicy in.
    Workload::with_places("keda.sh", "ScaledJob", RestartPolicies::OnFailureOrNever, &[job("spec.jobTargetRef")])
        .with_default_restart_policy("OnFailure"),
    ray("RayCluster", &[template("spec.headGroupSpec.template"), template("spec.workerGroupSpecs[*].template")]),
    ray(
        "RayService",
        &[
            template("spec.rayClusterConfig.headGroupSpec.template"),
            template("spec.rayClusterConfig.workerGroupSpecs[*].template"),
        ],
    ),
    ray(
        "RayJob",
        &[
            template("spec.rayClusterSpec.headGroupSpec.template"),
            template("spec.rayClusterSpec.workerGroupSpecs[*].template"),
            template("spec.submitterPodTemplate"),
        ],
    ),
    Workload::with_places("batch.volcano.sh", "Job", RestartPolicies::Any, &[template("spec.tasks[*].template")]),
    training("TFJob", &[template("spec.tfReplicaSpecs.*.template")]),
    training("PyTorchJob", &[template("spec.pytorchReplicaSpecs.*.template")]),
    training("MPIJob", &[template("spec.mpiReplicaSpecs.*.template")]),
    training("XGBoostJob", &[template("spec.xgbReplicaSpecs.*.template")]),
    training("PaddleJob", &[template("spec.paddleReplicaSpecs.*.template")]),
    training("JAXJob", &[template("spec.jaxReplicaSpecs.*.template")]),
    Workload::with_places("kubeflow.org", "Notebook", RestartPolicies::Always, &[template("spec.template")]),
    Workload::with_places(
        "trainer.kubeflow.org",
        "TrainingRuntime",
        RestartPolicies::OnFailureOrNever,
        &[job("spec.template.spec.replicatedJobs[*].template.spec")],
    )
    .with_default_restart_policy("OnFailure"),
    Workload::with_places(
        "actions.github.com",
        "AutoscalingRunnerSet",
        RestartPolicies::Any,
        &[template("spec.template")],
    )
    .with_default_restart_policy("Never"),
    argo("Workflow", ARGO_TEMPLATES),
    argo("WorkflowTemplate", ARGO_TEMPLATES),
    argo(
        "CronWorkflow",
        &[
            container("spec.workflowSpec.templates[*].container"),
            container("spec.workflowSpec.templates[*].script"),
            container("spec.workflowSpec.templates[*].containerSet.containers[*]"),
            container("spec.workflowSpec.templates[*].sidecars[*]"),
        ],
    ),
    tekton("Task", &[container("spec.steps[*]"), container("spec.sidecars[*]")]),
    tekton("TaskRun", &[container("spec.taskSpec.steps[*]"), container("spec.taskSpec.sidecars[*]")]),
    tekton(
        "Pipeline",
        &[
            container("spec.tasks[*].taskSpec.steps[*]"),
            container("spec.tasks[*].taskSpec.sidecars[*]"),
            container("spec.finally[*].taskSpec.steps[*]"),
        ],
    ),
    tekton(
        "PipelineRun",
        &[
            container("spec.pipelineSpec.tasks[*].taskSpec.steps[*]"),
            container("spec.pipelineSpec.tasks[*].taskSpec.sidecars[*]"),
            container("spec.pipelineSpec.finally[*].taskSpec.steps[*]"),
        ],
    ),
    Workload::new("policy", "PodDisruptionBudget", Layout::Budget, RestartPolicies::Any),
    Workload::new("", "Service", Layout::Service, RestartPolicies::Any),
    Workload::new("autoscaling", "HorizontalPodAutoscaler", Layout::Autoscaler, RestartPolicies::Any),
    Workload::new("keda.sh", "ScaledObject", Layout::Autoscaler, RestartPolicies::Any),
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
        !matches!(self.layout, Layout::Pod | Layout::Budget | Layout::Service | Layout::Autoscaler)
    }

    /// Returns whether the object is itself a Pod, not something that makes Pods.
    pub fn is_pod(&self) -> bool {
        self.layout == Layout::Pod
    }

    /// Returns whether it is this kind of this group.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    /// Returns whether its Pods are those of a Job: they run to completion.
    pub fn is_job(&self) -> bool {
        self.restart_policies == RestartPolicies::OnFailureOrNever
    }

    /// Returns the ways to the specs of its Pods, as [`crate::syntax::pattern`] takes them, where these are the API's own. None for kinds
    /// that have more fields in them (Knative), or may have (those that a policy adds), and for containers that stand alone.
    pub fn plain_specs(&self) -> Vec<String> {
        if self.group == KNATIVE || Self::find(self.group, self.kind).is_none() {
            return Vec::new();
        }
        let spec = match self.layout {
            Layout::Pod => "spec",
            Layout::Template => "template.spec",
            Layout::Workload | Layout::Job => "spec.template.spec",
            Layout::CronJob => "spec.jobTemplate.spec.template.spec",
            Layout::Budget | Layout::Service | Layout::Autoscaler => return Vec::new(),
            Layout::Places { places, .. } => {
                let spec = |place: &Place| match place.holds {
                    Holds::Template => Some(format!("{}.spec", place.at)),
                    Holds::JobSpec => Some(format!("{}.template.spec", place.at)),
                    Holds::Container => None,
                };
                return places.iter().filter_map(spec).collect();
            }
        };
        vec![spec.to_owned()]
    }

    /// Returns the places of its own at which it has Pods; none where they stand as in the built-in API.
    pub fn places(&self) -> &'static [Place] {
        match self.layout {
            Layout::Places { places, .. } => places,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart_by_group() {
        assert!(Workload::find("", "Deployment").is_none());
        assert!(!Workload::find("", "Service").unwrap().makes_pods());
        assert!(!Workload::find("serving.knative.dev", "Service").unwrap().probes_as_written);
    }

    #[test]
    fn places_are_patterns() {
        for place in WORKLOADS.iter().flat_map(Workload::places) {
            assert_eq!(crate::syntax::pattern::fault(place.at), None, "{}", place.at);
        }
    }

    #[test]
    fn places_are_below_the_spec() {
        let claims = |row: &'static Workload| match row.layout {
            Layout::Places { claims, .. } => claims,
            _ => &[],
        };
        let places = WORKLOADS.iter().flat_map(Workload::places).map(|place| place.at);
        for at in places.chain(WORKLOADS.iter().flat_map(claims).copied()) {
            assert!(at.starts_with("spec."), "{at}: of a changed object only the text of its spec is kept");
        }
    }
}
