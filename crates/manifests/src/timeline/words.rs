//! What happens, in words.

use podgate_engine::lifecycle::timeline::{Bounds, Event, GoesOn, Timeline, What};

use super::time;

/// Something that happens, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub time: Bounds,
    /// The container, or `Pod`.
    pub who: String,
    /// The run of the container that it happens in; the first is 0.
    pub attempt: u32,
    /// What: a verb in the third person and what belongs to it.
    pub what: String,
    /// The function of Kubernetes that does it so, or the field that asks for it.
    pub source: &'static str,
}

impl Told {
    /// Returns the time in words.
    pub fn when(&self) -> String {
        time::show_bounds(&self.time)
    }

    /// Returns what happens, with the run where it is not the first.
    pub fn sentence(&self) -> String {
        if self.attempt == 0 { self.what.clone() } else { format!("{} (run {})", self.what, self.attempt + 1) }
    }
}

/// Returns all that happens, in words.
pub(super) fn told(timeline: &Timeline) -> Vec<Told> {
    let tell = |event: &Event| {
        let who = match event.container {
            Some(index) => timeline.containers.get(index).map_or_else(String::new, |lane| lane.name.clone()),
            None => "Pod".to_owned(),
        };
        Told { time: event.time, who, attempt: event.attempt, what: what(event.what), source: event.source }
    };
    timeline.events.iter().map(tell).collect()
}

fn what(what: What) -> String {
    match what {
        What::Ungated => "has no scheduling gate any more".to_owned(),
        What::Scheduled => "is bound to a node".to_owned(),
        What::Pulls => "begins to pull its image".to_owned(),
        What::Starts => "starts".to_owned(),
        What::HookStarts(hook) => format!("begins its {} hook", hook.field()),
        What::HookEnds(hook) => format!("is done with its {} hook", hook.field()),
        What::HookFails(hook) => format!("fails in its {} hook", hook.field()),
        What::Started => "counts as started".to_owned(),
        What::Ready => "is ready".to_owned(),
        What::NotReady => "is not ready any more".to_owned(),
        What::GivesUp(probe) => format!("is given up by its {}", probe.field()),
        What::Signal { left } => format!("gets its stop signal, with {left}s left"),
        What::Killed => "is killed: it has not ended in time".to_owned(),
        What::Exits(Some(code)) => format!("ends with exit code {code}"),
        What::Exits(None) => "ends; its exit code depends on what is quicker".to_owned(),
        What::BacksOff { seconds } => format!("waits {seconds}s until it is started again"),
        What::RestartsAll => "makes all containers start again".to_owned(),
        What::Resized => "gets other resources while it runs".to_owned(),
        What::Initialized => "is initialized: init containers are done, sidecars started".to_owned(),
        What::PodReady => "is ready, and takes traffic".to_owned(),
        What::PodNotReady => "is not ready".to_owned(),
        What::Phase(phase) => format!("is {}", phase.name()),
        What::DeadlineExceeded => "is past its activeDeadlineSeconds".to_owned(),
        What::Deleted => "is deleted: out of its Services, and stopped".to_owned(),
        What::Gone => "is gone".to_owned(),
    }
}

/// Says why the picture ends before the life does, where it does.
pub(super) fn goes_on(timeline: &Timeline) -> Option<&'static str> {
    timeline.goes_on.map(|goes_on| match goes_on {
        GoesOn::Restarts => "It goes on like this: a container is started again and again.",
        GoesOn::Longer => "It goes on after the end of the picture.",
    })
}
