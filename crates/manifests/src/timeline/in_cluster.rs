//! What there is to draw in the cluster that the policy names: what its version drops is not drawn.

use std::borrow::Cow;

use podgate_engine::{
    lifecycle::kept::Cluster,
    model::{Review, Workload, version::RESIZE},
    policy::Engine,
    syntax::Path,
};

use super::scenario::ScenarioFile;

/// So many fields are named at most that are not drawn.
const MOST_NAMED: usize = 5;

/// An object, and what it is drawn with, as the cluster that it is meant for has them.
pub(super) struct InCluster<'p> {
    /// The object as JSON text.
    pub(super) json: Cow<'p, str>,
    /// The PodDisruptionBudgets of its namespace as JSON text.
    pub(super) budgets: Vec<Cow<'p, str>>,
    pub(super) scenario: Cow<'p, ScenarioFile>,
    /// Says what is not drawn.
    pub(super) assumptions: Vec<String>,
}

impl<'p> InCluster<'p> {
    /// Leaves out what the cluster lacks. `review` is the judgement of the object with the text `json`.
    pub(super) fn of(
        engine: &Engine,
        review: &Review<'_>,
        json: &'p str,
        budgets: &'p [String],
        scenario: &'p ScenarioFile,
    ) -> Self {
        let mut drawn = Self {
            json: json.into(),
            budgets: budgets.iter().map(Cow::from).collect(),
            scenario: Cow::Borrowed(scenario),
            assumptions: Vec::new(),
        };
        if let Some(cluster) = engine.cluster(review) {
            drawn.keep(&cluster, review);
        }
        drawn
    }

    fn keep(&mut self, cluster: &Cluster, review: &Review<'_>) {
        let version = cluster.version;
        if let Some(kept) = cluster.kept(review.workload, &review.new, &self.json) {
            self.assumptions.push(format!("drawn without {}, which Kubernetes {version} drops", named(&kept.dropped)));
            self.json = kept.text.into();
        }
        let kind = Workload::find("policy", "PodDisruptionBudget");
        for budget in &mut self.budgets {
            let read = kind.and_then(|kind| Some((kind, kind.read(budget).ok()?)));
            if let Some(kept) = read.and_then(|(kind, object)| cluster.kept(kind, &object, budget)) {
                let dropped = named(&kept.dropped);
                let said =
                    format!("drawn without {dropped} of a PodDisruptionBudget, which Kubernetes {version} drops");
                self.assumptions.push(said);
                *budget = kept.text.into();
            }
        }
        let resizes = self.scenario.actions.iter().any(|done| done.resize.is_some());
        if resizes && !cluster.has(&RESIZE) {
            self.scenario.to_mut().actions.retain(|done| done.resize.is_none());
            self.assumptions.push(format!(
                "no resize is drawn: Kubernetes {version} does not change resources of a running Pod ({RESIZE})"
            ));
        }
    }
}

/// Returns what the cluster that the policy names keeps of an object with the text `json`, of which `review` is the judgement.
pub(super) fn kept<'t>(engine: &Engine, review: &Review<'_>, json: &'t str) -> Cow<'t, str> {
    let kept = engine.cluster(review).and_then(|cluster| cluster.kept(review.workload, &review.new, json));
    kept.map_or(Cow::Borrowed(json), |kept| kept.text.into())
}

/// Returns the names of fields, as many as somebody reads.
fn named(paths: &[Path]) -> String {
    let mut names: Vec<String> = paths.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    if let Some(more) = paths.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use podgate_engine::policy::parse;

    use super::*;
    use crate::{
        input::Text,
        timeline::{Life, candidates},
    };
    use podgate_engine::lifecycle::stages::Role;

    const WEB: &str = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec:\n  replicas: 4\n  updateStrategy: {rollingUpdate: {maxUnavailable: 2}}\n  \
        selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      schedulingGates: [{name: a.example.com/b}]\n      \
        initContainers: [{name: proxy, image: p, restartPolicy: Always}]\n      \
        containers: [{name: app, image: a, lifecycle: {preStop: {sleep: {seconds: 5}}}}]\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\n\
        metadata: {name: web}\nspec: {maxUnavailable: 1, unhealthyPodEvictionPolicy: AlwaysAllow, selector: {matchLabels: {app: web}}}\n";

    fn engine(version: &str, rules: &str) -> Engine {
        let policy = format!(
            "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {{kubernetesVersion: \"{version}\", rules: {{{rules}}}}}\n"
        );
        Engine::new(&parse(&policy, "policy").unwrap())
    }

    fn life(engine: &Engine, scenario: &str) -> Life {
        let scenario = ScenarioFile::parse(scenario, "scenario").unwrap();
        Life::of(engine, &[text()], "default", None, &scenario).unwrap()
    }

    fn text() -> Text {
        Text { name: "-".to_owned(), text: WEB.to_owned() }
    }

    #[test]
    fn a_field_that_the_version_drops_is_not_drawn() {
        const STOP: &str = "{containers: {app: {exits: []}}, actions: [{at: 20s, delete: {}}], until: 2m}";
        let roles = |life: &Life| life.timeline.containers.iter().map(|lane| lane.role).collect::<Vec<_>>();
        let says = |life: &Life, what: &str| life.events.iter().any(|event| event.what.contains(what));
        let new = life(&engine("1.36", ""), "{actions: [{at: 5s, ungate: {}}, {at: 20s, delete: {}}]}");
        assert!(says(&new, "preStop hook") && says(&new, "scheduling gate"), "{:#?}", new.events);
        assert_eq!(roles(&new), [Role::Sidecar, Role::App]);
        // The rule that tells of it may be off.
        for rules in ["", "field-not-in-version: off"] {
            let old = life(&engine("1.26", rules), STOP);
            assert!(!says(&old, "preStop hook") && !says(&old, "scheduling gate"), "{:#?}", old.events);
            assert_eq!(roles(&old), [Role::Init, Role::App]);
            assert!(says(&old, "is bound to a node"));
            let assumed = [
                "drawn without spec.template.spec.initContainers[0].restartPolicy, spec.template.spec.containers[0].lifecycle.preStop, \
                 spec.template.spec.schedulingGates and spec.updateStrategy.rollingUpdate.maxUnavailable, which Kubernetes 1.26 drops",
                "drawn without spec.unhealthyPodEvictionPolicy of a PodDisruptionBudget, which Kubernetes 1.26 drops",
            ];
            assert!(
                assumed.iter().all(|said| old.assumptions.iter().any(|other| other == said)),
                "{:#?}",
                old.assumptions
            );
        }
        let gates = "field-not-in-version: {featureGates: [PodSchedulingReadiness]}";
        assert!(life(&engine("1.26", gates), STOP).events.iter().all(|event| event.what != "is bound to a node"));
    }

    #[test]
    fn what_is_not_drawn_is_offered_to_nobody() {
        let offered = |version| {
            let found = candidates(&text(), &engine(version, ""), "default", 10).remove(0);
            let fields: Vec<Vec<&str>> = found.containers.iter().map(|container| container.fields.clone()).collect();
            (found.is_gated, fields)
        };
        assert_eq!(offered("1.36"), (true, vec![vec![], vec!["preStop"]]));
        assert_eq!(offered("1.26"), (false, vec![vec![], vec![]]));
    }

    #[test]
    fn resources_stay_where_the_version_cannot_change_them() {
        let resizes = |version| {
            let life = life(
                &engine(version, ""),
                "{containers: {proxy: {exits: [{after: 1s, code: 0}]}}, actions: [{at: 1s, ungate: {}}, {at: 20s, resize: app}], until: 1m}",
            );
            let said = life.assumptions.iter().any(|said| said.starts_with("no resize is drawn: Kubernetes"));
            (life.events.iter().any(|event| event.what.contains("other resources")), said)
        };
        assert_eq!([resizes("1.36"), resizes("1.28")], [(true, false), (false, true)]);
    }

    #[test]
    fn of_many_fields_some_are_named() {
        let paths = |count: usize| (0..count).map(|index| Path::default().index(index)).collect::<Vec<_>>();
        assert_eq!(named(&paths(1)), "[0]");
        assert_eq!(named(&paths(2)), "[0] and [1]");
        assert_eq!(named(&paths(7)), "[0], [1], [2], [3], [4] and 2 more");
    }
}
