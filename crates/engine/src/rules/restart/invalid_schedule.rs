//! # What it does
//!
//! Finds a CronJob whose `schedule` or `timeZone` the API server refuses, with what is wrong with it. Which time zones there are is not
//! looked up: only what cannot be the name of one is found.
//!
//! A schedule that is well written and never comes, such as the 30th of February, is warned of, unless the CronJob is suspended: then it
//! is a template for Jobs that somebody makes by hand.
//!
//! # Why it is bad
//!
//! The CronJob is refused when it is applied; in a file that nobody has applied yet, that is late. One that never comes is taken, and no
//! Job is ever made. Only an event `InvalidSchedule` of the CronJob says so.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: CronJob
//! metadata: {name: report}
//! spec:
//!   schedule: "61 4 * * *" # finding
//!   jobTemplate:
//!     spec:
//!       template:
//!         spec:
//!           restartPolicy: Never
//!           containers:
//!           - name: app
//!             image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: CronJob
//! metadata: {name: report}
//! spec:
//!   schedule: "1 4 * * *"
//!   jobTemplate:
//!     spec:
//!       template:
//!         spec:
//!           restartPolicy: Never
//!           containers:
//!           - name: app
//!             image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax>
//! - API server: `validateScheduleFormat`, `validateTimeZone`; `ParseStandard` of robfig/cron v3
//! - CronJob controller: `mostRecentScheduleTime`

use crate::{
    lifecycle::schedule::{ever_comes, time_zone_fault},
    model::Review,
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
    syntax::Path,
};

rule! {
    id: "invalid-schedule",
    summary: "a CronJob's schedule or time zone that the API server refuses, or that never comes",
    level: Deny,
    since: "0.1.0",
    page: "invalid_schedule.rs",
    check: InvalidSchedule {},
    other_levels: [LevelCase::of(Level::Warn, "the schedule never comes", |workload| workload.is("batch", "CronJob"))],
}

impl Check for InvalidSchedule {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.is("batch", "CronJob") {
            return;
        }
        let (schedule, time_zone) = (&review.new.controller.schedule, &review.new.controller.time_zone);
        let at = |field| Path::of(&["spec", field]);
        match ever_comes(schedule) {
            Ok(true) => {}
            // Nothing is to come.
            Ok(false) if review.new.controller.suspend == Some(true) => {}
            Ok(false) => out.at_level(
                Level::Warn,
                at("schedule"),
                format_args!("schedule \"{schedule}\" never comes: no month that it names has such a day or time"),
            ),
            Err(error) => out.at(at("schedule"), format_args!("schedule \"{schedule}\" is not valid: {error}")),
        }
        if let Some((name, fault)) = time_zone.as_deref().and_then(|name| Some((name, time_zone_fault(name)?))) {
            out.at(at("timeZone"), format_args!("timeZone \"{name}\" {fault}"));
        }
    }
}
