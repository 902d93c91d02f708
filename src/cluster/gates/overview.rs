//! What waits for what in a cluster at this moment, for somebody who looks from outside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice as EndpointSliceObject;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{ApiResource, DynamicObject, ListParams, PartialObjectMeta};
use kube::{Api, Client, Resource};
use serde_json::Value;

use super::super::list_watch::chain;
use super::decide::{Decision, Known, decide};
use super::pods::{GatedPod, PodObject, UNSCHEDULED, api, waited};
use super::targets::resource;
use podgate_engine::lifecycle::waiting::{
    EndpointSlice, Progress, Target, TargetState, Until, Wait,
    circle::{Needs, circle},
};
use podgate_engine::model::Subject;
use podgate_engine::model::selection::Pods;
use podgate_engine::policy::Engine;
use podgate_engine::policy::gates::Opening;

/// Limits the requests under way.
const MAX_REQUESTS: usize = 16;
/// Pods of a page of the list.
const PAGE: u32 = 500;

/// Whose Pods wait: the workload at the top, or a Pod that nothing controls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Its namespace.
    pub namespace: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// What is waited for.
#[derive(Debug, Clone)]
pub struct AwaitedTarget {
    /// How it is called beside the Pods that wait: `service/db`.
    pub name: String,
    /// How far it is: `0 of 1 endpoints ready`; `None` where it is there.
    pub lacks: Option<String>,
    /// Those whose Pods are behind it and wait themselves.
    pub behind: Vec<Owner>,
}

/// The Pods of one owner that wait.
#[derive(Debug, Clone, Default)]
pub struct WaitingPods {
    /// How many there are.
    pub count: usize,
    /// Their gates that podgate removes.
    pub gates: BTreeSet<String>,
    /// The longest time that one of them has waited.
    pub longest: Duration,
    /// What they wait for.
    pub targets: Vec<AwaitedTarget>,
    /// What keeps them that is no target: an annotation that cannot be read.
    pub problems: BTreeSet<String>,
}

/// What waits for what.
#[derive(Debug, Default)]
pub struct Overview {
    /// By owner.
    pub waiting: BTreeMap<Owner, WaitingPods>,
    /// Owners that wait for each other, each once, with the first one first.
    pub circles: Vec<Vec<Owner>>,
    /// How many Pods wait behind gates that are not podgate's to remove, by gate.
    pub others: BTreeMap<String, usize>,
}

/// Asks a cluster what waits for what. `namespace` is one, or all.
pub async fn gates_overview(
    client: &Client,
    engine: &Engine,
    namespace: Option<&str>,
) -> Result<Overview, kube::Error> {
    let pods = gated_pods(client, namespace).await?;
    let labels = namespace_labels(client, &pods).await?;
    let mut overview = Overview::default();
    let mut waits: BTreeMap<Owner, BTreeSet<Wait>> = BTreeMap::new();
    let mut labels_of: BTreeMap<Owner, Vec<BTreeMap<String, String>>> = BTreeMap::new();
    for (pod, owner) in pods {
        let pod_labels = pod.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let subject = Subject {
            namespace: &pod.namespace,
            namespace_labels: labels.get(&pod.namespace),
            pods: Pods::Labelled(&pod_labels),
        };
        for gate in &pod.gates {
            let Some(opening) = engine.opened_gates().opening(gate, &subject, pod.wait_for.as_deref()) else {
                *overview.others.entry(gate.clone()).or_default() += 1;
                continue;
            };
            let of_owner = overview.waiting.entry(owner.clone()).or_default();
            of_owner.gates.insert(gate.clone());
            of_owner.longest = of_owner.longest.max(waited(&pod));
            match opening {
                Opening::When { waits: of_gate, .. } => {
                    waits.entry(owner.clone()).or_default().extend(of_gate);
                }
                other => {
                    let Decision { waits_for, .. } = decide(&other, &pod.namespace, Duration::ZERO, |_| Known::NotYet);
                    of_owner.problems.extend(waits_for);
                }
            }
        }
        if let Some(of_owner) = overview.waiting.get_mut(&owner) {
            of_owner.count += 1;
            let all = labels_of.entry(owner).or_default();
            if !all.contains(&pod.labels) {
                all.push(pod.labels);
            }
        }
    }
    let distinct: BTreeSet<Wait> = waits.values().flatten().cloned().collect();
    let looked_at = stream::iter(distinct).map(|wait| async move {
        let found = look_up(client, &wait).await;
        (wait, found)
    });
    let found: HashMap<Wait, Found> = looked_at.buffer_unordered(MAX_REQUESTS).collect().await;
    for (owner, of_owner) in &waits {
        let targets = of_owner.iter().filter_map(|wait| {
            let Found { known, selector } = found.get(wait)?;
            let lacks = match known {
                Known::Progress(Progress::Met) => None,
                Known::Progress(Progress::Waiting(why) | Progress::Missing(why) | Progress::Failed(why)) => {
                    Some(why.clone())
                }
                Known::Problem(why) => Some(format!("cannot be looked at: {why}")),
                Known::NotYet => Some("is not known".to_owned()),
            };
            let behind = if lacks.is_some() { behind(&wait.target, selector.as_ref(), &labels_of) } else { Vec::new() };
            Some(AwaitedTarget { name: wait.target.beside(&owner.namespace), lacks, behind })
        });
        let targets = targets.collect();
        if let Some(waiting) = overview.waiting.get_mut(owner) {
            waiting.targets = targets;
        }
    }
    overview.circles = circles(&overview.waiting);
    Ok(overview)
}

/// Returns the owners of waiting Pods that are behind a target.
fn behind(
    target: &Target,
    selector: Option<&BTreeMap<String, String>>,
    labels_of: &BTreeMap<Owner, Vec<BTreeMap<String, String>>>,
) -> Vec<Owner> {
    let is_behind = |owner: &Owner, labels: &[BTreeMap<String, String>]| {
        owner.namespace == target.namespace
            && match selector {
                Some(selector) => {
                    let selects = |labels: &BTreeMap<String, String>| {
                        selector.iter().all(|(key, value)| labels.get(key) == Some(value))
                    };
                    !selector.is_empty() && labels.iter().any(selects)
                }
                None => owner.kind == target.kind && owner.name == target.name,
            }
    };
    labels_of.iter().filter(|(owner, labels)| is_behind(owner, labels)).map(|(owner, _)| owner.clone()).collect()
}

/// A node of the graph in which circles are looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Owner(Owner),
    /// One of the targets of an owner.
    Target(Owner, usize),
}

fn circles(waiting: &BTreeMap<Owner, WaitingPods>) -> Vec<Vec<Owner>> {
    let needs = |node: &Node| match node {
        Node::Owner(owner) => {
            let targets = waiting.get(owner).map(|of_owner| of_owner.targets.as_slice()).unwrap_or_default();
            let open = targets.iter().enumerate().filter(|(_, target)| target.lacks.is_some());
            Needs::All(open.map(|(index, _)| Node::Target(owner.clone(), index)).collect())
        }
        Node::Target(owner, index) => {
            let target = waiting.get(owner).and_then(|of_owner| of_owner.targets.get(*index));
            let behind = target.map(|target| target.behind.as_slice()).unwrap_or_default();
            Needs::Any(behind.iter().cloned().map(Node::Owner).collect())
        }
    };
    let mut circles: Vec<Vec<Owner>> = Vec::new();
    for owner in waiting.keys() {
        let Some(way) = circle(&Node::Owner(owner.clone()), needs) else { continue };
        let owners: Vec<Owner> = way
            .into_iter()
            .filter_map(|node| match node {
                Node::Owner(owner) => Some(owner),
                Node::Target(..) => None,
            })
            .collect();
        // Each is found once for every owner on it; the first of them tells of it.
        if owners.iter().min() == Some(owner) {
            circles.push(owners);
        }
    }
    circles
}

/// Returns the Pods with a gate, each with its owner.
async fn gated_pods(client: &Client, namespace: Option<&str>) -> Result<Vec<(GatedPod, Owner)>, kube::Error> {
    let pods = match namespace {
        Some(namespace) => Api::<PodObject>::namespaced_with(
            client.clone(),
            namespace,
            &ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&()),
        ),
        None => api(client),
    };
    let mut gated = Vec::new();
    let mut params = ListParams::default().fields(UNSCHEDULED).limit(PAGE);
    loop {
        let page = pods.list(&params).await?;
        for pod in page.items {
            let controller = pod.metadata.owner_references.iter().flatten();
            let controller = controller.clone().find(|owner| owner.controller == Some(true)).cloned();
            let pod = GatedPod::from(pod);
            if !pod.gates.is_empty() {
                gated.push((pod, controller));
            }
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    let sets: BTreeSet<(String, String)> = gated
        .iter()
        .filter_map(|(pod, controller)| {
            let controller = controller.as_ref().filter(|owner| owner.kind == "ReplicaSet")?;
            Some((pod.namespace.clone(), controller.name.clone()))
        })
        .collect();
    let looked_up = stream::iter(sets).map(|(namespace, name)| async move {
        let api: Api<PartialObjectMeta<ReplicaSet>> = Api::namespaced(client.clone(), &namespace);
        let found = api.get_opt(&name).await?;
        let owners = found.and_then(|found| found.metadata.owner_references).unwrap_or_default();
        let deployment = owners.into_iter().find(|owner| owner.controller == Some(true));
        Ok::<_, kube::Error>(((namespace, name), deployment))
    });
    let deployments: HashMap<(String, String), Option<OwnerReference>> =
        looked_up.buffer_unordered(MAX_REQUESTS).try_collect().await?;
    let owned = gated.into_iter().map(|(pod, controller)| {
        let above = controller.as_ref().and_then(|owner| {
            deployments
                .get(&(pod.namespace.clone(), owner.name.clone()))?
                .as_ref()
                .filter(|_| owner.kind == "ReplicaSet")
        });
        let (kind, name) = match above.or(controller.as_ref()) {
            Some(owner) => (owner.kind.clone(), owner.name.clone()),
            None => ("Pod".to_owned(), pod.name.clone()),
        };
        let owner = Owner { namespace: pod.namespace.clone(), kind, name };
        (pod, owner)
    });
    Ok(owned.collect())
}

async fn namespace_labels(
    client: &Client,
    pods: &[(GatedPod, Owner)],
) -> Result<HashMap<String, BTreeMap<String, String>>, kube::Error> {
    let names: BTreeSet<String> = pods.iter().map(|(pod, _)| pod.namespace.clone()).collect();
    let looked_up = stream::iter(names).map(|name| async move {
        let found = Api::<PartialObjectMeta<Namespace>>::all(client.clone()).get_opt(&name).await?;
        Ok::<_, kube::Error>((name, found.and_then(|found| found.metadata.labels).unwrap_or_default()))
    });
    looked_up.buffer_unordered(MAX_REQUESTS).try_collect().await
}

/// What a look at a target has found.
struct Found {
    known: Known,
    /// Of a Service: the labels of its Pods.
    selector: Option<BTreeMap<String, String>>,
}

/// Looks at a target once. What goes wrong is said of it.
async fn look_up(client: &Client, wait: &Wait) -> Found {
    let Target { api_version, kind, namespace, name } = &wait.target;
    let problem = |why| Found { known: Known::Problem(why), selector: None };
    if let Until::ReadyEndpoints(_) = wait.until {
        let services: Api<Service> = Api::namespaced(client.clone(), namespace);
        let of_service = ListParams::default().labels(&format!("kubernetes.io/service-name={name}"));
        let slices: Api<EndpointSliceObject> = Api::namespaced(client.clone(), namespace);
        let both = futures_util::future::try_join(services.get_opt(name), slices.list(&of_service)).await;
        return match both {
            Ok((service, slices)) => {
                let values = slices.items.iter().map(|slice| serde_json::to_value(slice).unwrap_or(Value::Null));
                let slices: Vec<EndpointSlice> = values.filter_map(|value| EndpointSlice::read(&value)).collect();
                let selector = service.and_then(|service| service.spec?.selector).unwrap_or_default();
                let known = Known::Progress(wait.until.progress_of_service(slices.iter()));
                Found { known, selector: Some(selector) }
            }
            Err(cause) => problem(chain(&cause)),
        };
    }
    let (resource, is_namespaced) = match resource(client, api_version, kind).await {
        Ok(found) => found,
        Err(why) => return problem(why),
    };
    let found = if wait.until == Until::Exists {
        let api = place::<PartialObjectMeta<DynamicObject>>(client, &resource, namespace, is_namespaced);
        api.get_opt(name).await.map(|found| found.map(serde_json::to_value))
    } else {
        let api = place::<DynamicObject>(client, &resource, namespace, is_namespaced);
        api.get_opt(name).await.map(|found| found.map(serde_json::to_value))
    };
    match found {
        Ok(found) => {
            let state = found.map(|value| TargetState::read(&value.unwrap_or(Value::Null)));
            Found { known: Known::Progress(wait.until.progress(state.as_ref())), selector: None }
        }
        Err(cause) => problem(chain(&cause)),
    }
}

fn place<K>(client: &Client, resource: &ApiResource, namespace: &str, is_namespaced: bool) -> Api<K>
where
    K: Resource<DynamicType = ApiResource, Scope = kube::core::DynamicResourceScope>,
{
    super::targets::api(client, resource, Some(namespace).filter(|_| is_namespaced))
}
