//! Plays a scenario: does what it says, and holds what is seen against what is to be seen.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::harness::{Content, path};
use crate::lives;
use crate::node::Node;
use crate::scenario::Scenario;
use crate::timeline::{Action, Event, From, Kind, Pattern, Step, Within};

/// How much later than said something may come where the machine is busy with something else.
const SLACK_SECONDS: f64 = 5.0;

/// The same for what a status says: the kubelet sends the statuses of all Pods one after another.
const STATUS_SLACK_SECONDS: f64 = 12.0;

/// How much earlier: an event is written a moment after it happened.
const EARLY_SECONDS: f64 = 0.3;

/// How long an event without bounds is waited for.
const PATIENCE_SECONDS: f64 = 60.0;

/// Plays a scenario in a namespace of its own.
pub async fn play(node: &Node, scenario: &Scenario) -> Result<(), String> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "scenario-"}});
    let created = node.control_plane.client.create(&namespace).await.accepted();
    let namespace = created.body["metadata"]["name"].as_str().unwrap().to_owned();
    let begin = now();
    let (events, done, seen, forbidden) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut play = Play { node, scenario, namespace, events, done, seen, patches: 0, forbidden };
    let mut result = play.run(begin).await;
    if result.is_ok() {
        result = play.is_simulated();
    }
    let print = std::env::var_os("PODGATE_KUBELET_PRINT").is_some();
    if print {
        println!("{}\n{}", scenario.name, play.told(begin));
    }
    result.map_err(|error| if print { error } else { format!("{error}\nseen, in seconds:\n{}", play.told(begin)) })
}

struct Play<'p> {
    node: &'p Node,
    scenario: &'p Scenario,
    namespace: String,
    /// What has happened.
    events: Vec<Event>,
    /// What was done, as events.
    done: Vec<Event>,
    /// What was to be seen and was, with its event.
    seen: Vec<(String, Event)>,
    /// How many patches have been sent.
    patches: usize,
    /// What is not to come until the next event that is seen.
    forbidden: Vec<&'p Pattern>,
}

impl Play<'_> {
    async fn run(&mut self, begin: i64) -> Result<(), String> {
        for object in &self.scenario.objects {
            let answer = self.node.control_plane.client.create(&self.placed(object)).await;
            if !answer.is_accepted() {
                return Err(format!("cannot be created: {}", answer.body));
            }
        }
        self.seen.push(("> begin".to_owned(), Event::done(begin, &self.namespace, "begin")));
        for step in &self.scenario.steps {
            let result = match &step.kind {
                Kind::Seen { event, within, from } => self.see(event, *within, from).await,
                Kind::No(event) => {
                    self.forbidden.push(event);
                    Ok(())
                }
                Kind::Quiet(seconds) => self.quiet(*seconds).await,
                Kind::Do(action) => self.act(action).await,
            };
            result.map_err(|error| format!("{}: {error}", step.at))?;
        }
        if self.forbidden.is_empty() { Ok(()) } else { Err("ends with `no`: a `quiet` is missing".to_owned()) }
    }

    /// Waits for an event, and holds its time against the bounds.
    async fn see(&mut self, wanted: &Pattern, within: Option<Within>, from: &From) -> Result<(), String> {
        let last = self.seen.last().unwrap().1.clone();
        let (earlier, zero) = match from {
            From::Last => (last.clone(), last),
            From::After(event) => (self.seen_before(event)?, self.seen_before(event)?),
            From::Since(event) => (last, self.seen_before(event)?),
        };
        let most = within.map_or(PATIENCE_SECONDS, |within| within.most + STATUS_SLACK_SECONDS);
        // The log is a little behind.
        let deadline = zero.at.max(earlier.at) + milliseconds(most + 3.0);
        let found = loop {
            self.read_on();
            let events = self.after(&earlier);
            if let Some(place) = events.iter().position(|event| wanted.matches(event)) {
                let found = events[place].clone();
                let between = events[..place].iter().copied().filter(|event| !event.is_one_change_with(&found));
                self.allowed(between.filter(|event| !event.is_one_change_with(&earlier)))?;
                break found;
            }
            if now() > deadline {
                return Err(format!("not seen: {wanted}"));
            }
            sleep(Duration::from_millis(100)).await;
        };
        self.forbidden.clear();
        let passed = seconds_between(&zero, &found);
        let slack = if found.status { STATUS_SLACK_SECONDS } else { SLACK_SECONDS };
        if let Some(Within { least, most }) = within
            && !(least - EARLY_SECONDS..=most + slack).contains(&passed)
        {
            return Err(format!("{wanted}: {passed:.2} s after \"{zero}\", not {least} to {most}"));
        }
        self.seen.push((wanted.to_string(), found));
        Ok(())
    }

    /// The event that was last seen for a line of the scenario.
    fn seen_before(&self, line: &Pattern) -> Result<Event, String> {
        let line = line.to_string();
        let found = self.seen.iter().rfind(|(seen, _)| *seen == line);
        found.map(|(_, event)| event.clone()).ok_or_else(|| format!("nothing was seen before for: {line}"))
    }

    /// Waits, and holds what came against what was not to come.
    async fn quiet(&mut self, seconds: f64) -> Result<(), String> {
        let anchor = self.seen.last().unwrap().1.clone();
        let end = anchor.at + milliseconds(seconds);
        let left = end + 500 - now();
        sleep(Duration::from_millis(left.try_into().unwrap_or(0))).await;
        self.read_on();
        let events = self.after(&anchor);
        self.allowed(events.into_iter().filter(|event| event.at <= end && !event.is_one_change_with(&anchor)))?;
        self.forbidden.clear();
        Ok(())
    }

    fn allowed<'e>(&self, mut events: impl Iterator<Item = &'e Event>) -> Result<(), String> {
        let bad = events.find(|event| self.forbidden.iter().any(|pattern| pattern.matches(event)));
        bad.map_or(Ok(()), |event| Err(format!("must not come: {event}")))
    }

    async fn act(&mut self, action: &Action) -> Result<(), String> {
        let client = &self.node.control_plane.client;
        let (word, answer, granted) = match action {
            Action::Wait(seconds) => {
                sleep(Duration::from_secs_f64(*seconds)).await;
                return Ok(());
            }
            Action::Delete { name, query } => {
                self.note("delete");
                ("delete", client.delete(&self.object(name.as_deref()), query).await, true)
            }
            Action::Missing { name } => {
                self.note("missing");
                ("missing", client.get(&self.object(Some(name))).await, false)
            }
            Action::Create => {
                let object = self.next_patch()?;
                self.note("create");
                ("create", client.create(&object).await, true)
            }
            Action::Patch { subresource } => {
                let object = self.next_patch()?;
                self.note("patch");
                let content = Content::StrategicPatch(&object);
                ("patch", client.send(Method::PATCH, &path(&object, subresource), "", content).await, true)
            }
            Action::Evict { name, granted } => {
                let pod = self.object(Some(name));
                let eviction = json!({
                    "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": self.namespace}
                });
                self.note("evict");
                let content = Content::Json(&eviction);
                ("evict", client.send(Method::POST, &path(&pod, "eviction"), "", content).await, *granted)
            }
        };
        if answer.is_accepted() == granted { Ok(()) } else { Err(format!("{word}: {} {}", answer.status, answer.body)) }
    }

    /// Holds the simulated life of the scenario's Pod against what was seen.
    fn is_simulated(&self) -> Result<(), String> {
        let reason = lives::NOT_SIMULATED.iter().find(|(name, _)| *name == self.scenario.name);
        let [pod] = &self.scenario.objects[..] else { return Ok(()) };
        if pod["kind"] != "Pod" {
            return Ok(());
        }
        let mut actions = Vec::new();
        let mut patches = self.scenario.patches.iter();
        let done = |step: &Step| match &step.kind {
            Kind::Do(Action::Wait(_)) => None,
            Kind::Do(action) => Some(action.clone()),
            _ => None,
        };
        for (event, action) in self.done.iter().zip(self.scenario.steps.iter().filter_map(done)) {
            let patch = match &action {
                Action::Patch { .. } | Action::Create => patches.next(),
                _ => None,
            };
            actions.extend(lives::actions(&action, patch).into_iter().map(|action| (event.at, action)));
        }
        let differences = lives::differences(pod, &self.events, &actions, now())?;
        match (reason, differences.is_empty()) {
            (None, true) | (Some(_), false) => Ok(()),
            (None, false) => Err(format!("the simulation differs:\n{}", differences.join("\n"))),
            (Some(_), true) => Err("the simulation does not differ, but it is in NOT_SIMULATED".to_owned()),
        }
    }

    fn next_patch(&mut self) -> Result<Value, String> {
        let patch = self.scenario.patches.get(self.patches).ok_or("there is no patch left")?;
        self.patches += 1;
        Ok(self.placed(patch))
    }

    /// What was done is an event, too.
    fn note(&mut self, what: &str) {
        let event = Event::done(now(), &self.namespace, what);
        self.done.push(event.clone());
        self.seen.push((format!("> {what}"), event));
    }

    /// The object of this name, or the first; what is not in the scenario is a Pod that a controller made.
    fn object(&self, name: Option<&str>) -> Value {
        let named = |object: &&Value| name.is_none_or(|name| object["metadata"]["name"] == name);
        match self.scenario.objects.iter().find(named) {
            Some(object) => self.placed(object),
            None => self.placed(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}})),
        }
    }

    fn placed(&self, object: &Value) -> Value {
        let mut object = object.clone();
        if object["kind"] != "Node" {
            object["metadata"]["namespace"] = self.namespace.clone().into();
        }
        object
    }

    fn read_on(&mut self) {
        self.events.extend(self.node.events(&self.namespace, self.events.len()));
    }

    /// The events that may follow another, in order.
    fn after(&self, earlier: &Event) -> Vec<&Event> {
        self.events.iter().filter(|event| event.may_follow(earlier)).collect()
    }

    /// All that was seen and done, one line each.
    fn told(&self, begin: i64) -> String {
        told(self.events.iter().chain(&self.done), begin)
    }
}

/// All of these, one line each, in the seconds since `begin`.
pub fn told<'e>(events: impl Iterator<Item = &'e Event>, begin: i64) -> String {
    let mut events: Vec<&Event> = events.collect();
    events.sort_by_key(|event| event.at);
    let seconds = |event: &Event| Duration::from_millis((event.at - begin).try_into().unwrap_or(0)).as_secs_f64();
    events.iter().map(|event| format!("{:>8.2}  {event}\n", seconds(event))).collect()
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

#[allow(clippy::cast_possible_truncation)]
fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

#[allow(clippy::cast_precision_loss)]
fn seconds_between(first: &Event, second: &Event) -> f64 {
    (second.at - first.at) as f64 / 1000.0
}
