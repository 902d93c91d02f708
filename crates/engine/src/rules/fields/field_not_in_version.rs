//! # What it does
//!
//! Finds a field that the version of Kubernetes which the policy names (`spec.kubernetesVersion`, or
//! `podgate check --kubernetes-version`) does not have, or has behind a feature gate that is off. Where no version is named it finds
//! nothing.
//!
//! Which fields these are, and from when on they are there, is in [the table of versions](../versions.md). The option `featureGates`
//! names the gates that are off by default and that the cluster has turned on.
//!
//! # Why it is bad
//!
//! The API server does not refuse most of them, it drops them, and what is left means something else: a sidecar becomes an init
//! container that never ends, so that the Pod never starts. Or it refuses what is left: without `preStop.sleep` the hook has no handler.
//! `kubectl apply` refuses fields that the version does not know, but says nothing of those whose gate is off; other clients, and
//! templates of kinds whose Pods somebody else makes, go through unseen.
//!
//! # Examples
//!
//! ```yaml policy
//! kubernetesVersion: "1.28"
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: proxy
//!     image: example.com/proxy:1
//!     restartPolicy: Always # finding
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! What the version has, here an app container, or the version that the cluster really has:
//!
//! ```yaml policy
//! kubernetesVersion: "1.28"
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: proxy
//!     image: example.com/proxy:1
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/>
//! - API server: `pkg/features/kube_features.go`, `dropDisabledFields` of `pkg/api/pod/util.go`, `dropStatefulSetDisabledFields`

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    lifecycle::kept::{Lacking, TargetCluster},
    model::{KubernetesVersion, Review},
    rules::rule::{Check, PolicyFacts, Report, rule},
};

rule! {
    id: "field-not-in-version",
    summary: "a field that the target version of Kubernetes drops or refuses",
    level: Warn,
    since: "0.1.0",
    page: "field_not_in_version.rs",
    check: FieldNotInVersion,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct FieldNotInVersion {
    /// Names of feature gates that the cluster has turned on although they are off by default.
    feature_gates: Vec<String>,
    #[serde(skip)]
    cluster: Option<TargetCluster>,
}

/// Returns the cluster that options of this rule speak of.
pub(crate) fn cluster(version: KubernetesVersion, options: Map<String, Value>) -> TargetCluster {
    // Options that do not compile were refused as the policy was read.
    let FieldNotInVersion { feature_gates, .. } = serde_json::from_value(options.into()).unwrap_or_default();
    TargetCluster { version, gates: feature_gates }
}

impl Check for FieldNotInVersion {
    fn with_policy(&mut self, facts: &PolicyFacts) {
        self.cluster = facts.kubernetes.map(|version| TargetCluster { version, gates: self.feature_gates.clone() });
    }

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(cluster) = &self.cluster else { return };
        let version = cluster.version;
        cluster.lacking(review.workload, &review.new, &mut |Lacking { feature, at, what, without, is_dropped }| {
            let does = match is_dropped {
                _ if version < feature.since => "does not have",
                true => "drops",
                false => "refuses",
            };
            out.at(at, format_args!("{what}, which Kubernetes {version} {does} ({feature}): {without}"));
        });
    }
}
