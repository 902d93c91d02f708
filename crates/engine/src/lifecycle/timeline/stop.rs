//! What ends more than one container: the end of the Pod, a rule that restarts all, and changes of a container.

use std::time::Duration;

use super::{
    event::{Phase, What},
    run::{Doing, Ending, Item, Run},
};
use crate::lifecycle::{
    shutdown::{self, LEAST_TO_STOP},
    stages::Placed,
};

impl Run<'_, '_> {
    /// Stops the Pod as a whole.
    pub(super) fn terminate(&mut self, ending: Ending, grace: Duration) {
        if let Some(earlier) = self.ending {
            // What is being stopped is stopped; a deletion makes it go.
            if ending == Ending::Deleted && matches!(earlier, Ending::Over(_)) {
                self.ending = Some(ending);
                if !self.states.iter().any(|state| state.doing == Doing::Runs) {
                    self.plan_after_notice(Item::Stopped);
                }
            }
            return;
        }
        self.ending = Some(ending);
        self.anew = false;
        if matches!(ending, Ending::Over(_)) {
            // The status says so at once, and the phase once all have ended (`SyncTerminatingPod`).
            self.settle();
        }
        self.stop_all(grace, true);
        if !self.states.iter().any(|state| state.doing == Doing::Runs) {
            self.plan_after_notice(Item::Stopped);
        }
    }

    fn plan_after_notice(&mut self, item: Item) {
        let at = self.now.saturating_add(self.paces.pod.notice());
        self.plan(at, item);
    }

    /// Stops all containers that run; those that were to come do not.
    fn stop_all(&mut self, grace: Duration, hooks: bool) {
        let mut running = Vec::new();
        for (index, state) in self.states.iter_mut().enumerate() {
            match state.doing {
                Doing::Runs if !state.stops => {
                    state.stops = true;
                    running.push(index);
                }
                Doing::Comes => {
                    state.life += 1;
                    state.doing = Doing::Waits;
                }
                _ => {}
            }
        }
        let containers: Vec<Placed<'_, '_>> =
            running.iter().filter_map(|index| self.placed.get(*index)).copied().collect();
        let stops = shutdown::stops_of(containers, grace, |placed| self.behaviour(self.index_of(placed), hooks));
        let indices: Vec<usize> = stops.iter().map(|stop| self.index_of(&stop.placed)).collect();
        for (stop, index) in stops.iter().zip(indices) {
            self.plan_stop(index, stop, grace, hooks);
        }
    }

    /// All containers of a Pod that is stopped have ended.
    pub(super) fn stopped(&mut self) {
        match self.ending {
            Some(Ending::Deleted) => {
                let failed = self.apps().any(|index| {
                    self.states.get(index).is_some_and(|state| state.attempt.is_none() || state.code != 0)
                });
                self.set_phase(if failed { Phase::Failed } else { Phase::Succeeded });
                self.settle();
                self.say(None, What::Gone, "SyncTerminatedPod");
            }
            Some(Ending::Over(phase)) => {
                self.set_phase(phase);
                self.settle();
            }
            None => {}
        }
    }

    /// A rule of a container restarts all: those that run are ended without their hooks, and with two seconds each.
    pub(super) fn restart_all(&mut self, index: usize) {
        self.anew = true;
        self.say(Some(index), What::RestartsAll, "restartPolicyRules");
        self.stop_all(LEAST_TO_STOP, false);
        if !self.states.iter().any(|state| state.doing == Doing::Runs) {
            self.plan_after_notice(Item::Anew);
        }
    }

    /// All containers have ended, and begin anew.
    pub(super) fn begin_anew(&mut self) {
        if !self.anew || self.ending.is_some() {
            return;
        }
        self.anew = false;
        self.initialized = false;
        for state in &mut self.states {
            state.life += 1;
            state.doing = Doing::Waits;
            state.stops = false;
            state.backs_off = false;
        }
        self.set_phase(Phase::Pending);
        self.settle();
        self.plan_sync();
    }

    /// Another image of a container: it is ended and started again (`computePodActions`).
    pub(super) fn replace(&mut self, index: usize) {
        let grace = Duration::from_secs(shutdown::grace_seconds(self.spec));
        let Some(state) = self.states.get_mut(index).filter(|state| state.doing == Doing::Runs && !state.stops) else {
            return;
        };
        state.replaced = true;
        self.stop_one(index, grace);
    }

    /// Other resources of a container: it is ended and started again only where its `resizePolicy` says so.
    pub(super) fn resize(&mut self, index: usize) {
        let Some(placed) = self.placed.get(index) else { return };
        let policies = placed.container.resize_policy.as_deref();
        let restarts =
            policies.is_some_and(|list| list.iter().any(|policy| policy.restart_policy == "RestartContainer"));
        if restarts {
            self.replace(index);
        } else if self.states.get(index).is_some_and(|state| state.doing == Doing::Runs) {
            self.say(Some(index), What::Resized, "resizePolicy");
        }
    }
}
