//! What one Pod of a scenario does, by the scripts of its containers, with everything as early or as late as a kubelet is.

use podgate_engine::lifecycle::restart::{Restart, after_exit, back_off_seconds};
use podgate_engine::lifecycle::shutdown::{grace_seconds, stops};
use podgate_engine::lifecycle::stages::{Placed, Role, containers};
use podgate_engine::lifecycle::timeline::Bounds;
use podgate_engine::lifecycle::timeline::workload::{Attempt, PodTimes};
use podgate_engine::{model::PodSpec, syntax::json::from_object};
use serde_json::Value;
use std::time::Duration;

/// How late a kubelet is that looks once a second, in milliseconds.
const SECOND: i64 = 1000;
/// How long it takes from a Pod's creation until its first container starts: it is bound to a node, its sandbox is made, and it is looked at.
const START: i64 = 2 * SECOND;
/// How long it takes at least from a Pod's deletion until the kubelet knows.
const HEARS: i64 = 200;
/// How many runs of a container are looked at.
const RUNS: u32 = 5;

/// Whether everything comes as early or as late as can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    Early,
    Late,
}

impl Pace {
    fn late(self, milliseconds: i64) -> i64 {
        if self == Self::Late { milliseconds } else { 0 }
    }

    /// The time of something, in milliseconds.
    pub fn of(self, bounds: Bounds) -> Option<i64> {
        let time = if self == Self::Early { Some(bounds.earliest) } else { bounds.latest };
        time.and_then(|time| i64::try_from(time.as_millis()).ok()).filter(|time| *time < i64::MAX / 4)
    }
}

/// Something that happens to a Pod: when, to whom, what, and whether it is its status that says so.
pub type Happens = (i64, String, String, bool);

/// Returns what happens to a Pod of this spec that is created and deleted at these times. One that no node takes never starts.
pub fn events(spec: &Value, created: i64, deleted: Option<i64>, no_node: bool, pace: Pace) -> Vec<Happens> {
    let text = spec.to_string();
    let spec: PodSpec<'_> = from_object(&text).unwrap();
    let mut told = Told { events: Vec::new(), pace };
    told.status(created, "pod", "is Pending");
    let mut over = None;
    let mut runs = Vec::new();
    if no_node {
        told.status(created, "pod", "has PodScheduled False Unschedulable");
    } else {
        (runs, over) = told.live(&spec, created);
    }
    if let Some(deleted) = deleted {
        told.events.retain(|(at, ..)| *at <= deleted);
        told.stop(&spec, &runs, deleted, over);
    }
    told.events.sort_by_key(|(at, ..)| *at);
    told.events
}

/// Returns how long such a Pod takes.
pub fn times(spec: &Value, no_node: bool) -> PodTimes {
    const LONG: i64 = 1_000_000_000;
    let find = |pace, deleted: Option<i64>, what: &str| {
        let events = events(spec, 0, deleted, no_node, pace);
        let found = events.into_iter().find(|(_, who, told, _)| who == "pod" && told == what)?;
        Some(found.0 - deleted.unwrap_or(0))
    };
    let both = |deleted, what: &str| bounds(find(Pace::Early, deleted, what), find(Pace::Late, deleted, what));
    PodTimes { ready: both(None, "has Ready True"), gone: both(Some(LONG), "is gone") }
}

fn bounds(early: Option<i64>, late: Option<i64>) -> Bounds {
    let duration = |time: i64| Duration::from_millis(time.try_into().unwrap());
    early.map_or(PodTimes::NEVER, |early| Bounds { earliest: duration(early), latest: late.map(duration) })
}

/// Returns how the runs of a Job's Pod end: with `OnFailure`, those of its only container.
pub fn attempts(spec: &Value) -> Vec<Attempt> {
    let policy = spec["restartPolicy"].as_str().unwrap();
    if policy != "OnFailure" {
        let over = |pace| {
            let events = events(spec, 0, None, false, pace);
            events.into_iter().find(|(_, who, told, _)| who == "pod" && matches!(&**told, "is Succeeded" | "is Failed"))
        };
        let (early, late) = (over(Pace::Early), over(Pace::Late));
        let code = early.as_ref().map_or(0, |(_, _, told, _)| i64::from(told == "is Failed"));
        return vec![Attempt { runs: bounds(early.map(|event| event.0), late.map(|event| event.0)), code }];
    }
    let script = Script::of(&spec["containers"][0]);
    let attempt = |number: u32| {
        let exit = script.exit(number);
        let start = if number == 0 { START } else { 0 };
        let runs = bounds(exit.map(|(_, after)| after), exit.map(|(_, after)| after + start));
        Attempt { runs, code: exit.map_or(0, |(code, _)| code) }
    };
    (0..RUNS).map(attempt).collect()
}

/// A run of a container.
struct Run {
    container: String,
    attempt: u32,
    from: i64,
    to: Option<i64>,
}

struct Told {
    events: Vec<Happens>,
    pace: Pace,
}

impl Told {
    fn tell(&mut self, at: i64, who: &str, what: impl Into<String>) {
        self.events.push((at, who.to_owned(), what.into(), false));
    }

    fn status(&mut self, at: i64, who: &str, what: &str) {
        self.events.push((at, who.to_owned(), what.to_owned(), true));
    }

    /// Tells of the Pod's life. Returns the runs of its containers, and when it was over.
    fn live(&mut self, spec: &PodSpec<'_>, created: i64) -> (Vec<Run>, Option<i64>) {
        let policy = if spec.restart_policy.is_empty() { "Always" } else { &*spec.restart_policy };
        let mut at = created + self.pace.late(START);
        let mut runs = Vec::new();
        let (mut ready, mut over, mut failed) = (Some(at), Some(at), false);
        let apps = at_apps(spec);
        for placed in containers(spec) {
            if placed.role == Role::App {
                continue;
            }
            self.tell(at, &placed.container.name, "starts attempt 0");
            let exit = Script::of_container(&placed).exit(0).filter(|_| placed.role == Role::Init);
            let to = exit.map(|(_, after)| at + after);
            runs.push(Run { container: placed.container.name.to_string(), attempt: 0, from: at, to });
            if placed.role == Role::Init {
                let (code, end) = exit.map(|(code, _)| code).zip(to).expect("an init container that ends");
                self.tell(end, &placed.container.name, format!("exits {code} attempt 0"));
                at = end;
            }
            at += self.pace.late(SECOND);
        }
        let running = at + self.pace.late(SECOND);
        self.status(running, "pod", "is Running");
        for placed in apps {
            let (app_ready, app_over) = self.run(policy, &placed, at, &mut runs);
            ready = ready.zip(app_ready).map(|(one, other)| one.max(other));
            failed |= app_over.is_some_and(|(_, code)| code != 0);
            over = over.zip(app_over).map(|(one, (other, _))| one.max(other));
        }
        if let Some(ready) = ready {
            self.status(ready, "pod", "has Ready True");
        }
        if let Some(over) = over {
            let over = over + self.pace.late(SECOND);
            for placed in containers(spec).filter(|placed| placed.role == Role::Sidecar) {
                self.tell(over, &placed.container.name, "gets SIGTERM attempt 0");
                self.tell(over, &placed.container.name, "exits 143 attempt 0");
            }
            self.status(over, "pod", if failed { "is Failed" } else { "is Succeeded" });
        }
        (runs, over)
    }

    /// Tells of the runs of an app. Returns when it was ready first, and when and how it ended for good.
    fn run(
        &mut self,
        policy: &str,
        placed: &Placed<'_, '_>,
        from: i64,
        runs: &mut Vec<Run>,
    ) -> (Option<i64>, Option<(i64, i64)>) {
        let (name, script) = (&*placed.container.name, Script::of_container(placed));
        let (mut at, mut ready) = (from, None);
        for attempt in 0..RUNS {
            self.tell(at, name, format!("starts attempt {attempt}"));
            let exit = script.exit(attempt).map(|(code, after)| (code, at + after));
            let probe = placed.container.readiness_probe.as_ref();
            let command = probe.and_then(|probe| probe.exec.as_ref()).map(|exec| exec.command[0].to_string());
            let period = probe.map_or(0, |probe| probe.period_seconds.unwrap_or(10)) * SECOND;
            let answers = match &command {
                Some(command) => script.check(command, attempt).map(|after| at + after + self.pace.late(period)),
                None => Some(at),
            };
            let answers = answers.filter(|answers| exit.is_none_or(|(_, end)| *answers < end));
            if let Some(answers) = answers {
                if let Some(command) = &command {
                    self.tell(answers, name, format!("ran {command} 0 attempt {attempt}"));
                }
                let told = answers + self.pace.late(SECOND);
                self.status(told, name, "is ready");
                ready = ready.or(Some(told));
            }
            runs.push(Run { container: name.to_owned(), attempt, from: at, to: exit.map(|(_, end)| end) });
            let Some((code, end)) = exit else { return (ready, None) };
            self.tell(end, name, format!("exits {code} attempt {attempt}"));
            if after_exit(policy, placed, code) == Restart::No {
                return (ready, Some((end, code)));
            }
            let back_off = back_off_seconds(attempt + 1) * SECOND;
            if back_off > 0 {
                self.status(end + self.pace.late(SECOND), name, "waits CrashLoopBackOff");
            }
            // The end is kept in whole seconds, and looked at twice.
            at = end + if self.pace == Pace::Late { back_off + 2 * SECOND } else { (back_off - SECOND).max(0) };
        }
        (ready, None)
    }

    /// Tells how the Pod is stopped.
    fn stop(&mut self, spec: &PodSpec<'_>, runs: &[Run], deleted: i64, over: Option<i64>) {
        let mut gone = deleted;
        for stop in stops(spec) {
            let name = &*stop.placed.container.name;
            let is_now =
                |run: &&Run| run.container == name && run.from <= deleted && run.to.is_none_or(|to| to > deleted);
            let Some(run) = runs.iter().find(is_now).filter(|_| over.is_none_or(|over| over > deleted)) else {
                continue;
            };
            let script = Script::of_container(&stop.placed);
            let hook = stop.placed.container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
            let hook = hook.and_then(|hook| hook.exec.as_ref()).and_then(|exec| script.takes(&exec.command[0]));
            let grace = i64::try_from((stop.signal_after + stop.left).as_millis()).unwrap();
            let least = i64::try_from(stop.signal_after.as_millis()).unwrap();
            let signal = deleted + hook.unwrap_or(0).min(grace).max(least) + HEARS + self.pace.late(SECOND);
            self.tell(signal, name, format!("gets SIGTERM attempt {}", run.attempt));
            let (after, code) = script.stop(run.attempt);
            let left = i64::try_from(stop.left.as_millis()).unwrap();
            if after > left {
                self.tell(signal + left, name, format!("gets SIGKILL attempt {}", run.attempt));
            }
            let code = if after > left { 137 } else { code };
            let end = signal + after.min(left);
            self.tell(end, name, format!("exits {code} attempt {}", run.attempt));
            gone = gone.max(end + self.pace.late(SECOND));
        }
        // The API server removes a Pod without a grace period at once.
        let gone = if grace_seconds(spec) == 0 { deleted } else { gone };
        self.status(gone, "pod", "is gone");
    }
}

fn at_apps<'p, 'a>(spec: &'p PodSpec<'a>) -> Vec<Placed<'p, 'a>> {
    containers(spec).filter(|placed| placed.role == Role::App).collect()
}

/// The statements of a container's script, in words.
struct Script(Vec<Vec<String>>);

impl Script {
    fn of(container: &Value) -> Self {
        let args = container["args"].as_array().cloned().unwrap_or_default();
        Self::read(args.iter().map(|arg| arg.as_str().unwrap()))
    }

    fn of_container(placed: &Placed<'_, '_>) -> Self {
        Self::read(placed.container.args.iter().map(|arg| &**arg))
    }

    fn read<'s>(statements: impl Iterator<Item = &'s str>) -> Self {
        Self(statements.map(|text| text.split_whitespace().map(str::to_owned).collect()).collect())
    }

    /// The first statement that begins with these words and counts in this run.
    fn statement(&self, begin: &[&str], attempt: u32) -> Option<&[String]> {
        let counts = |words: &[String]| match option(words, "attempt") {
            None => true,
            Some(range) => {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                (first.parse().unwrap()..=last.parse().unwrap()).contains(&attempt)
            }
        };
        let found =
            self.0.iter().find(|words| words.iter().zip(begin).all(|(word, begin)| word == begin) && counts(words));
        found.map(|words| &words[begin.len()..])
    }

    /// With which code it ends in this run, and after how long.
    fn exit(&self, attempt: u32) -> Option<(i64, i64)> {
        let words = self.statement(&["exit"], attempt)?;
        Some((words[0].parse().unwrap(), time(option(words, "after").unwrap_or("0s"))))
    }

    /// How long it takes to end, and with which code.
    fn stop(&self, attempt: u32) -> (i64, i64) {
        let words = self.statement(&["stop"], attempt);
        let after = words.and_then(|words| option(words, "after")).map_or(0, time);
        (after, words.and_then(|words| option(words, "exit")).map_or(143, |code| code.parse().unwrap()))
    }

    /// From when a command succeeds.
    fn check(&self, command: &str, attempt: u32) -> Option<i64> {
        self.statement(&["exec", command], attempt).map(|words| option(words, "from").map_or(0, time))
    }

    /// How long a command takes.
    fn takes(&self, command: &str) -> Option<i64> {
        self.statement(&["exec", command], 0).map(|words| option(words, "takes").map_or(0, time))
    }
}

/// The word after `name`.
fn option<'w>(words: &'w [String], name: &str) -> Option<&'w str> {
    let place = words.iter().position(|word| word == name)?;
    words.get(place + 1).map(String::as_str)
}

fn time(text: &str) -> i64 {
    text.strip_suffix('s').and_then(|seconds| seconds.parse::<i64>().ok()).expect("whole seconds") * SECOND
}
