//! Limits concurrent reviews to the number of processors, while these are short.
//!
//! Mechanism: the runtime counts how often each of its threads parks, which it does when there is nothing to do. If none has
//! parked for [`BUSY`] although reviews take long, a review waits for a permit, and then yields once.
//!
//! Reason: without a limit, requests wait where nobody sees it. Their bytes have arrived, but the task that would read them,
//! and learn until when its caller waits, is not polled. With few reviews at a time the threads look at what has arrived in
//! between, and refuse in time what comes too late. The count is that of
//! <https://docs.rs/tokio/latest/tokio/runtime/struct.RuntimeMetrics.html#method.worker_park_count>.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeMetrics};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::fair_queue::{FairQueue, Permit};
use crate::server::net::peer::{Peer, QueueKind};

/// Processors are short when no thread was idle for this long; well below the margin that is kept of a request's time.
const BUSY: Duration = Duration::from_millis(100);
/// Reviews of at least this duration keep others waiting. Shorter ones, which nearly all are, need no limit.
const LONG: Duration = Duration::from_millis(1);
/// A long review is remembered for this long.
const MEMORY: Duration = Duration::from_secs(1);

/// Limits concurrent reviews to the number of processors while these are short.
#[derive(Debug)]
pub(crate) struct ProcessorLimit {
    runtime: RuntimeMetrics,
    /// All times are milliseconds since then.
    begin: Instant,
    /// Time of the last long review; 0 where there was none.
    long: AtomicU64,
    /// Number of times that a thread became idle, as seen last.
    rests: AtomicU64,
    /// Time at which that number was seen to have risen.
    rested: AtomicU64,
    processors: Arc<FairQueue>,
}

impl ProcessorLimit {
    /// Returns the limit for the runtime that this is called in.
    pub(crate) fn new() -> Self {
        let runtime = Handle::current().metrics();
        Self {
            begin: Instant::now(),
            long: AtomicU64::new(0),
            rests: AtomicU64::new(0),
            rested: AtomicU64::new(0),
            // Those that wait have a place, and are bounded by these.
            processors: FairQueue::new(QueueKind::Processors, runtime.num_workers(), usize::MAX),
            runtime,
        }
    }

    /// Records the duration of a review.
    pub(crate) fn record(&self, duration: Duration) {
        if duration >= LONG {
            self.long.store(self.now().max(1), Ordering::Relaxed);
        }
    }

    /// Waits for a permit, no longer than to `deadline`, where others are before this one. Costs next to nothing where no
    /// processor is short. The permit ends when it is dropped.
    pub(crate) async fn acquire(&self, peer: &Arc<Peer>, deadline: Instant) -> Option<Permit> {
        if !self.is_busy() {
            return None;
        }
        let permit = self.processors.acquire(peer, 0, deadline).await.ok()?;
        // To look at what has arrived.
        yield_now().await;
        Some(permit)
    }

    /// Returns whether reviews are long and no thread has been idle for a while.
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
        let (limit, peer) = (ProcessorLimit::new(), Arc::default());
        let rest = || tokio::time::sleep(BUSY / 2);
        let work = || std::thread::sleep(BUSY * 2);
        rest().await;
        assert!(!limit.is_busy());
        work();
        assert!(!limit.is_busy(), "no review took long");
        limit.record(LONG);
        rest().await;
        assert!(!limit.is_busy());
        work();
        assert!(limit.is_busy());
        let permit = limit.acquire(&peer, Instant::now() + BUSY).await;
        assert!(permit.is_some());
        // A single thread has one permit to give, and may have rested to give it.
        limit.is_busy();
        work();
        assert!(limit.is_busy());
        let begin = Instant::now();
        assert!(limit.acquire(&peer, begin + BUSY).await.is_none() && begin.elapsed() >= BUSY);
        drop(permit);
        rest().await;
        assert!(!limit.is_busy() && limit.acquire(&peer, begin).await.is_none());
    }
}
