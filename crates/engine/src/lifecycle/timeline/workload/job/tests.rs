use super::*;
use crate::{
    lifecycle::timeline::workload::tests::{bounds, created, seconds},
    model::Workload,
};

fn of(spec: &str, policy: &str, attempts: &[(u64, i64)]) -> Course {
    let attempts: Vec<Attempt> =
        attempts.iter().map(|(runs, code)| Attempt { runs: bounds(*runs, *runs), code: *code }).collect();
    with_gone(spec, policy, &attempts, bounds(1, 1))
}

fn with_gone(spec: &str, policy: &str, attempts: &[Attempt], gone: Bounds) -> Course {
    let text = format!(r#"{{"spec": {{{spec}{}"template": {{}}}}}}"#, if spec.is_empty() { "" } else { ", " });
    let object = Workload::find("batch", "Job").unwrap().read(&text).unwrap();
    job(&object.templates[0].job.as_ref().unwrap().spec, policy, attempts, gone)
}

fn fails(failure: Failure) -> (End, End) {
    (End::Failed(failure), End::Failed(failure))
}

fn ends(course: &Course) -> (End, End) {
    (course.early, course.late)
}

#[test]
fn completes() {
    let course = of("", "Never", &[(5, 0)]);
    assert_eq!((ends(&course), course.takes), ((End::Done, End::Done), bounds(5, 7)));
    let course = of(r#""completions": 5, "parallelism": 2"#, "Never", &[(5, 0)]);
    assert_eq!(created(&course).iter().map(|(time, _)| *time).collect::<Vec<_>>(), [0, 0, 5, 5, 10]);
    assert_eq!(course.takes, bounds(15, 21));
    // Of a queue it is not said how many shall succeed: one does, and no other is made.
    let course = of(r#""parallelism": 3"#, "Never", &[(5, 0)]);
    assert_eq!((created(&course).len(), course.takes), (3, bounds(5, 7)));
}

#[test]
fn backs_off_between_pods() {
    let course = of(r#""backoffLimit": 3"#, "Never", &[(2, 1)]);
    assert_eq!(ends(&course), fails(Failure::BackoffLimitExceeded));
    // 2 + 10 + 2 + 20 + 2 + 40 + 2; whole seconds are cut off, and the controller looks two seconds late at the last end.
    let times: Vec<(u64, u64)> = course
        .events
        .iter()
        .filter(|event| event.what == What::Created)
        .map(|event| (event.time.earliest.as_secs(), event.time.latest.unwrap().as_secs()))
        .collect();
    assert_eq!(times, [(0, 0), (11, 12), (32, 34), (73, 76)]);
    assert_eq!(course.takes, bounds(75, 80));
    let course = of("", "Never", &[(2, 1)]);
    assert_eq!(course.events.iter().filter(|event| event.what == What::PodFailed).count(), 7);
}

#[test]
fn a_later_attempt_may_succeed() {
    let course = of("", "Never", &[(2, 1), (2, 3), (4, 0)]);
    assert_eq!((ends(&course), course.takes), ((End::Done, End::Done), bounds(36, 40)));
    assert_eq!(
        of(r#""backoffLimit": 1"#, "Never", &[(2, 1), (2, 1), (4, 0)]).early,
        fails(Failure::BackoffLimitExceeded).0
    );
}

#[test]
fn restarts_count_where_the_pod_restarts() {
    // The limit is reached by the restart itself, before its end.
    let course = of(r#""backoffLimit": 1"#, "OnFailure", &[(2, 1)]);
    assert_eq!((ends(&course), course.takes), (fails(Failure::BackoffLimitExceeded), bounds(3, 9)));
    assert_eq!(course.events.iter().filter(|event| event.what == What::Restarted).count(), 1);
    // 0 is as 1.
    assert_eq!(
        ends(&of(r#""backoffLimit": 0"#, "OnFailure", &[(2, 1), (60, 0)])),
        fails(Failure::BackoffLimitExceeded)
    );
    let course = of(r#""backoffLimit": 2"#, "OnFailure", &[(2, 1), (2, 0)]);
    assert_eq!((ends(&course), course.takes), ((End::Done, End::Done), bounds(4, 8)));
}

#[test]
fn deadlines() {
    let course = of(r#""activeDeadlineSeconds": 30"#, "Never", &[(60, 0)]);
    assert_eq!((ends(&course), course.takes), (fails(Failure::DeadlineExceeded), bounds(30, 33)));
    let fail = course.events.iter().find(|event| event.what == What::Fails(Failure::DeadlineExceeded)).unwrap();
    assert_eq!(fail.time, bounds(29, 30));
    let course = of(r#""activeDeadlineSeconds": 0"#, "Never", &[(60, 0)]);
    assert_eq!((created(&course), course.takes), (vec![], bounds(0, 0)));
    let slow = [Attempt { runs: bounds(10, 60), code: 0 }];
    let course = with_gone(r#""activeDeadlineSeconds": 30"#, "Never", &slow, bounds(1, 1));
    assert_eq!(ends(&course), (End::Done, End::Failed(Failure::DeadlineExceeded)));
}

#[test]
fn each_index_has_its_own_limit() {
    let spec = r#""completions": 2, "parallelism": 2, "completionMode": "Indexed", "backoffLimitPerIndex": 1"#;
    let course = of(spec, "Never", &[(2, 1), (2, 1)]);
    assert_eq!((ends(&course), course.takes), (fails(Failure::FailedIndexes), bounds(13, 16)));
    let failed = course.events.iter().filter(|event| event.what == What::IndexFailed).map(|event| event.slot);
    assert_eq!(failed.collect::<Vec<_>>(), [Some(0), Some(1)]);
    // One at a time: the index in its back-off holds the place.
    let one = spec.replace(r#""parallelism": 2"#, r#""parallelism": 1"#);
    let slots = |course: &Course| {
        let made = course.events.iter().filter(|event| event.what == What::Created);
        made.map(|event| event.slot.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(slots(&of(&one, "Never", &[(2, 1), (2, 0)])), [0, 0, 1, 1]);
    let most = format!(r#"{one}, "maxFailedIndexes": 0"#);
    assert_eq!(ends(&of(&most, "Never", &[(2, 1)])), fails(Failure::MaxFailedIndexesExceeded));
}

#[test]
fn restarts_that_nobody_counts() {
    let spec = r#""completions": 1, "completionMode": "Indexed", "backoffLimitPerIndex": 0"#;
    let course = of(spec, "OnFailure", &[(1, 1)]);
    assert_eq!(ends(&course), (End::Never(Why::Restarts), End::Never(Why::Restarts)));
    assert!(course.events.len() < 20);
    let limited = format!(r#"{spec}, "activeDeadlineSeconds": 4000"#);
    assert_eq!(ends(&of(&limited, "OnFailure", &[(1, 1)])), fails(Failure::DeadlineExceeded));
}

#[test]
fn what_never_ends() {
    let never = [Attempt { runs: PodTimes::NEVER, code: 0 }];
    assert_eq!(with_gone("", "Never", &never, bounds(1, 1)).late, End::Never(Why::DoesNotEnd));
    assert_eq!(with_gone(r#""suspend": true"#, "Never", &never, bounds(1, 1)).late, End::Never(Why::Paused));
    assert_eq!(of(r#""parallelism": 0"#, "Never", &[(1, 0)]).early, End::Never(Why::Paused));
    let stays = with_gone(r#""activeDeadlineSeconds": 3"#, "Never", &never, PodTimes::NEVER);
    assert_eq!((stays.late, stays.takes.latest), (End::Never(Why::NotGone), None));
    assert!(stays.until >= seconds(3) && stays.worst.is_none());
}

#[test]
fn successes_end_the_back_off() {
    // Two at a time, of which each fails once.
    let course = of(r#""completions": 4, "parallelism": 2"#, "Never", &[(2, 1), (1, 0)]);
    assert_eq!(ends(&course), (End::Done, End::Done));
    let early: Vec<u64> = created(&course).iter().map(|(time, _)| *time).collect();
    assert_eq!(early, [0, 0, 21, 21, 22, 22, 43, 43]);
}
