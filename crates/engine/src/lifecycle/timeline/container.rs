//! One container in a run: how it starts, what its probes say, how it ends.

use std::time::Duration;

use super::{
    answers::{KILLED, hook, probe},
    asked::Asking,
    event::{Hook, Probe, What},
    run::{Doing, Item, Run},
};
use crate::lifecycle::{
    probes::Timing,
    restart::Restart,
    shutdown::{self, Behaviour},
    stages::Role,
};

impl Run<'_, '_> {
    /// A container starts.
    pub(super) fn begin(&mut self, index: usize) {
        let now = self.now;
        let Some(state) = self.states.get_mut(index) else { return };
        let number = state.life;
        state.doing = Doing::Runs;
        state.began = now;
        state.started = false;
        state.ready = false;
        state.given_up = false;
        state.stops = false;
        state.replaced = false;
        let is_first = state.attempt == Some(0);
        if is_first && self.placed.get(index).is_some_and(|placed| placed.role == Role::App) {
            self.unstarted_apps = self.unstarted_apps.saturating_sub(1);
        }
        self.say(Some(index), What::Starts, "startContainer");
        let Some(life) = self.life(index) else { return };
        let mut end = life.end();
        if end.is_none() && self.placed.get(index).is_some_and(|placed| placed.role == Role::Init) {
            // How long it takes nobody knows; what comes after it is drawn as if it took no time.
            let says = life.script.is_some_and(|script| script.never_ends);
            end = (!says).then_some((now, 0));
        }
        if let Some((at, code)) = end {
            self.plan(at, Item::Ended { container: index, life: number, code });
        }
        match life.hook(Hook::PostStart, now) {
            None => self.is_up(index),
            Some(course) => {
                self.say(Some(index), What::HookStarts(Hook::PostStart), "lifecycle.postStart");
                if let Some(state) = self.states.get_mut(index) {
                    state.warms = true;
                }
                let at = now.saturating_add(course.takes.unwrap_or_default());
                let succeeds = course.succeeds;
                self.plan(at, Item::HookEnds { container: index, life: number, post_start: true, succeeds });
            }
        }
        self.settle();
    }

    pub(super) fn hook_ends(&mut self, index: usize, post_start: bool, succeeds: bool) {
        let which = if post_start { Hook::PostStart } else { Hook::PreStop };
        let what = if succeeds { What::HookEnds(which) } else { What::HookFails(which) };
        self.say(Some(index), what, "HandlerRunner.Run");
        if !post_start {
            return;
        }
        if let Some(state) = self.states.get_mut(index) {
            state.warms = false;
        }
        if succeeds {
            self.is_up(index);
        } else {
            let grace = Duration::from_secs(shutdown::grace_seconds(self.spec));
            self.stop_one(index, grace);
        }
    }

    /// A container runs and its postStart hook is over: its probes are asked.
    fn is_up(&mut self, index: usize) {
        let Some(placed) = self.placed.get(index).copied() else { return };
        if placed.role == Role::Init {
            return;
        }
        if let Some(state) = self.states.get_mut(index) {
            state.up = self.now;
        }
        if placed.container.startup_probe.is_some() {
            self.plan_probe(index, Probe::Startup, false);
        } else {
            self.is_started(index, "UpdatePodStatus");
        }
        self.plan_sync();
    }

    fn is_started(&mut self, index: usize, source: &'static str) {
        let Some(placed) = self.placed.get(index).copied() else { return };
        if let Some(state) = self.states.get_mut(index) {
            state.started = true;
            state.up = self.now;
        }
        self.say(Some(index), What::Started, source);
        if placed.container.liveness_probe.is_some() {
            self.plan_probe(index, Probe::Liveness, true);
        }
        if placed.container.readiness_probe.is_some() {
            self.plan_probe(index, Probe::Readiness, false);
        } else {
            self.set_ready(index, true, "UpdatePodStatus");
        }
        self.plan_sync();
    }

    /// Plans what a probe will say in this life of the container.
    fn plan_probe(&mut self, index: usize, which: Probe, good: bool) {
        let changes = self.with_asking(index, which, |asking| asking.changes(good)).unwrap_or_default();
        let Some(state) = self.states.get(index) else { return };
        let number = state.life;
        for (at, good) in changes {
            self.plan(at, Item::Probed { container: index, life: number, probe: which, good });
        }
    }

    /// Hands on how a probe is asked in this life of the container; `None` where it is not.
    fn with_asking<T>(&self, index: usize, which: Probe, then: impl FnOnce(Asking<'_>) -> T) -> Option<T> {
        let (life, state) = (self.life(index)?, self.states.get(index)?);
        let (probe, answers) = (probe(life.container, which)?, life.answers(which)?);
        let timing = Timing::of(probe);
        let delay = life.pace.whole_seconds(timing.initial_delay_seconds);
        let base = state.up.max(state.began.saturating_add(delay));
        let failures_before = state.failures.get(which as usize).copied().unwrap_or(0);
        Some(then(Asking { probe: which, timing: &timing, answers: &answers, base, failures_before, pace: life.pace }))
    }

    /// Keeps the failures that the next run of a container that has ended by itself goes on counting.
    fn keep_failures(&mut self, index: usize) {
        let now = self.now;
        let Some(state) = self.states.get(index) else { return };
        let which = if state.started { Probe::Liveness } else { Probe::Startup };
        let kept = if state.given_up { Some(0) } else { self.with_asking(index, which, |asking| asking.failures(now)) };
        if let Some((kept, state)) = kept.zip(self.states.get_mut(index))
            && let Some(failures) = state.failures.get_mut(which as usize)
        {
            *failures = kept;
        }
    }

    /// The result of a probe changes.
    pub(super) fn probed(&mut self, index: usize, which: Probe, good: bool) {
        let Some(state) = self.states.get(index) else { return };
        let (number, stops) = (state.life, state.stops);
        match (which, good) {
            (Probe::Readiness, good) => self.set_ready(index, good, "doProbe"),
            // Nothing is asked for life of what is being stopped.
            _ if stops || self.deleted || self.ending.is_some() => {}
            (Probe::Startup, true) => self.is_started(index, "doProbe"),
            (_, true) => {}
            (which, false) => {
                self.say(Some(index), What::GivesUp(which), "doProbe");
                let at = self.now.saturating_add(self.paces.of_container(index).notice());
                self.plan(at, Item::GiveUp { container: index, life: number, probe: which });
            }
        }
    }

    /// A probe has given a container up: it is ended, with the probe's own grace period or the Pod's.
    pub(super) fn give_up(&mut self, index: usize, which: Probe) {
        if self.ending.is_some() || self.deleted || self.anew {
            return;
        }
        if self.now < self.busy {
            let life = self.states.get(index).map_or(0, |state| state.life);
            self.plan(self.busy, Item::GiveUp { container: index, life, probe: which });
            return;
        }
        let Some(state) = self.states.get_mut(index).filter(|state| state.doing == Doing::Runs && !state.stops) else {
            return;
        };
        state.given_up = true;
        let own =
            self.placed.get(index).and_then(|placed| probe(placed.container, which)?.termination_grace_period_seconds);
        let seconds = own.and_then(|seconds| u64::try_from(seconds).ok());
        let grace = Duration::from_secs(seconds.unwrap_or_else(|| shutdown::grace_seconds(self.spec)));
        self.stop_one(index, grace);
    }

    /// Stops one container while the others go on; the Pod's worker waits for its end.
    pub(super) fn stop_one(&mut self, index: usize, grace: Duration) {
        let Some(placed) = self.placed.get(index).copied() else { return };
        if let Some(state) = self.states.get_mut(index) {
            state.stops = true;
        }
        // Without any grace the hook is not run (`killContainer`).
        let hooks = !grace.is_zero();
        let behaviour = self.behaviour(index, hooks);
        for stop in shutdown::stops_of(vec![placed], grace, |_| behaviour) {
            self.plan_stop(index, &stop, grace, hooks);
            self.busy = self.busy.max(self.now.saturating_add(stop.ends_after));
        }
    }

    /// What a container does when it is stopped now.
    pub(super) fn behaviour(&self, index: usize, hooks: bool) -> Behaviour {
        let Some(life) = self.life(index) else { return Behaviour::default() };
        let hook = life.hook(Hook::PreStop, self.now).filter(|_| hooks);
        let hook = hook.map(|hook| hook.takes.unwrap_or(Duration::MAX));
        let own_end = life.end().filter(|(at, _)| *at >= self.now).map(|(at, _)| at.saturating_sub(self.now));
        Behaviour { hook, takes: life.stop().map_or(Duration::MAX, |exit| exit.after), own_end }
    }

    /// Plans the hook, the stop signal and the end of a container.
    pub(super) fn plan_stop(&mut self, index: usize, stop: &shutdown::Stop<'_, '_>, grace: Duration, hooks: bool) {
        let (Some(life), Some(state)) = (self.life(index), self.states.get(index)) else { return };
        let (number, now) = (state.life, self.now);
        let at = |after: Duration| now.saturating_add(after);
        if hooks && hook(life.container, Hook::PreStop).is_some() {
            self.plan(now, Item::HookStarts { container: index, life: number });
            let takes = stop.hook.unwrap_or_default();
            let course = life.hook(Hook::PreStop, now);
            let succeeds = takes <= grace && course.is_some_and(|course| course.succeeds);
            let item = Item::HookEnds { container: index, life: number, post_start: false, succeeds };
            self.plan(at(takes.min(grace)), item);
        }
        let left = stop.left.as_secs();
        self.plan(at(stop.signal_after), Item::Signal { container: index, life: number, left });
        let killed_after = stop.signal_after.saturating_add(stop.left);
        let exit = life.stop().filter(|exit| exit.after <= stop.left);
        if exit.is_none() {
            self.plan(at(killed_after), Item::Killed { container: index, life: number });
        }
        let code = exit.map_or(KILLED, |exit| exit.code);
        self.plan(at(stop.ends_after), Item::Ended { container: index, life: number, code });
    }

    pub(super) fn set_ready(&mut self, index: usize, ready: bool, source: &'static str) {
        let Some(state) = self.states.get_mut(index) else { return };
        if state.ready != ready {
            state.ready = ready;
            self.unready = if ready { self.unready.saturating_sub(1) } else { self.unready + 1 };
            self.say(Some(index), if ready { What::Ready } else { What::NotReady }, source);
            self.settle();
        }
    }

    /// A container has ended.
    pub(super) fn ended(&mut self, index: usize, code: i64) {
        if self.states.get_mut(index).is_some_and(|state| std::mem::take(&mut state.warms)) {
            // A hook does not outlive its container, and nobody waits for it any longer.
            self.say(Some(index), What::HookFails(Hook::PostStart), "HandlerRunner.Run");
            self.busy = self.busy.min(self.now);
        }
        self.say(Some(index), What::Exits(Some(code)), "getTerminatedContainerStatus");
        self.set_ready(index, false, "getTerminatedContainerStatus");
        self.keep_failures(index);
        let now = self.now;
        let (mut by_kubelet, mut end_before) = (false, None);
        if let Some(state) = self.states.get_mut(index) {
            by_kubelet = state.stops;
            end_before = state.ended_before.replace(now);
            state.doing = Doing::Ended;
            state.life += 1;
            state.ended = now;
            state.code = code;
            state.started = false;
        }
        let running = |doing: &Doing| matches!(doing, Doing::Runs);
        let any_runs = self.states.iter().any(|state| running(&state.doing));
        if (self.ending.is_some() || self.anew) && !any_runs {
            let item = if self.ending.is_some() { Item::Stopped } else { Item::Anew };
            let at = now.saturating_add(self.paces.pod.notice());
            self.plan(at, item);
        } else {
            if by_kubelet && self.ending.is_none() && !self.anew {
                self.restart_at_once(index, end_before);
            }
            self.plan_sync();
        }
    }

    /// Starts a container again that the kubelet has ended itself, if it is to be: in the same look at the Pod.
    fn restart_at_once(&mut self, index: usize, end_before: Option<Duration>) {
        self.decide();
        if self.states.get(index).is_some_and(|state| state.doing == Doing::Follows(Restart::Container)) {
            self.start_after(index, end_before);
        }
    }
}
