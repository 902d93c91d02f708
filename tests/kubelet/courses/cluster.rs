//! A cluster that is simulated: the Pods of a scenario's workloads, and what controllers say of them.

use podgate_engine::lifecycle::disruption::{desired_healthy, percent};
use podgate_engine::lifecycle::timeline::workload::{Course, End, Event as Happens, PodTimes, Revision, What};
use podgate_engine::lifecycle::timeline::workload::{course, create, drain, job};
use podgate_engine::model::{Object, Workload, object::BudgetSpec};
use serde_json::Value;

use super::pod::{self, Pace};
use crate::timeline::Event;

/// A Pod, and when it was made and deleted.
struct Pod {
    name: String,
    slot: Option<u64>,
    /// Which of the templates it was made of.
    revision: usize,
    created: i64,
    deleted: Option<i64>,
    /// Whether no node takes it while it is looked.
    no_node: bool,
}

/// A workload, and what was said of it.
struct Kept {
    kind: &'static Workload,
    name: String,
    /// The object, as it was after each change.
    revisions: Vec<Value>,
    pods: Vec<Pod>,
    made: usize,
    available: u64,
    /// What its status said, and when.
    told: Vec<(i64, String)>,
    /// The evictions of its Pods: when each is granted.
    granted: Option<Vec<i64>>,
}

/// A budget: its name, and its spec and the labels it selects.
struct Budget {
    name: String,
    value: Value,
}

/// All of it, with everything as early or as late as can be.
pub struct Cluster {
    pace: Pace,
    workloads: Vec<Kept>,
    budgets: Vec<Budget>,
}

/// The kind of an object.
pub fn kind(object: &Value) -> Option<&'static Workload> {
    let version = object["apiVersion"].as_str()?;
    let group = version.split_once('/').map_or("", |(group, _)| group);
    Workload::find(group, object["kind"].as_str()?)
}

fn read<'a>(kind: &'static Workload, text: &'a str) -> Object<'a> {
    kind.read(text).unwrap()
}

impl Cluster {
    /// A cluster in which these objects are created.
    pub fn new(pace: Pace, objects: &[Value]) -> Self {
        let (mut workloads, mut budgets) = (Vec::new(), Vec::new());
        for object in objects {
            let Some(kind) = kind(object) else { continue };
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            if kind.kind == "PodDisruptionBudget" {
                budgets.push(Budget { name, value: object.clone() });
                continue;
            }
            let revisions = vec![object.clone()];
            let (pods, told) = (Vec::new(), Vec::new());
            workloads.push(Kept { kind, name, revisions, pods, made: 0, available: 0, told, granted: None });
        }
        for workload in &mut workloads {
            workload.begin(pace);
        }
        Self { pace, workloads, budgets }
    }

    /// Merges a patch into the workload of this name, and rolls it out.
    pub fn patch(&mut self, patch: &Value, now: i64) {
        let name = patch["metadata"]["name"].as_str().unwrap();
        let workload = self.workloads.iter_mut().find(|workload| workload.name == name).unwrap();
        let mut object = workload.revisions.last().unwrap().clone();
        merge(&mut object, patch);
        workload.revisions.push(object);
        workload.told.retain(|(at, _)| *at <= now);
        let (old, new) = (workload.times(workload.revisions.len() - 2, false), workload.new_times());
        let (replicas, text) = (workload.replicas(), workload.text());
        let found = course(workload.kind, &read(workload.kind, &text).controller, replicas, &old, &new).unwrap();
        workload.apply(&found, now, self.pace);
    }

    /// Deletes a Pod.
    pub fn delete(&mut self, pod: &str, now: i64) {
        let workload = self.of_pod(pod).unwrap();
        if self.workloads[workload].granted.is_none() {
            self.drain(workload, 1, &[], now);
        } else {
            let pods = &mut self.workloads[workload].pods;
            pods.iter_mut().find(|one| one.name == pod).unwrap().deleted = Some(now);
        }
    }

    /// Asks for the eviction of a Pod, the `number`th of `all` that are asked for. Returns whether it is granted now.
    pub fn evict(&mut self, pod: &str, (number, all): (usize, u64), now: i64) -> bool {
        let workload = self.of_pod(pod).unwrap();
        if self.workloads[workload].granted.is_none() {
            let labels = self.workloads[workload].labels();
            let selects = |budget: &&Budget| budget.value["spec"]["selector"]["matchLabels"] == labels;
            let budgets: Vec<Value> = self.budgets.iter().filter(selects).map(|budget| budget.value.clone()).collect();
            self.drain(workload, all, &budgets, now);
        }
        self.workloads[workload].granted.as_ref().unwrap().get(number).is_some_and(|at| *at <= now)
    }

    fn drain(&mut self, workload: usize, pods: u64, budgets: &[Value], now: i64) {
        let texts: Vec<String> = budgets.iter().map(|budget| budget["spec"].to_string()).collect();
        let specs: Vec<BudgetSpec<'_>> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        let specs: Vec<&BudgetSpec<'_>> = specs.iter().collect();
        let pace = self.pace;
        let workload = &mut self.workloads[workload];
        let (times, replicas, text) = (workload.new_times(), workload.replicas(), workload.text());
        let controller = read(workload.kind, &text).controller;
        let found = drain(workload.kind, &controller, replicas, pods, &specs, &times).unwrap();
        let mut granted = Vec::new();
        for event in found.events.iter().filter(|event| event.what == What::Evicted) {
            let at = pace.of(event.time).map(|at| now + at);
            granted.extend(at.into_iter().flat_map(|at| std::iter::repeat_n(at, usize::try_from(event.pods).unwrap())));
        }
        workload.granted = Some(granted);
        workload.apply(&found, now, pace);
    }

    fn of_pod(&self, pod: &str) -> Option<usize> {
        self.workloads.iter().position(|workload| workload.pods.iter().any(|one| one.name == pod))
    }

    /// All that happens, in order.
    pub fn log(&self) -> Vec<Event> {
        let mut log = Vec::new();
        let mut add = |at, name: &str, who: &str, what: &str, status| {
            let (name, who, what) = (name.to_owned(), who.to_owned(), what.to_owned());
            log.push(Event { at, namespace: String::new(), name, who, what, status, place: None });
        };
        for workload in &self.workloads {
            for one in &workload.pods {
                for (at, who, what, status) in workload.events(one, self.pace) {
                    add(at, &one.name, &who, &what, status);
                }
            }
            let who = workload.kind.kind.to_lowercase();
            for (at, what) in &workload.told {
                add(*at, &workload.name, &who, what, true);
            }
        }
        for budget in &self.budgets {
            for (at, what) in self.budget_says(budget) {
                add(at, &budget.name, "poddisruptionbudget", &what, true);
            }
        }
        log.sort_by_key(|event| event.at);
        for (place, event) in log.iter_mut().enumerate() {
            event.place = Some(place);
        }
        log
    }

    /// What a budget's status says, each time when Pods become ready or are deleted.
    fn budget_says(&self, budget: &Budget) -> Vec<(i64, String)> {
        let text = budget.value["spec"].to_string();
        let spec: BudgetSpec<'_> = serde_json::from_str(&text).unwrap();
        let selected = |workload: &&Kept| workload.labels() == budget.value["spec"]["selector"]["matchLabels"];
        let workloads: Vec<&Kept> = self.workloads.iter().filter(selected).collect();
        let counts_pods =
            spec.max_unavailable.is_none() && spec.min_available.as_ref().is_some_and(|value| percent(value).is_none());
        let expected = |workload: &&Kept| if workload.kind.is_pod() && !counts_pods { 0 } else { workload.replicas() };
        let expected = workloads.iter().map(expected).sum::<u64>().cast_signed();
        let desired = desired_healthy(&spec, expected).unwrap();
        let says_nothing = spec.max_unavailable.is_none() && spec.min_available.is_none();
        let mut changes = vec![(0, 0)];
        for workload in workloads {
            for one in &workload.pods {
                let events = workload.events(one, self.pace);
                if let Some(ready) = events.iter().find(|(_, who, what, _)| who == "pod" && what == "has Ready True") {
                    changes.push((ready.0, 1));
                    changes.extend(one.deleted.map(|deleted| (deleted, -1)));
                }
            }
        }
        changes.sort_unstable();
        let (mut healthy, mut said, mut told) = (0, Vec::new(), Vec::new());
        for (at, change) in changes {
            healthy += change;
            let allowed = if expected == 0 || says_nothing { 0 } else { (healthy - desired).max(0) };
            let now = [("currentHealthy", healthy), ("desiredHealthy", desired), ("disruptionsAllowed", allowed)];
            told.extend(
                now.iter().filter(|one| !said.contains(*one)).map(|(field, number)| (at, format!("{field} {number}"))),
            );
            said = now.to_vec();
        }
        told
    }
}

impl Kept {
    fn text(&self) -> String {
        self.revisions.last().unwrap().to_string()
    }

    fn labels(&self) -> Value {
        let object = self.revisions.last().unwrap();
        let metadata = if self.kind.is_pod() { &object["metadata"] } else { &object["spec"]["template"]["metadata"] };
        metadata["labels"].clone()
    }

    fn spec(&self, revision: usize) -> &Value {
        let object = &self.revisions[revision];
        if self.kind.is_pod() { &object["spec"] } else { &object["spec"]["template"]["spec"] }
    }

    /// The suite's cluster has one node.
    fn replicas(&self) -> u64 {
        self.revisions.last().unwrap()["spec"]["replicas"].as_u64().unwrap_or(1)
    }

    fn times(&self, revision: usize, no_node: bool) -> PodTimes {
        pod::times(self.spec(revision), no_node)
    }

    /// The times of Pods that are made now.
    fn new_times(&self) -> PodTimes {
        self.times(self.revisions.len() - 1, self.finds_no_node())
    }

    /// A Pod that is made while another holds the same port of the only node waits for that one to go. With a surge that waits for the new
    /// one.
    fn finds_no_node(&self) -> bool {
        let ports = self.spec(self.revisions.len() - 1)["containers"][0]["ports"].as_array();
        let holds = ports.is_some_and(|ports| ports.iter().any(|port| port["hostPort"].is_number()));
        let surges = self.revisions[0]["spec"]["updateStrategy"]["rollingUpdate"]["maxSurge"].as_u64().unwrap_or(0) > 0;
        holds && surges && self.revisions.len() > 1
    }

    fn begin(&mut self, pace: Pace) {
        let text = self.text();
        let object = read(self.kind, &text);
        if self.kind.is_pod() {
            let (name, slot) = (self.name.clone(), None);
            self.pods.push(Pod { name, slot, revision: 0, created: 0, deleted: None, no_node: false });
            return;
        }
        let (spec, times) = (self.spec(0), self.new_times());
        let found = match self.kind.kind {
            "Job" => {
                let spec_of_job = &object.templates[0].job.as_ref().unwrap().spec;
                Some(job(spec_of_job, spec["restartPolicy"].as_str().unwrap(), &pod::attempts(spec), times.gone))
            }
            _ => create(self.kind, &object.controller, self.replicas(), &times),
        };
        if let Some(found) = found {
            self.apply(&found, 0, pace);
        }
    }

    fn events(&self, one: &Pod, pace: Pace) -> Vec<pod::Happens> {
        pod::events(self.spec(one.revision), one.created, one.deleted, one.no_node, pace)
    }

    /// Takes over what a course says that happens from now on.
    fn apply(&mut self, found: &Course, now: i64, pace: Pace) {
        let time = |event: &&Happens| pace.of(event.time).map(|at| now + at);
        let mut events: Vec<(i64, &Happens)> =
            found.events.iter().filter_map(|event| Some((time(&event)?, event))).collect();
        events.sort_by_key(|(at, _)| *at);
        // What follows from something comes after it: a millisecond for each.
        for (place, (at, _)) in (0..).zip(&mut events) {
            *at += place;
        }
        let last = self.revisions.len() - 1;
        let mut succeeded = 0;
        for (at, event) in events {
            let is_of = |one: &Pod| {
                one.deleted.is_none()
                    && one.slot.is_none_or(|slot| event.slot.is_none_or(|wanted| wanted == slot))
                    && (event.revision == Revision::New) == (one.revision == last)
            };
            match event.what {
                What::Created => {
                    for _ in 0..event.pods {
                        let number = event.slot.unwrap_or(self.made as u64);
                        let name = format!("{}-{number}", self.name);
                        let (slot, revision, no_node) = (event.slot, last, self.finds_no_node());
                        self.pods.push(Pod { name, slot, revision, created: at, deleted: None, no_node });
                        self.made += 1;
                    }
                }
                What::Deleted => {
                    for _ in 0..event.pods {
                        let is_meant = |one: &&mut Pod| is_of(one) && one.created <= at;
                        self.pods.iter_mut().find(is_meant).expect("a Pod to delete").deleted = Some(at);
                    }
                    self.available = self.available.saturating_sub(event.pods);
                    self.tell_available(at);
                }
                What::Available => {
                    self.available += event.pods;
                    self.tell_available(at);
                }
                What::DeadlineExceeded => self.tell(at, "has Progressing False ProgressDeadlineExceeded"),
                What::Succeeded => {
                    succeeded += event.pods;
                    self.tell(at, &format!("succeeded {succeeded}"));
                }
                What::Fails(failure) => self.tell(at, &format!("has FailureTarget True {}", failure.reason())),
                What::Ended => {
                    let end = if pace == Pace::Early { found.early } else { found.late };
                    match end {
                        End::Failed(failure) => self.tell(at, &format!("has Failed True {}", failure.reason())),
                        _ if self.kind.kind == "Job" => self.tell(at, "has Complete True CompletionsReached"),
                        _ if self.kind.kind == "Deployment" => {
                            self.tell(at, "has Progressing True NewReplicaSetAvailable");
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn tell(&mut self, at: i64, what: &str) {
        self.told.push((at, what.to_owned()));
    }

    fn tell_available(&mut self, at: i64) {
        let field = if self.kind.kind == "DaemonSet" { "numberAvailable" } else { "availableReplicas" };
        self.tell(at, &format!("{field} {}", self.available));
    }
}

/// Merges a patch as the API server does, as far as scenarios need it: objects by their fields, lists by names.
fn merge(object: &mut Value, patch: &Value) {
    match (object, patch) {
        (Value::Object(object), Value::Object(patch)) => {
            for (field, value) in patch {
                merge(object.entry(field).or_insert(Value::Null), value);
            }
        }
        (Value::Array(list), Value::Array(patch)) if patch.iter().all(|one| one["name"].is_string()) => {
            for one in patch {
                match list.iter_mut().find(|known| known["name"] == one["name"]) {
                    Some(known) => merge(known, one),
                    None => list.push(one.clone()),
                }
            }
        }
        (object, patch) => *object = patch.clone(),
    }
}
