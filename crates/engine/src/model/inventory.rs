//! `Inventory`: the other objects that are known, by namespace and label, so that a look-up does not scan them all.
//!
//! `check` fills it from the files of a run, the server from watches. It owns what it holds: its objects come and go while
//! reviews borrow it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    LabelSelector,
    inventory_object::{Autoscaler, Budget, ClaimAccess, Content, InventoryObject, InventoryWorkload},
    service::Service,
};
use crate::syntax::{Map, ReadErrors};

/// All that is known, by namespace. Empty means that nothing is known, not that nothing is there.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Shared between one inventory and the next, which differ in a few namespaces.
    namespaces: HashMap<String, Arc<Namespace>>,
    /// Says whether workloads that are there may be missing.
    lacks_workloads: bool,
    /// Says whether LimitRanges that are there may be missing.
    lacks_limit_ranges: bool,
    /// Says whether each of its objects is judged in the same run.
    is_judged: bool,
}

/// Holds what is known of one namespace.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub struct Namespace {
    /// Says whether the namespace itself is being deleted.
    pub terminating: bool,
    /// The namespace's own labels; `None` until the namespace itself has been seen.
    pub labels: Option<BTreeMap<String, String>>,
    services: Selected<Service>,
    /// All Services, by name: those too that select no Pod.
    named_services: BTreeMap<String, NamedService>,
    /// Tells whether Services are known though none is here.
    has_services: bool,
    budgets: Selected<Budget>,
    /// Tells whether budgets are known though none is here.
    has_budgets: bool,
    /// By kind and name of what they scale.
    autoscalers: HashMap<String, HashMap<String, Vec<Autoscaler>>>,
    /// The resources that its LimitRanges make containers request that say nothing.
    default_requests: BTreeSet<String>,
    /// Tells whether one of them gives containers a memory limit that say nothing.
    limits_memory: bool,
    /// PersistentVolumeClaims whose volume only one node may have at a time, by name.
    one_node_claims: HashMap<String, ClaimAccess>,
    workloads: Vec<InventoryWorkload>,
    workloads_by_label: HashMap<(String, String), Vec<usize>>,
    workloads_by_name: HashMap<String, Vec<usize>>,
}

/// Holds what is asked of a Service by its name.
#[derive(Debug, Clone, Copy)]
struct NamedService {
    is_headless: bool,
    /// Its place among those that select Pods.
    index: Option<usize>,
}

/// Things with a selector, found by the labels of what they select.
#[derive(Debug, Clone)]
struct Selected<T> {
    items: Vec<(LabelSelector, T)>,
    /// By one label that the selector wants.
    by_label: HashMap<(String, String), Vec<usize>>,
    /// Those whose selector wants no certain label.
    rest: Vec<usize>,
}

impl<T> Default for Selected<T> {
    fn default() -> Self {
        Self { items: Vec::new(), by_label: HashMap::new(), rest: Vec::new() }
    }
}

impl<T> Selected<T> {
    /// Adds one, and returns its place.
    fn add(&mut self, selector: LabelSelector, item: T) -> usize {
        let index = self.items.len();
        let pairs = selector.match_labels.iter().map(|(key, value)| (key.clone(), value.clone()));
        // The label that the fewest others want: one that all have (managed-by: Helm) would lead to all of them.
        match pairs.min_by_key(|pair| self.by_label.get(pair).map_or(0, Vec::len)) {
            Some(pair) => self.by_label.entry(pair).or_default().push(index),
            None => self.rest.push(index),
        }
        self.items.push((selector, item));
        index
    }

    /// Returns those that select these labels, in the order in which they were added.
    fn selecting(&self, labels: &Map<'_>) -> Vec<&T> {
        let by_label = labels.iter().filter_map(|(key, value)| self.by_label.get(&(key.to_owned(), value.to_owned())));
        let mut found: Vec<usize> = by_label.flatten().chain(&self.rest).copied().collect();
        found.sort_unstable();
        found.dedup();
        let items = found.into_iter().filter_map(|index| self.items.get(index));
        items.filter(|(selector, _)| selector.matches(labels)).map(|(_, item)| item).collect()
    }
}

impl Inventory {
    /// Adds an object from its JSON text; kinds that are of no use here are skipped. `namespace` is where it lives.
    pub fn add(&mut self, group: &str, kind: &str, namespace: &str, text: &str) -> Result<(), ReadErrors> {
        if let Some(object) = InventoryObject::read(group, kind, namespace, text)? {
            self.insert(object);
        }
        Ok(())
    }

    /// Adds what an object says.
    pub fn insert(&mut self, object: InventoryObject) {
        let namespace = Arc::make_mut(self.namespaces.entry(object.namespace).or_default());
        match object.content {
            Content::Namespace { terminating, labels } => {
                (namespace.terminating, namespace.labels) = (terminating, Some(labels));
            }
            Content::Service(service) => {
                let (name, is_headless) = (service.name.clone(), service.is_headless);
                // One without a selector selects no Pod; somebody else keeps its endpoints, or it has none (ExternalName).
                let index = (!service.selector.match_labels.is_empty())
                    .then(|| namespace.services.add(service.selector.clone(), *service));
                namespace.named_services.insert(name, NamedService { is_headless, index });
            }
            Content::Budget(budget) => {
                namespace.budgets.add(budget.selector.clone(), *budget);
            }
            Content::Autoscaler(autoscaler) => {
                let of_kind = namespace.autoscalers.entry(autoscaler.kind.clone()).or_default();
                of_kind.entry(autoscaler.name.clone()).or_default().push(*autoscaler);
            }
            Content::LimitRange(limits) => {
                namespace.limits_memory |= limits.limits_memory;
                namespace.default_requests.extend(limits.default_requests);
            }
            Content::Claim { name, access } => {
                if let Some(access) = access {
                    namespace.one_node_claims.insert(name, access);
                }
            }
            Content::Workloads(workloads) => {
                for workload in workloads {
                    namespace.add_workload(workload);
                }
            }
        }
    }

    /// Returns whether all workloads that keep replicas are known, so that they can be added up.
    pub fn knows_workloads(&self) -> bool {
        !self.lacks_workloads
    }

    /// Says whether they are.
    pub fn set_knows_workloads(&mut self, knows: bool) {
        self.lacks_workloads = !knows;
    }

    /// Returns whether all LimitRanges are known, so that a container that says nothing requests nothing.
    pub fn knows_limit_ranges(&self) -> bool {
        !self.lacks_limit_ranges
    }

    /// Says whether they are.
    pub fn set_knows_limit_ranges(&mut self, knows: bool) {
        self.lacks_limit_ranges = !knows;
    }

    /// Notes that all Services of a namespace are known: one that is not here does not exist.
    pub fn set_knows_services(&mut self, namespace: &str) {
        Arc::make_mut(self.namespaces.entry(namespace.to_owned()).or_default()).has_services = true;
    }

    /// Notes that all budgets of a namespace are known: one that is not here does not exist.
    pub fn set_knows_budgets(&mut self, namespace: &str) {
        Arc::make_mut(self.namespaces.entry(namespace.to_owned()).or_default()).has_budgets = true;
    }

    /// Returns whether each of its objects is judged in the same run: what two of them do to each other is then said of one of them.
    pub fn is_judged(&self) -> bool {
        self.is_judged
    }

    /// Says that it is.
    pub fn set_judged(&mut self) {
        self.is_judged = true;
    }

    /// Returns what is known of a namespace, if anything is.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get(name).map(Arc::as_ref)
    }

    /// Takes what `other` knows of a namespace in place of what was known here.
    pub fn replace(&mut self, name: &str, other: &Self) {
        match other.namespaces.get(name) {
            Some(namespace) => drop(self.namespaces.insert(name.to_owned(), Arc::clone(namespace))),
            None => drop(self.namespaces.remove(name)),
        }
    }
}

impl Namespace {
    /// Returns the Services that select Pods with these labels.
    pub fn services(&self, labels: &Map<'_>) -> Vec<&Service> {
        self.services.selecting(labels)
    }

    /// Returns whether the Service of this name is headless; `None` where it is not known.
    pub fn is_headless(&self, service: &str) -> Option<bool> {
        self.named_services.get(service).map(|service| service.is_headless)
    }

    /// Returns the Service of this name, if it is known and selects Pods.
    pub fn service(&self, name: &str) -> Option<&Service> {
        let (_, service) = self.services.items.get(self.named_services.get(name)?.index?)?;
        Some(service)
    }

    /// Returns the names of all Services, in their order.
    pub fn service_names(&self) -> impl Iterator<Item = &str> {
        self.named_services.keys().map(String::as_str)
    }

    /// Returns whether Services are known here, so that a Pod that none selects gets no traffic.
    pub fn knows_services(&self) -> bool {
        self.has_services || !self.services.items.is_empty()
    }

    /// Returns the budgets that select Pods with these labels.
    pub fn budgets(&self, labels: &Map<'_>) -> Vec<&Budget> {
        self.budgets.selecting(labels)
    }

    /// Returns whether budgets are known here, so that a Pod that none selects has none.
    pub fn knows_budgets(&self) -> bool {
        self.has_budgets || !self.budgets.items.is_empty()
    }

    /// Returns whether a container without a memory limit is known to get one.
    pub fn limits_memory(&self) -> bool {
        self.limits_memory
    }

    /// Returns the autoscaler of a workload; of two that scale the same the first.
    pub fn autoscaler(&self, kind: &str, name: &str) -> Option<&Autoscaler> {
        self.autoscalers(kind, name).first()
    }

    /// Returns all autoscalers of a workload.
    pub fn autoscalers(&self, kind: &str, name: &str) -> &[Autoscaler] {
        let of_kind = self.autoscalers.get(kind);
        of_kind.and_then(|of_kind| of_kind.get(name)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns whether a LimitRange is known that makes containers request this resource that say nothing.
    pub fn requests_by_default(&self, resource: &str) -> bool {
        self.default_requests.contains(resource)
    }

    /// Returns whether a workload is known here.
    pub fn has_workloads(&self) -> bool {
        !self.workloads.is_empty()
    }

    /// Returns how many may use a PersistentVolumeClaim; `None` where it is not known, and where several nodes may.
    pub fn one_node_claim(&self, name: &str) -> Option<ClaimAccess> {
        self.one_node_claims.get(name).copied()
    }

    /// Returns a workload by kind and name.
    pub fn workload(&self, kind: &str, name: &str) -> Option<&InventoryWorkload> {
        self.workloads_called(name).find(|workload| workload.kind == kind)
    }

    /// Returns the workloads of this name, of whatever kind.
    pub fn workloads_called(&self, name: &str) -> impl Iterator<Item = &InventoryWorkload> {
        let indexes = self.workloads_by_name.get(name).into_iter().flatten();
        indexes.filter_map(|index| self.workloads.get(*index))
    }

    /// Returns all workloads of a kind, in the order in which they were added.
    pub fn workloads_of<'n>(&'n self, kind: &'n str) -> impl Iterator<Item = &'n InventoryWorkload> {
        self.workloads.iter().filter(move |workload| workload.kind == kind)
    }

    /// Returns the workloads whose Pods a selector selects, in the order in which they were added.
    pub fn workloads(&self, selector: &LabelSelector) -> Vec<&InventoryWorkload> {
        self.workload_places(selector).into_iter().filter_map(|place| self.workload_at(place)).collect()
    }

    /// Returns the places of the same.
    pub fn workload_places(&self, selector: &LabelSelector) -> Vec<usize> {
        let with_label = |(key, value): (&String, &String)| {
            self.workloads_by_label.get(&(key.clone(), value.clone())).map(Vec::as_slice).unwrap_or_default()
        };
        let fewest = selector.match_labels.iter().map(with_label).min_by_key(|places| places.len());
        let mut places = fewest.map_or_else(|| (0..self.workloads.len()).collect(), <[usize]>::to_vec);
        places.retain(|place| {
            let labels = self.workload_at(*place).map(|workload| &workload.labels);
            labels.is_some_and(|labels| selector.matches_by(|key| labels.get(key).map(String::as_str)))
        });
        places
    }

    /// Returns the places of the workloads of this name, of whatever kind: one for each of their templates.
    pub fn workload_places_called(&self, name: &str) -> &[usize] {
        self.workloads_by_name.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the workload at a place.
    pub fn workload_at(&self, place: usize) -> Option<&InventoryWorkload> {
        self.workloads.get(place)
    }

    fn add_workload(&mut self, workload: InventoryWorkload) {
        let index = self.workloads.len();
        for (key, value) in &workload.labels {
            self.workloads_by_label.entry((key.clone(), value.clone())).or_default().push(index);
        }
        self.workloads_by_name.entry(workload.name.clone()).or_default().push(index);
        self.workloads.push(workload);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::service::{ServicePort, TargetPort},
        *,
    };

    fn labels(json: &str) -> Map<'_> {
        serde_json::from_str(json).unwrap()
    }

    fn filled() -> Inventory {
        let mut inventory = Inventory::default();
        let mut add = |group, kind, text: &str| inventory.add(group, kind, "shop", text).unwrap();
        add(
            "",
            "Service",
            r#"{"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}, {"port": 53, "protocol": "UDP"}]}}"#,
        );
        add("", "Service", r#"{"metadata": {"name": "external"}, "spec": {"ports": [{"port": 80}]}}"#);
        add(
            "",
            "Service",
            r#"{"metadata": {"name": "elsewhere"}, "spec": {"type": "ExternalName", "externalName": "example.com", "selector": {"app": "web"}}}"#,
        );
        add(
            "",
            "Service",
            r#"{"metadata": {"name": "peers"}, "spec": {"clusterIP": "None", "publishNotReadyAddresses": true, "selector": {"app": "peer"}, "ports": [{"name": "p", "port": 1, "targetPort": 0}, {"port": 2, "targetPort": ""}]}}"#,
        );
        add(
            "policy",
            "PodDisruptionBudget",
            r#"{"metadata": {"name": "all"}, "spec": {"selector": {}}, "status": {"disruptionsAllowed": 0}}"#,
        );
        add("policy", "PodDisruptionBudget", r#"{"metadata": {"name": "none"}, "spec": {}}"#);
        add(
            "policy",
            "PodDisruptionBudget",
            r#"{"metadata": {"name": "gold"}, "spec": {"selector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["gold"]}]}}}"#,
        );
        add(
            "autoscaling",
            "HorizontalPodAutoscaler",
            r#"{"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 2}}"#,
        );
        add(
            "apps",
            "Deployment",
            r#"{"metadata": {"name": "web"}, "spec": {"replicas": 3, "template": {"metadata": {"labels": {"app": "web", "tier": "gold"}}}}}"#,
        );
        add(
            "apps",
            "ReplicaSet",
            r#"{"metadata": {"name": "web-1", "ownerReferences": [{"kind": "Deployment", "controller": true}]}, "spec": {"replicas": 3, "template": {"metadata": {"labels": {"app": "web", "tier": "gold"}}}}}"#,
        );
        add("", "ConfigMap", "no object at all");
        inventory
    }

    #[test]
    fn finds_by_label() {
        let inventory = filled();
        let shop = inventory.namespace("shop").unwrap();
        let services = shop.services(&labels(r#"{"app": "web", "x": "y"}"#));
        assert_eq!(services.len(), 1);
        let port = |name: &str, protocol: &str, target| ServicePort {
            name: name.to_owned(),
            protocol: protocol.to_owned(),
            target,
        };
        let ports = [port("", "TCP", TargetPort::Name("http".to_owned())), port("", "UDP", TargetPort::Number(53))];
        assert_eq!(services[0].ports, ports);
        assert!(!services[0].is_headless && !services[0].ignores_readiness);
        let peers = shop.services(&labels(r#"{"app": "peer"}"#))[0];
        assert!(peers.is_headless && peers.ignores_readiness);
        let ports = [port("p", "TCP", TargetPort::Number(1)), port("", "TCP", TargetPort::Number(2))];
        assert_eq!(peers.ports, ports);
        assert!(shop.services(&labels(r#"{"app": "other"}"#)).is_empty());
        let names = |json| shop.budgets(&labels(json)).iter().map(|budget| budget.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(r#"{"app": "x"}"#), ["all"]);
        assert_eq!(names(r#"{"tier": "gold"}"#), ["all", "gold"]);
        assert_eq!(shop.autoscaler("Deployment", "web").unwrap().min_replicas, 2);
        assert!(shop.autoscaler("StatefulSet", "web").is_none() && inventory.namespace("other").is_none());
        let selector: LabelSelector =
            serde_json::from_str(r#"{"matchLabels": {"app": "web", "tier": "gold"}}"#).unwrap();
        assert_eq!(shop.workloads(&selector)[0].replicas, Some(3));
        assert_eq!(shop.workloads(&LabelSelector::default()).len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let error = Inventory::default().add("", "Service", "shop", r#"{"spec": {"ports": {}}}"#).unwrap_err();
        assert_eq!(error.to_string(), "spec.ports: is an object; a list is expected");
    }

    #[test]
    fn a_label_that_all_have_does_not_lead_to_all() {
        let mut inventory = Inventory::default();
        for number in 0..1000 {
            let text = format!(
                r#"{{"metadata": {{"name": "s{number}"}}, "spec": {{"selector": {{"a-common": "x", "app": "a{number}"}}}}}}"#
            );
            inventory.add("", "Service", "shop", &text).unwrap();
        }
        let shop = inventory.namespace("shop").unwrap();
        // The first may be found by either label.
        let common = shop.services.by_label[&("a-common".to_owned(), "x".to_owned())].len();
        assert_eq!(common, 1);
        assert_eq!(shop.services(&labels(r#"{"a-common": "x", "app": "a7"}"#))[0].name, "s7");
    }
}
