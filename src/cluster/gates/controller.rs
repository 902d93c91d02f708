//! Holds the Pods that wait against what they wait for, and opens their gates.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{info, warn};

use super::super::lease::Leadership;
use super::decide::{Cause, Decision, Reason, decide};
use super::events::{EventKind, Events};
use super::patch::{self, Outcome};
use super::pods::{GatedPod, PodChange, waited, watch_pods};
use super::targets::{Changed, Place, TargetChange, Targets};
use super::task::Task;
use crate::server::{ClusterState, GateCount, log};
use podgate_engine::lifecycle::waiting::Wait;
use podgate_engine::model::Subject;
use podgate_engine::model::selection::Pods;
use podgate_engine::policy::Engine;
use podgate_engine::policy::gates::Opening;

/// Changes that are taken over before anything is decided: a list, a rollout.
const QUEUE: usize = 1024;
/// Limits the patches under way.
const MAX_PATCHES: usize = 32;
/// The pauses after a patch that failed; each is longer than the one before.
const BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(30);
/// Time between two looks at what passes by itself: waiting times, the policy, metrics.
const TICK: Duration = Duration::from_secs(1);
/// Least time between two warnings in the log about patches that fail.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(10);
/// Least time between two events about one Pod that still waits.
const BETWEEN_EVENTS: Duration = Duration::from_secs(10);

/// A gate of a Pod that is podgate's to remove.
#[derive(Debug)]
struct OwnGate {
    name: String,
    opening: Opening,
    reason: Reason,
}

/// A Pod that waits.
#[derive(Debug)]
struct Waiting {
    pod: GatedPod,
    gates: Vec<OwnGate>,
    /// The gates that were removed since the Pod was seen last.
    removed: HashSet<String>,
    /// What it waits for.
    targets: BTreeSet<Wait>,
    /// True while it is in the queue of those whose gates are removed, or a patch is under way.
    is_queued: bool,
    failures: u32,
    /// After a patch that failed: when the next is due.
    retry_at: Option<Instant>,
    /// What was said of it last, and when.
    said: Option<(String, Instant)>,
    /// True where there is something new to say that had to wait.
    is_unsaid: bool,
    /// How often something was said.
    said_times: u32,
    /// True where something that it waits for cannot be watched for want of room.
    is_crowded_out: bool,
}

impl Waiting {
    fn new(pod: GatedPod) -> Self {
        Self {
            pod,
            gates: Vec::new(),
            removed: HashSet::new(),
            targets: BTreeSet::new(),
            is_queued: false,
            failures: 0,
            retry_at: None,
            said: None,
            is_unsaid: false,
            said_times: 0,
            is_crowded_out: false,
        }
    }

    /// Returns whether something has changed by itself: time has passed.
    fn is_due(&self) -> bool {
        let waited = waited(&self.pod);
        let opens = |gate: &OwnGate| match gate.opening {
            Opening::When { at_most, .. } => at_most.is_some_and(|at_most| waited >= at_most),
            Opening::Unknown => true,
            Opening::Unreadable(_) => false,
        };
        let is_unsaid = self.is_unsaid && self.said.as_ref().is_some_and(|(_, at)| at.elapsed() >= BETWEEN_EVENTS);
        let may_retry = self.retry_at.is_some_and(|at| at <= Instant::now());
        !self.is_queued && (may_retry || is_unsaid || self.is_crowded_out || self.gates.iter().any(opens))
    }
}

/// Gates that were to be removed from a Pod: with what opened each.
type Opened = Vec<(String, Cause, Vec<String>)>;

/// What came of a patch.
struct Patched {
    pod: GatedPod,
    opened: Opened,
    outcome: Outcome,
}

/// The state of the replica that removes gates.
pub(super) struct Controller {
    client: Client,
    cluster_state: ClusterState,
    leadership: Leadership,
    engine: Arc<Engine>,
    /// By uid.
    pods: HashMap<String, Waiting>,
    targets: Targets,
    /// By place and name: the uids of the Pods that wait for it.
    waiters: HashMap<Place, HashMap<String, BTreeSet<String>>>,
    /// Pods to look at, by uid.
    dirty: BTreeSet<String>,
    /// Pods whose gates are to be removed, by uid.
    queue: VecDeque<String>,
    patches: JoinSet<Patched>,
    events: Events,
    /// When it was last said that a patch has failed.
    warned: Option<Instant>,
}

impl Controller {
    /// Removes gates for as long as it is polled.
    pub(super) async fn run(
        client: Client,
        cluster_state: ClusterState,
        leadership: Leadership,
        identity: String,
    ) -> Infallible {
        let (pod_changes, pods) = mpsc::channel(QUEUE);
        let (target_changes, targets) = mpsc::channel(QUEUE);
        let events = Events::new(identity);
        let _writer = Task::spawn(events.clone().write(client.clone()));
        let _pods = Task::spawn(watch_pods(client.clone(), pod_changes, cluster_state.clone()));
        let controller = Self {
            engine: cluster_state.engine(),
            targets: Targets::new(client.clone(), target_changes),
            client,
            cluster_state,
            leadership,
            pods: HashMap::new(),
            waiters: HashMap::new(),
            dirty: BTreeSet::new(),
            queue: VecDeque::new(),
            patches: JoinSet::new(),
            events,
            warned: None,
        };
        controller.work(pods, targets).await
    }

    async fn work(
        mut self,
        mut pods: mpsc::Receiver<PodChange>,
        mut targets: mpsc::Receiver<TargetChange>,
    ) -> Infallible {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(change) = pods.recv() => self.take_pod(change),
                Some(change) = targets.recv() => self.take_target(change),
                Some(patched) = self.patches.join_next() => {
                    if let Ok(patched) = patched {
                        self.patched(patched);
                    }
                }
                _ = tick.tick() => self.tick(),
            }
            for _ in 0..QUEUE {
                let Ok(change) = pods.try_recv() else { break };
                self.take_pod(change);
            }
            for _ in 0..QUEUE {
                let Ok(change) = targets.try_recv() else { break };
                self.take_target(change);
            }
            for uid in std::mem::take(&mut self.dirty) {
                self.look_at(&uid);
            }
            self.start_patches();
        }
    }

    fn take_pod(&mut self, change: PodChange) {
        match change {
            PodChange::Listed(pods) => {
                let listed: HashSet<&str> = pods.iter().map(|pod| pod.uid.as_str()).collect();
                let gone: Vec<String> =
                    self.pods.keys().filter(|uid| !listed.contains(uid.as_str())).cloned().collect();
                for uid in gone {
                    self.forget(&uid);
                }
                for pod in pods {
                    self.apply(pod);
                }
            }
            PodChange::Applied(pod) => self.apply(*pod),
            PodChange::Gone(uid) => self.forget(&uid),
        }
    }

    fn take_target(&mut self, change: TargetChange) {
        let waiters = &self.waiters;
        match self.targets.apply(change) {
            Some(Changed::One(place, name)) => {
                let waiting = waiters.get(&*place).and_then(|by_name| by_name.get(&name));
                self.dirty.extend(waiting.into_iter().flatten().cloned());
            }
            Some(Changed::All(place)) => {
                let waiting = waiters.get(&*place).into_iter().flat_map(HashMap::values);
                self.dirty.extend(waiting.flatten().cloned());
            }
            None => {}
        }
    }

    fn apply(&mut self, pod: GatedPod) {
        self.dirty.insert(pod.uid.clone());
        match self.pods.get_mut(&pod.uid) {
            Some(waiting) => {
                waiting.removed.retain(|gate| pod.gates.contains(gate));
                waiting.pod = pod;
            }
            None => drop(self.pods.insert(pod.uid.clone(), Waiting::new(pod))),
        }
    }

    fn forget(&mut self, uid: &str) {
        if let Some(waiting) = self.pods.remove(uid) {
            self.unwait(uid, &waiting.targets);
        }
    }

    fn unwait(&mut self, uid: &str, targets: &BTreeSet<Wait>) {
        for wait in targets {
            let place = Place::of(wait);
            let Some(by_name) = self.waiters.get_mut(&place) else { continue };
            if let Some(waiting) = by_name.get_mut(&wait.target.name) {
                waiting.remove(uid);
                if waiting.is_empty() {
                    by_name.remove(&wait.target.name);
                }
            }
            if by_name.is_empty() {
                self.waiters.remove(&place);
            }
        }
    }

    /// Reads what keeps the gates of a Pod, and watches what they wait for.
    fn read(&mut self, uid: &str) {
        let Some(waiting) = self.pods.get_mut(uid) else { return };
        let inventory = self.cluster_state.inventory();
        let pod = &waiting.pod;
        let namespace_labels = inventory.as_ref().and_then(|it| it.namespace(&pod.namespace)?.labels.as_ref());
        let labels = pod.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let subject = Subject { namespace: &pod.namespace, namespace_labels, pods: Pods::Labelled(&labels) };
        let removed = &waiting.removed;
        let own = pod.gates.iter().filter(|gate| !removed.contains(*gate)).filter_map(|gate| {
            let opening = self.engine.opened_gates().opening(gate, &subject, pod.wait_for.as_deref())?;
            Some(OwnGate { name: gate.clone(), opening, reason: Reason::Unknown })
        });
        waiting.gates = own.collect();
        let waits = waiting.gates.iter().flat_map(|gate| match &gate.opening {
            Opening::When { waits, .. } => waits.as_slice(),
            Opening::Unreadable(_) | Opening::Unknown => &[],
        });
        let targets: BTreeSet<Wait> = waits.cloned().collect();
        let before = std::mem::replace(&mut waiting.targets, targets.clone());
        if before == targets {
            return;
        }
        self.unwait(uid, &before);
        for wait in targets {
            let by_name = self.waiters.entry(Place::of(&wait)).or_default();
            by_name.entry(wait.target.name).or_default().insert(uid.to_owned());
        }
    }

    /// Decides on each own gate of a Pod.
    fn decisions(&mut self, uid: &str) -> Vec<(String, Decision)> {
        self.read(uid);
        let Some(waiting) = self.pods.get_mut(uid) else { return Vec::new() };
        waiting.is_crowded_out = false;
        for wait in &waiting.targets {
            waiting.is_crowded_out |= !self.targets.want(&Place::of(wait));
        }
        let waited = waited(&waiting.pod);
        let (targets, namespace) = (&self.targets, waiting.pod.namespace.clone());
        let decide = |gate: &mut OwnGate| {
            let decision = decide(&gate.opening, &namespace, waited, |wait| targets.known(wait));
            gate.reason = decision.reason;
            (gate.name.clone(), decision)
        };
        waiting.gates.iter_mut().map(decide).collect()
    }

    /// Decides on a Pod: its gates are queued to be removed, or it is said what it waits for.
    fn look_at(&mut self, uid: &str) {
        let decisions = self.decisions(uid);
        let Some(waiting) = self.pods.get_mut(uid) else { return };
        if waiting.is_queued {
            return;
        }
        let opens = decisions.iter().any(|(_, decision)| decision.opens.is_some());
        if opens && waiting.retry_at.is_none_or(|at| at <= Instant::now()) {
            waiting.is_queued = true;
            self.queue.push_back(uid.to_owned());
        }
        let closed = decisions.iter().filter(|(_, decision)| decision.opens.is_none());
        let mut waits_for: Vec<&str> =
            closed.clone().flat_map(|(_, decision)| &decision.waits_for).map(String::as_str).collect();
        waits_for.dedup();
        let needs_help = closed.clone().any(|(_, decision)| decision.needs_help);
        if waits_for.is_empty() || closed.clone().any(|(_, decision)| !decision.is_known) {
            return;
        }
        let note = format!("waits for {}", waits_for.join("; "));
        let is_new = waiting.said.as_ref().is_none_or(|(said, _)| *said != note);
        let is_soon = waiting.said.as_ref().is_some_and(|(_, at)| at.elapsed() < BETWEEN_EVENTS);
        waiting.is_unsaid = is_new && is_soon;
        if is_new && !is_soon {
            let kind = if needs_help { EventKind::WaitingForNothing } else { EventKind::Waiting };
            self.events.say(&waiting.pod, waiting.said_times, kind, &note);
            waiting.said_times += 1;
            waiting.said = Some((note, Instant::now()));
        }
    }

    /// Begins to remove gates, of as many Pods at a time as may be. What they wait for is looked at once more.
    fn start_patches(&mut self) {
        while self.patches.len() < MAX_PATCHES && self.leadership.is_held() {
            let Some(uid) = self.queue.pop_front() else { return };
            let decisions = self.decisions(&uid);
            let Some(waiting) = self.pods.get_mut(&uid) else { continue };
            let opened: Opened = decisions
                .into_iter()
                .filter_map(|(gate, decision)| Some((gate, decision.opens?, decision.waits_for)))
                .collect();
            if opened.is_empty() {
                waiting.is_queued = false;
                self.dirty.insert(uid);
                continue;
            }
            let (client, pod) = (self.client.clone(), waiting.pod.clone());
            self.patches.spawn(async move {
                let gates: Vec<String> = opened.iter().map(|(gate, ..)| gate.clone()).collect();
                let outcome = patch::remove(&client, pod.clone(), &gates).await;
                Patched { pod, opened, outcome }
            });
        }
    }

    fn patched(&mut self, Patched { pod, opened, outcome }: Patched) {
        // A Pod that is let go may be scheduled, and forgotten, before the answer is here.
        let mut waiting = self.pods.get_mut(&pod.uid);
        if let Some(waiting) = &mut waiting {
            waiting.is_queued = false;
        }
        let (namespace, name) = (log::clean(&pod.namespace), log::clean(&pod.name));
        let (namespace, name) = (namespace.as_ref(), name.as_ref());
        match outcome {
            Outcome::Gone => self.forget(&pod.uid),
            Outcome::Removed => {
                let waited = waited(&pod);
                let seconds = waited.as_secs();
                for (gate, cause, without) in opened {
                    let (kind, note) = match cause {
                        Cause::Met => (EventKind::Opened, format!("gate {gate} opened after {seconds} s")),
                        Cause::Time => {
                            let without = without.join("; ");
                            (EventKind::OpenedByTime, format!("gate {gate} opened after {seconds} s without {without}"))
                        }
                    };
                    let cause = cause.as_str();
                    self.cluster_state.gate_opened(&gate, cause, waited);
                    self.events.say(&pod, 0, kind, &note);
                    info!(namespace, pod = name, gate, cause, waited_seconds = seconds, "gate opened");
                    if let Some(waiting) = &mut waiting {
                        (waiting.failures, waiting.retry_at) = (0, None);
                        waiting.removed.insert(gate);
                    }
                }
                self.dirty.insert(pod.uid);
            }
            Outcome::Failed(why) => {
                self.cluster_state.gate_patch_failed();
                // Where one fails all may.
                if self.warned.is_none_or(|at| at.elapsed() >= BETWEEN_WARNINGS) {
                    self.warned = Some(Instant::now());
                    let cause = log::clean(&why);
                    warn!(namespace, pod = name, cause = cause.as_ref(), "a gate cannot be removed; it is tried again");
                }
                if let Some(waiting) = &mut waiting {
                    let pause = BACKOFF.saturating_mul(1 << waiting.failures.min(8)).min(MAX_BACKOFF);
                    waiting.failures += 1;
                    waiting.retry_at = Some(Instant::now() + pause.mul_f64(0.5 + fastrand::f64() / 2.0));
                }
            }
        }
    }

    /// Looks at what passes by itself.
    fn tick(&mut self) {
        let engine = self.cluster_state.engine();
        let is_new = !Arc::ptr_eq(&engine, &self.engine);
        self.engine = engine;
        let due = self.pods.iter().filter(|(_, waiting)| is_new || waiting.is_due()).map(|(uid, _)| uid.clone());
        self.dirty.extend(due);
        let waiters = &self.waiters;
        self.targets.sweep(|place| waiters.contains_key(place));
        self.cluster_state.gates_counted(&self.counts());
    }

    fn counts(&self) -> BTreeMap<String, GateCount> {
        let mut counts: BTreeMap<String, GateCount> = BTreeMap::new();
        for waiting in self.pods.values() {
            let created = waiting.pod.created.as_second();
            for gate in &waiting.gates {
                if !counts.contains_key(&gate.name) {
                    counts.insert(
                        gate.name.clone(),
                        GateCount { oldest_timestamp_seconds: created, ..GateCount::default() },
                    );
                }
                let Some(count) = counts.get_mut(&gate.name) else { continue };
                count.oldest_timestamp_seconds = count.oldest_timestamp_seconds.min(created);
                *count.by_reason.entry(gate.reason.as_str()).or_default() += 1;
            }
        }
        counts
    }
}
