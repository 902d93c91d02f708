//! How a kind replaces its Pods when its template changes: how many at a time, and how long it may take.
//!
//! Where each kind says so, in one place: a Deployment in `spec.strategy.rollingUpdate`, a DeploymentConfig in
//! `spec.strategy.rollingParams`, a [Rollout](https://argo-rollouts.readthedocs.io/en/stable/features/specification/) in
//! `spec.strategy.canary`, a StatefulSet and a DaemonSet in `spec.updateStrategy.rollingUpdate`, a [CloneSet](https://openkruise.io/docs/user-manuals/cloneset/) in `spec.updateStrategy` itself.

use super::disruption::{part_down, part_up, percent, rounded_down, rounded_up};
use crate::{
    model::{
        IntOrString, Workload,
        object::{ControllerSpec, Strategy},
        workload::Updates,
    },
    syntax::Path,
};

/// Holds what `maxSurge` and `maxUnavailable` are where they are absent: of a Deployment (`SetDefaults_Deployment`), a DeploymentConfig and
/// a Rollout alike.
const DEFAULT_PERCENT: i64 = 25;
/// The `progressDeadlineSeconds` of a Deployment (`SetDefaults_Deployment`) and of a Rollout that have none, and the
/// `timeoutSeconds` of a DeploymentConfig.
pub const DEFAULT_DEADLINE_SECONDS: i64 = 600;

/// A rolling update: how many Pods at a time, as it is written.
#[derive(Debug, Clone)]
pub struct RollingUpdate<'o, 'a> {
    /// The place of `maxUnavailable`.
    pub at: Path,
    /// `maxSurge`: a number or a percentage.
    pub max_surge: Option<&'o IntOrString<'a>>,
    /// `maxUnavailable`: a number or a percentage.
    pub max_unavailable: Option<&'o IntOrString<'a>>,
    /// The `partition` of a StatefulSet: Pods of lower ordinals keep their revision.
    pub partition: i64,
    /// Holds what is surged and unavailable where it is absent, in percent.
    default_percents: (i64, i64),
}

/// Says what a rolling update may do at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollout {
    /// Tells how many Pods more than the replicas there may be.
    pub surge: i64,
    /// Tells how many of the replicas may be unavailable.
    pub unavailable: i64,
}

/// Returns the rolling update of a kind that replaces all its Pods, some at a time. `None` where all go at once (`Recreate`), where the
/// new ones come up beside the old (blue-green), where steps or the routing of traffic decide, and where a partition keeps some.
pub fn rolling_update<'o, 'a>(
    workload: &Workload,
    controller: &'o ControllerSpec<'a>,
) -> Option<RollingUpdate<'o, 'a>> {
    partial_update(workload, controller).filter(|update| update.partition <= 0)
}

/// Returns the same as [`rolling_update`], also where a [partition](RollingUpdate::partition) keeps some Pods.
pub fn partial_update<'o, 'a>(
    workload: &Workload,
    controller: &'o ControllerSpec<'a>,
) -> Option<RollingUpdate<'o, 'a>> {
    let mut partition = 0;
    let strategy = &controller.strategy;
    let is = |strategy: &Strategy<'_>, kind| strategy.kind.is_empty() || strategy.kind == kind;
    let at = |fields: &[&'static str]| Path::of(&["spec"]).keys(fields).key("maxUnavailable");
    let quarter = (DEFAULT_PERCENT, DEFAULT_PERCENT);
    let (at, max_surge, max_unavailable, default_percents) = match workload.updates {
        Updates::Deployment if is(strategy, "RollingUpdate") => {
            let update = &strategy.rolling_update;
            (at(&["strategy", "rollingUpdate"]), &update.max_surge, &update.max_unavailable, quarter)
        }
        Updates::DeploymentConfig if is(strategy, "Rolling") => {
            let update = &strategy.rolling_params;
            (at(&["strategy", "rollingParams"]), &update.max_surge, &update.max_unavailable, quarter)
        }
        Updates::Rollout => {
            let canary = strategy.canary.as_ref()?;
            if canary.traffic_routing.is_some() || !canary.steps.is_empty() {
                return None;
            }
            (at(&["strategy", "canary"]), &canary.max_surge, &canary.max_unavailable, quarter)
        }
        // It makes no Pod more than its replicas, and replaces one at a time where it does not say more; those below the partition
        // stay (`getStatefulSetMaxUnavailable`).
        Updates::StatefulSet
            if workload.is("apps", "StatefulSet") && is(&controller.update_strategy, "RollingUpdate") =>
        {
            let update = &controller.update_strategy.rolling_update;
            partition = update.partition.unwrap_or(0);
            (at(&["updateStrategy", "rollingUpdate"]), &None, &update.max_unavailable, (0, 0))
        }
        // What is updated in place is not away for long.
        Updates::CloneSet if is(&controller.update_strategy, "ReCreate") => {
            let update = &controller.update_strategy;
            (at(&["updateStrategy"]), &update.max_surge, &update.max_unavailable, (0, 20))
        }
        _ => return None,
    };
    let (max_surge, max_unavailable) = (max_surge.as_ref(), max_unavailable.as_ref());
    Some(RollingUpdate { at, max_surge, max_unavailable, partition, default_percents })
}

impl RollingUpdate<'_, '_> {
    /// Returns what it may do at a time to `replicas` Pods.
    ///
    /// Surge = ⌈maxSurge⌉ and unavailable = ⌊maxUnavailable⌋; where both come to 0, unavailable is 1, so that the update can go
    /// on at all; never more than the replicas. (`deploymentutil.ResolveFenceposts` and `deploymentutil.MaxUnavailable`.) `None`
    /// where one of them is neither a count nor a percentage.
    ///
    /// How large the surge is does not matter for what may be unavailable: as soon as the new Pods are made, the controller
    /// takes down old ones until only replicas − unavailable are available (`reconcileOldReplicaSets`).
    pub fn at_once(&self, replicas: i64) -> Option<Rollout> {
        let (surge, unavailable) = self.default_percents;
        let surge = self.max_surge.map_or(Some(part_up(surge, replicas)), |value| rounded_up(value, replicas))?;
        let unavailable = self
            .max_unavailable
            .map_or(Some(part_down(unavailable, replicas)), |value| rounded_down(value, replicas))?;
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Some(Rollout { surge, unavailable: unavailable.min(replicas.max(0)) })
    }

    /// Returns what `maxUnavailable` is where it is absent, in percent.
    pub fn default_unavailable_percent(&self) -> i64 {
        self.default_percents.1
    }
}

/// Returns what a DaemonSet may do at a time on `nodes` nodes. Both are rounded up; `maxSurge` is 0 and `maxUnavailable` 1 where it is
/// absent. (`SurgeCount`, `UnavailableCount`, `SetDefaults_DaemonSet`) `None` for other kinds, for `OnDelete`, and where one of them is
/// neither a count nor a percentage.
pub fn node_by_node(workload: &Workload, controller: &ControllerSpec<'_>, nodes: i64) -> Option<Rollout> {
    let strategy = &controller.update_strategy;
    let is_rolling = strategy.kind.is_empty() || strategy.kind == "RollingUpdate";
    if !workload.is("apps", "DaemonSet") || !is_rolling {
        return None;
    }
    let update = &strategy.rolling_update;
    let surge = update.max_surge.as_ref().map_or(Some(0), |value| rounded_up(value, nodes))?;
    let unavailable = update.max_unavailable.as_ref().map_or(Some(1), |value| rounded_up(value, nodes))?;
    Some(Rollout { surge, unavailable })
}

/// Returns the `maxUnavailable` of a DaemonSet that may take down its Pods of all nodes at once, with its place. Of so many per cent, rounded
/// up, and at most 100 (`UnavailableCount` of the DaemonSet controller); how many nodes there are is not known.
pub fn takes_all_nodes<'o, 'a>(
    workload: &Workload,
    controller: &'o ControllerSpec<'a>,
) -> Option<(Path, &'o IntOrString<'a>)> {
    let strategy = &controller.update_strategy;
    let is_rolling = strategy.kind.is_empty() || strategy.kind == "RollingUpdate";
    let value = strategy.rolling_update.max_unavailable.as_ref()?;
    let is_all = workload.is("apps", "DaemonSet") && is_rolling && percent(value).is_some_and(|percent| percent >= 100);
    is_all.then(|| (Path::of(&["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]), value))
}

/// Returns how many seconds a kind waits for progress before it calls an update failed, and the place where it says so. `None` for kinds
/// that wait for ever, and where the update is paused.
pub fn progress_deadline(workload: &Workload, controller: &ControllerSpec<'_>) -> Option<(Path, i64)> {
    let (at, seconds) = match workload.updates {
        Updates::Deployment | Updates::Rollout => {
            (Path::of(&["spec", "progressDeadlineSeconds"]), controller.progress_deadline_seconds)
        }
        Updates::DeploymentConfig => {
            let at = Path::of(&["spec", "strategy", "rollingParams", "timeoutSeconds"]);
            (at, controller.strategy.rolling_params.timeout_seconds)
        }
        _ => return None,
    };
    let seconds = seconds.unwrap_or(DEFAULT_DEADLINE_SECONDS);
    // The largest number means none (`HasProgressDeadline`).
    let waits_for_ever = controller.paused == Some(true) || seconds >= i64::from(i32::MAX);
    (!waits_for_ever).then_some((at, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> IntOrString<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn rolling_updates() {
        // maxSurge, maxUnavailable, replicas; surge, unavailable
        for (surge, unavailable, replicas, expected) in [
            (None, None, 1, (1, 0)),
            (None, None, 4, (1, 1)),
            (None, None, 10, (3, 2)),
            (Some("0"), None, 1, (0, 1)),
            (Some("0"), None, 3, (0, 1)),
            (Some("0"), None, 8, (0, 2)),
            (Some(r#""0%""#), Some(r#""10%""#), 5, (0, 1)),
            (Some("0"), Some("1"), 1, (0, 1)),
            (Some("0"), Some(r#""100%""#), 3, (0, 3)),
            (Some("1"), Some(r#""100%""#), 3, (1, 3)),
            (Some(r#""1%""#), Some("7"), 3, (1, 3)),
            (Some("2"), Some("0"), 3, (2, 0)),
            (None, None, 0, (0, 0)),
            (Some("0"), Some("2"), 0, (0, 0)),
        ] {
            let (surge_value, unavailable_value) = (surge.map(value), unavailable.map(value));
            let update = RollingUpdate {
                at: Path::default(),
                max_surge: surge_value.as_ref(),
                max_unavailable: unavailable_value.as_ref(),
                partition: 0,
                default_percents: (25, 25),
            };
            let (surge, unavailable) = expected;
            assert_eq!(update.at_once(replicas), Some(Rollout { surge, unavailable }), "{update:?} {replicas}");
        }
        let one = value(r#""1""#);
        let malformed = RollingUpdate {
            at: Path::default(),
            max_surge: None,
            max_unavailable: Some(&one),
            partition: 0,
            default_percents: (25, 25),
        };
        assert_eq!(malformed.at_once(3), None);
    }

    #[test]
    fn each_kind_says_it_in_its_own_place() {
        let of = |group, kind, spec: &str| {
            let workload = Workload::find(group, kind).unwrap();
            let text = format!(r#"{{"spec": {spec}}}"#);
            let object = workload.read(&text).unwrap();
            let update = rolling_update(workload, &object.controller)?;
            Some((update.at.to_string(), update.at_once(4)?.unavailable))
        };
        let at = |at: &str, unavailable| Some((at.to_owned(), unavailable));
        let deployment = "spec.strategy.rollingUpdate.maxUnavailable";
        assert_eq!(
            of("apps", "Deployment", r#"{"strategy": {"rollingUpdate": {"maxUnavailable": 2}}}"#),
            at(deployment, 2)
        );
        assert_eq!(of("apps", "Deployment", r#"{"strategy": {"type": "Recreate"}}"#), None);
        let config = "spec.strategy.rollingParams.maxUnavailable";
        let params = r#"{"strategy": {"type": "Rolling", "rollingParams": {"maxUnavailable": "100%"}}}"#;
        assert_eq!(of("apps.openshift.io", "DeploymentConfig", params), at(config, 4));
        let canary = |more: &str| format!(r#"{{"strategy": {{"canary": {{"maxUnavailable": 3{more}}}}}}}"#);
        let at_canary = at("spec.strategy.canary.maxUnavailable", 3);
        assert_eq!(of("argoproj.io", "Rollout", &canary("")), at_canary);
        assert_eq!(of("argoproj.io", "Rollout", &canary(r#", "steps": [{"setWeight": 20}]"#)), None);
        assert_eq!(of("argoproj.io", "Rollout", &canary(r#", "trafficRouting": {"istio": {}}"#)), None);
        assert_eq!(of("argoproj.io", "Rollout", r#"{"strategy": {"blueGreen": {}}}"#), None);
        let clones = r#"{"updateStrategy": {"maxUnavailable": "50%"}}"#;
        assert_eq!(of("apps.kruise.io", "CloneSet", clones), at("spec.updateStrategy.maxUnavailable", 2));
        assert_eq!(of("apps.kruise.io", "CloneSet", r#"{"updateStrategy": {"type": "InPlaceOnly"}}"#), None);
        assert_eq!(of("apps", "DaemonSet", "{}"), None);
    }

    #[test]
    fn partitions_and_nodes() {
        let of = |kind, update: &str| {
            let workload = Workload::find("apps", kind).unwrap();
            let text = format!(r#"{{"spec": {{"updateStrategy": {update}}}}}"#);
            let object = workload.read(&text).unwrap();
            let partial = partial_update(workload, &object.controller).map(|update| update.partition);
            let whole = rolling_update(workload, &object.controller).is_some();
            let nodes = node_by_node(workload, &object.controller, 10);
            (partial, whole, nodes.map(|rollout| (rollout.surge, rollout.unavailable)))
        };
        assert_eq!(of("StatefulSet", "{}"), (Some(0), true, None));
        assert_eq!(of("StatefulSet", r#"{"rollingUpdate": {"partition": 2}}"#), (Some(2), false, None));
        assert_eq!(of("StatefulSet", r#"{"type": "OnDelete"}"#), (None, false, None));
        assert_eq!(of("DaemonSet", "{}"), (None, false, Some((0, 1))));
        assert_eq!(of("DaemonSet", r#"{"type": "OnDelete"}"#), (None, false, None));
        let surge = r#"{"rollingUpdate": {"maxSurge": "11%", "maxUnavailable": 0}}"#;
        assert_eq!(of("DaemonSet", surge), (None, false, Some((2, 0))));
        assert_eq!(of("DaemonSet", r#"{"rollingUpdate": {"maxUnavailable": "1%"}}"#), (None, false, Some((0, 1))));
    }

    #[test]
    fn deadlines() {
        let of = |group, kind, spec: &str| {
            let workload = Workload::find(group, kind).unwrap();
            let text = format!(r#"{{"spec": {spec}}}"#);
            progress_deadline(workload, &workload.read(&text).unwrap().controller)
                .map(|(at, seconds)| (at.to_string(), seconds))
        };
        let at = |at: &str, seconds| Some((at.to_owned(), seconds));
        assert_eq!(of("apps", "Deployment", "{}"), at("spec.progressDeadlineSeconds", 600));
        assert_eq!(
            of("argoproj.io", "Rollout", r#"{"progressDeadlineSeconds": 9}"#),
            at("spec.progressDeadlineSeconds", 9)
        );
        let config = r#"{"strategy": {"rollingParams": {"timeoutSeconds": 30}}}"#;
        let at_config = at("spec.strategy.rollingParams.timeoutSeconds", 30);
        assert_eq!(of("apps.openshift.io", "DeploymentConfig", config), at_config);
        assert_eq!(of("apps", "Deployment", r#"{"paused": true}"#), None);
        assert_eq!(of("apps", "Deployment", r#"{"progressDeadlineSeconds": 2147483647}"#), None);
        assert_eq!(of("apps", "StatefulSet", "{}"), None);
    }
}
