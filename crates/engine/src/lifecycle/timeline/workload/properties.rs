//! What holds of every course.

use proptest::prelude::*;

use super::{tests::*, *};
use crate::{
    lifecycle::{
        disruption::desired_healthy,
        rollout::{node_by_node, rolling_update},
    },
    model::object::{BudgetSpec, JobSpec},
};

fn pod() -> impl Strategy<Value = PodTimes> {
    (0..20u64, 0..20u64, 0..20u64, 0..20u64)
        .prop_map(|(ready, more, gone, longer)| times(ready..=ready + more, gone..=gone + longer))
}

/// A number or a percentage that is not 0.
fn some() -> impl Strategy<Value = String> {
    prop_oneof![
        (1..6u8).prop_map(|number| number.to_string()),
        (1..=100u8).prop_map(|percent| format!(r#""{percent}%""#))
    ]
}

fn any_number() -> impl Strategy<Value = String> {
    prop_oneof![Just("0".to_owned()), Just(r#""0%""#.to_owned()), some()]
}

/// The same with times that are known: all as early, and all as late as can be.
fn known(pod: &PodTimes, late: bool) -> PodTimes {
    let at = |bounds: Bounds| Bounds::at(if late { bounds.latest.unwrap() } else { bounds.earliest });
    PodTimes { ready: at(pod.ready), gone: at(pod.gone) }
}

/// Holds the numbers of each step against their bounds, and what both runs have against runs of their own.
fn holds(
    kind: &str,
    spec: &str,
    count: u64,
    (old, new): (&PodTimes, &PodTimes),
    limits: impl Fn(&Workload, &ControllerSpec<'_>) -> (i64, i64),
) {
    let of = |old: &PodTimes, new: &PodTimes| {
        with(kind, spec, |workload, controller| course(workload, controller, count, old, new)).unwrap()
    };
    let (surge, unavailable) = with(kind, spec, limits);
    let found = of(old, new);
    assert_eq!((found.early, found.late), (End::Done, End::Done), "{found:#?}");
    let (least, most) = (count.saturating_sub(unavailable.unsigned_abs()), count + surge.unsigned_abs());
    for step in &found.steps {
        assert!(step.available >= least && step.total <= most, "{step:?} of {found:#?}");
    }
    assert!(found.worst.unwrap().available >= least);
    let ends = |step: Option<&Step>| step.map(|step| (step.total, step.available, step.ending));
    assert_eq!((ends(found.steps.first()).unwrap().0, ends(found.steps.last()).unwrap().1), (count, count));
    let (early, late) = (of(&known(old, false), &known(new, false)), of(&known(old, true), &known(new, true)));
    assert_eq!((Some(found.takes.earliest), found.takes.latest), (Some(early.takes.earliest), late.takes.latest));
    assert!(late.takes.latest >= Some(early.takes.earliest));
    for what in [What::Created, What::Available, What::Gone] {
        let pods = |revision| {
            let events = found.events.iter().filter(move |event| event.what == what && event.revision == revision);
            events.map(|event| event.pods).sum::<u64>()
        };
        let expected = if what == What::Gone { (count, 0) } else { (0, count) };
        assert_eq!((pods(Revision::Old), pods(Revision::New)), expected, "{what:?} of {found:#?}");
    }
    let is_possible = |time: &Bounds| time.latest.is_some_and(|latest| latest >= time.earliest);
    assert!(
        found.events.iter().filter(|event| event.what != What::DeadlineExceeded).all(|event| is_possible(&event.time))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn deployments(
        count in 0..30u64, surge in any_number(), unavailable in any_number(), settles in 0..9u8, old in pod(), new in pod()
    ) {
        let spec = format!(
            r#"{{"minReadySeconds": {settles}, "strategy": {{"rollingUpdate": {{"maxSurge": {surge}, "maxUnavailable": {unavailable}}}}}}}"#
        );
        holds("Deployment", &spec, count, (&old, &new), |workload, controller| {
            let at_once = rolling_update(workload, controller).unwrap().at_once(i64::try_from(count).unwrap()).unwrap();
            (at_once.surge, at_once.unavailable)
        });
    }

    #[test]
    fn recreated(count in 0..30u64, old in pod(), new in pod()) {
        let spec = r#"{"strategy": {"type": "Recreate"}}"#;
        holds("Deployment", spec, count, (&old, &new), |_, _| (0, i64::try_from(count).unwrap()));
    }

    #[test]
    fn stateful_sets(
        count in 0..20u64, parallel: bool, unavailable in some(), settles in 0..9u8, old in pod(), new in pod()
    ) {
        let policy = if parallel { "Parallel" } else { "OrderedReady" };
        let spec = format!(
            r#"{{"minReadySeconds": {settles}, "podManagementPolicy": "{policy}", "updateStrategy": {{"rollingUpdate": {{"maxUnavailable": {unavailable}}}}}}}"#
        );
        holds("StatefulSet", &spec, count, (&old, &new), |workload, controller| {
            let at_once = rolling_update(workload, controller).unwrap().at_once(i64::try_from(count).unwrap()).unwrap();
            (0, at_once.unavailable)
        });
    }

    #[test]
    fn daemon_sets(
        count in 0..20u64, surges: bool, number in some(), settles in 0..9u8, old in pod(), new in pod()
    ) {
        let (surge, unavailable) = if surges { (number.as_str(), "0") } else { ("0", number.as_str()) };
        let spec = format!(
            r#"{{"minReadySeconds": {settles}, "updateStrategy": {{"rollingUpdate": {{"maxSurge": {surge}, "maxUnavailable": {unavailable}}}}}}}"#
        );
        holds("DaemonSet", &spec, count, (&old, &new), |workload, controller| {
            let at_once = node_by_node(workload, controller, i64::try_from(count).unwrap()).unwrap();
            (at_once.surge, at_once.unavailable)
        });
    }

    #[test]
    fn drains(
        count in 1..20u64, on_node in 1..20u64, stateful: bool, number in any_number(), is_least: bool, pod in pod()
    ) {
        let field = if is_least { "minAvailable" } else { "maxUnavailable" };
        let text = format!(r#"{{"{field}": {number}}}"#);
        let budget: BudgetSpec<'_> = serde_json::from_str(&text).unwrap();
        let kind = if stateful { "StatefulSet" } else { "Deployment" };
        let found = with(kind, "{}", |workload, controller| drain(workload, controller, count, on_node, &[&budget], &pod)).unwrap();
        let desired = desired_healthy(&budget, i64::try_from(count).unwrap()).unwrap().unsigned_abs();
        let ends = if desired >= count { End::Never(Why::Refused) } else { End::Done };
        prop_assert_eq!((found.early, found.late), (ends, ends));
        for step in &found.steps {
            prop_assert!(step.available >= desired.min(count) && step.total <= count, "{:#?}", found);
        }
        prop_assert_eq!(found.steps.last().unwrap().available, count);
    }

    #[test]
    fn jobs(
        completions in proptest::option::of(1..12i64),
        parallelism in proptest::option::of(1..5i64),
        limit in proptest::option::of(0..5i64),
        per_index in proptest::option::of(0..3i64),
        deadline in proptest::option::of(1..300i64),
        restarts: bool,
        attempts in proptest::collection::vec((0..20u64, 0..20u64, 0..2i64), 1..5),
    ) {
        let attempts: Vec<Attempt> =
            attempts.into_iter().map(|(runs, more, code)| Attempt { runs: bounds(runs, runs + more), code }).collect();
        let per_index = per_index.filter(|_| completions.is_some());
        let text = serde_json::json!({
            "completions": completions,
            "parallelism": parallelism,
            "backoffLimit": limit,
            "backoffLimitPerIndex": per_index,
            "activeDeadlineSeconds": deadline,
            "completionMode": if per_index.is_some() { "Indexed" } else { "NonIndexed" },
        });
        let text = text.to_string();
        let spec: JobSpec<'_> = serde_json::from_str(&text).unwrap();
        let policy = if restarts { "OnFailure" } else { "Never" };
        let found = job(&spec, policy, &attempts, bounds(1, 2));
        let fails_for_ever = attempts.last().unwrap().code != 0;
        let is_endless = |end| end == End::Never(Why::Restarts);
        let may_be_endless = restarts && fails_for_ever && limit.is_none() && per_index.is_some() && deadline.is_none();
        for end in [found.early, found.late] {
            prop_assert!(!matches!(end, End::Never(_)) || may_be_endless && is_endless(end), "{:?}", found);
        }
        let most = parallelism.unwrap_or(1).min(completions.unwrap_or(i64::MAX)).unsigned_abs();
        prop_assert!(found.steps.iter().all(|step| step.total <= most));
        let count = |what| found.events.iter().filter(|event| event.what == what).map(|event| event.pods).sum::<u64>();
        if found.early == End::Done && found.late == End::Done && completions.is_some() {
            prop_assert_eq!(count(What::Succeeded), completions.unwrap().unsigned_abs());
        }
        if per_index.is_none() {
            prop_assert!(count(What::PodFailed) <= limit.unwrap_or(6).unsigned_abs() + most);
        }
    }
}

#[test]
fn a_thousand_pods_are_cheap() {
    let pod = times(1..=2, 1..=2);
    let one = r#""rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}"#;
    for (kind, spec) in [
        ("Deployment", format!(r#"{{"strategy": {{{one}}}}}"#)),
        ("DaemonSet", format!(r#"{{"updateStrategy": {{{one}}}}}"#)),
        ("DaemonSet", "{}".to_owned()),
        ("StatefulSet", "{}".to_owned()),
    ] {
        let started = std::time::Instant::now();
        let found = with(kind, &spec, |workload, controller| course(workload, controller, 1000, &pod, &pod)).unwrap();
        assert_eq!((found.early, found.late), (End::Done, End::Done), "{kind}");
        assert!(found.events.len() <= 5_001 && found.steps.len() <= 3_001, "{kind}: {}", found.events.len());
        // It takes a fraction of that; a cost that grows with the square of what happens would not.
        assert!(started.elapsed().as_secs() < 20, "{kind}");
    }
}

#[test]
fn what_is_beyond_the_bounds_is_said() {
    let pod = times(1..=2, 1..=2);
    let found =
        with("Deployment", "{}", |workload, controller| course(workload, controller, 2_000_000_000, &pod, &pod))
            .unwrap();
    assert_eq!((found.replicas, found.assumptions.len()), (MAX_PODS, 1));
    // Longer than is looked: each Pod takes a day.
    let slow = times(86_400..=86_400, 1..=1);
    let found =
        with("StatefulSet", "{}", |workload, controller| course(workload, controller, 60, &slow, &slow)).unwrap();
    assert_eq!((found.early, found.late), (End::Never(Why::Longer), End::Never(Why::Longer)));
    assert!(found.until <= HORIZON && found.takes.latest.is_none());
}

#[test]
fn the_controllers_are_told_apart() {
    let pod = times(1..=2, 1..=2);
    let of = |kind| with(kind, r#"{"replicas": 4}"#, |workload, controller| rollout(workload, controller, &pod, &pod));
    for (kind, count) in [("Deployment", 4), ("StatefulSet", 4), ("DaemonSet", DEFAULT_NODES)] {
        assert_eq!(of(kind).unwrap().replicas, count);
    }
    assert_eq!(of("ReplicaSet"), None);
    let unsaid = with("Deployment", "{}", |workload, controller| rollout(workload, controller, &pod, &pod)).unwrap();
    assert_eq!((unsaid.replicas, unsaid.assumptions.len()), (1, 1));
    let wrong = r#"{"strategy": {"rollingUpdate": {"maxSurge": "many"}}}"#;
    assert_eq!(with("Deployment", wrong, |workload, controller| rollout(workload, controller, &pod, &pod)), None);
}
