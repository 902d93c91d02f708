//! The drain of a node: which evictions are granted, and when.

use std::time::Duration;

use super::{
    course::{Course, End, Revision, What, Why},
    fleet::{Fleet, Group, Look},
    given::{PodTimes, pods},
    log::{Log, merge},
    rollout, stateful,
};
use crate::{
    lifecycle::{
        disruption::{desired_healthy, percent},
        rollout::Rollout,
        timeline::pace::Pace,
    },
    model::{
        Workload,
        object::{BudgetSpec, ControllerSpec},
    },
};

/// `kubectl drain` asks again after so long for an eviction that was refused (`EvictErrorRetryDelay`).
const RETRY: Duration = Duration::from_secs(5);

const EVICTS: &str = "checkAndDecrement";
const EVICTS_UNHEALTHY: &str = "unhealthyPodEvictionPolicy";

/// What recreates a Pod that is evicted.
enum Keeper<'p> {
    /// A ReplicaSet, at once.
    Replicas,
    /// A StatefulSet, when it is gone.
    Ordinals(stateful::Rules<'p>),
    /// Nobody.
    Nobody,
}

/// Returns what happens to the `replicas` Pods of a workload when the node of `on_node` of them is drained, under the budgets that select
/// them.
///
/// All Pods of the node are asked to go at once, each again every five seconds while it is refused (`kubectl drain`). An eviction is granted
/// while more Pods are ready than the budget wants to be; Pods that are not ready go without that where the budget's
/// `unhealthyPodEvictionPolicy` says so, or as many are ready as it wants (`EvictionREST.Create`, `updatePdbStatus`). Replacements come up on
/// other nodes, which are assumed to have room: of a Deployment at once, of a StatefulSet when the evicted Pod is gone, and one after the
/// other where its order counts. Those on the node have the lowest ordinals. It has ended when the evicted Pods are gone.
///
/// `None` for kinds whose Pods a drain leaves alone or does not count (DaemonSets, Jobs), and where the budget's value is neither a count nor
/// a percentage.
pub fn drain(
    workload: &Workload,
    controller: &ControllerSpec<'_>,
    replicas: u64,
    on_node: u64,
    budgets: &[&BudgetSpec<'_>],
    pod: &PodTimes,
) -> Option<Course> {
    let (replicas, assumptions) = pods(replicas, "Pods");
    let on_node = on_node.min(replicas);
    let keeper = match () {
        () if workload.is_pod() => Keeper::Nobody,
        () if workload.is("apps", "StatefulSet") => {
            Keeper::Ordinals(stateful::rules(workload, controller, replicas, pod)?)
        }
        () if workload.is("", "ReplicationController")
            || workload.group == "apps" && matches!(workload.kind, "Deployment" | "ReplicaSet") =>
        {
            Keeper::Replicas
        }
        () => return None,
    };
    let budget = match budgets {
        [] => None,
        [budget] => Some(Budget::of(budget, replicas, matches!(keeper, Keeper::Nobody))?),
        _ => return Some(refused_by_two(replicas, pod, assumptions)),
    };
    let run = |pace| {
        let mut fleet = Fleet::new(pace, controller.min_ready_seconds, Duration::ZERO);
        start(&mut fleet, &keeper, replicas, on_node, pod);
        let mut eviction = Eviction { budget, allowed_since: Some(Duration::ZERO), is_refused: false };
        let look = |fleet: &mut Fleet| {
            let acted = eviction.look(fleet);
            let kept = match &keeper {
                Keeper::Nobody => Look::Waits,
                Keeper::Replicas => rollout::rolling(fleet, replicas, Rollout { surge: 0, unavailable: 0 }, pod),
                Keeper::Ordinals(rules) => stateful::look(fleet, rules),
            };
            match () {
                () if acted || kept == Look::Acted => Look::Acted,
                () if fleet.count(|group| group.on_node) == 0 => Look::Done,
                () => Look::Waits,
            }
        };
        let stuck = |fleet: &Fleet| if fleet.count(Group::is_deleted) > 0 { Why::NotGone } else { Why::Refused };
        fleet.run(look, stuck, "evictPods")
    };
    let mut course = merge(replicas, &run(Pace::Early), &run(Pace::Late), true, assumptions);
    course.assumptions.push("other nodes have room for the Pods that replace the evicted ones".to_owned());
    Some(course)
}

fn start(fleet: &mut Fleet, keeper: &Keeper<'_>, replicas: u64, on_node: u64, pod: &PodTimes) {
    if matches!(keeper, Keeper::Ordinals(_)) {
        for ordinal in 0..replicas {
            fleet.start_with(1, Some(ordinal), Revision::New, pod);
        }
    } else {
        for pods in [on_node, replicas - on_node] {
            fleet.start_with(pods, None, Revision::New, pod);
        }
    }
    let mut left = on_node;
    for group in &mut fleet.groups {
        group.on_node = left > 0;
        left = left.saturating_sub(group.pods);
    }
}

/// A Pod that two budgets select cannot be evicted: the API server answers 500, which `kubectl drain` gives up at.
fn refused_by_two(replicas: u64, pod: &PodTimes, assumptions: Vec<String>) -> Course {
    let run = |pace| -> Log {
        let mut fleet = Fleet::new(pace, None, Duration::ZERO);
        fleet.start_with(replicas, None, Revision::New, pod);
        fleet.tell(What::Refused, replicas, None, Revision::New, "getPodDisruptionBudgets");
        let mut log = fleet.run(|_| Look::Waits, |_| Why::TwoBudgets, "");
        log.end = (Duration::ZERO, End::Never(Why::TwoBudgets));
        log
    };
    merge(replicas, &run(Pace::Early), &run(Pace::Late), true, assumptions)
}

/// A budget, as its status has it.
#[derive(Debug, Clone, Copy)]
struct Budget {
    /// How many Pods it wants to be ready.
    desired: u64,
    /// Says whether it expects any Pod: otherwise it allows nothing.
    expects: bool,
    /// Says whether Pods that are not ready may always go.
    unready_go: bool,
}

impl Budget {
    fn of(budget: &BudgetSpec<'_>, replicas: u64, has_no_controller: bool) -> Option<Self> {
        let counts_pods = budget.max_unavailable.is_none()
            && budget.min_available.as_ref().is_some_and(|value| percent(value).is_none());
        let says_nothing = budget.max_unavailable.is_none() && budget.min_available.is_none();
        // Of Pods without a controller it is not known how many there shall be.
        let expected = if has_no_controller && !counts_pods { 0 } else { replicas };
        let desired = desired_healthy(budget, i64::try_from(expected).unwrap_or(i64::MAX))?;
        Some(Self {
            desired: desired.unsigned_abs(),
            expects: expected > 0 && !says_nothing,
            unready_go: budget.unhealthy_pod_eviction_policy == "AlwaysAllow",
        })
    }

    /// Returns how many ready Pods may go.
    fn allows(&self, healthy: u64) -> u64 {
        if self.expects { healthy.saturating_sub(self.desired) } else { 0 }
    }

    /// Returns whether Pods that are not ready may go.
    fn lets_unready_go(&self, healthy: u64) -> bool {
        self.unready_go || self.desired > 0 && healthy >= self.desired
    }
}

/// Who drains the node.
struct Eviction {
    budget: Option<Budget>,
    /// Since when more evictions would be granted than have been asked for.
    allowed_since: Option<Duration>,
    is_refused: bool,
}

impl Eviction {
    /// Asks for evictions. Returns whether one was granted.
    fn look(&mut self, fleet: &mut Fleet) -> bool {
        let pending = |group: &Group| group.on_node && !group.is_deleted();
        let healthy = fleet.count(|group| group.is_ready() && !group.is_deleted());
        let (allowed, lets_unready) = match &self.budget {
            None => (u64::MAX, true),
            Some(budget) => (budget.allows(healthy), budget.lets_unready_go(healthy)),
        };
        let ready = fleet.count(|group| pending(group) && group.is_ready()).min(allowed);
        let unready = fleet.count(|group| pending(group) && !group.is_ready() && lets_unready);
        let any = if lets_unready {
            unready
        } else {
            fleet.count(|group| pending(group) && !group.is_ready()).min(allowed - ready)
        };
        if ready + any > 0 {
            let since = *self.allowed_since.get_or_insert(fleet.now);
            let asked =
                if since.is_zero() { since } else { since.saturating_add(fleet.pace.pick(Duration::ZERO, RETRY)) };
            if asked > fleet.now {
                fleet.wake = Some(fleet.wake.map_or(asked, |wake| wake.min(asked)));
                return false;
            }
            let source = if any > 0 { EVICTS_UNHEALTHY } else { EVICTS };
            fleet.tell(What::Evicted, ready + any, None, Revision::New, source);
            fleet.delete(any, source, |group| pending(group) && !group.is_ready());
            fleet.delete(ready, EVICTS, |group| pending(group) && group.is_ready());
            self.is_refused = false;
            return true;
        }
        self.allowed_since = None;
        let refused = fleet.count(pending);
        if refused > 0 && !self.is_refused {
            fleet.tell(What::Refused, refused, None, Revision::New, EVICTS);
            self.is_refused = true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::timeline::workload::tests::*;

    fn of(kind: &str, spec: &str, pods: (u64, u64), budgets: &[&str], pod: &PodTimes) -> Course {
        let budgets: Vec<BudgetSpec<'_>> = budgets.iter().map(|budget| serde_json::from_str(budget).unwrap()).collect();
        let budgets: Vec<&BudgetSpec<'_>> = budgets.iter().collect();
        with(kind, spec, |workload, controller| drain(workload, controller, pods.0, pods.1, &budgets, pod)).unwrap()
    }

    /// How many Pods are evicted, and when.
    fn evicted(course: &Course) -> Vec<(u64, u64)> {
        let events = course.events.iter().filter(|event| event.what == What::Evicted);
        let time = |event: &crate::lifecycle::timeline::workload::Event| event.time.latest.unwrap().as_secs();
        events.map(|event| (event.pods, time(event))).collect()
    }

    const ONE: &str = r#"{"maxUnavailable": 1}"#;

    #[test]
    fn without_a_budget_all_go_at_once() {
        let pod = times(4..=6, 2..=3);
        let course = of("Deployment", "{}", (3, 2), &[], &pod);
        assert_eq!((evicted(&course), course.takes), (vec![(2, 0)], bounds(2, 3)));
        assert_eq!(course.worst.unwrap().available, 1);
        assert_eq!(numbers(&course).last(), Some(&(3, 3)));
    }

    #[test]
    fn one_after_the_other() {
        let pod = times(4..=6, 2..=3);
        let course = of("Deployment", "{}", (3, 2), &[ONE], &pod);
        // The second is granted when the first is replaced, and asked for five seconds later at most.
        assert_eq!(evicted(&course), [(1, 0), (1, 11)]);
        assert_eq!((course.takes, course.worst.unwrap().available), (bounds(6, 14), 2));
        let course = of("StatefulSet", "{}", (3, 2), &[ONE], &pod);
        assert_eq!(evicted(&course), [(1, 0), (1, 14)]);
    }

    #[test]
    fn a_budget_that_never_allows() {
        let pod = times(4..=6, 2..=3);
        for budget in [r#"{"maxUnavailable": 0}"#, r#"{"minAvailable": 3}"#, r#"{"minAvailable": "100%"}"#, "{}"] {
            let course = of("Deployment", "{}", (3, 1), &[budget], &pod);
            assert_eq!((course.early, course.late), (End::Never(Why::Refused), End::Never(Why::Refused)), "{budget}");
            let refused = course.events.iter().filter(|event| event.what == What::Refused).count();
            assert_eq!((evicted(&course), refused), (vec![], 1), "{budget}");
        }
        assert_eq!(of("Deployment", "{}", (3, 1), &[ONE, ONE], &pod).early, End::Never(Why::TwoBudgets));
    }

    #[test]
    fn replacements_that_are_not_ready_stop_it() {
        let pod = PodTimes {
            ready: crate::lifecycle::timeline::Bounds { earliest: seconds(3), latest: None },
            ..times(1..=1, 1..=1)
        };
        let course = of("Deployment", "{}", (3, 2), &[ONE], &pod);
        assert_eq!(course.early, End::Done);
        assert!(!course.ends_for_certain());
    }

    #[test]
    fn pods_that_are_not_ready() {
        let broken = PodTimes { ready: PodTimes::NEVER, ..times(1..=1, 1..=1) };
        let always = r#"{"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}"#;
        assert_eq!(of("Deployment", "{}", (2, 1), &[ONE], &broken).early, End::Never(Why::Refused));
        assert_eq!(of("Deployment", "{}", (2, 1), &[always], &broken).takes, bounds(1, 1));
    }

    #[test]
    fn in_order() {
        let pod = times(4..=4, 1..=1);
        // Both are away, and come back one after the other.
        let course = of("StatefulSet", "{}", (3, 2), &[], &pod);
        assert_eq!(created(&course), [(1, 1), (5, 1)]);
        let parallel = of("StatefulSet", r#"{"podManagementPolicy": "Parallel"}"#, (3, 2), &[], &pod);
        assert_eq!(created(&parallel), [(1, 1), (1, 1)]);
    }

    #[test]
    fn a_pod_without_a_controller() {
        let pod = times(4..=4, 1..=1);
        let workload = Workload::find("", "Pod").unwrap();
        let controller = ControllerSpec::default();
        let of = |text| {
            let budget: BudgetSpec<'_> = serde_json::from_str(text).unwrap();
            drain(workload, &controller, 2, 1, &[&budget], &pod).unwrap().early
        };
        assert_eq!(of(ONE), End::Never(Why::Refused));
        assert_eq!(of(r#"{"minAvailable": 1}"#), End::Done);
        let course = drain(workload, &controller, 1, 1, &[], &pod).unwrap();
        assert_eq!((course.takes, numbers(&course)), (bounds(1, 1), vec![(1, 1), (0, 0)]));
        assert_eq!(drain(Workload::find("apps", "DaemonSet").unwrap(), &controller, 2, 1, &[], &pod), None);
    }
}
