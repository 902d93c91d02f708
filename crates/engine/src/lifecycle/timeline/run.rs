//! One run of the simulation: the kubelet's Pod worker, and the queue of what comes.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use super::{
    answers::Life,
    event::{Hook, Phase, Probe, What},
    pace::Paces,
    scenario::{Action, Scenario},
};
use crate::{
    lifecycle::{
        restart::{self, BACK_OFF_RESET_SECONDS, Restart},
        shutdown,
        stages::{Placed, Role, containers},
    },
    model::PodSpec,
};

/// A container that is started so many times is looked at no longer: what follows is more of the same.
pub(super) const MOST_RUNS: u32 = 6;

/// Bounds the steps of one run, whatever the scenario asks for.
const MOST_STEPS: usize = 200_000;

/// Something that happened in a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happened {
    pub(super) at: Duration,
    pub(super) container: Option<usize>,
    pub(super) attempt: u32,
    pub(super) what: What,
    pub(super) source: &'static str,
}

/// What a run has come to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) log: Vec<Happened>,
    /// When the last thing happened, or when it was not looked any further.
    pub(super) until: Duration,
    /// Says that a container is started again and again.
    pub(super) restarts: bool,
    /// Says that something was still to come.
    pub(super) is_cut: bool,
}

/// Something that comes. What concerns a container counts only in the life of it that it was said in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    Ended { container: usize, life: u32, code: i64 },
    Killed { container: usize, life: u32 },
    Signal { container: usize, life: u32, left: u64 },
    HookEnds { container: usize, life: u32, post_start: bool, succeeds: bool },
    HookStarts { container: usize, life: u32 },
    Probed { container: usize, life: u32, probe: Probe, good: bool },
    GiveUp { container: usize, life: u32, probe: Probe },
    Act(usize),
    Deadline,
    Begin { container: usize, life: u32 },
    Pull { container: usize, life: u32 },
    Sync,
    Terminate { grace: Duration },
    Anew,
    Stopped,
}

/// What a container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// It waits for its turn.
    Waits,
    /// It is about to start: its image is pulled, or others start before it.
    Comes,
    Runs,
    /// It has ended, and what follows has not been decided.
    Ended,
    /// It has ended, and this follows.
    Follows(Restart),
}

/// A container.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is true or not, whatever the others are")]
pub(super) struct State {
    pub(super) doing: Doing,
    /// Counts its lives: what was planned for an earlier one does not count any more.
    pub(super) life: u32,
    /// `None` before its first run.
    pub(super) attempt: Option<u32>,
    pub(super) began: Duration,
    pub(super) ended: Duration,
    pub(super) code: i64,
    /// When its postStart hook was over, or it counted as started.
    pub(super) up: Duration,
    /// The failures of its startup and its liveness probe that the next run goes on counting.
    pub(super) failures: [u32; 2],
    /// When the run before the last one ended.
    pub(super) ended_before: Option<Duration>,
    /// Its starts that followed an end, for the back-off.
    pub(super) restarts: u32,
    /// When it was started last.
    pub(super) restarted: Duration,
    pub(super) backs_off: bool,
    pub(super) started: bool,
    pub(super) ready: bool,
    /// Its postStart hook runs.
    pub(super) warms: bool,
    /// A probe has given it up.
    pub(super) given_up: bool,
    /// It is being stopped.
    pub(super) stops: bool,
    /// It is to be started again whatever its end: its image or resources have changed.
    pub(super) replaced: bool,
}

/// One run.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is true or not, whatever the others are")]
pub(super) struct Run<'r, 'a> {
    pub(super) paces: &'r Paces,
    pub(super) policy: &'r str,
    pub(super) spec: &'r PodSpec<'a>,
    pub(super) scenario: &'r Scenario,
    pub(super) placed: Vec<Placed<'r, 'a>>,
    pub(super) states: Vec<State>,
    pub(super) now: Duration,
    /// Until when the Pod's worker is busy: with a pull, a postStart hook, the end of a container.
    pub(super) busy: Duration,
    pub(super) log: Vec<Happened>,
    pub(super) bound: bool,
    pub(super) initialized: bool,
    pub(super) gates_passed: bool,
    pub(super) pod_ready: Option<bool>,
    pub(super) phase: Phase,
    /// The Pod is stopped as a whole, and is then gone or in this phase.
    pub(super) ending: Option<Ending>,
    /// It has been deleted, which the worker may not have seen yet.
    pub(super) deleted: bool,
    /// All containers are ended to begin anew.
    pub(super) anew: bool,
    queue: BinaryHeap<Reverse<(Duration, u64, Item)>>,
    planned: u64,
    /// When the Pod is looked at next, so that it is not looked at twice at one time.
    next_sync: Option<Duration>,
    restarts: bool,
    /// The sidecars and apps that are not ready.
    pub(super) unready: usize,
    /// The apps that have not run yet.
    pub(super) unstarted_apps: usize,
    /// How many init containers and sidecars there are: they come first.
    init_count: usize,
}

/// What becomes of a Pod that is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Deleted,
    Over(Phase),
}

impl<'r, 'a> Run<'r, 'a> {
    pub(super) fn new(paces: &'r Paces, policy: &'r str, spec: &'r PodSpec<'a>, scenario: &'r Scenario) -> Self {
        let placed: Vec<_> = containers(spec).collect();
        let state = State {
            doing: Doing::Waits,
            life: 0,
            attempt: None,
            began: Duration::ZERO,
            ended: Duration::ZERO,
            code: 0,
            up: Duration::ZERO,
            failures: [0, 0],
            ended_before: None,
            restarts: 0,
            restarted: Duration::ZERO,
            backs_off: false,
            started: false,
            ready: false,
            warms: false,
            given_up: false,
            stops: false,
            replaced: false,
        };
        let count = |plays: &dyn Fn(Role) -> bool| placed.iter().filter(|placed| plays(placed.role)).count();
        Self {
            paces,
            policy,
            spec,
            scenario,
            states: vec![state; placed.len()],
            placed: placed.clone(),
            now: Duration::ZERO,
            busy: Duration::ZERO,
            log: Vec::new(),
            bound: false,
            initialized: false,
            gates_passed: spec.readiness_gates.is_empty(),
            pod_ready: None,
            phase: Phase::Pending,
            ending: None,
            deleted: false,
            anew: false,
            queue: BinaryHeap::new(),
            planned: 0,
            next_sync: None,
            restarts: false,
            unready: count(&|role| matches!(role, Role::App | Role::Sidecar)),
            unstarted_apps: count(&|role| role == Role::App),
            init_count: spec.init_containers.len(),
        }
    }

    /// Lets it run until nothing comes any more, or it is not looked any further.
    pub(super) fn run(mut self) -> Outcome {
        self.say(None, What::Phase(Phase::Pending), "getPhase");
        for (index, (at, _)) in self.scenario.actions.iter().enumerate() {
            self.plan(*at, Item::Act(index));
        }
        if self.spec.gates().is_empty() {
            self.bind();
        }
        let mut steps = 0;
        let mut is_cut = false;
        while let Some(Reverse((at, _, item))) = self.queue.pop() {
            if self.scenario.until.is_some_and(|until| at > until) || steps >= MOST_STEPS || self.restarts {
                is_cut = !matches!(item, Item::Sync) || self.restarts;
                break;
            }
            steps += 1;
            self.now = at;
            self.step(item);
        }
        let until = if is_cut { self.scenario.until.unwrap_or(self.now) } else { self.now };
        Outcome { log: self.log, until, restarts: self.restarts, is_cut }
    }

    pub(super) fn plan(&mut self, at: Duration, item: Item) {
        self.planned += 1;
        self.queue.push(Reverse((at, self.planned, item)));
    }

    /// Plans what the kubelet does once it has noticed what has just happened.
    pub(super) fn plan_sync(&mut self) {
        let at = self.now.saturating_add(self.paces.pod.notice());
        if self.next_sync != Some(at) {
            self.next_sync = Some(at);
            self.plan(at, Item::Sync);
        }
    }

    pub(super) fn say(&mut self, container: Option<usize>, what: What, source: &'static str) {
        let attempt = container.and_then(|index| self.states.get(index)).and_then(|state| state.attempt).unwrap_or(0);
        self.log.push(Happened { at: self.now, container, attempt, what, source });
    }

    /// The container as it is in its present run.
    pub(super) fn life(&self, index: usize) -> Option<Life<'r, 'a>> {
        let (placed, state) = (self.placed.get(index)?, self.states.get(index)?);
        let script = self.scenario.containers.get(&*placed.container.name);
        let attempt = state.attempt.unwrap_or(0);
        Some(Life {
            container: placed.container,
            script,
            attempt,
            start: state.began,
            pace: self.paces.of_container(index),
        })
    }

    fn is_in(&self, container: usize, life: u32) -> bool {
        self.states.get(container).is_some_and(|state| state.life == life)
    }

    fn step(&mut self, item: Item) {
        match item {
            Item::Sync => self.sync(),
            Item::Act(index) => self.act(index),
            Item::Deadline => self.exceed_deadline(),
            // The worker ends what it does first.
            Item::Terminate { .. } if self.now < self.busy => self.plan(self.busy, item),
            Item::Terminate { .. } if self.comes_now() => self.plan(self.now, item),
            Item::Terminate { grace } => self.terminate(Ending::Deleted, grace),
            Item::Stopped => self.stopped(),
            Item::Anew => self.begin_anew(),
            Item::Pull { container, life } if self.is_in(container, life) => {
                self.say(Some(container), What::Pulls, "EnsureImageExists");
            }
            Item::Begin { container, life } if self.is_in(container, life) => self.begin(container),
            Item::Ended { container, life, code } if self.is_in(container, life) => self.ended(container, code),
            Item::Killed { container, life } if self.is_in(container, life) => {
                self.say(Some(container), What::Killed, "killContainer");
            }
            Item::Signal { container, life, left } if self.is_in(container, life) => {
                self.say(Some(container), What::Signal { left }, "killContainer");
            }
            Item::HookStarts { container, life } if self.is_in(container, life) => {
                self.say(Some(container), What::HookStarts(Hook::PreStop), "executePreStopHook");
            }
            Item::HookEnds { container, life, post_start, succeeds } if self.is_in(container, life) => {
                self.hook_ends(container, post_start, succeeds);
            }
            Item::Probed { container, life, probe, good } if self.is_in(container, life) => {
                self.probed(container, probe, good);
            }
            Item::GiveUp { container, life, probe } if self.is_in(container, life) => self.give_up(container, probe),
            _ => {}
        }
    }

    /// Returns whether the worker is just starting a container.
    fn comes_now(&self) -> bool {
        self.states.iter().any(|state| state.doing == Doing::Comes && state.began <= self.now)
    }

    fn bind(&mut self) {
        self.bound = true;
        self.say(None, What::Scheduled, "PodSpec.nodeName");
        if let Some(seconds) = self.spec.active_deadline_seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
            let at = self.now.saturating_add(Duration::from_secs(seconds)).saturating_add(self.paces.pod.notice());
            self.plan(at, Item::Deadline);
        }
        self.plan_sync();
    }

    fn act(&mut self, index: usize) {
        let Some((_, action)) = self.scenario.actions.get(index) else { return };
        let find = |name: &str| self.placed.iter().position(|placed| placed.container.name == name);
        match action {
            Action::Ungate if !self.bound && self.ending.is_none() => {
                self.say(None, What::Ungated, "schedulingGates");
                self.bind();
            }
            Action::Delete { grace } => {
                if !self.deleted {
                    self.deleted = true;
                    self.say(None, What::Deleted, "metadata.deletionTimestamp");
                }
                let grace = grace.map_or_else(
                    || shutdown::grace_on_deletion(self.spec),
                    |seconds| Duration::from_secs(seconds).max(shutdown::LEAST_GRACE),
                );
                let at = self.now.saturating_add(self.paces.pod.notice());
                self.plan(at, Item::Terminate { grace });
            }
            Action::PassReadinessGates => {
                self.gates_passed = true;
                self.settle();
            }
            Action::Update { container } => {
                if let Some(index) = find(container) {
                    self.replace(index);
                }
            }
            Action::Resize { container } => {
                if let Some(index) = find(container) {
                    self.resize(index);
                }
            }
            Action::Ungate => {}
        }
    }

    /// Does what the kubelet does of a Pod that it looks at (`SyncPod`, `computePodActions`).
    fn sync(&mut self) {
        if self.next_sync == Some(self.now) {
            self.next_sync = None;
        }
        if self.ending.is_some() || self.deleted || self.anew || !self.bound {
            return;
        }
        if self.now < self.busy {
            self.plan(self.busy, Item::Sync);
            return;
        }
        self.decide();
        if let Some(index) = self.states.iter().position(|state| state.doing == Doing::Follows(Restart::AllContainers))
        {
            self.restart_all(index);
            return;
        }
        if !self.sync_init() {
            return;
        }
        if !self.initialized {
            self.initialized = true;
            self.say(None, What::Initialized, "GeneratePodInitializedCondition");
        }
        for index in self.apps() {
            self.start_if_due(index);
        }
        self.settle();
        self.end_if_over();
    }

    /// The indices of the apps.
    pub(super) fn apps(&self) -> std::ops::Range<usize> {
        self.init_count..self.init_count + self.spec.containers.len()
    }

    /// The index of a container among all.
    pub(super) fn index_of(&self, placed: &Placed<'_, '_>) -> usize {
        match placed.role {
            Role::Init | Role::Sidecar => placed.index,
            Role::App => self.apps().start + placed.index,
            Role::Ephemeral => self.apps().end + placed.index,
        }
    }

    /// Decides what follows the ends that were noticed.
    pub(super) fn decide(&mut self) {
        let running: Vec<bool> = self
            .placed
            .iter()
            .zip(&self.states)
            .map(|(placed, state)| placed.role == Role::App && matches!(state.doing, Doing::Runs | Doing::Comes))
            .collect();
        let others = running.iter().filter(|runs| **runs).count();
        for (placed, state) in self.placed.iter().zip(&mut self.states) {
            if state.doing == Doing::Ended {
                let follows = if state.replaced {
                    Restart::Container
                } else if state.given_up && placed.role != Role::Init {
                    restart::after_probe_kill(self.policy, placed, state.code, others > 0)
                } else {
                    restart::after_exit(self.policy, placed, state.code)
                };
                state.doing = Doing::Follows(follows);
            }
        }
    }

    /// Goes on with the init containers and sidecars; returns whether the apps may start (`computeInitContainerActions`).
    fn sync_init(&mut self) -> bool {
        let count = self.init_count;
        let last = self.states.iter().take(count).rposition(|state| state.doing != Doing::Waits);
        let next = last.map_or(0, |last| last + 1);
        for index in 0..next {
            let Some((role, state)) = self.placed.get(index).map(|placed| placed.role).zip(self.states.get(index))
            else {
                continue;
            };
            let (doing, started) = (state.doing, state.started);
            match (role, doing) {
                (Role::Sidecar, Doing::Follows(_)) | (Role::Init, Doing::Follows(Restart::Container)) => {
                    self.start_if_due(index);
                }
                (Role::Init, Doing::Follows(_)) if state.code != 0 => {
                    self.terminate(Ending::Over(Phase::Failed), shutdown::grace_on_deletion(self.spec));
                    return false;
                }
                _ => {}
            }
            if Some(index) == last {
                let passed = match role {
                    Role::Sidecar => doing == Doing::Runs && started || self.initialized,
                    _ => matches!(doing, Doing::Follows(Restart::No)),
                };
                if !passed {
                    return false;
                }
            }
        }
        if next < count {
            self.start_if_due(next);
            self.settle();
            return false;
        }
        true
    }

    /// Starts a container if it is to be started, or plans to once its back-off is over.
    pub(super) fn start_if_due(&mut self, index: usize) {
        let Some(state) = self.states.get(index) else { return };
        let end = match state.doing {
            Doing::Waits => None,
            Doing::Follows(Restart::Container) => Some(state.ended),
            _ => return,
        };
        self.start_after(index, end);
    }

    /// Starts a container of which the kubelet has seen this end last, or plans to once its back-off is over (`doBackOff`).
    ///
    /// One that the kubelet has ended itself is started again in the same look at the Pod, which knows of the end before that only.
    pub(super) fn start_after(&mut self, index: usize, end: Option<Duration>) {
        let Some(life) = self.life(index) else { return };
        if life.script.is_some_and(|script| script.image_is_missing) {
            return;
        }
        let now = self.now;
        let Some(state) = self.states.get_mut(index) else { return };
        if let Some(end) = end {
            if end.saturating_sub(state.restarted).as_secs() > BACK_OFF_RESET_SECONDS.unsigned_abs() {
                state.restarts = 0;
            }
            let seconds = restart::back_off_seconds(state.restarts.saturating_add(1));
            let due = end.saturating_add(Duration::from_secs(seconds.unsigned_abs()));
            if due > now {
                let waits = state.backs_off;
                state.backs_off = true;
                // The next look counts from the end that it sees.
                let due = state.ended.saturating_add(Duration::from_secs(seconds.unsigned_abs()));
                if !waits {
                    self.say(Some(index), What::BacksOff { seconds }, "doBackOff");
                    self.plan(due.saturating_add(self.paces.pod.notice()), Item::Sync);
                }
                return;
            }
            state.restarts = state.restarts.saturating_add(1);
            state.restarted = now;
        }
        let state = state.clone();
        let attempt = state.attempt.map_or(0, |attempt| attempt + 1);
        if attempt >= MOST_RUNS {
            self.restarts = true;
            return;
        }
        let pull = life.script.and_then(|script| script.pull).filter(|_| attempt == 0).unwrap_or_default();
        let from = self.now.max(self.busy);
        let begins = from.saturating_add(pull);
        if let Some(state) = self.states.get_mut(index) {
            state.life += 1;
            state.attempt = Some(attempt);
            state.doing = Doing::Comes;
            state.backs_off = false;
            state.began = begins;
        }
        let number = state.life + 1;
        if !pull.is_zero() {
            self.plan(from, Item::Pull { container: index, life: number });
        }
        // Those that come after it wait for its postStart hook too (`startContainer` runs it).
        let hook = self.life(index).and_then(|life| life.hook(Hook::PostStart, begins));
        let takes = hook.and_then(|hook| hook.takes).unwrap_or_default();
        self.busy = begins.saturating_add(takes);
        self.plan(begins, Item::Begin { container: index, life: number });
    }

    /// Says what the Pod is, if that has changed: its phase, and whether it is ready.
    pub(super) fn settle(&mut self) {
        let over =
            matches!(self.phase, Phase::Failed | Phase::Succeeded) || matches!(self.ending, Some(Ending::Over(_)));
        let ready = self.unready == 0 && self.initialized && self.gates_passed && !over;
        if self.pod_ready != Some(ready) && (ready || self.pod_ready.is_some()) {
            self.pod_ready = Some(ready);
            let what = if ready { What::PodReady } else { What::PodNotReady };
            self.say(None, what, "GeneratePodReadyCondition");
        }
        if self.phase == Phase::Pending && self.initialized && self.unstarted_apps == 0 {
            self.set_phase(Phase::Running);
        }
    }

    pub(super) fn set_phase(&mut self, phase: Phase) {
        if self.phase != phase {
            self.phase = phase;
            self.say(None, What::Phase(phase), "getPhase");
        }
    }

    /// Ends the Pod once all its apps have ended for good.
    fn end_if_over(&mut self) {
        let mut apps = self.apps();
        let over =
            |index: usize| self.states.get(index).is_some_and(|state| state.doing == Doing::Follows(Restart::No));
        if apps.is_empty() || !apps.clone().all(over) {
            return;
        }
        // A rule that would restart a container that a probe has killed: the Pod neither ends nor goes on.
        let is_stuck = apps.clone().any(|index| match (self.placed.get(index), self.states.get(index)) {
            (Some(placed), Some(state)) => {
                state.given_up && restart::after_exit(self.policy, placed, state.code) == Restart::Container
            }
            _ => false,
        });
        if is_stuck {
            return;
        }
        let failed = apps.any(|index| self.states.get(index).is_some_and(|state| state.code != 0));
        let phase = if failed { Phase::Failed } else { Phase::Succeeded };
        self.terminate(Ending::Over(phase), shutdown::grace_on_deletion(self.spec));
    }

    fn exceed_deadline(&mut self) {
        if self.ending.is_none() {
            self.say(None, What::DeadlineExceeded, "activeDeadlineSeconds");
            self.terminate(Ending::Over(Phase::Failed), shutdown::grace_on_deletion(self.spec));
        }
    }
}
