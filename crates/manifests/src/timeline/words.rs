//! Times and events in words.

use std::time::Duration;

use podgate_engine::lifecycle::timeline::{Bounds, Event, GoesOn, Hook, Timeline, What};

/// A time: `12 s`, `1.5 s`, `2 min 5 s`, `1 h 20 min`.
pub(super) fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    match (hours, minutes, rest) {
        (0, 0..2, _) if time.subsec_millis() >= 100 => format!("{whole}.{} s", time.subsec_millis() / 100),
        (0, 0..2, _) => format!("{whole} s"),
        (0, _, 0) => format!("{minutes} min"),
        (0, ..) => format!("{minutes} min {rest} s"),
        (_, 0, _) => format!("{hours} h"),
        _ => format!("{hours} h {minutes} min"),
    }
}

/// Bounds: `12 s`, `12 s to 40 s`, `from 12 s, or never`.
pub(super) fn bounds(bounds: Bounds) -> String {
    match bounds.latest {
        Some(latest) if latest == bounds.earliest => seconds(latest),
        Some(latest) => format!("{} to {}", seconds(bounds.earliest), seconds(latest)),
        None => format!("from {}, or never", seconds(bounds.earliest)),
    }
}

/// What happens, in words, with the container's name.
pub(super) fn event(timeline: &Timeline, event: &Event) -> String {
    let name = event.container.and_then(|index| timeline.containers.get(index)).map_or("the Pod", |lane| &lane.name);
    let again = if event.attempt > 0 { format!(" (run {})", event.attempt + 1) } else { String::new() };
    let hook = |hook: Hook| hook.field();
    let text = match event.what {
        What::Ungated => "its last scheduling gate is removed".to_owned(),
        What::Scheduled => "is bound to a node".to_owned(),
        What::Pulls => "its image is pulled".to_owned(),
        What::Starts => format!("starts{again}"),
        What::HookStarts(which) => format!("its {} hook begins", hook(which)),
        What::HookEnds(which) => format!("its {} hook is over", hook(which)),
        What::HookFails(which) => format!("its {} hook fails or is cut off", hook(which)),
        What::Started => "counts as started".to_owned(),
        What::Ready => "is ready".to_owned(),
        What::NotReady => "is not ready any more".to_owned(),
        What::GivesUp(probe) => format!("its {} gives it up", probe.field()),
        What::Signal { left } => format!("gets its stop signal, {left} s before it is killed"),
        What::Killed => "is killed".to_owned(),
        What::Exits(code) => format!("ends with {code}"),
        What::BacksOff { seconds } => format!("waits {seconds} s before it is started again"),
        What::RestartsAll => "its rule restarts all containers".to_owned(),
        What::Resized => "is resized while it runs".to_owned(),
        What::Initialized => "is initialized: its apps may start".to_owned(),
        What::PodReady => "is ready: it takes traffic".to_owned(),
        What::PodNotReady => "is not ready".to_owned(),
        What::Phase(phase) => format!("is {}", phase.name()),
        What::DeadlineExceeded => "is past its activeDeadlineSeconds".to_owned(),
        What::Deleted => "is deleted: it takes no new traffic".to_owned(),
        What::Gone => "is gone".to_owned(),
    };
    format!("{name} {text}")
}

/// Returns whether an event is worth a line of its own: what follows from another at the same time is not.
pub(super) fn is_worth_a_line(event: &Event) -> bool {
    !matches!(event.what, What::Started | What::Initialized | What::NotReady | What::Scheduled)
}

/// Says why it goes on after the end of what is shown.
pub(super) fn goes_on(timeline: &Timeline) -> Option<String> {
    Some(match timeline.goes_on? {
        GoesOn::Restarts => "it goes on like this: a container is started again and again".to_owned(),
        GoesOn::Longer => format!("it goes on after {}, until which was looked", seconds(timeline.until)),
    })
}
