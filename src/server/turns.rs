//! Who may judge when there is more to judge than there are processors for. Requests then wait where nobody sees it: their
//! bytes have arrived, but the task that would read them, and learn until when its caller waits, has not had its turn. So
//! few judge at a time, and the threads look at what has arrived in between.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeMetrics};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

/// How long no thread had nothing to do when there is too much to do; well below the margin that is kept of a request's time.
const BUSY: Duration = Duration::from_millis(100);

/// Turns to judge.
#[derive(Debug)]
pub(super) struct Turns {
    runtime: RuntimeMetrics,
    begin: Instant,
    /// How often a thread had nothing to do.
    rests: AtomicU64,
    /// Milliseconds from `begin` to when that was seen to have risen.
    rested: AtomicU64,
    turns: Semaphore,
}

impl Turns {
    /// Those of the runtime that this is called in.
    pub(super) fn new() -> Self {
        let runtime = Handle::current().metrics();
        Self {
            begin: Instant::now(),
            rests: AtomicU64::new(0),
            rested: AtomicU64::new(0),
            turns: Semaphore::new(runtime.num_workers()),
            runtime,
        }
    }

    /// Waits for a turn, no longer than to `deadline`, where others are before this one. Costs next to nothing where no
    /// processor is short. The turn ends when it is dropped.
    pub(super) async fn take(&self, deadline: Instant) -> Option<SemaphorePermit<'_>> {
        if !self.is_busy() {
            return None;
        }
        // The semaphore is never closed.
        let turn = timeout_at(deadline, self.turns.acquire()).await.ok()?.ok()?;
        // To look at what has arrived.
        yield_now().await;
        Some(turn)
    }

    /// Whether no thread has had nothing to do for a while.
    fn is_busy(&self) -> bool {
        let rests = (0..self.runtime.num_workers()).map(|worker| self.runtime.worker_park_count(worker)).sum();
        let now = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        if self.rests.load(Ordering::Relaxed) != rests {
            self.rests.store(rests, Ordering::Relaxed);
            self.rested.store(now, Ordering::Relaxed);
            return false;
        }
        u128::from(now.saturating_sub(self.rested.load(Ordering::Relaxed))) >= BUSY.as_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn is_busy_while_its_thread_has_no_rest() {
        let turns = Turns::new();
        tokio::time::sleep(BUSY * 2).await;
        assert!(!turns.is_busy());
        std::thread::sleep(BUSY * 2);
        assert!(turns.is_busy());
        let deadline = Instant::now() + BUSY;
        let turn = turns.take(deadline).await;
        assert!(turn.is_some());
        std::thread::sleep(BUSY * 2);
        // Of a single thread's one turn there is none left.
        assert!(turns.take(Instant::now() + BUSY).await.is_none() && turns.take(deadline).await.is_none());
        drop(turn);
        tokio::time::sleep(BUSY * 2).await;
        assert!(!turns.is_busy() && turns.take(deadline).await.is_none());
    }
}
