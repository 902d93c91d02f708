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
//! container that never ends, so that the Pod never starts; `preStop.sleep` becomes no hook at all. `kubectl apply` refuses fields
//! that the version does not know, but says nothing of those whose gate is off; other clients, and templates of kinds whose Pods
//! somebody else makes, go through unseen.
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

use crate::{
    lifecycle::stages::{self, Placed, Role},
    model::{
        Feature, KubernetesVersion, Review, Template,
        version::{
            BACKOFF_LIMIT_PER_INDEX, ENV_FILES, IMAGE_VOLUMES, MATCH_LABEL_KEYS, POD_FAILURE_POLICY,
            POD_LEVEL_RESOURCES, RESIZE, RESOURCE_CLAIMS, RESTART_ALL, RESTART_RULES, SCHEDULING_GATES, SIDECARS,
            SLEEP, SLEEP_ZERO, STATEFUL_SET_MAX_UNAVAILABLE, STOP_SIGNALS, UNHEALTHY_EVICTION,
        },
    },
    rules::rule::{Check, PolicyFacts, Report, rule},
    syntax::Path,
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
    version: Option<KubernetesVersion>,
}

impl Check for FieldNotInVersion {
    fn with_policy(&mut self, facts: &PolicyFacts) {
        self.version = facts.kubernetes;
    }

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(version) = self.version else { return };
        let mut dropped = Dropped { version, gates: &self.feature_gates, out };
        let object = &review.new;
        for (template, placed) in stages::all(object) {
            dropped.container(template, &placed);
        }
        for template in &object.templates {
            dropped.template(template);
        }
        let set = |value: bool, field| value.then(|| Path::of(&["spec"]).key(field));
        if let Some(budget) = &object.budget {
            let at = set(!budget.unhealthy_pod_eviction_policy.is_empty(), "unhealthyPodEvictionPolicy");
            dropped.found(&UNHEALTHY_EVICTION, at, || "unhealthyPodEvictionPolicy".to_owned());
        }
        if review.workload.is("apps", "StatefulSet") {
            let update = &object.controller.update_strategy.rolling_update;
            let at = set(update.max_unavailable.is_some(), "updateStrategy");
            let at = at.map(|at| at.keys(&["rollingUpdate", "maxUnavailable"]));
            dropped.found(&STATEFUL_SET_MAX_UNAVAILABLE, at, || "maxUnavailable of a StatefulSet".to_owned());
        }
    }
}

/// Reports what a version does not have.
struct Dropped<'d, 'r> {
    version: KubernetesVersion,
    gates: &'d [String],
    out: &'d mut Report<'r>,
}

impl Dropped<'_, '_> {
    /// Reports what stands at a place, if anything does and the version does not have it. `what` names it.
    fn found(&mut self, feature: &Feature, at: Option<Path>, what: impl FnOnce() -> String) {
        let Some(at) = at.filter(|_| !feature.is_on(Some(self.version))) else { return };
        let Self { version, gates, out } = self;
        let is_unknown = *version < feature.since;
        if !is_unknown && gates.iter().any(|gate| gate == feature.gate) {
            return;
        }
        let does = if is_unknown { "does not have" } else { "drops or refuses" };
        out.at(at, format_args!("{}, which Kubernetes {version} {does} ({feature}): {}", what(), feature.without));
    }

    fn container(&mut self, template: &Template<'_>, placed: &Placed<'_, '_>) {
        let container = placed.container;
        let named = |what: &str| format!("container \"{}\" has {what}", container.name);
        let at = |is_set: bool, field| is_set.then(|| placed.path(template).key(field));
        let policy = container.restart_policy.as_deref().unwrap_or_default();
        let is_sidecar = placed.role == Role::Sidecar;
        self.found(&SIDECARS, at(is_sidecar, "restartPolicy"), || named("restartPolicy Always"));
        self.found(&RESTART_RULES, at(!is_sidecar && !policy.is_empty(), "restartPolicy"), || {
            named(&format!("a restartPolicy of its own, {policy}"))
        });
        let rules = &container.restart_policy_rules;
        self.found(&RESTART_RULES, at(!rules.is_empty(), "restartPolicyRules"), || named("restartPolicyRules"));
        // Said of the list already where the version has no rules at all.
        let restarts_all = rules.iter().position(|rule| rule.action == "RestartAllContainers");
        if let Some(index) = restarts_all.filter(|_| RESTART_RULES.is_on(Some(self.version))) {
            let at = placed.path(template).key("restartPolicyRules").index(index).key("action");
            self.found(&RESTART_ALL, Some(at), || named("the action RestartAllContainers"));
        }
        for (index, _) in container.env_files.iter().flat_map(|files| files.iter()) {
            let at = placed.path(template).key("env").index(*index).keys(&["valueFrom", "fileKeyRef"]);
            self.found(&ENV_FILES, Some(at), || named("a variable from a file (fileKeyRef)"));
        }
        let resize = at(container.resize_policy.is_some(), "resizePolicy");
        self.found(&RESIZE, resize, || named("a resizePolicy"));
        let Some(lifecycle) = &container.lifecycle else { return };
        let at = || placed.path(template).key("lifecycle");
        let stop_signal = (!lifecycle.stop_signal.is_empty()).then(|| at().key("stopSignal"));
        self.found(&STOP_SIGNALS, stop_signal, || named(&format!("stopSignal {}", lifecycle.stop_signal)));
        for (field, hook) in lifecycle.hooks() {
            let Some(sleep) = hook.sleep else { continue };
            let at = at().keys(&[field, "sleep"]);
            if sleep.seconds == Some(0) && SLEEP.is_on(Some(self.version)) {
                self.found(&SLEEP_ZERO, Some(at), || named(&format!("a {field} that sleeps 0 s")));
            } else {
                self.found(&SLEEP, Some(at), || named(&format!("a sleep in {field}")));
            }
        }
    }

    fn template(&mut self, template: &Template<'_>) {
        let spec = &template.spec;
        let at = |is_set: bool, field| is_set.then(|| template.spec_path(field));
        let resources = &spec.resources;
        let has_resources = !resources.requests.is_empty() || !resources.limits.is_empty();
        self.found(&POD_LEVEL_RESOURCES, at(has_resources, "resources"), || {
            "the Pod has resources of its own".to_owned()
        });
        let claims = at(!spec.resource_claims.is_empty(), "resourceClaims");
        self.found(&RESOURCE_CLAIMS, claims, || "the Pod has resourceClaims".to_owned());
        self.found(&SCHEDULING_GATES, at(!spec.gates().is_empty(), "schedulingGates"), || {
            "the Pod has schedulingGates".to_owned()
        });
        for (index, constraint) in spec.topology_spread_constraints.iter().enumerate() {
            let at = template.spec_path("topologySpreadConstraints").index(index).key("matchLabelKeys");
            let is_set = !constraint.match_label_keys.is_empty();
            self.found(&MATCH_LABEL_KEYS, is_set.then_some(at), || {
                format!("topologySpreadConstraints[{index}] has matchLabelKeys")
            });
        }
        for (index, volume) in spec.volumes.iter().enumerate().filter(|(_, volume)| volume.image.is_some()) {
            let at = template.spec_path("volumes").index(index).key("image");
            self.found(&IMAGE_VOLUMES, Some(at), || format!("volume \"{}\" is an image", volume.name));
        }
        let Some(job) = &template.job else { return };
        let at = |is_set: bool, field| is_set.then(|| job.path.clone().key(field));
        let failure_policy = at(job.spec.pod_failure_policy.is_some(), "podFailurePolicy");
        self.found(&POD_FAILURE_POLICY, failure_policy, || "the Job has a podFailurePolicy".to_owned());
        let per_index = at(job.spec.backoff_limit_per_index.is_some(), "backoffLimitPerIndex");
        self.found(&BACKOFF_LIMIT_PER_INDEX, per_index, || "the Job has a backoffLimitPerIndex".to_owned());
    }
}
