//! Who waits for whom, as far as the policy and the known objects tell.

use std::fmt;

use super::{
    Held, OpenedGates, Target, Until, Word,
    circle::{Needs, circle},
};
use crate::{
    model::{
        Inventory, Review, Subject, Template, Workload, inventory::Namespace, inventory_object::InventoryWorkload,
        selection::Pods,
    },
    syntax::{Map, Path, suggest::nearest},
};

/// Templates of one object from which circles are looked for: those of one kind of workload are mostly alike.
const MAX_TEMPLATES: usize = 16;

/// Returns what the Pods of a template wait for.
pub fn held<'g>(gates: &'g OpenedGates, review: &Review<'_>, template: &Template<'_>) -> Vec<Held<'g>> {
    let metadata = review.new.pod_metadata(template);
    let subject = Subject { pods: Pods::Labelled(&metadata.labels), ..Subject::of(review) };
    gates.held(&subject, metadata.annotations.get(super::WAIT_FOR))
}

/// Returns the place at which the Pods of a template say what they wait for.
pub fn annotation_at(template: &Template<'_>) -> Path {
    template.path.clone().keys(&["metadata", "annotations"]).key(super::WAIT_FOR)
}

/// Returns the place by which the Pods of a template wait: their annotation, or their labels, by which a gate of the policy selects
/// them.
pub fn held_at(template: &Template<'_>, held: &Held<'_>) -> Path {
    if held.gate == super::WAIT_FOR {
        annotation_at(template)
    } else {
        template.path.clone().keys(&["metadata", "labels"])
    }
}

/// A target that is not among the known objects.
#[derive(Debug, PartialEq, Eq)]
pub struct Absent<'k> {
    /// The object of the same kind whose name is near.
    pub near: Option<&'k str>,
    /// The kind of another object of the same name.
    pub other_kind: Option<&'k str>,
    /// Says how many names were looked through.
    pub looked_at: usize,
}

/// Returns what is known of a target that is not there; `None` where it is, and where it may be without being known. Services are known
/// where a namespace has one, or is watched. Workloads are known in a run, which has all that it deploys; of a cluster those that keep
/// replicas are watched.
pub fn absent<'k>(review: &Review<'k>, target: &Target) -> Option<Absent<'k>> {
    let inventory = review.inventory?;
    let known = inventory.namespace(&target.namespace)?;
    let kind = Word::of_kind(&target.kind).filter(|word| word.is_of(target))?.kind;
    let same_name = || known.workloads_called(&target.name).find(|workload| workload.kind != "Pod");
    if kind == "Service" {
        if !known.knows_services() || known.is_headless(&target.name).is_some() {
            return None;
        }
        let near = nearest(&target.name, known.service_names());
        let other_kind = same_name().map(|workload| workload.kind);
        return Some(Absent { near, other_kind, looked_at: known.service_names().count() });
    }
    let row = Workload::find(target.group(), kind)?;
    let is_known = inventory.knows_workloads() && known.has_workloads() && (review.from_file || row.keeps_replicas);
    // What is judged may be too new to be known.
    let is_own =
        *review.namespace == *target.namespace && review.workload == row && *review.new.metadata.name == *target.name;
    if !is_known || is_own || known.workload(kind, &target.name).is_some() {
        return None;
    }
    let near = nearest(&target.name, known.workloads_of(kind).map(|workload| workload.name.as_str()));
    let service = known.is_headless(&target.name).map(|_| "Service");
    let other_kind = same_name().map(|workload| workload.kind).or(service);
    Some(Absent { near, other_kind, looked_at: known.workloads_of(kind).count() })
}

/// Returns how many seconds a Job that is waited for is kept after its end (`ttlSecondsAfterFinished`); `None` where it stays, and
/// where it is not known.
pub fn kept_seconds(review: &Review<'_>, target: &Target) -> Option<i64> {
    let known = review.inventory?.namespace(&target.namespace)?;
    let job = known.workload("Job", &target.name)?;
    job.kept_seconds.filter(|_| (job.group, job.kind) == (target.group(), target.kind.as_str()))
}

/// Something that waits, or that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    /// The Pods of a template of the object under review, by its place in the object.
    Own(usize),
    /// A known Service.
    Service { namespace: String, name: String },
    /// The Pods of another known workload, by its place in its namespace.
    Pods { namespace: String, place: usize },
}

/// A circle of objects that wait for each other, beginning with the object under review.
#[derive(Debug)]
pub struct WaitingCircle {
    /// The place by which the Pods of the object under review wait.
    pub at: Path,
    /// Says whether the object under review is the first of the workloads on it, by namespace, kind and name.
    pub is_first: bool,
    steps: Vec<Step>,
    at_most: Option<u64>,
}

/// One object that waits for the next one, and what it calls that.
#[derive(Debug)]
struct Step {
    /// `Deployment "web"`; of another namespace with that.
    object: String,
    /// `service/db`
    target: String,
    /// The gate of the policy by which it waits, if it does not say so itself.
    by_policy: Option<String>,
    /// True where the target is a Service, and the next object one of those behind it.
    is_behind: bool,
}

/// Returns the circles that the Pods of the object under review are on, one a template: none of the Pods on one is ever scheduled.
/// Looked at are the Services and workloads of the inventory; what is not in it may come.
pub fn circles<'r>(gates: &'r OpenedGates, review: &'r Review<'r>) -> Vec<WaitingCircle> {
    let graph = Graph { gates, review };
    let waiting =
        review.new.templates.iter().enumerate().filter(|(index, _)| !graph.held(&Node::Own(*index)).is_empty());
    let found = waiting.take(MAX_TEMPLATES).filter_map(|(index, template)| {
        let way = circle(&Node::Own(index), |node| graph.needs(node))?;
        graph.describe(template, &way)
    });
    found.collect()
}

struct Graph<'r> {
    gates: &'r OpenedGates,
    review: &'r Review<'r>,
}

impl<'r> Graph<'r> {
    fn known(&self, namespace: &str) -> Option<&'r Namespace> {
        self.review.inventory?.namespace(namespace)
    }

    fn workload(&self, namespace: &str, place: usize) -> Option<&'r InventoryWorkload> {
        self.known(namespace)?.workload_at(place)
    }

    /// Returns whether it is the object under review as the inventory has it, which may be older.
    fn is_own(&self, namespace: &str, workload: &InventoryWorkload) -> bool {
        let Review { workload: row, new, .. } = self.review;
        *self.review.namespace == *namespace
            && (row.group, row.kind, &*new.metadata.name) == (workload.group, workload.kind, workload.name.as_str())
    }

    /// Returns what the Pods of a node wait for.
    fn held(&self, node: &Node) -> Vec<Held<'r>> {
        match node {
            Node::Service { .. } => Vec::new(),
            Node::Own(index) => {
                let template = self.review.new.templates.get(*index);
                template.map(|template| held(self.gates, self.review, template)).unwrap_or_default()
            }
            Node::Pods { namespace, place } => {
                let (Some(known), Some(workload)) = (self.known(namespace), self.workload(namespace, *place)) else {
                    return Vec::new();
                };
                let labels: Map<'_> =
                    workload.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
                let namespace_labels = known.labels.as_ref();
                let subject = Subject { namespace, namespace_labels, pods: Pods::Labelled(&labels) };
                self.gates.held(&subject, workload.wait_for.as_deref())
            }
        }
    }

    fn needs(&self, node: &Node) -> Needs<Node> {
        match node {
            Node::Service { namespace, name } => Needs::Any(self.behind(namespace, name)),
            _ => Needs::All(self.held(node).iter().flat_map(|held| self.nodes(held)).collect()),
        }
    }

    /// Returns those whose Pods a Service selects; none where there may be others that are not known.
    fn behind(&self, namespace: &str, name: &str) -> Vec<Node> {
        let knows_workloads = self.review.inventory.is_some_and(Inventory::knows_workloads);
        let Some(known) = self.known(namespace).filter(|_| knows_workloads) else { return Vec::new() };
        let Some(service) = known.service(name) else { return Vec::new() };
        let others = known
            .workload_places(&service.selector)
            .into_iter()
            .filter(|place| known.workload_at(*place).is_some_and(|workload| !self.is_own(namespace, workload)));
        let mut behind: Vec<Node> = others.map(|place| Node::Pods { namespace: namespace.to_owned(), place }).collect();
        if *self.review.namespace == *namespace {
            let own = self.review.new.templates.iter().enumerate();
            let own = own.filter(|(_, it)| service.selector.matches(&self.review.new.pod_metadata(it).labels));
            behind.extend(own.map(|(index, _)| Node::Own(index)));
        }
        behind
    }

    /// Returns what has to start before something is there that is waited for; nothing where it is not known, or needs no Pods.
    fn nodes(&self, held: &Held<'_>) -> Vec<Node> {
        let Target { namespace, name, kind, .. } = &held.wait.target;
        match held.wait.until {
            Until::ReadyEndpoints(_) => {
                vec![Node::Service { namespace: namespace.clone(), name: name.clone() }]
            }
            Until::Complete | Until::Available => {
                let group = held.wait.target.group();
                let Review { workload: row, new, .. } = self.review;
                if *self.review.namespace == **namespace
                    && (row.group, row.kind) == (group, kind)
                    && *new.metadata.name == **name
                {
                    return (0..new.templates.len()).map(Node::Own).collect();
                }
                let Some(known) = self.known(namespace) else { return Vec::new() };
                let is_meant = |place: &&usize| {
                    known.workload_at(**place).is_some_and(|it| (it.group, it.kind) == (group, kind.as_str()))
                };
                let places = known.workload_places_called(name).iter().filter(is_meant);
                places.map(|place| Node::Pods { namespace: namespace.clone(), place: *place }).collect()
            }
            Until::Bound | Until::Exists | Until::Condition { .. } => Vec::new(),
        }
    }

    /// Namespace, kind and name of what has Pods.
    fn identity(&self, node: &'r Node) -> Option<(&'r str, &'r str, &'r str)> {
        match node {
            Node::Service { .. } => None,
            Node::Own(_) => Some((&self.review.namespace, self.review.workload.kind, &self.review.new.metadata.name)),
            Node::Pods { namespace, place } => {
                let workload = self.workload(namespace, *place)?;
                Some((namespace, workload.kind, &workload.name))
            }
        }
    }

    /// Says what waits for what on a way that leads back to its beginning.
    fn describe(&self, template: &'r Template<'r>, way: &[Node]) -> Option<WaitingCircle> {
        let own = &*self.review.namespace;
        let mut steps = Vec::new();
        let mut at = None;
        let mut at_most = None;
        let mut is_first = true;
        let next = way.iter().cycle().skip(1);
        for (node, next) in way.iter().zip(next) {
            let Some((namespace, kind, name)) = self.identity(node) else { continue };
            is_first &= (own, self.review.workload.kind, &*self.review.new.metadata.name) <= (namespace, kind, name);
            let of_node = self.held(node);
            let held = of_node.iter().find(|held| self.nodes(held).contains(next))?;
            at = at.or_else(|| Some(held_at(template, held)));
            let seconds = held.at_most.map(|time| time.as_secs());
            at_most = at_most.into_iter().chain(seconds).min();
            let in_namespace = if namespace == own { String::new() } else { format!(" of namespace \"{namespace}\"") };
            steps.push(Step {
                object: format!("{kind} \"{name}\"{in_namespace}"),
                target: held.wait.target.beside(own),
                by_policy: (held.gate != super::WAIT_FOR).then(|| held.gate.to_owned()),
                is_behind: matches!(next, Node::Service { .. }),
            });
        }
        Some(WaitingCircle { at: at?, is_first, steps, at_most })
    }
}

/// `Deployment "web" waits for service/db, whose Pods (StatefulSet "db") wait for deployment/web: none of them starts`
impl fmt::Display for WaitingCircle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before: Option<&Step> = None;
        for step in &self.steps {
            match before {
                None => write!(f, "{} waits for {}", step.object, step.target)?,
                Some(Step { is_behind: true, .. }) => {
                    write!(f, ", whose Pods ({}) wait for {}", step.object, step.target)?;
                }
                Some(_) => write!(f, ", which waits for {}", step.target)?,
            }
            if let Some(gate) = &step.by_policy {
                write!(f, " (gate \"{gate}\" of the policy)")?;
            }
            before = Some(step);
        }
        match (self.steps.as_slice(), before) {
            ([_], Some(Step { is_behind: true, .. })) => f.write_str(", whose Pods are its own: they never start")?,
            ([_], _) => f.write_str(", which is itself: its Pods never start")?,
            ([first, ..], Some(Step { is_behind: true, .. })) => {
                write!(f, ", whose Pods are those of {}: none of them starts", first.object)?;
            }
            _ => f.write_str(": none of them starts")?,
        }
        match self.at_most {
            Some(seconds) => write!(f, " for {seconds} s (openAfter)"),
            None => Ok(()),
        }
    }
}
