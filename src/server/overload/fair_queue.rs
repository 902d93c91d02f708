//! Gives permits, of which there are fewer than requests: for reviews of small bodies, for processors, and for the threads and
//! the memory of large bodies, which are judged on threads of their own, so that those that accept connections never wait.
//!
//! Mechanism: each address and each connection remembers the number of its last permit. The next permit goes to the waiter
//! whose address, and then whose connection, has the lowest one; equal ones keep the order in which they came. Where too many
//! wait, the connection with the most waiters loses its last one.
//!
//! Reason: with first come, first served, one client with a thousand requests delays all others by a thousand reviews. This is
//! fair queuing by source, without weights; an address only orders and never excludes, because several clients may share one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::partition::Overloaded;
use crate::server::net::peer::{Peer, QueueKind};
use crate::server::options::Limits;

/// Factor by which a body may grow while it is judged: the structs that are read of it, findings, the answer.
/// `tests/growth` fails where it is more; the engine bounds what all of it may be.
pub(crate) const GROWTH: usize = 64;
/// Addresses that are remembered.
const MAX_ADDRESSES: usize = 4096;

/// Gives permits, no more at a time than it has, and fairly among addresses and connections.
#[derive(Debug)]
pub(crate) struct FairQueue {
    kind: QueueKind,
    max_running: usize,
    max_bytes: usize,
    max_waiting: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    bytes: usize,
    permits: u64,
    /// The number of the last permit of each address.
    last_permits: HashMap<IpAddr, u64>,
    /// In the order in which they came.
    waiting: Vec<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    peer: Arc<Peer>,
    bytes: usize,
    /// Dropped, it tells that there will be no permit.
    start: oneshot::Sender<Permit>,
}

/// A permit, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    queue: Arc<FairQueue>,
    bytes: usize,
}

impl FairQueue {
    /// Returns a queue that gives `max_running` permits at a time, and in which `max_waiting` requests wait.
    pub(crate) fn new(kind: QueueKind, max_running: usize, max_waiting: usize) -> Arc<Self> {
        Arc::new(Self { kind, max_running, max_bytes: usize::MAX, max_waiting, state: Mutex::default() })
    }

    /// Returns the queue of large bodies: [`Limits::threads`], and half of [`Limits::max_bytes`] for what they become.
    pub(crate) fn large(limits: &Limits) -> Arc<Self> {
        let max_bytes = limits.max_bytes / 2;
        // Those that wait are bounded by their bytes.
        Arc::new(Self {
            kind: QueueKind::LargeBodies,
            max_running: limits.threads,
            max_bytes,
            max_waiting: usize::MAX,
            state: Mutex::default(),
        })
    }

    /// Waits until `deadline` for a permit to judge a body of `size` bytes. Next is the address that had its last permit
    /// longest ago, of its connections the one that had its last one longest ago, and of those that had none yet the one that
    /// came first. Where too many wait, the last of the connection with the most of them is refused.
    ///
    /// A body that may become more than there is memory for is judged alone.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        peer: &Arc<Peer>,
        size: usize,
        deadline: Instant,
    ) -> Result<Permit, Overloaded> {
        let permit = {
            let mut state = self.state();
            let bytes = size.saturating_mul(GROWTH).min(self.max_bytes);
            if state.waiting.is_empty() && self.is_free(&state, bytes) {
                state.begin(self.kind, peer, bytes);
                return Ok(Permit { queue: Arc::clone(self), bytes });
            }
            let (start, permit) = oneshot::channel();
            // Those who gave up.
            state.waiting.retain(|waiter| !waiter.start.is_closed());
            state.waiting.push(Waiter { peer: Arc::clone(peer), bytes, start });
            if state.waiting.len() > self.max_waiting {
                state.refuse();
            }
            permit
        };
        self.begin();
        match timeout_at(deadline, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_refused)) => Err(Overloaded),
            Err(_elapsed) => Err(Overloaded),
        }
    }

    fn is_free(&self, state: &State, bytes: usize) -> bool {
        state.running < self.max_running && state.bytes.checked_add(bytes).is_some_and(|bytes| bytes <= self.max_bytes)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives permits to as many as may begin.
    fn begin(self: &Arc<Self>) {
        loop {
            let mut state = self.state();
            let Some(at) = state.next(self.kind) else { return };
            if !state.waiting.get(at).is_some_and(|next| self.is_free(&state, next.bytes)) {
                return;
            }
            let next = state.waiting.remove(at);
            state.begin(self.kind, &next.peer, next.bytes);
            drop(state);
            let permit = Permit { queue: Arc::clone(self), bytes: next.bytes };
            // Of one that has given up meanwhile; outside of the lock, which its drop takes.
            drop(next.start.send(permit));
        }
    }
}

impl State {
    /// Returns the index of the waiter that is next.
    fn next(&self, kind: QueueKind) -> Option<usize> {
        let last_permits = |(_, waiter): &(usize, &Waiter)| {
            let of_address = self.last_permits.get(&waiter.peer.address()).copied().unwrap_or(0);
            (of_address, waiter.peer.last_permit(kind).load(Ordering::Relaxed))
        };
        self.waiting.iter().enumerate().min_by_key(last_permits).map(|(at, _)| at)
    }

    fn begin(&mut self, kind: QueueKind, peer: &Peer, bytes: usize) {
        self.running += 1;
        self.bytes += bytes;
        self.permits += 1;
        if self.last_permits.len() >= MAX_ADDRESSES {
            self.last_permits.clear();
        }
        self.last_permits.insert(peer.address(), self.permits);
        peer.last_permit(kind).store(self.permits, Ordering::Relaxed);
    }

    /// Refuses the last of the connection that has the most.
    fn refuse(&mut self) {
        let mut of_connection: HashMap<*const Peer, usize> = HashMap::new();
        for waiter in &self.waiting {
            *of_connection.entry(Arc::as_ptr(&waiter.peer)).or_default() += 1;
        }
        let count = |(_, waiter): &(usize, &Waiter)| of_connection.get(&Arc::as_ptr(&waiter.peer)).copied();
        if let Some((at, _)) = self.waiting.iter().enumerate().max_by_key(count) {
            self.waiting.remove(at);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.running -= 1;
        state.bytes -= self.bytes;
        drop(state);
        self.queue.begin();
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::net::Ipv4Addr;
    use std::pin::Pin;
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    const MIB: usize = 1024 * 1024;

    fn queue(max_running: usize) -> Arc<FairQueue> {
        let max_bytes = 4 * GROWTH * MIB;
        Arc::new(FairQueue {
            kind: QueueKind::LargeBodies,
            max_running,
            max_bytes,
            max_waiting: 100,
            state: Mutex::default(),
        })
    }

    fn peer(last: u8) -> Arc<Peer> {
        Arc::new(Peer::new(Ipv4Addr::new(10, 0, 0, last).into()))
    }

    /// Asks, and gives the permit once it is there.
    fn ask(
        queue: &Arc<FairQueue>,
        peer: &Arc<Peer>,
        size: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Permit, Overloaded>>>> {
        let (queue, peer) = (Arc::clone(queue), Arc::clone(peer));
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut asked: Pin<Box<dyn Future<Output = _>>> =
            Box::pin(async move { queue.acquire(&peer, size, deadline).await });
        match asked.as_mut().now_or_never() {
            Some(permit) => Box::pin(ready(permit)),
            None => asked,
        }
    }

    fn now(
        asked: &mut Pin<Box<dyn Future<Output = Result<Permit, Overloaded>>>>,
    ) -> Option<Result<Permit, Overloaded>> {
        asked.as_mut().now_or_never()
    }

    #[tokio::test]
    async fn no_more_than_may_run() {
        let (queue, peer) = (queue(2), peer(1));
        let mut permits: Vec<_> = (0..3).map(|_| ask(&queue, &peer, 1)).collect();
        let first = now(&mut permits[0]).unwrap().unwrap();
        let _second = now(&mut permits[1]).unwrap().unwrap();
        assert!(now(&mut permits[2]).is_none());
        drop(first);
        assert!(now(&mut permits[2]).unwrap().is_ok());
    }

    #[tokio::test]
    async fn no_more_than_memory() {
        let (queue, peer) = (queue(8), peer(1));
        let mut permits: Vec<_> = (0..3).map(|_| ask(&queue, &peer, 2 * MIB)).collect();
        let first = now(&mut permits[0]).unwrap().unwrap();
        let second = now(&mut permits[1]).unwrap().unwrap();
        assert!(now(&mut permits[2]).is_none());
        drop((first, second));
        let third = now(&mut permits[2]).unwrap().unwrap();
        // Larger than all there is: alone.
        let mut huge = ask(&queue, &peer, 100 * MIB);
        assert!(now(&mut huge).is_none());
        drop(third);
        assert!(now(&mut huge).unwrap().is_ok());
    }

    #[tokio::test]
    async fn who_had_no_turn_is_next() {
        let (queue, busy, other, far) = (queue(1), peer(1), peer(1), peer(2));
        let running = ask(&queue, &busy, 1).await.unwrap();
        let mut of_busy: Vec<_> = (0..50).map(|_| ask(&queue, &busy, 1)).collect();
        let (mut of_other, mut of_far) = (ask(&queue, &other, 1), ask(&queue, &far, 1));
        drop(running);
        let far = now(&mut of_far).unwrap().unwrap();
        assert!(now(&mut of_other).is_none());
        drop(far);
        let other = now(&mut of_other).unwrap().unwrap();
        assert!(now(&mut of_busy[0]).is_none());
        drop(other);
        assert!(now(&mut of_busy[0]).unwrap().is_ok());
    }

    #[tokio::test]
    async fn who_waits_most_is_refused() {
        let (queue, busy, other) = (queue(1), peer(1), peer(1));
        let running = ask(&queue, &other, 1).await.unwrap();
        let mut of_busy: Vec<_> = (0..100).map(|_| ask(&queue, &busy, 1)).collect();
        let mut of_other = ask(&queue, &other, 1);
        assert!(now(&mut of_busy[99]).unwrap().is_err());
        assert!(now(&mut of_busy[98]).is_none() && now(&mut of_other).is_none());
        drop(running);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_refused_at_the_deadline_and_takes_no_turn() {
        let (queue, peer) = (queue(1), peer(1));
        let running = ask(&queue, &peer, 1).await.unwrap();
        let begin = Instant::now();
        assert!(ask(&queue, &peer, 1).await.is_err());
        assert_eq!(begin.elapsed(), Duration::from_secs(60));
        drop(running);
        drop(ask(&queue, &peer, 1).await.unwrap());
        let state = queue.state();
        assert_eq!((state.running, state.bytes, state.waiting.len()), (0, 0, 0));
    }
}
