//! The Pod as rules read it: borrowed, without defaults, with the fields that somebody reads and no others.
//!
//! Field names and meanings are those of the `core/v1` API.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::{Quantity, ResourceList, SelectorView};
use crate::syntax::{
    List, Map, Str,
    json::{object, object_or_default},
};

/// `metadata` of any object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata<'a> {
    /// `metadata.name`; empty where `generateName` is still to be used.
    #[serde(borrow)]
    pub name: Str<'a>,
    /// `metadata.generateName`.
    #[serde(borrow)]
    pub generate_name: Str<'a>,
    /// `metadata.namespace`.
    #[serde(borrow)]
    pub namespace: Str<'a>,
    /// `metadata.labels`.
    #[serde(borrow)]
    pub labels: Map<'a>,
    /// `metadata.annotations`.
    #[serde(borrow)]
    pub annotations: Map<'a>,
    /// `metadata.ownerReferences`.
    #[serde(borrow)]
    pub owner_references: List<OwnerReference<'a>>,
    /// `metadata.deletionTimestamp`, set while the object is terminating.
    #[serde(borrow)]
    pub deletion_timestamp: Option<Str<'a>>,
}

impl<'a> Metadata<'a> {
    /// Returns the owner that manages this object, if one does.
    pub fn controller(&self) -> Option<&OwnerReference<'a>> {
        self.owner_references.iter().find(|owner| owner.controller == Some(true))
    }

    /// Returns whether it is marked as the API server's mirror of a static Pod.
    pub fn has_mirror_annotation(&self) -> bool {
        self.annotations.get("kubernetes.io/config.mirror").is_some()
    }

    /// Returns whether the object is a hook that Helm or Argo CD creates, waits for and, as its annotations say, deletes.
    pub fn is_hook(&self) -> bool {
        self.annotations.get("helm.sh/hook").is_some() || self.is_argo_hook()
    }

    /// Returns whether the object is a hook that whoever created it also deletes: before it is created anew, where its annotations do
    /// not say that it goes sooner. With `generateName` Argo CD creates each under a name of its own, and finds no old one to delete.
    pub fn is_deleted_hook(&self) -> bool {
        let named = !self.name.is_empty() || self.generate_name.is_empty();
        let when_done = |policy: &str| matches!(policy.trim(), "HookSucceeded" | "HookFailed");
        let policies = self.annotations.get("argocd.argoproj.io/hook-delete-policy").unwrap_or_default();
        self.is_hook() && (named || policies.split(',').any(when_done))
    }

    /// As Argo CD tells it (`hook.IsHook` of its gitops-engine): `Skip` alone makes it leave the object to others.
    fn is_argo_hook(&self) -> bool {
        self.annotations.get("argocd.argoproj.io/hook").is_some_and(|types| types.trim() != "Skip")
    }
}

/// One of `metadata.ownerReferences`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference<'a> {
    /// The owner's API group and version.
    #[serde(borrow)]
    pub api_version: Str<'a>,
    /// The owner's kind.
    #[serde(borrow)]
    pub kind: Str<'a>,
    /// The owner's name.
    #[serde(borrow)]
    pub name: Str<'a>,
    /// Says whether it manages this object.
    pub controller: Option<bool>,
}

/// `PodSpec`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec<'a> {
    /// `initContainers`: regular ones and sidecars.
    #[serde(borrow)]
    pub init_containers: List<Container<'a>>,
    /// `containers`.
    #[serde(borrow)]
    pub containers: List<Container<'a>>,
    /// `ephemeralContainers`.
    #[serde(borrow)]
    pub ephemeral_containers: List<Container<'a>>,
    /// `restartPolicy`; empty means the API's default, `Always`.
    #[serde(borrow)]
    pub restart_policy: Str<'a>,
    /// `volumes`.
    #[serde(borrow)]
    pub volumes: List<Volume<'a>>,
    /// `activeDeadlineSeconds`.
    pub active_deadline_seconds: Option<i64>,
    /// `terminationGracePeriodSeconds`.
    pub termination_grace_period_seconds: Option<i64>,
    /// `tolerations`.
    #[serde(borrow)]
    pub tolerations: List<Toleration<'a>>,
    /// `topologySpreadConstraints`.
    #[serde(borrow)]
    pub topology_spread_constraints: List<TopologySpreadConstraint<'a>>,
    /// `affinity`.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub affinity: Affinity<'a>,
    /// `resources` of the whole Pod.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub resources: ResourceRequirements<'a>,
    /// `overhead`: what the Pod costs beside its containers.
    #[serde(borrow)]
    pub overhead: ResourceList<'a>,
    /// `resourceClaims`: the claims of devices that the Pod waits for (KEP-4381).
    #[serde(borrow)]
    pub resource_claims: List<ResourceClaim<'a>>,
    /// `nodeSelector`.
    #[serde(borrow)]
    pub node_selector: Map<'a>,
    /// `hostNetwork`.
    pub host_network: Option<bool>,
    /// `shareProcessNamespace`: its containers see the processes of each other.
    pub share_process_namespace: Option<bool>,
    /// `nodeName`; empty means not bound.
    #[serde(borrow)]
    pub node_name: Str<'a>,
    /// `readinessGates`.
    pub readiness_gates: List<Present>,
    /// `schedulingGates`.
    #[serde(borrow)]
    pub scheduling_gates: Option<List<SchedulingGate<'a>>>,
}

impl<'a> PodSpec<'a> {
    /// `schedulingGates`, empty where there are none.
    pub fn gates(&self) -> &[SchedulingGate<'a>] {
        self.scheduling_gates.as_deref().unwrap_or_default()
    }
}

/// An object of which only its presence counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Present {}

/// `Volume`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume<'a> {
    /// `name`.
    #[serde(borrow)]
    pub name: Str<'a>,
    /// `emptyDir`.
    #[serde(borrow, deserialize_with = "object")]
    pub empty_dir: Option<EmptyDir<'a>>,
    /// `persistentVolumeClaim`.
    #[serde(borrow, deserialize_with = "object")]
    pub persistent_volume_claim: Option<ClaimVolume<'a>>,
    /// `ephemeral`: a claim that lives and dies with the Pod.
    #[serde(deserialize_with = "object")]
    pub ephemeral: Option<Present>,
    /// `hostPath`.
    #[serde(deserialize_with = "object")]
    pub host_path: Option<Present>,
    /// `nfs`.
    #[serde(deserialize_with = "object")]
    pub nfs: Option<Present>,
    /// `iscsi`.
    #[serde(deserialize_with = "object")]
    pub iscsi: Option<Present>,
    /// `fc`.
    #[serde(deserialize_with = "object")]
    pub fc: Option<Present>,
    /// `image`: the files of an OCI image (KEP-4639).
    #[serde(deserialize_with = "object")]
    pub image: Option<Present>,
    /// `configMap`.
    #[serde(deserialize_with = "object")]
    pub config_map: Option<Present>,
    /// `secret`.
    #[serde(deserialize_with = "object")]
    pub secret: Option<Present>,
    /// `projected`.
    #[serde(deserialize_with = "object")]
    pub projected: Option<Present>,
    /// `downwardAPI`.
    #[serde(rename = "downwardAPI", deserialize_with = "object")]
    pub downward_api: Option<Present>,
    /// `csi`.
    #[serde(deserialize_with = "object")]
    pub csi: Option<Present>,
}

/// `PersistentVolumeClaimVolumeSource`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimVolume<'a> {
    /// `claimName`.
    #[serde(borrow)]
    pub claim_name: Str<'a>,
}

/// `EmptyDirVolumeSource`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EmptyDir<'a> {
    /// `medium`: `Memory` makes it a tmpfs.
    #[serde(borrow)]
    pub medium: Str<'a>,
    /// `sizeLimit`.
    #[serde(borrow)]
    pub size_limit: Option<Quantity<'a>>,
}

/// `Toleration`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Toleration<'a> {
    /// `key`; empty with operator `Exists` matches all keys.
    #[serde(borrow)]
    pub key: Str<'a>,
    /// `operator`; empty means `Equal`.
    #[serde(borrow)]
    pub operator: Str<'a>,
    /// `value`, for operator `Equal`.
    #[serde(borrow)]
    pub value: Str<'a>,
    /// `effect`; empty matches all effects.
    #[serde(borrow)]
    pub effect: Str<'a>,
    /// `tolerationSeconds`; absent means for ever.
    pub toleration_seconds: Option<i64>,
}

/// `TopologySpreadConstraint`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopologySpreadConstraint<'a> {
    /// `maxSkew`.
    pub max_skew: Option<i64>,
    /// `whenUnsatisfiable`.
    #[serde(borrow)]
    pub when_unsatisfiable: Str<'a>,
    /// `matchLabelKeys`: the Pod's own values of these labels are added to the selector.
    #[serde(borrow)]
    pub match_label_keys: List<Str<'a>>,
    /// `labelSelector`; absent selects no Pod.
    #[serde(borrow, deserialize_with = "object")]
    pub label_selector: Option<SelectorView<'a>>,
}

/// `Affinity`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Affinity<'a> {
    /// `nodeAffinity`.
    #[serde(borrow, deserialize_with = "object")]
    pub node_affinity: Option<NodeAffinity<'a>>,
    /// `podAffinity`.
    #[serde(borrow, deserialize_with = "object")]
    pub pod_affinity: Option<PodAffinity<'a>>,
    /// `podAntiAffinity`.
    #[serde(borrow, deserialize_with = "object")]
    pub pod_anti_affinity: Option<PodAntiAffinity<'a>>,
}

/// `NodeAffinity`, as far as it is required.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeAffinity<'a> {
    /// `requiredDuringSchedulingIgnoredDuringExecution`.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub required_during_scheduling_ignored_during_execution: NodeSelector<'a>,
}

/// `NodeSelector`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelector<'a> {
    /// `nodeSelectorTerms`, one of which has to hold.
    #[serde(borrow)]
    pub node_selector_terms: List<NodeSelectorTerm<'a>>,
}

/// `NodeSelectorTerm`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelectorTerm<'a> {
    /// `matchExpressions`: of the node's labels.
    #[serde(borrow)]
    pub match_expressions: List<NodeRequirement<'a>>,
    /// `matchFields`: of the node's fields, of which there is `metadata.name` only.
    #[serde(borrow)]
    pub match_fields: List<NodeRequirement<'a>>,
}

/// `NodeSelectorRequirement`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NodeRequirement<'a> {
    /// `key`.
    #[serde(borrow)]
    pub key: Str<'a>,
    /// `operator`.
    #[serde(borrow)]
    pub operator: Str<'a>,
    /// `values`.
    #[serde(borrow)]
    pub values: List<Str<'a>>,
}

/// `PodAffinity`, as far as it is required.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinity<'a> {
    /// `requiredDuringSchedulingIgnoredDuringExecution`.
    #[serde(borrow)]
    pub required_during_scheduling_ignored_during_execution: List<PodAffinityTerm<'a>>,
}

/// `PodAntiAffinity`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAntiAffinity<'a> {
    /// `requiredDuringSchedulingIgnoredDuringExecution`.
    #[serde(borrow)]
    pub required_during_scheduling_ignored_during_execution: List<PodAffinityTerm<'a>>,
    /// `preferredDuringSchedulingIgnoredDuringExecution`.
    #[serde(borrow)]
    pub preferred_during_scheduling_ignored_during_execution: List<WeightedPodAffinityTerm<'a>>,
}

/// `PodAffinityTerm`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinityTerm<'a> {
    /// `topologyKey`.
    #[serde(borrow)]
    pub topology_key: Str<'a>,
    /// `labelSelector`; absent selects no Pod.
    #[serde(borrow, deserialize_with = "object")]
    pub label_selector: Option<SelectorView<'a>>,
}

/// `WeightedPodAffinityTerm`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WeightedPodAffinityTerm<'a> {
    /// `podAffinityTerm`.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub pod_affinity_term: PodAffinityTerm<'a>,
}

/// `ResourceRequirements`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ResourceRequirements<'a> {
    /// `requests`.
    #[serde(borrow)]
    pub requests: ResourceList<'a>,
    /// `limits`.
    #[serde(borrow)]
    pub limits: ResourceList<'a>,
    /// `claims`: those of the Pod's `resourceClaims` whose devices a container gets. In a box, because few have any.
    #[serde(borrow)]
    pub claims: Option<Box<List<ResourceClaim<'a>>>>,
}

/// One of the Pod's `resourceClaims`, and the container's `resources.claims` that names one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ResourceClaim<'a> {
    /// The name within the Pod.
    #[serde(borrow)]
    pub name: Str<'a>,
}

/// One of `schedulingGates`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SchedulingGate<'a> {
    /// The gate's qualified name.
    #[serde(borrow)]
    pub name: Str<'a>,
}

/// `Container`, of any of the three lists.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container<'a> {
    /// `name`.
    #[serde(borrow)]
    pub name: Str<'a>,
    /// `image`.
    #[serde(borrow)]
    pub image: Str<'a>,
    /// `imagePullPolicy`.
    pub image_pull_policy: PullPolicy,
    /// `command`; empty means the image's entry point.
    #[serde(borrow)]
    pub command: List<Str<'a>>,
    /// `args`; empty means the image's own.
    #[serde(borrow)]
    pub args: List<Str<'a>>,
    /// `securityContext`.
    #[serde(deserialize_with = "object_or_default")]
    pub security_context: SecurityContext,
    /// `resources`.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub resources: ResourceRequirements<'a>,
    /// `volumeMounts`.
    #[serde(borrow)]
    pub volume_mounts: List<VolumeMount<'a>>,
    /// `restartPolicyRules`.
    #[serde(borrow)]
    pub restart_policy_rules: List<RestartRule<'a>>,
    /// The container's own `restartPolicy`; `Always` makes an init container a sidecar.
    #[serde(borrow)]
    pub restart_policy: Option<Str<'a>>,
    /// `ports`.
    #[serde(borrow)]
    pub ports: List<ContainerPort<'a>>,
    // In boxes, because a Pod may have thousands of containers that have none, and what a container takes is limited: see `bounded`.
    /// Those of `env` that take their value from a file of a volume (`valueFrom.fileKeyRef`), each with its index.
    #[serde(rename = "env", borrow, deserialize_with = "files_of_env")]
    pub env_files: Option<Box<EnvFiles<'a>>>,
    /// `volumeDevices`.
    #[serde(borrow)]
    pub volume_devices: Option<Box<List<VolumeDevice<'a>>>>,
    /// `resizePolicy`.
    #[serde(borrow)]
    pub resize_policy: Option<Box<List<ResizePolicy<'a>>>>,
    /// `livenessProbe`.
    #[serde(borrow, deserialize_with = "object")]
    pub liveness_probe: Option<Box<Probe<'a>>>,
    /// `readinessProbe`.
    #[serde(borrow, deserialize_with = "object")]
    pub readiness_probe: Option<Box<Probe<'a>>>,
    /// `startupProbe`.
    #[serde(borrow, deserialize_with = "object")]
    pub startup_probe: Option<Box<Probe<'a>>>,
    /// `lifecycle`.
    #[serde(borrow, deserialize_with = "object")]
    pub lifecycle: Option<Box<Lifecycle<'a>>>,
}

impl<'a> Container<'a> {
    /// Returns the probes that are set, each with its field name, in the order of the API's own documentation.
    pub fn probes(&self) -> impl Iterator<Item = (&'static str, &Probe<'a>)> {
        [
            ("livenessProbe", &self.liveness_probe),
            ("readinessProbe", &self.readiness_probe),
            ("startupProbe", &self.startup_probe),
        ]
        .into_iter()
        .filter_map(|(field, probe)| probe.as_deref().map(|probe| (field, probe)))
    }
}

/// The variables of a container that take their value from a file, each with its index in `env`.
pub type EnvFiles<'a> = List<(usize, FileKeySelector<'a>)>;

/// Reads `env`: what takes its value from a file, and nothing else, because most containers have many variables and none of these.
fn files_of_env<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<EnvFiles<'de>>>, D::Error> {
    let files = List::read_some(deserializer, |variable: EnvVar<'de>| variable.value_from?.file_key_ref)?;
    Ok((!files.is_empty()).then(|| Box::new(files)))
}

/// `imagePullPolicy`, in one byte: what a container takes is limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// None is given, or one that the API does not have.
    #[default]
    Unset,
    /// `Always`: the registry is asked at each start what the tag stands for.
    Always,
    /// `IfNotPresent`: what the node has is taken.
    IfNotPresent,
    /// `Never`: nothing but what the node has is taken.
    Never,
}

impl<'de> Deserialize<'de> for PullPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match &*Str::deserialize(deserializer)? {
            "Always" => Self::Always,
            "IfNotPresent" => Self::IfNotPresent,
            "Never" => Self::Never,
            _ => Self::Unset,
        })
    }
}

/// As it is written.
impl fmt::Display for PullPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unset => "",
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        })
    }
}

/// `EnvVar`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct EnvVar<'a> {
    /// `valueFrom`.
    #[serde(borrow, deserialize_with = "object")]
    value_from: Option<EnvVarSource<'a>>,
}

/// `EnvVarSource`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct EnvVarSource<'a> {
    /// `fileKeyRef` (KEP-3721).
    #[serde(borrow, deserialize_with = "object")]
    file_key_ref: Option<FileKeySelector<'a>>,
}

/// `FileKeySelector`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FileKeySelector<'a> {
    /// `volumeName`: an emptyDir of the Pod.
    #[serde(borrow)]
    pub volume_name: Str<'a>,
}

/// `SecurityContext` of a container.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityContext {
    /// `readOnlyRootFilesystem`.
    pub read_only_root_filesystem: Option<bool>,
}

/// `VolumeMount`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeMount<'a> {
    /// `name`: that of the volume.
    #[serde(borrow)]
    pub name: Str<'a>,
    /// `mountPath`.
    #[serde(borrow)]
    pub mount_path: Str<'a>,
    /// `readOnly`.
    pub read_only: Option<bool>,
}

/// `VolumeDevice`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct VolumeDevice<'a> {
    /// `name`: that of the volume.
    #[serde(borrow)]
    pub name: Str<'a>,
}

/// `ContainerRestartRule` (KEP-5307).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RestartRule<'a> {
    /// `action`.
    #[serde(borrow)]
    pub action: Str<'a>,
    /// `exitCodes`.
    #[serde(borrow, deserialize_with = "object")]
    pub exit_codes: Option<ExitCodes<'a>>,
}

/// `ContainerRestartRuleOnExitCodes`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ExitCodes<'a> {
    /// `operator`: `In` or `NotIn`.
    #[serde(borrow)]
    pub operator: Str<'a>,
    /// `values`.
    pub values: List<i64>,
}

/// `ContainerResizePolicy` (KEP-1287).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResizePolicy<'a> {
    /// `resourceName`: `cpu` or `memory`.
    #[serde(borrow)]
    pub resource_name: Str<'a>,
    /// `restartPolicy`: `NotRequired` or `RestartContainer`.
    #[serde(borrow)]
    pub restart_policy: Str<'a>,
}

/// `ContainerPort`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerPort<'a> {
    /// `name`; empty means unnamed.
    #[serde(borrow)]
    pub name: Str<'a>,
    /// `containerPort`.
    pub container_port: Option<i64>,
    /// `hostPort`; 0 means none.
    pub host_port: Option<i64>,
    /// `hostIP`; empty means every address.
    #[serde(borrow, rename = "hostIP")]
    pub host_ip: Str<'a>,
    /// `protocol`; empty means the API's default, TCP.
    #[serde(borrow)]
    pub protocol: Str<'a>,
}

/// `Probe`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Probe<'a> {
    /// `exec`.
    #[serde(borrow, deserialize_with = "object")]
    pub exec: Option<Exec<'a>>,
    /// `httpGet`.
    #[serde(borrow, deserialize_with = "object")]
    pub http_get: Option<HttpGet<'a>>,
    /// `tcpSocket`.
    #[serde(borrow, deserialize_with = "object")]
    pub tcp_socket: Option<TcpSocket<'a>>,
    /// `grpc`.
    #[serde(borrow, deserialize_with = "object")]
    pub grpc: Option<Grpc<'a>>,
    /// `initialDelaySeconds`.
    pub initial_delay_seconds: Option<i64>,
    /// `timeoutSeconds`.
    pub timeout_seconds: Option<i64>,
    /// `periodSeconds`.
    pub period_seconds: Option<i64>,
    /// `successThreshold`.
    pub success_threshold: Option<i64>,
    /// `failureThreshold`.
    pub failure_threshold: Option<i64>,
    /// `terminationGracePeriodSeconds`.
    pub termination_grace_period_seconds: Option<i64>,
}

/// `ExecAction`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Exec<'a> {
    /// `command`: the program and its arguments.
    #[serde(borrow)]
    pub command: List<Str<'a>>,
}

/// `HTTPGetAction`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpGet<'a> {
    /// `path`; empty means `/`.
    #[serde(borrow)]
    pub path: Str<'a>,
    /// `port`: number or name.
    #[serde(borrow)]
    pub port: Option<IntOrString<'a>>,
    /// `host`; empty means the Pod's own address.
    #[serde(borrow)]
    pub host: Str<'a>,
    /// `protocol`; empty means HTTP/1.
    #[serde(borrow)]
    pub protocol: Str<'a>,
    /// `scheme`; empty means HTTP.
    #[serde(borrow)]
    pub scheme: Str<'a>,
    /// `httpHeaders`.
    #[serde(borrow)]
    pub http_headers: List<HttpHeader<'a>>,
}

/// `HTTPHeader`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HttpHeader<'a> {
    /// `name`.
    #[serde(borrow)]
    pub name: Str<'a>,
    /// `value`.
    #[serde(borrow)]
    pub value: Str<'a>,
}

/// `TCPSocketAction`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TcpSocket<'a> {
    /// `port`: number or name.
    #[serde(borrow)]
    pub port: Option<IntOrString<'a>>,
    /// `host`; empty means the Pod's own address.
    #[serde(borrow)]
    pub host: Str<'a>,
}

/// `GRPCAction`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Grpc<'a> {
    /// `port`: the API takes a number only.
    #[serde(borrow)]
    pub port: Option<IntOrString<'a>>,
    /// `mode`: `TLS` or `Plaintext`, which empty means too.
    #[serde(borrow)]
    pub mode: Str<'a>,
    /// `service`; empty means the server as a whole.
    #[serde(borrow)]
    pub service: Str<'a>,
}

/// `Lifecycle`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lifecycle<'a> {
    /// `postStart`.
    #[serde(borrow, deserialize_with = "object")]
    pub post_start: Option<LifecycleHandler<'a>>,
    /// `preStop`.
    #[serde(borrow, deserialize_with = "object")]
    pub pre_stop: Option<LifecycleHandler<'a>>,
    /// `stopSignal`; empty means the image's own, or SIGTERM.
    #[serde(borrow)]
    pub stop_signal: Str<'a>,
}

impl<'a> Lifecycle<'a> {
    /// Returns the hooks that are set, each with its field name.
    pub fn hooks(&self) -> impl Iterator<Item = (&'static str, &LifecycleHandler<'a>)> {
        [("postStart", &self.post_start), ("preStop", &self.pre_stop)]
            .into_iter()
            .filter_map(|(field, hook)| hook.as_ref().map(|hook| (field, hook)))
    }
}

/// `LifecycleHandler`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LifecycleHandler<'a> {
    /// `exec`.
    #[serde(borrow, deserialize_with = "object")]
    pub exec: Option<Exec<'a>>,
    /// `sleep`.
    #[serde(deserialize_with = "object")]
    pub sleep: Option<Sleep>,
    /// `httpGet`.
    #[serde(borrow, deserialize_with = "object")]
    pub http_get: Option<HttpGet<'a>>,
    /// `tcpSocket`.
    #[serde(borrow, deserialize_with = "object")]
    pub tcp_socket: Option<TcpSocket<'a>>,
}

/// `SleepAction`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct Sleep {
    /// `seconds`.
    pub seconds: Option<i64>,
}

/// `PodStatus`: how far the Pod has come.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus<'a> {
    /// `phase`; empty means Pending.
    #[serde(borrow)]
    pub phase: Str<'a>,
    /// `conditions`.
    #[serde(borrow)]
    pub conditions: List<PodCondition<'a>>,
    /// `containerStatuses`: those of `spec.containers`.
    #[serde(borrow)]
    pub container_statuses: List<ContainerStatus<'a>>,
}

/// One of `status.conditions`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PodCondition<'a> {
    /// `type`.
    #[serde(borrow, rename = "type")]
    pub kind: Str<'a>,
    /// `status`: `True`, `False` or `Unknown`.
    #[serde(borrow)]
    pub status: Str<'a>,
}

/// One of `status.containerStatuses`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ContainerStatus<'a> {
    /// `name`: that of the container.
    #[serde(borrow)]
    pub name: Str<'a>,
    /// `state`.
    #[serde(deserialize_with = "object_or_default")]
    pub state: ContainerState,
}

/// `ContainerState`: one of them is set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    /// `running`: the container has started.
    #[serde(deserialize_with = "object")]
    pub running: Option<Present>,
    /// `terminated`: the container has started and ended.
    #[serde(deserialize_with = "object")]
    pub terminated: Option<Terminated>,
}

/// `ContainerStateTerminated`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminated {
    /// `exitCode`.
    pub exit_code: Option<i64>,
}

/// `IntOrString`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntOrString<'a> {
    /// A number.
    Int(i64),
    /// A string, also one that looks like a number.
    String(Str<'a>),
}

impl IntOrString<'_> {
    /// Returns the same, with a text of its own.
    pub fn into_owned(self) -> IntOrString<'static> {
        match self {
            Self::Int(number) => IntOrString::Int(number),
            Self::String(text) => IntOrString::String(text.into_owned()),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for IntOrString<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = IntOrString<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a whole number or a string")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(IntOrString::Int(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(IntOrString::Int(i64::try_from(number).unwrap_or(i64::MAX)))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(IntOrString::String(text.into()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Str::deserialize(de::value::StrDeserializer::new(text)).map(IntOrString::String)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_numbers_or_names() {
        let get: HttpGet = serde_json::from_str(r#"{"port": 8080}"#).unwrap();
        assert_eq!(get.port, Some(IntOrString::Int(8080)));
        let get: HttpGet = serde_json::from_str(r#"{"port": "a\u002db", "path": null}"#).unwrap();
        assert_eq!(get.port, Some(IntOrString::String("a-b".into())));
        assert!(serde_json::from_str::<HttpGet>(r#"{"port": 1.5}"#).is_err());
        assert_eq!(serde_json::from_str::<HttpGet>(r#"{"port": null}"#).unwrap().port, None);
    }
}
