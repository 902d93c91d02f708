//! The objects of a manifest whose Pods can be drawn: for whoever lets somebody choose.

use std::collections::HashMap;

use super::{
    in_cluster,
    pick::{full_name, has_pods, name},
};
use crate::{
    input::Text,
    load::{self, Identity, Item, Loaded, Reader},
    source::Lines,
};
use podgate_engine::{
    lifecycle::{
        shutdown,
        stages::{self, Role},
    },
    model::Review,
    policy::Engine,
    syntax::{Path, yaml::Place},
};

/// An object that is a Pod or makes Pods.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Names it for [`Life::of`](super::Life::of): KIND/NAME, or KIND/NAMESPACE/NAME where several have that name.
    pub id: String,
    /// The object.
    pub object: Identity,
    /// Tells where it begins.
    pub place: Place,
    /// The containers of its first template, in the order in which they start.
    pub containers: Vec<CandidateContainer>,
    /// How long a deleted Pod has to stop, in seconds.
    pub grace_seconds: u64,
    /// Says that its Pods wait for a scheduling gate.
    pub is_gated: bool,
}

/// A container of a [`Candidate`].
#[derive(Debug, Clone)]
pub struct CandidateContainer {
    /// Its name.
    pub name: String,
    /// Says what part it plays.
    pub role: Role,
    /// Where it stands in the object.
    pub at: Path,
    /// The fields of its probes and hooks that are set.
    pub fields: Vec<&'static str>,
}

/// Returns the objects in `text` whose Pods can be drawn, in the order of the text: `most` at most. Objects that name no namespace live in
/// `namespace`; those that cannot be read are left out. What the version of Kubernetes drops that the policy names is not told of.
pub fn candidates(text: &Text, engine: &Engine, namespace: &str, most: usize) -> Vec<Candidate> {
    let loaded = load::load(text, Reader::keeping_all(engine.kinds(), namespace));
    let items: Vec<&Item> = loaded.items.iter().filter(|item| has_pods(item)).collect();
    let mut named: HashMap<String, usize> = HashMap::new();
    for item in &items {
        *named.entry(name(&item.identity)).or_default() += 1;
    }
    let shown: Vec<&Item> = items.into_iter().take(most).collect();
    let places = places(&loaded, &shown);
    let candidate = |(item, place): (&&Item, Place)| {
        let short = name(&item.identity);
        let is_alone = named.get(&short).is_none_or(|count| *count < 2);
        let id = if is_alone { short } else { full_name(&item.identity) };
        candidate(item, loaded.json(item), engine, id, place)
    };
    shown.iter().zip(places).filter_map(candidate).collect()
}

/// Returns where each of the items begins, looked up for all items of a part at once.
fn places(loaded: &Loaded, items: &[&Item]) -> Vec<Place> {
    let lines = Lines::of(&loaded.text);
    let of_part = |items: &[&Item]| {
        let fields: Vec<(usize, Path)> = items.iter().map(|item| (item.document, item.prefix.clone())).collect();
        let part = items.first().and_then(|item| loaded.parts.get(item.part));
        let mut places = part.map(|part| part.places(&lines, &fields)).unwrap_or_default();
        places.resize(items.len(), Place::START);
        places
    };
    items.chunk_by(|one, other| one.part == other.part).flat_map(of_part).collect()
}

fn candidate(item: &Item, json: &str, engine: &Engine, id: String, place: Place) -> Option<Candidate> {
    let review = Review::created(engine.kinds(), json, &item.identity.namespace).ok()??;
    let json = in_cluster::kept(engine, &review, json);
    let object = review.workload.read(&json).ok()?;
    let template = object.templates.first()?;
    let containers = stages::containers(&template.spec).map(|placed| {
        let hooks = placed.container.lifecycle.iter().flat_map(|lifecycle| lifecycle.hooks());
        CandidateContainer {
            name: placed.container.name.to_string(),
            role: placed.role,
            at: placed.path(template),
            fields: placed.container.probes().map(|(field, _)| field).chain(hooks.map(|(field, _)| field)).collect(),
        }
    });
    Some(Candidate {
        id,
        object: item.identity.clone(),
        place,
        containers: containers.collect(),
        grace_seconds: shutdown::grace_seconds(&template.spec),
        is_gated: !template.spec.gates().is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{Life, ScenarioFile};

    const TEXT: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  schedulingGates: [{name: example.com/a}]\n  \
        containers: [{name: app}]\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: test}\nspec:\n  \
        terminationGracePeriodSeconds: 5\n  initContainers: [{name: proxy, restartPolicy: Always}]\n  containers:\n  - name: app\n    \
        readinessProbe: {tcpSocket: {port: 80}}\n    lifecycle: {preStop: {sleep: {seconds: 1}}}\n---\napiVersion: v1\nkind: List\nitems:\n\
        - {apiVersion: v1, kind: Service, metadata: {name: web}}\n- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: web}\n  \
        spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: app, image: a}]}}}\n---\nkind: Pod\napiVersion: v1\nspec: 3\n";

    #[test]
    fn all_that_have_pods_are_told_apart_and_can_be_drawn() {
        let engine = Engine::default();
        let text = Text { name: "-".to_owned(), text: TEXT.to_owned() };
        let found = candidates(&text, &engine, "default", 10);
        let told: Vec<(&str, usize, u64, bool)> =
            found.iter().map(|found| (&*found.id, found.place.line, found.grace_seconds, found.is_gated)).collect();
        let expected =
            [("Pod/shop/web", 1, 30, true), ("Pod/test/web", 8, 5, false), ("Deployment/web", 23, 30, false)];
        assert_eq!(told, expected);
        let second: Vec<(&str, Role, String, &[&str])> = found[1]
            .containers
            .iter()
            .map(|container| (&*container.name, container.role, container.at.to_string(), &*container.fields))
            .collect();
        let expected: [(&str, Role, String, &[&str]); 2] = [
            ("proxy", Role::Sidecar, "spec.initContainers[0]".to_owned(), &[]),
            ("app", Role::App, "spec.containers[0]".to_owned(), &["readinessProbe", "preStop"]),
        ];
        assert_eq!(second, expected);
        for candidate in &found {
            let texts = std::slice::from_ref(&text);
            let life = Life::of(&engine, texts, "default", Some(&candidate.id), &ScenarioFile::default()).unwrap();
            assert_eq!(life.object, candidate.object);
        }
        assert_eq!(candidates(&text, &engine, "default", 1).len(), 1);
    }
}
