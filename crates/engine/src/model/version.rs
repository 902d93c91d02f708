//! A version of Kubernetes, and what a cluster of that version has: the feature gates that fields of the Pod and its
//! workloads depend on.
//!
//! A version that has a gate and leaves it off drops what depends on it (`dropDisabledFields` and its like in
//! `pkg/api/pod/util.go` and `pkg/registry/`); one from before the gate does not know the field, which kubectl refuses and
//! others see dropped.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A minor version of Kubernetes, `1.34`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesVersion(pub u16);

/// The oldest that [`FEATURES`] speaks of: what was on by then is taken for granted.
pub const OLDEST: KubernetesVersion = KubernetesVersion(25);

/// A text that is no version of Kubernetes, or that of one that is too old.
#[derive(Debug, Error)]
#[error("\"{0}\" is no version of Kubernetes from {OLDEST} on, such as 1.34")]
pub struct NoVersion(String);

impl FromStr for KubernetesVersion {
    type Err = NoVersion;

    /// Reads `1.34`, and what `kubectl version` prints for it: `v1.34.2`, `v1.34.2-gke.1`.
    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).splitn(3, '.');
        let is_first = parts.next() == Some("1");
        let minor = parts.next().filter(|minor| minor.bytes().all(|byte| byte.is_ascii_digit()));
        let patch = parts.next().unwrap_or("0");
        minor
            .and_then(|minor| minor.parse().ok().map(Self))
            .filter(|version| is_first && *version >= OLDEST && patch.starts_with(|c: char| c.is_ascii_digit()))
            .ok_or_else(|| NoVersion(text.to_owned()))
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

impl Serialize for KubernetesVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KubernetesVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for KubernetesVersion {
    fn schema_name() -> Cow<'static, str> {
        "KubernetesVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^v?1\.[0-9]+(\.[0-9].*)?$" })
    }
}

/// What a feature gate of Kubernetes brings, and from when on (`pkg/features/kube_features.go`; `tests/features/run` compares).
#[derive(Debug, PartialEq, Eq)]
pub struct Feature {
    /// The name of the gate.
    pub gate: &'static str,
    /// The first version that has it.
    pub since: KubernetesVersion,
    /// The first version in which it is on where nobody says otherwise; `None` where it is still off.
    pub on: Option<KubernetesVersion>,
    /// The fields or values that depend on it.
    pub brings: &'static str,
    /// Says what becomes of an object without them.
    pub without: &'static str,
}

impl Feature {
    const fn new(gate: &'static str, since: u16, on: u16, brings: &'static str, without: &'static str) -> Self {
        Self { gate, since: KubernetesVersion(since), on: Some(KubernetesVersion(on)), brings, without }
    }

    /// Returns whether a cluster has it where nobody turned the gate on or off. Of an unknown version it is taken to be new.
    pub fn is_on(&self, version: Option<KubernetesVersion>) -> bool {
        version.is_none_or(|version| self.on.is_some_and(|on| version >= on))
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.on {
            Some(on) => write!(f, "feature gate {}, on from {on}", self.gate),
            None => write!(f, "feature gate {}, off by default", self.gate),
        }
    }
}

/// `containers[*].lifecycle.stopSignal`.
pub static STOP_SIGNALS: Feature = Feature {
    gate: "ContainerStopSignals",
    since: KubernetesVersion(33),
    on: None,
    brings: "`lifecycle.stopSignal`",
    without: "the signal of the image is sent",
};
/// Init containers with `restartPolicy: Always`.
pub static SIDECARS: Feature = Feature::new(
    "SidecarContainers",
    28,
    29,
    "`restartPolicy: Always` of an init container",
    "it is an init container as any other, and the Pod does not start before it ends",
);
/// `restartPolicy` and `restartPolicyRules` of any container.
pub static RESTART_RULES: Feature = Feature::new(
    "ContainerRestartRules",
    34,
    35,
    "`restartPolicy` of an app container, or another than Always of an init container; `restartPolicyRules`",
    "the Pod's restartPolicy decides",
);
/// The action `RestartAllContainers` of a restart rule.
pub static RESTART_ALL: Feature = Feature::new(
    "RestartAllContainersOnContainerExits",
    35,
    36,
    "the action `RestartAllContainers` of `restartPolicyRules`",
    "the action is refused",
);
/// `env[*].valueFrom.fileKeyRef`.
pub static ENV_FILES: Feature =
    Feature::new("EnvFiles", 34, 35, "`env[*].valueFrom.fileKeyRef`", "a variable without a source is refused");
/// `sleep` of hooks.
pub static SLEEP: Feature = Feature::new(
    "PodLifecycleSleepAction",
    29,
    30,
    "`lifecycle.preStop.sleep` and `lifecycle.postStart.sleep`",
    "a hook without a handler is refused",
);
/// `sleep` of no seconds.
pub static SLEEP_ZERO: Feature =
    Feature::new("PodLifecycleSleepActionAllowZero", 32, 33, "`sleep.seconds: 0`", "seconds below 1 are refused");
/// `resources` of the Pod.
pub static POD_LEVEL_RESOURCES: Feature = Feature::new(
    "PodLevelResources",
    32,
    34,
    "`resources` of the Pod's spec",
    "the containers have what each of them says, and no more",
);
/// `resizePolicy`.
pub static RESIZE: Feature = Feature::new(
    "InPlacePodVerticalScaling",
    27,
    33,
    "`resizePolicy` of a container",
    "resources of a running Pod cannot be changed",
);
/// `resourceClaims`.
pub static RESOURCE_CLAIMS: Feature = Feature::new(
    "DynamicResourceAllocation",
    26,
    34,
    "`resourceClaims` of the Pod's spec",
    "the Pod starts without its devices",
);
/// `matchLabelKeys` of topology spread constraints.
pub static MATCH_LABEL_KEYS: Feature = Feature::new(
    "MatchLabelKeysInPodTopologySpread",
    25,
    27,
    "`topologySpreadConstraints[*].matchLabelKeys`",
    "Pods of other revisions are counted too",
);
/// `schedulingGates`.
pub static SCHEDULING_GATES: Feature =
    Feature::new("PodSchedulingReadiness", 26, 27, "`schedulingGates`", "the Pod is scheduled at once");
/// `maxUnavailable` of a StatefulSet.
pub static STATEFUL_SET_MAX_UNAVAILABLE: Feature = Feature::new(
    "MaxUnavailableStatefulSet",
    24,
    37,
    "`updateStrategy.rollingUpdate.maxUnavailable` of a StatefulSet",
    "Pods are replaced one by one",
);
/// `unhealthyPodEvictionPolicy` of a PodDisruptionBudget.
pub static UNHEALTHY_EVICTION: Feature = Feature::new(
    "PDBUnhealthyPodEvictionPolicy",
    26,
    27,
    "`unhealthyPodEvictionPolicy` of a PodDisruptionBudget",
    "Pods that are not ready may block node drains",
);
/// Volumes of an OCI image.
pub static IMAGE_VOLUMES: Feature =
    Feature::new("ImageVolume", 31, 35, "`volumes[*].image`", "the containers start without its files");
/// `podFailurePolicy` of a Job.
pub static POD_FAILURE_POLICY: Feature = Feature::new(
    "JobPodFailurePolicy",
    25,
    26,
    "`podFailurePolicy` of a Job",
    "every failed Pod counts against backoffLimit",
);
/// `backoffLimitPerIndex` of a Job.
pub static BACKOFF_LIMIT_PER_INDEX: Feature = Feature::new(
    "JobBackoffLimitPerIndex",
    28,
    29,
    "`backoffLimitPerIndex` of a Job",
    "backoffLimit, 6 by default, counts the failures of all indexes",
);

/// Every feature that a field depends on which podgate reads.
pub static FEATURES: &[&Feature] = &[
    &SIDECARS,
    &RESTART_RULES,
    &RESTART_ALL,
    &ENV_FILES,
    &SLEEP,
    &SLEEP_ZERO,
    &STOP_SIGNALS,
    &POD_LEVEL_RESOURCES,
    &RESIZE,
    &RESOURCE_CLAIMS,
    &SCHEDULING_GATES,
    &MATCH_LABEL_KEYS,
    &IMAGE_VOLUMES,
    &POD_FAILURE_POLICY,
    &BACKOFF_LIMIT_PER_INDEX,
    &STATEFUL_SET_MAX_UNAVAILABLE,
    &UNHEALTHY_EVICTION,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_kubectl_prints_them() {
        for text in ["1.34", "v1.34", "1.34.0", "v1.34.2-gke.1066000", "v1.34.7+k3s1"] {
            assert_eq!(text.parse::<KubernetesVersion>().unwrap(), KubernetesVersion(34), "{text}");
        }
        for text in ["", "1", "1.", "2.0", "1.24", "1.x", "1.34.", "1.34.x", "1.34-rc.1", "34", "1.+34", "1.99999"] {
            let error = text.parse::<KubernetesVersion>().unwrap_err();
            assert_eq!(error.to_string(), format!("\"{text}\" is no version of Kubernetes from 1.25 on, such as 1.34"));
        }
    }

    #[test]
    fn features_come_before_they_are_on() {
        for feature in FEATURES {
            assert!(feature.on.is_none_or(|on| feature.since <= on && on >= OLDEST), "{}", feature.gate);
            assert!(feature.is_on(None) && !feature.is_on(Some(KubernetesVersion(24))), "{}", feature.gate);
        }
        assert!(SIDECARS.is_on(Some(KubernetesVersion(29))) && !SIDECARS.is_on(Some(KubernetesVersion(28))));
        assert!(!STOP_SIGNALS.is_on(Some(KubernetesVersion(37))));
    }
}
