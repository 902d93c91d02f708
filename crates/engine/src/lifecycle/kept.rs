//! What a cluster keeps of an object: a version of Kubernetes drops fields that it does not have, or whose feature gate is off.

use serde_json::Value;

use super::stages::{self, Placed, Role};
use crate::{
    model::{
        Feature, KubernetesVersion, LifecycleHandler, Object, Template, Workload,
        version::{
            BACKOFF_LIMIT_PER_INDEX, ENV_FILES, IMAGE_VOLUMES, MATCH_LABEL_KEYS, POD_FAILURE_POLICY,
            POD_LEVEL_RESOURCES, RESIZE, RESOURCE_CLAIMS, RESTART_ALL, RESTART_RULES, SCHEDULING_GATES, SIDECARS,
            SLEEP, SLEEP_ZERO, STATEFUL_SET_MAX_UNAVAILABLE, STOP_SIGNALS, UNHEALTHY_EVICTION,
        },
    },
    syntax::{Path, path::Segment},
};

/// The field that `BACKOFF_LIMIT_PER_INDEX` brings.
const PER_INDEX: &str = "backoffLimitPerIndex";

/// The cluster that objects are meant for, as a policy tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetCluster {
    /// Its version.
    pub version: KubernetesVersion,
    /// The feature gates that are off by default and that it has turned on.
    pub gates: Vec<String>,
}

/// A field of an object, or its value, that a cluster lacks.
#[derive(Debug)]
pub struct Lacking {
    /// The feature that it depends on.
    pub feature: &'static Feature,
    /// Where it stands.
    pub at: Path,
    /// Names it, with the container that has it.
    pub what: String,
    /// Says what becomes of the object.
    pub without: &'static str,
    /// Tells whether the API server drops it; it refuses the object otherwise.
    pub is_dropped: bool,
}

/// An object as a cluster keeps it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its JSON text; `None` where that is all of it.
    pub text: Option<String>,
    /// Lists what was dropped.
    pub dropped: Vec<Path>,
    /// Lists what it refuses the object for.
    pub refused: Vec<Path>,
}

impl TargetCluster {
    /// Returns whether it has a feature.
    pub fn has(&self, feature: &Feature) -> bool {
        let is_turned_on = || self.version >= feature.since && self.gates.iter().any(|gate| gate == feature.gate);
        feature.is_on(Some(self.version)) || is_turned_on()
    }

    /// Returns whether it knows `restartPolicy` of a container only to refuse it (`validateContainers`, `validateInitContainerRestartPolicy`):
    /// so did those with sidecars and without rules. Of an init container it was dropped where sidecars were off.
    fn refuses_other_restart_policies(&self, role: Role) -> bool {
        let knows_it = self.version >= SIDECARS.since && self.version < RESTART_RULES.since;
        knows_it && (role != Role::Init || self.has(&SIDECARS))
    }

    /// Tells `found` of each field of an object that it lacks.
    pub fn lacking(&self, workload: &Workload, object: &Object<'_>, found: &mut dyn FnMut(Lacking)) {
        let mut look = Look { cluster: self, found };
        for (template, placed) in stages::all(object) {
            look.container(template, &placed);
        }
        for template in &object.templates {
            look.template(template);
        }
        let set = |value: bool, field| value.then(|| Path::of(&["spec"]).key(field));
        if let Some(budget) = &object.budget {
            let at = set(!budget.unhealthy_pod_eviction_policy.is_empty(), "unhealthyPodEvictionPolicy");
            look.drops(&UNHEALTHY_EVICTION, at, || "unhealthyPodEvictionPolicy".to_owned());
        }
        if workload.is("apps", "StatefulSet") {
            let update = &object.controller.update_strategy.rolling_update;
            let at = set(update.max_unavailable.is_some(), "updateStrategy");
            let at = at.map(|at| at.keys(&["rollingUpdate", "maxUnavailable"]));
            look.drops(&STATEFUL_SET_MAX_UNAVAILABLE, at, || "maxUnavailable of a StatefulSet".to_owned());
        }
    }

    /// Returns what it keeps of an object with this JSON text.
    pub fn kept(&self, workload: &Workload, object: &Object<'_>, text: &str) -> Kept {
        let (mut dropped, mut refused) = (Vec::new(), Vec::new());
        self.lacking(workload, object, &mut |Lacking { at, is_dropped, .. }| {
            if is_dropped { &mut dropped } else { &mut refused }.push(at);
        });
        let text = if dropped.is_empty() { None } else { self.without(text, &dropped) };
        Kept { text, dropped, refused }
    }

    /// Returns JSON text without some members; `None` where it is no JSON.
    fn without(&self, text: &str, dropped: &[Path]) -> Option<String> {
        let mut whole: Value = serde_json::from_str(text).ok()?;
        for path in dropped {
            let holder = path.parent().and_then(|holder| whole.pointer_mut(&holder.pointer()));
            if let (Some(Value::Object(members)), Some(Segment::Key(key))) = (holder, path.segments().last()) {
                members.shift_remove(&**key);
                if &**key == PER_INDEX && self.bounds_no_failures() && !members.contains_key("backoffLimit") {
                    members.insert("backoffLimit".to_owned(), i32::MAX.into());
                }
            }
        }
        Some(whole.to_string())
    }

    /// Returns whether a Job whose `backoffLimitPerIndex` it drops has no bound by default: the default comes before the field is
    /// dropped (`SetDefaults_Job`).
    fn bounds_no_failures(&self) -> bool {
        self.version >= BACKOFF_LIMIT_PER_INDEX.since
    }
}

/// Looks for what a cluster lacks.
struct Look<'l> {
    cluster: &'l TargetCluster,
    found: &'l mut dyn FnMut(Lacking),
}

impl Look<'_> {
    fn tell(&mut self, feature: &'static Feature, at: Path, what: String, without: &'static str, is_dropped: bool) {
        (self.found)(Lacking { feature, at, what, without, is_dropped });
    }

    /// Tells of a field that is dropped, if it is set and the cluster lacks it.
    fn drops(&mut self, feature: &'static Feature, at: Option<Path>, what: impl FnOnce() -> String) {
        if let Some(at) = at.filter(|_| !self.cluster.has(feature)) {
            self.tell(feature, at, what(), feature.without, true);
        }
    }

    /// Tells of a field or value for which the object is refused, if the cluster lacks it.
    fn refuses(&mut self, feature: &'static Feature, at: Path, what: impl FnOnce() -> String) {
        if !self.cluster.has(feature) {
            self.tell(feature, at, what(), feature.without, false);
        }
    }

    fn container(&mut self, template: &Template<'_>, placed: &Placed<'_, '_>) {
        let container = placed.container;
        let named = |what: &str| format!("container \"{}\" has {what}", container.name);
        let at = |is_set: bool, field| is_set.then(|| placed.path(template).key(field));
        let policy = container.restart_policy.as_deref().unwrap_or_default();
        let is_sidecar = placed.role == Role::Sidecar;
        if let Some(at) = at(is_sidecar, "restartPolicy").filter(|_| !self.cluster.has(&SIDECARS)) {
            let is_refused = container.probes().next().is_some() || container.lifecycle.is_some();
            let without = if is_refused {
                "the API server refuses probes and lifecycle of other init containers"
            } else {
                SIDECARS.without
            };
            self.tell(&SIDECARS, at, named("restartPolicy Always"), without, !is_refused);
        }
        if let Some(at) =
            at(!is_sidecar && !policy.is_empty(), "restartPolicy").filter(|_| !self.cluster.has(&RESTART_RULES))
        {
            let what = named(&format!("a restartPolicy of its own, {policy}"));
            let is_refused = self.cluster.refuses_other_restart_policies(placed.role);
            let without = if is_refused {
                "the API server refuses any that is not Always of an init container"
            } else {
                RESTART_RULES.without
            };
            self.tell(&RESTART_RULES, at, what, without, !is_refused);
        }
        let rules = &container.restart_policy_rules;
        self.drops(&RESTART_RULES, at(!rules.is_empty(), "restartPolicyRules"), || named("restartPolicyRules"));
        // Where it has no rules at all, the whole list is dropped.
        let restarts_all = rules.iter().position(|rule| rule.action == "RestartAllContainers");
        if let Some(index) = restarts_all.filter(|_| self.cluster.has(&RESTART_RULES)) {
            let at = placed.path(template).key("restartPolicyRules").index(index).key("action");
            self.refuses(&RESTART_ALL, at, || named("the action RestartAllContainers"));
        }
        for (index, _) in container.env_files.iter().flat_map(|files| files.iter()) {
            let at = placed.path(template).key("env").index(*index).keys(&["valueFrom", "fileKeyRef"]);
            self.refuses(&ENV_FILES, at, || named("a variable from a file (fileKeyRef)"));
        }
        let resize = at(container.resize_policy.is_some(), "resizePolicy");
        self.drops(&RESIZE, resize, || named("a resizePolicy"));
        let Some(lifecycle) = &container.lifecycle else { return };
        let at = || placed.path(template).key("lifecycle");
        let stop_signal = (!lifecycle.stop_signal.is_empty()).then(|| at().key("stopSignal"));
        self.drops(&STOP_SIGNALS, stop_signal, || named(&format!("stopSignal {}", lifecycle.stop_signal)));
        for (field, hook) in lifecycle.hooks() {
            let Some(sleep) = hook.sleep else { continue };
            let at = at().keys(&[field, "sleep"]);
            if self.cluster.has(&SLEEP) {
                if sleep.seconds == Some(0) {
                    self.refuses(&SLEEP_ZERO, at, || named(&format!("a {field} that sleeps 0 s")));
                }
                continue;
            }
            // The sleep is dropped, the hook is not, and one without a handler is refused (`dropDisabledFields`, `validateHandler`).
            let what = named(&format!("a sleep in {field}"));
            self.tell(&SLEEP, at, what, SLEEP.without, does_more(hook));
        }
    }

    fn template(&mut self, template: &Template<'_>) {
        let spec = &template.spec;
        let at = |is_set: bool, field| is_set.then(|| template.spec_path(field));
        let resources = &spec.resources;
        let has_resources = !resources.requests.is_empty() || !resources.limits.is_empty();
        self.drops(&POD_LEVEL_RESOURCES, at(has_resources, "resources"), || {
            "the Pod has resources of its own".to_owned()
        });
        let claims = at(!spec.resource_claims.is_empty(), "resourceClaims");
        self.drops(&RESOURCE_CLAIMS, claims, || "the Pod has resourceClaims".to_owned());
        self.drops(&SCHEDULING_GATES, at(!spec.gates().is_empty(), "schedulingGates"), || {
            "the Pod has schedulingGates".to_owned()
        });
        for (index, constraint) in spec.topology_spread_constraints.iter().enumerate() {
            let at = template.spec_path("topologySpreadConstraints").index(index).key("matchLabelKeys");
            let is_set = !constraint.match_label_keys.is_empty();
            self.drops(&MATCH_LABEL_KEYS, is_set.then_some(at), || {
                format!("topologySpreadConstraints[{index}] has matchLabelKeys")
            });
        }
        for (index, volume) in spec.volumes.iter().enumerate().filter(|(_, volume)| volume.image.is_some()) {
            let at = template.spec_path("volumes").index(index).key("image");
            self.drops(&IMAGE_VOLUMES, Some(at), || format!("volume \"{}\" is an image", volume.name));
        }
        let Some(job) = &template.job else { return };
        let at = |is_set: bool, field| is_set.then(|| job.path.clone().key(field));
        let failure_policy = at(job.spec.pod_failure_policy.is_some(), "podFailurePolicy");
        self.drops(&POD_FAILURE_POLICY, failure_policy, || "the Job has a podFailurePolicy".to_owned());
        let per_index = at(job.spec.backoff_limit_per_index.is_some(), PER_INDEX);
        if let Some(at) = per_index.filter(|_| !self.cluster.has(&BACKOFF_LIMIT_PER_INDEX)) {
            let without = if job.spec.backoff_limit.is_none() && self.cluster.bounds_no_failures() {
                "failed Pods are made again without end, as backoffLimit is not set"
            } else {
                BACKOFF_LIMIT_PER_INDEX.without
            };
            let what = "the Job has a backoffLimitPerIndex".to_owned();
            self.tell(&BACKOFF_LIMIT_PER_INDEX, at, what, without, true);
        }
    }
}

/// Returns whether a hook does something else than to sleep.
fn does_more(hook: &LifecycleHandler<'_>) -> bool {
    hook.exec.is_some() || hook.http_get.is_some() || hook.tcp_socket.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = r#"{"metadata": {"name": "web"}, "spec": {"schedulingGates": [{"name": "a.example.com/b"}],
        "resources": {"limits": {"cpu": 1}}, "initContainers": [{"name": "proxy", "restartPolicy": "Always"}],
        "containers": [{"name": "app", "restartPolicyRules": [{"action": "Restart"}], "resizePolicy": [], "lifecycle": {
            "stopSignal": "SIGINT", "preStop": {"sleep": {"seconds": 5}},
            "postStart": {"exec": {"command": ["a"]}, "sleep": {"seconds": 5}}}}]}}"#;

    fn pod() -> &'static Workload {
        Workload::find("", "Pod").unwrap()
    }

    fn kept(cluster: &TargetCluster, text: &str) -> Kept {
        cluster.kept(pod(), &pod().read(text).unwrap(), text)
    }

    fn cluster(minor: u16) -> TargetCluster {
        TargetCluster { version: KubernetesVersion(minor), gates: Vec::new() }
    }

    #[test]
    fn nothing_is_left_that_a_cluster_drops() {
        let mut before = usize::MAX;
        for minor in 25..=37 {
            let Kept { text, dropped, refused } = kept(&cluster(minor), POD);
            assert!(dropped.len() <= before, "{minor}");
            before = dropped.len();
            let again = kept(&cluster(minor), &text.unwrap());
            assert_eq!(again, Kept { text: None, dropped: Vec::new(), refused }, "{minor}");
        }
        // Only the stop signal is still off by default.
        assert_eq!(before, 1);
        let new = TargetCluster { gates: vec!["ContainerStopSignals".to_owned()], ..cluster(37) };
        assert_eq!(kept(&new, POD), Kept { text: None, dropped: Vec::new(), refused: Vec::new() });
    }

    #[test]
    fn a_hook_that_only_sleeps_is_refused() {
        let Kept { text, refused, .. } = kept(&cluster(29), POD);
        let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
        assert_eq!(refused, ["spec.containers[0].lifecycle.preStop.sleep"]);
        let text = text.unwrap();
        let object = pod().read(&text).unwrap();
        let lifecycle = object.templates[0].spec.containers[0].lifecycle.as_ref().unwrap();
        assert!(lifecycle.pre_stop.as_ref().is_some_and(|hook| hook.sleep.is_some()));
        assert!(lifecycle.post_start.as_ref().is_some_and(|hook| hook.sleep.is_none() && hook.exec.is_some()));
    }

    #[test]
    fn a_restart_policy_was_refused_once_sidecars_were_there() {
        let text = r#"{"spec": {"initContainers": [{"name": "init", "restartPolicy": "Never"}],
            "containers": [{"name": "app", "restartPolicy": "Never"}]}}"#;
        let refused = |minor| {
            let Kept { dropped, refused, .. } = kept(&cluster(minor), text);
            (dropped.len(), refused.len())
        };
        assert_eq!([27, 28, 29, 33, 34, 35].map(refused), [(2, 0), (1, 1), (0, 2), (0, 2), (2, 0), (0, 0)]);
    }

    #[test]
    fn a_dropped_limit_leaves_the_default_that_it_had() {
        let job = Workload::find("batch", "Job").unwrap();
        let limit = |minor, limit: &str| {
            let text = format!(
                r#"{{"spec": {{{limit} "backoffLimitPerIndex": 1, "template": {{"spec": {{"containers": [{{"name": "app"}}]}}}}}}}}"#
            );
            let text = cluster(minor).kept(job, &job.read(&text).unwrap(), &text).text.unwrap();
            let kept = job.read(&text).unwrap();
            let spec = &kept.templates[0].job.as_ref().unwrap().spec;
            (spec.backoff_limit, spec.backoff_limit_per_index)
        };
        assert_eq!(limit(27, ""), (None, None));
        assert_eq!(limit(28, ""), (Some(i32::MAX.into()), None));
        assert_eq!(limit(28, r#""backoffLimit": 4,"#), (Some(4), None));
    }

    #[test]
    fn a_gate_that_is_not_there_yet_cannot_be_turned_on() {
        let turned_on = |minor| TargetCluster { gates: vec![SLEEP.gate.to_owned()], ..cluster(minor) };
        assert_eq!([28, 29].map(|minor| turned_on(minor).has(&SLEEP)), [false, true]);
        assert_eq!([29, 30].map(|minor| cluster(minor).has(&SLEEP)), [false, true]);
    }

    #[test]
    fn what_is_refused_is_not_dropped() {
        let text =
            r#"{"spec": {"containers": [{"name": "app", "lifecycle": {"preStop": {"sleep": {"seconds": 0}}}}]}}"#;
        let mut found = Vec::new();
        cluster(31).lacking(pod(), &pod().read(text).unwrap(), &mut |lacking| found.push(lacking));
        assert_eq!(found.iter().map(|lacking| lacking.feature).collect::<Vec<_>>(), [&SLEEP_ZERO]);
        let Kept { text, dropped, refused } = kept(&cluster(31), text);
        assert_eq!((text, dropped, refused.len()), (None, Vec::new(), 1));
    }
}
