//! What tests of simulations share.

use std::{ops::RangeInclusive, time::Duration};

use super::{
    course::{Course, Event, What},
    given::PodTimes,
};
use crate::{
    lifecycle::timeline::Bounds,
    model::{Workload, object::ControllerSpec},
};

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn bounds(earliest: u64, latest: u64) -> Bounds {
    Bounds { earliest: seconds(earliest), latest: Some(seconds(latest)) }
}

pub(super) fn times(ready: RangeInclusive<u64>, gone: RangeInclusive<u64>) -> PodTimes {
    PodTimes { ready: bounds(*ready.start(), *ready.end()), gone: bounds(*gone.start(), *gone.end()) }
}

pub(super) fn with<T>(kind: &str, spec: &str, what: impl Fn(&Workload, &ControllerSpec<'_>) -> T) -> T {
    let workload = Workload::find("apps", kind).unwrap();
    let text = format!(r#"{{"spec": {spec}}}"#);
    what(workload, &workload.read(&text).unwrap().controller)
}

/// The total and the available Pods of each step.
pub(super) fn numbers(course: &Course) -> Vec<(u64, u64)> {
    course.steps.iter().map(|step| (step.total, step.available)).collect()
}

/// When Pods are created at the earliest, and how many.
pub(super) fn created(course: &Course) -> Vec<(u64, u64)> {
    let is = |event: &&Event| event.what == What::Created;
    course.events.iter().filter(is).map(|event| (event.time.earliest.as_secs(), event.pods)).collect()
}
