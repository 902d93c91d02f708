//! What is drawn of manifests, and what is said of it.

use podgate_engine::{
    lifecycle::stages::Role,
    policy::{Engine, parse},
};

use super::{Life, ScenarioFile, candidates, svg};
use crate::input::Text;

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

fn drawn(engine: &Engine, scenario: &str) -> Life {
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
    let new = drawn(&engine("1.36", ""), "{actions: [{at: 5s, ungate: {}}, {at: 20s, delete: {}}]}");
    assert!(says(&new, "scheduling gate"), "{:#?}", new.events);
    assert_eq!(roles(&new), [Role::Sidecar, Role::App]);
    // The rule that tells of it may be off.
    for rules in ["", "field-not-in-version: off"] {
        let old = drawn(&engine("1.26", rules), STOP);
        assert!(!says(&old, "scheduling gate"), "{:#?}", old.events);
        assert_eq!(roles(&old), [Role::Init, Role::App]);
        assert!(says(&old, "is bound to a node"));
        let assumed = [
            "drawn without spec.template.spec.initContainers[0].restartPolicy, spec.template.spec.schedulingGates and \
             spec.updateStrategy.rollingUpdate.maxUnavailable, which Kubernetes 1.26 drops",
            "drawn as if Kubernetes 1.26 did not refuse the object for spec.template.spec.containers[0].lifecycle.preStop.sleep",
            "drawn without spec.unhealthyPodEvictionPolicy of a PodDisruptionBudget, which Kubernetes 1.26 drops",
        ];
        assert!(assumed.iter().all(|said| old.assumptions.iter().any(|other| other == said)), "{:#?}", old.assumptions);
    }
    let gates = "field-not-in-version: {featureGates: [PodSchedulingReadiness]}";
    assert!(drawn(&engine("1.26", gates), STOP).events.iter().all(|event| event.what != "is bound to a node"));
}

#[test]
fn what_is_not_drawn_is_offered_to_nobody() {
    let is_gated = |version| candidates(&text(), &engine(version, ""), "default", 10).remove(0).is_gated;
    assert_eq!(["1.36", "1.26"].map(is_gated), [true, false]);
}

#[test]
fn resources_stay_where_the_version_cannot_change_them() {
    let resizes = |version| {
        let life = drawn(
            &engine(version, ""),
            "{containers: {proxy: {exits: [{after: 1s, code: 0}]}}, actions: [{at: 1s, ungate: {}}, {at: 20s, resize: app}], until: 1m}",
        );
        let said = life.assumptions.iter().any(|said| said.starts_with("no resize is drawn: Kubernetes"));
        (life.events.iter().any(|event| event.what.contains("other resources")), said)
    };
    assert_eq!([resizes("1.36"), resizes("1.28")], [(true, false), (false, true)]);
}

/// Draws a Deployment of so many replicas with a budget.
fn deployment(replicas: u64, scenario: &str) -> Life {
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: web}}}}\n  \
        template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: app, image: a, readinessProbe: {{tcpSocket: {{port: 80}}}}}}]}}\n---\n\
        apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web}}\nspec: {{maxUnavailable: 1, selector: {{matchLabels: {{app: web}}}}}}\n"
    );
    let text = Text { name: "-".to_owned(), text };
    let scenario = ScenarioFile::parse(scenario, "scenario").unwrap();
    Life::of(&Engine::default(), &[text], "default", None, &scenario).unwrap()
}

/// Returns what the stories say of how many Pods are available.
fn said(life: &Life) -> Vec<(&'static str, &str)> {
    let is_meant = |said: &&String| said.contains("available at any time") || said.contains("there are no Pods");
    life.stories.iter().map(|story| (story.title, &**story.sentences.iter().find(is_meant).unwrap())).collect()
}

#[test]
fn where_no_pod_is_available_it_is_said_why() {
    let never = deployment(3, "{containers: {app: {fails: [{from: 0s}]}}, until: 1m}");
    assert_eq!(
        said(&never),
        [
            (
                "Rollout",
                "no Pod is available at any time: the old Pods have the same template, and are not ready either"
            ),
            ("Drain", "no Pod is available at any time: the Pods are not ready before the drain either"),
        ]
    );
    assert_eq!(svg::write(&never).unwrap().matches(">no Pod is available</text>").count(), 2);
}

#[test]
fn what_is_not_known_is_not_drawn_as_nothing() {
    let unknown = deployment(3, "{}");
    assert_eq!(
        said(&unknown),
        [
            (
                "Rollout",
                "at worst no Pod is available at any time: whether Pods of this template, old or new, become ready is not known"
            ),
            (
                "Drain",
                "at worst no Pod is available at any time: whether Pods of this template become ready is not known"
            ),
        ]
    );
    let picture = svg::write(&unknown).unwrap();
    assert!(picture.contains("<title>0 to 3 of 3 to 4 Pods are available, from 0s to 10s</title>"), "{picture}");
    assert!(!picture.contains(">no Pod is available</text>"));
}

#[test]
fn without_replicas_there_are_no_pods() {
    let none = deployment(0, "{}");
    assert_eq!(said(&none), [("Rollout", "there are no Pods, as replicas is 0")]);
    assert!(svg::write(&none).unwrap().contains(">there are no Pods</text>"));
}

#[test]
fn a_finding_of_what_is_not_drawn_has_its_number_at_the_container() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: a\n    ports: [{containerPort: 80}]\n    \
        lifecycle: {preStop: {sleep: {seconds: 5}}}\n";
    let text = Text { name: "-".to_owned(), text: text.to_owned() };
    let life = Life::of(&engine("1.28", ""), &[text], "default", None, &ScenarioFile::default()).unwrap();
    let picture = svg::write(&life).unwrap();
    for rule in ["missing-readiness-probe", "field-not-in-version"] {
        assert!(life.pins.iter().any(|pin| pin.rule.id == rule && pin.row.is_some()));
        assert!(picture.contains(&format!("<title>{rule}: ")), "{rule}");
    }
}
