//! The life of a Pod, as it comes out: what happens, and what follows from it.

use std::time::Duration;

use super::event::{Bounds, Event, Probe};
use crate::lifecycle::stages::Role;

/// The life of a Pod.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// The containers, in the order in which they start.
    pub containers: Vec<Lane>,
    /// What happens, in the order of its earliest times.
    pub events: Vec<Event>,
    /// Until when was looked.
    pub until: Duration,
    /// Says why it goes on after that, where it does.
    pub goes_on: Option<GoesOn>,
    /// Says what is assumed, because neither manifest nor scenario tells.
    pub assumptions: Vec<String>,
}

/// A container of a [`Timeline`].
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// Says what part it plays.
    pub role: Role,
    /// Its index in its own list.
    pub index: usize,
    /// The times when it runs, one for each run.
    pub runs: Vec<Interval>,
    /// The times when it is ready.
    pub ready: Vec<Interval>,
    /// How long each of its probes lets it fail.
    pub windows: Vec<Window>,
}

/// A time in which something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// When it begins.
    pub from: Bounds,
    /// When it ends. `None`: not while was looked.
    pub to: Option<Bounds>,
}

/// From when a probe is asked in a run, and when it ends the container that never answers well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The probe.
    pub probe: Probe,
    /// The run of the container.
    pub attempt: u32,
    /// From when it may be asked.
    pub from: Bounds,
    /// When it gives up, if it never succeeds. `None`: never, as a readiness probe.
    pub gives_up: Option<Bounds>,
}

/// Why a timeline goes on after its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoesOn {
    /// A container is started again and again.
    Restarts,
    /// It was not looked any further.
    Longer,
}
