//! Who may judge when there is more to judge than there are processors for. Requests then wait where nobody sees it: their
//! bytes have arrived, but the task that would read them, and learn until when its caller waits, has not had its turn. So
//! few judge at a time, and the threads look at what has arrived in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeMetrics};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::fair_queue::{Pool, Turn};
use crate::server::net::peer::{Kind, Peer};

/// How long no thread had nothing to do when there is too much to do; well below the margin that is kept of a request's time.
const BUSY: Duration = Duration::from_millis(100);
/// A judgement that keeps many others waiting for longer than that. Shorter ones, which nearly all are, need no turns.
const LONG: Duration = Duration::from_millis(1);
/// How long one of them is remembered.
const MEMORY: Duration = Duration::from_secs(1);

/// Turns to judge.
#[derive(Debug)]
pub(crate) struct Turns {
    runtime: RuntimeMetrics,
    /// All times are milliseconds since then.
    begin: Instant,
    /// When there was a long judgement; 0 where there was none.
    long: AtomicU64,
    /// How often a thread had nothing to do.
    rests: AtomicU64,
    /// When that was seen to have risen.
    rested: AtomicU64,
    processors: Arc<Pool>,
}

impl Turns {
    /// Those of the runtime that this is called in.
    pub(crate) fn new() -> Self {
        let runtime = Handle::current().metrics();
        Self {
            begin: Instant::now(),
            long: AtomicU64::new(0),
            rests: AtomicU64::new(0),
            rested: AtomicU64::new(0),
            // Those that wait have a place, and are bounded by these.
            processors: Pool::new(Kind::Processor, runtime.num_workers(), usize::MAX),
            runtime,
        }
    }

    /// A judgement took so long.
    pub(crate) fn took(&self, duration: Duration) {
        if duration >= LONG {
            self.long.store(self.now().max(1), Ordering::Relaxed);
        }
    }

    /// Waits for a turn, no longer than to `deadline`, where others are before this one. Costs next to nothing where no
    /// processor is short. The turn ends when it is dropped.
    pub(crate) async fn take(&self, peer: &Arc<Peer>, deadline: Instant) -> Option<Turn> {
        if !self.is_busy() {
            return None;
        }
        let turn = self.processors.take(peer, 0, deadline).await.ok()?;
        // To look at what has arrived.
        yield_now().await;
        Some(turn)
    }

    /// Whether judgements are long, and no thread has had nothing to do for a while.
    fn is_busy(&self) -> bool {
        let long = self.long.load(Ordering::Relaxed);
        if long == 0 {
            return false;
        }
        let now = self.now();
        if now.saturating_sub(long) > milliseconds(MEMORY) {
            self.long.store(0, Ordering::Relaxed);
            return false;
        }
        let rests = (0..self.runtime.num_workers()).map(|worker| self.runtime.worker_park_count(worker)).sum();
        if self.rests.swap(rests, Ordering::Relaxed) != rests {
            self.rested.store(now, Ordering::Relaxed);
            return false;
        }
        now.saturating_sub(self.rested.load(Ordering::Relaxed)) >= milliseconds(BUSY)
    }

    fn now(&self) -> u64 {
        milliseconds(self.begin.elapsed())
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn is_busy_while_its_thread_has_no_rest() {
        let (turns, peer) = (Turns::new(), Arc::default());
        let rest = || tokio::time::sleep(BUSY / 2);
        let work = || std::thread::sleep(BUSY * 2);
        rest().await;
        assert!(!turns.is_busy());
        work();
        assert!(!turns.is_busy(), "nothing took long");
        turns.took(LONG);
        rest().await;
        assert!(!turns.is_busy());
        work();
        assert!(turns.is_busy());
        let turn = turns.take(&peer, Instant::now() + BUSY).await;
        assert!(turn.is_some());
        // A single thread has one turn to give, and may have rested to give it.
        turns.is_busy();
        work();
        assert!(turns.is_busy());
        let begin = Instant::now();
        assert!(turns.take(&peer, begin + BUSY).await.is_none() && begin.elapsed() >= BUSY);
        drop(turn);
        rest().await;
        assert!(!turns.is_busy() && turns.take(&peer, begin).await.is_none());
    }
}
