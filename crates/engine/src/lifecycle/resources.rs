//! What a Pod reserves on its node, what it may use at most, and which QoS class that makes.
//!
//! Each step follows the API server's own code (Kubernetes 1.37): `SetDefaults_Pod` and `DefaultPodLevelResources` for
//! defaulting, `component-helpers/resource` for the sums (KEP-753, KEP-2837), `ComputePodQOS` for the class. Amounts are rounded up to thousandths, as the
//! API server does before anything else ([`Quantity::amount`](crate::model::Quantity::amount)). A text that is no quantity counts as
//! absent: the API server refuses it. Ephemeral containers have no resources.

use std::{collections::BTreeMap, fmt};

use super::stages::{self, Placed, Role, is_sidecar};
use crate::model::{Amount, Container, PodSpec, ResourceList};

/// Amounts by resource.
pub type Amounts<'p> = BTreeMap<&'p str, Amount>;

/// The resources that make the QoS class.
pub const QOS_RESOURCES: [&str; 2] = ["cpu", "memory"];

/// A container's requests after defaulting: a resource with a limit only is requested in the limit's amount. The API server
/// does so in Pods, not in templates, whose Pods get it all the same.
pub fn requests<'p>(container: &'p Container<'_>) -> Amounts<'p> {
    let mut requests = limits(container);
    requests.extend(amounts(&container.resources.requests));
    requests
}

/// Returns how much of one resource a container requests, after defaulting as in [`requests`].
pub fn request_of(container: &Container<'_>, resource: &str) -> Option<Amount> {
    let amount = |list: &ResourceList<'_>| list.get(resource)?.amount();
    amount(&container.resources.requests).or_else(|| amount(&container.resources.limits))
}

/// A container's limit of one resource.
pub fn limit_of(container: &Container<'_>, resource: &str) -> Option<Amount> {
    container.resources.limits.get(resource)?.amount()
}

/// A container's limits.
pub fn limits<'p>(container: &'p Container<'_>) -> Amounts<'p> {
    amounts(&container.resources.limits)
}

/// Returns the names of the Pod's `resourceClaims` whose devices a container gets, in the order of its `resources.claims`.
pub fn claims<'p>(container: &'p Container<'_>) -> impl Iterator<Item = &'p str> {
    container.resources.claims.iter().flat_map(|claims| claims.iter()).map(|claim| &*claim.name)
}

/// Holds what a Pod needs while it starts and while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phases<'p> {
    /// Holds what its apps and sidecars need together.
    pub running: Amounts<'p>,
    /// The most that a regular init container needs, with the sidecars that run beside it, of the resources that it needs.
    pub init: BTreeMap<&'p str, InitPeak>,
}

/// The most of one resource that is needed while a regular init container runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitPeak {
    /// Tells how much.
    pub amount: Amount,
    /// Index in `initContainers` of the first that needs so much.
    pub index: usize,
}

/// The needs of a Pod's phases, where a container needs `of(container)`.
///
/// While the regular init container *i* runs, the Pod uses its amount and those of the sidecars before it:
/// `InitContainerUse(i) = Σ sidecars with index < i + own`. (KEP-753, "Resources calculation for scheduling and pod
/// admission". There the maximum is also over sidecars, and over resources that only they need, which the sum of all sidecars
/// is never below.)
pub fn phases<'p, 'a>(spec: &'p PodSpec<'a>, of: fn(&'p Container<'a>) -> Amounts<'p>) -> Phases<'p> {
    let mut sidecars = Amounts::new();
    let mut init: BTreeMap<&str, InitPeak> = BTreeMap::new();
    for (index, container) in spec.init_containers.iter().enumerate() {
        if is_sidecar(container) {
            add(&mut sidecars, &of(container));
            continue;
        }
        for (name, own) in of(container) {
            let amount = own.plus(sidecars.get(name).copied().unwrap_or_default());
            let peak = init.entry(name).or_insert(InitPeak { amount, index });
            if amount > peak.amount {
                *peak = InitPeak { amount, index };
            }
        }
    }
    let mut running = sidecars;
    for container in &spec.containers {
        add(&mut running, &of(container));
    }
    Phases { running, init }
}

/// Returns what the containers need together: of each resource the larger of [`phases`]'s two.
pub fn aggregate<'p, 'a>(spec: &'p PodSpec<'a>, of: fn(&'p Container<'a>) -> Amounts<'p>) -> Amounts<'p> {
    let Phases { running: mut total, init } = phases(spec, of);
    for (name, peak) in init {
        let amount = total.entry(name).or_default();
        *amount = peak.amount.max(*amount);
    }
    total
}

/// Returns whether a resource of a container is counted in whole ones: an extended one, which has a domain other than Kubernetes' own
/// (`IsExtendedResourceName`).
pub fn is_counted(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.")
}

/// The Pod's own `resources` after defaulting (KEP-2837).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodLevel<'p> {
    /// Requests of the whole Pod.
    pub requests: Amounts<'p>,
    /// Limits of the whole Pod.
    pub limits: Amounts<'p>,
}

/// Returns whether a Pod as a whole can have this resource: cpu, memory and huge pages.
pub fn is_pod_level(name: &str) -> bool {
    QOS_RESOURCES.contains(&name) || is_huge_pages(name)
}

/// The Pod's own `resources`; `None` where it has none, and its containers alone count.
///
/// Where it has any, the others are filled in: the limit of huge pages from the containers' limits; a request from the
/// containers' requests, or else from the Pod's limit; a limit, where every container has one, from these, but not below the
/// request. (`DefaultPodLevelResources`, 1.37. Before that, requests were filled in only where a limit was given, and limits
/// not at all.)
pub fn pod_level<'p>(spec: &'p PodSpec<'_>) -> Option<PodLevel<'p>> {
    let own = &spec.resources;
    if !own.requests.iter().chain(own.limits.iter()).any(|(name, _)| is_pod_level(name)) {
        return None;
    }
    let (mut requests, mut limits) = (amounts(&own.requests), amounts(&own.limits));
    let of_containers = aggregate(spec, self::limits);
    for (name, limit) in &of_containers {
        if is_huge_pages(name) && !requests.contains_key(name) {
            limits.entry(name).or_insert(*limit);
        }
    }
    for (name, request) in aggregate(spec, self::requests) {
        if QOS_RESOURCES.contains(&name) {
            requests.entry(name).or_insert(request);
        }
    }
    for (name, limit) in limits.iter().filter(|(name, _)| is_pod_level(name)) {
        requests.entry(name).or_insert(*limit);
    }
    let mut limited_in: BTreeMap<&str, usize> = BTreeMap::new();
    for container in spec.init_containers.iter().chain(&spec.containers) {
        for (name, _) in self::limits(container) {
            *limited_in.entry(name).or_default() += 1;
        }
    }
    let containers = spec.init_containers.len() + spec.containers.len();
    for (name, limit) in of_containers {
        if is_pod_level(name)
            && limited_in.get(name) == Some(&containers)
            && let Some(request) = requests.get(name)
        {
            limits.entry(name).or_insert(limit.max(*request));
        }
    }
    Some(PodLevel { requests, limits })
}

/// Returns what the scheduler reserves for the Pod: [`aggregate`], replaced by what the Pod itself requests, and the overhead.
/// (`PodRequests`)
pub fn effective_requests<'p>(spec: &'p PodSpec<'_>) -> Amounts<'p> {
    let mut total = aggregate(spec, requests);
    if let Some(level) = pod_level(spec) {
        total.extend(level.requests.into_iter().filter(|(name, _)| is_pod_level(name)));
    }
    add(&mut total, &amounts(&spec.overhead));
    total
}

/// Returns what the Pod may use at most; a resource that a container does not limit is bounded by no sum. The overhead is added to
/// limits that are not 0. (`PodLimits`)
pub fn effective_limits<'p>(spec: &'p PodSpec<'_>) -> Amounts<'p> {
    let mut total = aggregate(spec, limits);
    if let Some(level) = pod_level(spec) {
        total.extend(level.limits.into_iter().filter(|(name, _)| is_pod_level(name)));
    }
    for (name, overhead) in amounts(&spec.overhead) {
        if let Some(limit) = total.get_mut(name).filter(|limit| !limit.is_zero()) {
            *limit = limit.plus(overhead);
        }
    }
    total
}

/// A Pod's class of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QosClass {
    /// Requests and limits are equal for cpu and memory everywhere: evicted last.
    Guaranteed,
    /// Anything between.
    Burstable,
    /// Neither requests nor limits: evicted first.
    BestEffort,
}

/// A Pod's class, and what decides it.
#[derive(Debug, Clone, Copy)]
pub struct Qos<'p, 'a> {
    /// The class.
    pub class: QosClass,
    /// Holds what decides it.
    pub reason: QosReason<'p, 'a>,
}

/// Tells what decides the QoS class.
#[derive(Debug, Clone, Copy)]
pub enum QosReason<'p, 'a> {
    /// The Pod's own resources; with what keeps them from Guaranteed, if anything does.
    Pod(Option<Flaw>),
    /// All containers are alike.
    Containers,
    /// This container keeps the Pod from the class that it would otherwise have.
    Container(Placed<'p, 'a>, Flaw),
}

/// Tells what keeps resources from Guaranteed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Neither requests nor limits for cpu and memory; amounts of 0 are none.
    Nothing,
    /// No limit for this resource.
    NoLimit(&'static str),
    /// The limit is not the request.
    Unequal {
        /// The resource.
        resource: &'static str,
        /// Tells how much is requested.
        request: Amount,
        /// The limit.
        limit: Amount,
    },
}

/// The Pod's QoS class and what decides it.
///
/// Where the Pod has resources of its own, they alone count. Else each container but the ephemeral ones is judged by itself:
/// the Pod has their class if all have the same one, and is Burstable if they differ. (`ComputePodQOS`. Before 1.37 it compared
/// sums over all containers, which are equal exactly where all parts are, as no request may be above its limit.)
pub fn qos<'p, 'a>(spec: &'p PodSpec<'a>) -> Qos<'p, 'a> {
    if let Some(PodLevel { requests, limits }) = pod_level(spec) {
        let (class, flaw) =
            class_of(|resource| requests.get(resource).copied(), |resource| limits.get(resource).copied());
        return Qos { class, reason: QosReason::Pod(flaw) };
    }
    let judged = stages::containers(spec).filter(|placed| placed.role != Role::Ephemeral);
    let (mut burstable, mut best_effort, mut guaranteed) = (None, None, false);
    for placed in judged {
        match container_qos(placed.container) {
            (QosClass::Burstable, flaw) => burstable = burstable.or(flaw.map(|flaw| (placed, flaw))),
            (QosClass::BestEffort, flaw) => best_effort = best_effort.or(flaw.map(|flaw| (placed, flaw))),
            (QosClass::Guaranteed, _) => guaranteed = true,
        }
    }
    match burstable.or(best_effort.filter(|_| guaranteed)) {
        Some((placed, flaw)) => Qos { class: QosClass::Burstable, reason: QosReason::Container(placed, flaw) },
        None if guaranteed => Qos { class: QosClass::Guaranteed, reason: QosReason::Containers },
        None => Qos { class: QosClass::BestEffort, reason: QosReason::Containers },
    }
}

/// The class of a Pod whose containers were all like this one; with what keeps it from Guaranteed, if anything does.
pub fn container_qos(container: &Container<'_>) -> (QosClass, Option<Flaw>) {
    class_of(|resource| request_of(container, resource), |resource| limit_of(container, resource))
}

/// Guaranteed: request = limit ≠ 0 for both resources; BestEffort: neither for both; else Burstable. (`requirementsQOS`)
fn class_of(
    request: impl Fn(&str) -> Option<Amount>,
    limit: impl Fn(&str) -> Option<Amount>,
) -> (QosClass, Option<Flaw>) {
    let flaws = QOS_RESOURCES.map(|resource| {
        let (request, limit) = (request(resource).unwrap_or_default(), limit(resource).unwrap_or_default());
        match (request.is_zero(), limit.is_zero()) {
            (true, true) => (true, Some(Flaw::NoLimit(resource))),
            (false, true) => (false, Some(Flaw::NoLimit(resource))),
            _ => (false, (request != limit).then_some(Flaw::Unequal { resource, request, limit })),
        }
    });
    match flaws {
        [(true, _), (true, _)] => (QosClass::BestEffort, Some(Flaw::Nothing)),
        [(_, None), (_, None)] => (QosClass::Guaranteed, None),
        [(_, cpu), (_, memory)] => (QosClass::Burstable, cpu.or(memory)),
    }
}

/// As a predicate: `has no cpu limit`.
impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("has neither requests nor limits for cpu and memory"),
            Self::NoLimit(resource) => write!(f, "has no {resource} limit"),
            Self::Unequal { resource, request, limit } => {
                write!(f, "requests {request} of a {resource} limit of {limit}")
            }
        }
    }
}

/// Returns whether a resource is memory in huge pages of one size, of which a request is always the limit.
pub fn is_huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn amounts<'p>(list: &'p ResourceList<'_>) -> Amounts<'p> {
    list.iter().filter_map(|(name, quantity)| Some((name, quantity.amount()?))).collect()
}

fn add<'p>(total: &mut Amounts<'p>, more: &Amounts<'p>) {
    for (name, amount) in more {
        let sum = total.entry(name).or_default();
        *sum = sum.plus(*amount);
    }
}

/// Says in a message whose resources they are.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'n> {
    /// Those of the container of this name.
    Container(&'n str),
    /// Those of the Pod as a whole.
    Pod,
}

impl std::fmt::Display for Whose<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Container(name) => write!(f, "container \"{name}\""),
            Self::Pod => f.write_str("the Pod"),
        }
    }
}
