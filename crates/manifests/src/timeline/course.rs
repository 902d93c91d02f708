//! What the controller of a workload does with its Pods: a rollout, or the run of a Job.

use std::borrow::Cow;

use podgate_engine::{
    lifecycle::{
        restart,
        timeline::{
            Bounds, Phase, Timeline, What,
            workload::{Attempt, Course, End, PodTimes, Worst, drain, job, rollout},
        },
    },
    model::{Object, SelectorView, Template, Workload, object::BudgetSpec},
};

use super::{
    scenario::{Done, ScenarioFile},
    simulated, time,
};

/// What happens to the Pods of a workload, with its story in words.
#[derive(Debug, Clone)]
pub struct Story {
    /// What it is called: `Rollout`, `Job`.
    pub title: &'static str,
    /// The numbers of Pods over time.
    pub course: Course,
    /// Says how long it takes, how it ends, and which moment is the worst: a sentence each.
    pub sentences: Vec<String>,
}

impl Story {
    /// Returns what there is to tell of a workload whose Pods go on as the scenario says: the rollout of a Deployment, a StatefulSet or a
    /// DaemonSet or the run of a Job, and the drain of the node that all its Pods are on, under those of these budgets that select them.
    pub(super) fn all(
        workload: &Workload,
        object: &Object<'_>,
        template: &Template<'_>,
        scenario: &ScenarioFile,
        budgets: &[Cow<'_, str>],
    ) -> Vec<Self> {
        let change = Self::of(workload, object, template, scenario);
        change.into_iter().chain(Self::drain(workload, object, template, scenario, budgets)).collect()
    }

    /// Returns what is counted of its Pods.
    pub(super) fn state(&self) -> &'static str {
        if self.title == "Job" { "active" } else { "available" }
    }

    fn drain(
        workload: &Workload,
        object: &Object<'_>,
        template: &Template<'_>,
        scenario: &ScenarioFile,
        budgets: &[Cow<'_, str>],
    ) -> Option<Self> {
        let kind = Workload::find("policy", "PodDisruptionBudget")?;
        let read: Vec<Object<'_>> = budgets.iter().filter_map(|text| kind.read(text).ok()).collect();
        let labels = &object.pod_metadata(template).labels;
        let selects = |budget: &&BudgetSpec<'_>| {
            let selector = budget.selector.as_ref().and_then(SelectorView::to_selector);
            selector.is_some_and(|selector| selector.matches(labels))
        };
        let budgets: Vec<&BudgetSpec<'_>> =
            read.iter().filter_map(|budget| budget.budget.as_ref()).filter(selects).collect();
        // A drain that nothing holds up is told by the rollout and the stop.
        if budgets.is_empty() {
            return None;
        }
        let replicas = object.controller.replicas.map_or(1, |replicas| u64::try_from(replicas).unwrap_or(0));
        if replicas == 0 {
            return None;
        }
        let times = pod_times(workload, template, scenario)?;
        let course = drain(workload, &object.controller, replicas, replicas, &budgets, &times)?;
        let mut sentences = sentences("Drain", &course);
        sentences.push(format!("all {replicas} Pods are on the node that is drained, as nobody says otherwise"));
        Some(Self { title: "Drain", course, sentences })
    }

    fn of(workload: &Workload, object: &Object<'_>, template: &Template<'_>, scenario: &ScenarioFile) -> Option<Self> {
        let (title, course) = if let Some(whole) = &template.job {
            // What ends by itself is not deleted.
            let (timeline, _) = simulated::run(workload, template, scenario).ok()?;
            let attempt = attempt(&timeline)?;
            let policy = restart::pod_policy(workload, template);
            ("Job", job(&whole.spec, policy, &[attempt], PodTimes::NEVER))
        } else {
            let times = pod_times(workload, template, scenario)?;
            ("Rollout", rollout(workload, &object.controller, &times, &times)?)
        };
        let sentences = sentences(title, &course);
        Some(Self { title, course, sentences })
    }
}

/// Returns how long a Pod takes to be ready, and to be gone once it is deleted.
fn pod_times(workload: &Workload, template: &Template<'_>, scenario: &ScenarioFile) -> Option<PodTimes> {
    let plain = ScenarioFile {
        actions: scenario.actions.iter().filter(|done| done.delete.is_none()).cloned().collect(),
        until: None,
        ..scenario.clone()
    };
    let time_of = |timeline: &Timeline, what: What| {
        timeline.events.iter().find(|event| event.what == what).map(|event| event.time)
    };
    let (alive, _) = simulated::run(workload, template, &plain).ok()?;
    let ready = time_of(&alive, What::PodReady).unwrap_or(PodTimes::NEVER);
    let at = ready.latest.unwrap_or(std::time::Duration::from_secs(3600)) + std::time::Duration::from_secs(60);
    let mut deleted = plain;
    deleted.actions.push(Done::deletion(at));
    let (stopped, _) = simulated::run(workload, template, &deleted).ok()?;
    let gone = time_of(&stopped, What::Gone).map_or(PodTimes::NEVER, |gone| Bounds {
        earliest: gone.earliest.saturating_sub(at),
        latest: gone.latest.map(|latest| latest.saturating_sub(at)),
    });
    Some(PodTimes { ready, gone })
}

/// Returns how the Pod of a Job ends.
fn attempt(timeline: &Timeline) -> Option<Attempt> {
    timeline.events.iter().find_map(|event| match event.what {
        What::Phase(Phase::Succeeded) => Some(Attempt { runs: event.time, code: 0 }),
        What::Phase(Phase::Failed) => Some(Attempt { runs: event.time, code: 1 }),
        _ => None,
    })
}

fn sentences(title: &str, course: &Course) -> Vec<String> {
    let thing = match title {
        "Job" => "the Job",
        "Drain" => "the drain",
        _ => "the rollout",
    };
    let end = |end: End| match end {
        End::Done => "is done".to_owned(),
        End::Failed(failure) => format!("fails ({})", failure.reason()),
        End::Never(why) => format!("never ends: {}", why.words()),
    };
    let mut said = Vec::new();
    if course.early == course.late {
        let takes = match course.early {
            End::Never(_) => String::new(),
            _ => format!(" {}", time::say_bounds(&course.takes)),
        };
        said.push(format!("{thing} {}{takes}", end(course.early)));
    } else {
        said.push(format!("at best {thing} {}, {}", end(course.early), time::say_bounds(&course.takes)));
        said.push(format!("at worst it {}", end(course.late)));
    }
    if let Some(worst) = course.worst {
        said.push(availability(title, course, &worst));
    }
    said.extend(course.assumptions.iter().cloned());
    said
}

/// Says how few Pods are available, and when.
fn availability(title: &str, course: &Course, worst: &Worst) -> String {
    let replicas = course.replicas;
    let is_rollout = title == "Rollout";
    match course.has_available() {
        _ if replicas == 0 => "there are no Pods, as replicas is 0".to_owned(),
        [false, false] => {
            let old = if is_rollout {
                "the old Pods have the same template, and are not ready either"
            } else {
                "the Pods are not ready before the drain either"
            };
            format!("no Pod is available at any time: {old}")
        }
        [true, false] => {
            let which = if is_rollout { ", old or new," } else { "" };
            format!(
                "at worst no Pod is available at any time: whether Pods of this template{which} become ready is not known"
            )
        }
        [_, true] => {
            let from = time::say_bounds(&worst.from);
            let until = worst.until.map_or_else(
                || ", and so it stays".to_owned(),
                |until| format!(", until {}", time::show(until.last())),
            );
            match worst.available {
                available if available < replicas => {
                    format!("at the worst moment {available} of {replicas} Pods are available: {from}{until}")
                }
                _ => format!("all {replicas} Pods stay available"),
            }
        }
    }
}
