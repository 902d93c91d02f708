//! # What it does
//!
//! Finds a HorizontalPodAutoscaler, or a ScaledObject of KEDA, that cannot scale:
//!
//! - It scales by the utilization of cpu or memory, and a container or sidecar of the workload does not request that resource. This is
//!   told of at the container. A limit counts as a request, and so does what a known LimitRange fills in; of a Pod with requests of
//!   its own nothing is said. Without metrics a HorizontalPodAutoscaler scales by the utilization of cpu.
//! - `scaleTargetRef` names a kind in a group that does not have it (no `apiVersion`, or `extensions/v1beta1`), or a kind without
//!   `scale`: a DaemonSet, a Job, a CronJob, a Pod.
//! - The workload that it names is not among those that are known. `podgate check` says so where the namespace has other workloads:
//!   where one of another kind has this name, and else as an audit, for the workload may be deployed from somewhere else.
//!   `serve --watch` says so where an update names another one.
//! - Another autoscaler scales the same workload. Among manifests one of the two is told of.
//! - Its least and its most are the same number; audit. It does keep that number, as `replicas` would.
//!
//! An autoscaler that a controller keeps is left alone, as the one that KEDA makes of a ScaledObject.
//!
//! # Why it is bad
//!
//! The API server takes all of these, but that recent versions refuse a new autoscaler whose target has no group. Utilization is the part of the request that is used: where one container has none, the autoscaler
//! has the condition `ScalingActive` false with the reason `FailedGetResourceMetric`, and the workload keeps its replicas under any
//! load. With other metrics besides it still scales up by those, and never down. Of two autoscalers on the same Pods neither scales
//! (`AmbiguousSelector`).
//!
//! # Examples
//!
//! ```yaml inventory
//! apiVersion: autoscaling/v2
//! kind: HorizontalPodAutoscaler
//! metadata: {name: web}
//! spec:
//!   minReplicas: 2
//!   maxReplicas: 9
//!   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
//!   metrics:
//!   - type: Resource
//!     resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         resources: {requests: {cpu: 100m}}
//!       - name: exporter
//!         image: example.com/exporter:1
//!         resources:
//!           requests: {memory: 16Mi} # finding
//! ```
//!
//! # Use instead
//!
//! A request of each container, or a metric of one container (`ContainerResource`):
//!
//! ```yaml inventory
//! apiVersion: autoscaling/v2
//! kind: HorizontalPodAutoscaler
//! metadata: {name: web}
//! spec:
//!   minReplicas: 2
//!   maxReplicas: 9
//!   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
//!   metrics:
//!   - type: ContainerResource
//!     containerResource: {name: cpu, container: app, target: {type: Utilization, averageUtilization: 70}}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         resources: {requests: {cpu: 100m}}
//!       - name: exporter
//!         image: example.com/exporter:1
//!         resources:
//!           requests: {memory: 16Mi}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details>
//! - <https://keda.sh/docs/latest/reference/scaledobject-spec/>
//! - `pkg/controller/podautoscaler`: `calculateRequests`, `computeReplicasForMetrics`, `validateAndParseSelector`

use crate::{
    lifecycle::scaling::{NoTarget, autoscaler, is_target_missing, no_target, other_autoscalers, without_request},
    model::{Operation, Review, Workload, autoscaler::AutoscalerSpec, inventory_object::Autoscaler},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
    syntax::Path,
};

rule! {
    id: "autoscaler-without-effect",
    summary: "an autoscaler that cannot scale: no request to compute by, no such target, or another autoscaler",
    level: Warn,
    since: "0.1.0",
    page: "autoscaler_without_effect.rs",
    check: AutoscalerWithoutEffect {},
    other_levels: [
        LevelCase::of(Level::Audit, "its least and its most are the same number", is_autoscaler),
        LevelCase::of(Level::Audit, "no workload among the manifests has the name of its target", is_autoscaler),
    ],
}

fn is_autoscaler(workload: &Workload) -> bool {
    matches!(workload.kind, "HorizontalPodAutoscaler" | "ScaledObject")
}

impl Check for AutoscalerWithoutEffect {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        match &review.new.autoscaler {
            Some(spec) => check_autoscaler(review, spec, out),
            None if review.workload.keeps_replicas => check_requests(review, out),
            None => {}
        }
    }
}

fn check_requests(review: &Review<'_>, out: &mut Report<'_>) {
    let Some(autoscaler) = autoscaler(review) else { return };
    // A LimitRange fills in requests; where some may be unknown, nothing is known of what is requested.
    let Some(known) = review.inventory.filter(|inventory| inventory.knows_limit_ranges()).and_then(|_| review.known())
    else {
        return;
    };
    let measured = autoscaler.utilizations.iter().filter(|measured| !known.requests_by_default(&measured.resource));
    for measured in measured {
        for template in &review.new.templates {
            for placed in without_request(&template.spec, measured) {
                let alone = autoscaler.other_metrics == 0 && autoscaler.utilizations.len() == 1;
                out.at(
                    placed.path(template).keys(&["resources", "requests"]),
                    format_args!(
                        "container \"{}\" requests no {resource}, and {} \"{}\" scales by the utilization of {resource}: it never scales{}; add the request",
                        placed.container.name,
                        autoscaler.own_kind,
                        autoscaler.own_name,
                        if alone { "" } else { " down" },
                        resource = measured.resource
                    ),
                );
            }
        }
    }
}

fn check_autoscaler(review: &Review<'_>, spec: &AutoscalerSpec<'_>, out: &mut Report<'_>) {
    let metadata = &review.new.metadata;
    // Whoever controls it answers for it.
    if metadata.controller().is_some() || spec.scale_target_ref.name.is_empty() {
        return;
    }
    let this = Autoscaler::of(review.workload.kind, metadata, spec);
    check_bounds(&this, spec, out);
    let is_keda = this.own_kind == "ScaledObject";
    let api_version = &*spec.scale_target_ref.api_version;
    let group = match api_version.rsplit_once('/') {
        Some((group, _)) => group,
        // KEDA looks for apps/v1 where none is named.
        None if is_keda && api_version.is_empty() => "apps",
        None => "",
    };
    let target = Path::of(&["spec", "scaleTargetRef"]);
    let (kind, name) = (&this.kind, &this.name);
    match no_target(group, kind) {
        Some(NoTarget::Group(right)) => {
            let right = if right.is_empty() { "v1".to_owned() } else { format!("{right}/v1") };
            let found = if api_version.is_empty() { "no apiVersion".to_owned() } else { format!("\"{api_version}\"") };
            let message = format!("{found}: there is no {kind}, and nothing is scaled; write {right}");
            return out.at(target.key("apiVersion"), message);
        }
        Some(NoTarget::Scale) => {
            return out.at(target.key("kind"), format_args!("a {kind} has no /scale: nothing is scaled"));
        }
        None => {}
    }
    let (Some(inventory), Some(known)) = (review.inventory, review.known()) else { return };
    // What is created just before the autoscaler is not known yet to whoever watches.
    let sees_target = review.from_file || review.operation == Operation::Update;
    if sees_target && inventory.knows_workloads() && is_target_missing(known, group, &this) {
        let other = known.workloads_called(name).find(|workload| workload.kind != "Pod");
        let there = other.map(|other| format!(" (there is a {} of this name)", other.kind)).unwrap_or_default();
        let message = format!("no {kind} \"{name}\" is known{there}: nothing is scaled");
        let level = if review.from_file && other.is_none() { Level::Audit } else { Level::Warn };
        return out.at_level(level, target.key(if other.is_some() { "kind" } else { "name" }), message);
    }
    // KEDA takes over the other one.
    if metadata.annotations.get("scaledobject.keda.sh/transfer-hpa-ownership").is_some() {
        return;
    }
    // Where both are judged, one of them is told of; unless only what has changed is.
    let told = |other: &&Autoscaler| {
        !inventory.is_judged()
            || review.old.is_some()
            || (other.own_kind, &*other.own_name) < (this.own_kind, &*this.own_name)
    };
    if let Some(other) = other_autoscalers(known, &this).find(told) {
        out.at(
            target,
            format_args!(
                "{} \"{}\" scales {kind} \"{name}\" as well: neither of them does; keep one",
                other.own_kind, other.own_name
            ),
        );
    }
}

fn check_bounds(this: &Autoscaler, spec: &AutoscalerSpec<'_>, out: &mut Report<'_>) {
    // An idle count is a second number.
    if this.max_replicas != Some(this.min_replicas) || spec.idle_replica_count.is_some() {
        return;
    }
    let (least, most) = match this.own_kind {
        "ScaledObject" => ("minReplicaCount", "maxReplicaCount"),
        _ => ("minReplicas", "maxReplicas"),
    };
    out.at_level(
        Level::Audit,
        Path::of(&["spec"]).key(most),
        format_args!(
            "{least} and {most} are {}: the autoscaler never scales; set replicas, or a greater {most}",
            this.min_replicas
        ),
    );
}
