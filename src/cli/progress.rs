//! A progress bar on stderr, for what takes longer than one looks away.

use std::{
    io::{self, IsTerminal},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Before that nothing is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// Counts what is done, and shows it once it has taken a second. Silent where stderr is no terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    done: AtomicUsize,
    began: Instant,
    shown: bool,
}

impl Progress {
    pub(super) fn new(steps: usize, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent}% {eta} left") {
            bar.set_style(style);
        }
        Self { bar, done: AtomicUsize::new(0), began: Instant::now(), shown: !quiet && io::stderr().is_terminal() }
    }

    /// So many more steps are done.
    pub(super) fn advance(&self, steps: usize) {
        let done = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        if self.shown && self.began.elapsed() > PATIENCE {
            if self.bar.is_hidden() {
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            self.bar.set_position(done as u64);
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
