//! One container in a run: how it starts, what its probes say, how it ends.

use std::time::Duration;

use super::{
    answers::{KILLED, hook, probe},
    asked,
    event::{Hook, Probe, What},
    run::{Doing, Item, Run},
};
use crate::lifecycle::{
    probes::Timing,
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
        let (Some(life), Some(state)) = (self.life(index), self.states.get(index)) else { return };
        let number = state.life;
        let (Some(probe), Some(answers)) = (probe(life.container, which), life.answers(which)) else { return };
        let timing = Timing::of(probe);
        let delay = Duration::from_secs(u64::try_from(timing.initial_delay_seconds).unwrap_or(0));
        let base = self.now.max(state.began.saturating_add(delay));
        for (at, good) in asked::changes(which, &timing, &answers, base, good, self.pace) {
            self.plan(at, Item::Probed { container: index, life: number, probe: which, good });
        }
    }

    /// The result of a probe changes.
    pub(super) fn probed(&mut self, index: usize, which: Probe, good: bool) {
        let Some(state) = self.states.get(index) else { return };
        let (number, stops) = (state.life, state.stops);
        match (which, good) {
            (Probe::Readiness, good) => self.set_ready(index, good, "doProbe"),
            // Nothing is asked for life of what is being stopped.
            _ if stops || self.ending.is_some() => {}
            (Probe::Startup, true) => self.is_started(index, "doProbe"),
            (_, true) => {}
            (which, false) => {
                self.say(Some(index), What::GivesUp(which), "doProbe");
                let at = self.now.saturating_add(self.pace.notice());
                self.plan(at, Item::GiveUp { container: index, life: number, probe: which });
            }
        }
    }

    /// A probe has given a container up: it is ended, with the probe's own grace period or the Pod's.
    pub(super) fn give_up(&mut self, index: usize, which: Probe) {
        if self.ending.is_some() || self.anew {
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
        Behaviour { hook, takes: life.stop().map_or(Duration::MAX, |exit| exit.after) }
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
        let exit = life.stop().filter(|exit| exit.after < stop.left);
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
            self.say(Some(index), if ready { What::Ready } else { What::NotReady }, source);
            self.settle();
        }
    }

    /// A container has ended.
    pub(super) fn ended(&mut self, index: usize, code: i64) {
        self.say(Some(index), What::Exits(code), "getTerminatedContainerStatus");
        self.set_ready(index, false, "getTerminatedContainerStatus");
        self.count_end(index);
        let now = self.now;
        if let Some(state) = self.states.get_mut(index) {
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
            let at = now.saturating_add(self.pace.notice());
            self.plan(at, item);
        } else {
            self.plan_sync();
        }
    }
}
