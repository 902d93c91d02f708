//! `AutoscalerSpec`: what a HorizontalPodAutoscaler of any version, or a ScaledObject of KEDA, says of what it scales.

use serde::Deserialize;

use super::Metadata;
use crate::syntax::{
    List, Str,
    json::{object, object_or_default},
};

/// Reads all that the kinds and versions of autoscalers have; which fields mean something depends on them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AutoscalerSpec<'a> {
    /// `scaleTargetRef`.
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub scale_target_ref: ScaleTargetRef<'a>,
    /// `minReplicas` of a HorizontalPodAutoscaler.
    pub min_replicas: Option<i64>,
    /// `maxReplicas` of a HorizontalPodAutoscaler.
    pub max_replicas: Option<i64>,
    /// `targetCPUUtilizationPercentage` of version v1.
    #[serde(rename = "targetCPUUtilizationPercentage")]
    pub target_cpu_utilization_percentage: Option<i64>,
    /// `metrics` of version v2, and of those before it.
    #[serde(borrow)]
    metrics: List<Metric<'a>>,
    /// `minReplicaCount` of a [`ScaledObject`](https://keda.sh/docs/latest/reference/scaledobject-spec/).
    pub min_replica_count: Option<i64>,
    /// `maxReplicaCount` of a ScaledObject.
    pub max_replica_count: Option<i64>,
    /// `idleReplicaCount` of a ScaledObject: what it goes down to where nothing is to be done.
    pub idle_replica_count: Option<i64>,
    /// `triggers` of a ScaledObject.
    #[serde(borrow)]
    triggers: List<Trigger<'a>>,
}

/// `scaleTargetRef`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScaleTargetRef<'a> {
    /// `apiVersion`.
    #[serde(borrow)]
    pub api_version: Str<'a>,
    /// `kind`.
    #[serde(borrow)]
    pub kind: Str<'a>,
    /// `name`.
    #[serde(borrow)]
    pub name: Str<'a>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metric<'a> {
    #[serde(borrow, deserialize_with = "object")]
    resource: Option<ResourceMetric<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    container_resource: Option<ResourceMetric<'a>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ResourceMetric<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    container: Str<'a>,
    #[serde(deserialize_with = "object_or_default")]
    target: MetricTarget,
    /// Stands where version v2beta1 has its target.
    target_average_utilization: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MetricTarget {
    average_utilization: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Trigger<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    metric_type: Str<'a>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: TriggerMetadata<'a>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TriggerMetadata<'a> {
    /// Stood where `metricType` stands today.
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    container_name: Str<'a>,
}

/// A metric that is a part of what containers request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utilization {
    /// The resource: cpu or memory.
    pub resource: String,
    /// The container whose use counts alone; empty where the whole Pod's does.
    pub container: String,
}

impl AutoscalerSpec<'_> {
    /// Returns the metrics that are a part of what containers request, and how many there are besides.
    ///
    /// A HorizontalPodAutoscaler without metrics has one of cpu (`SetDefaults_HorizontalPodAutoscaler`; of v1 the annotation
    /// may hold others).
    pub fn metrics(&self, is_keda: bool, metadata: &Metadata<'_>) -> (Vec<Utilization>, usize) {
        let utilization = |resource: &str, container: &str| Utilization {
            resource: resource.to_owned(),
            container: container.to_owned(),
        };
        if is_keda {
            let of = |trigger: &Trigger<'_>| {
                let is_share = trigger.metric_type == "Utilization"
                    || trigger.metric_type.is_empty() && trigger.metadata.kind == "Utilization";
                let is_resource = trigger.kind == "cpu" || trigger.kind == "memory";
                (is_share && is_resource).then(|| utilization(&trigger.kind, &trigger.metadata.container_name))
            };
            let found: Vec<Utilization> = self.triggers.iter().filter_map(of).collect();
            let others = self.triggers.len() - found.len();
            return (found, others);
        }
        let in_annotation = usize::from(metadata.annotations.get("autoscaling.alpha.kubernetes.io/metrics").is_some());
        if self.target_cpu_utilization_percentage.is_some() || self.metrics.is_empty() && in_annotation == 0 {
            return (vec![utilization("cpu", "")], in_annotation);
        }
        let of = |metric: &Metric<'_>| {
            let found = metric.resource.as_ref().or(metric.container_resource.as_ref())?;
            let is_share = found.target.average_utilization.or(found.target_average_utilization).is_some();
            is_share.then(|| utilization(&found.name, &found.container))
        };
        let found: Vec<Utilization> = self.metrics.iter().filter_map(of).collect();
        let others = self.metrics.len() + in_annotation - found.len();
        (found, others)
    }
}
