//! Judges large bodies on threads of their own, so that those that take connections never wait for one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use tokio::sync::oneshot;

use super::options::Limits;
use super::peer::Peer;

/// How many times its size a body may become while it is judged: the structs that are read of it, findings, the answer.
/// SECURITY.md has the figures that were measured.
pub(super) const GROWTH: usize = 16;
/// Addresses that are remembered.
const MAX_ADDRESSES: usize = 4096;

/// Turns to judge a large body: no more at a time than there are processors, and than there is memory for.
#[derive(Debug)]
pub(super) struct Pool {
    threads: usize,
    max_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    bytes: usize,
    turns: u64,
    /// The number of the last turn of each address.
    last_turns: HashMap<IpAddr, u64>,
    /// In the order in which they came.
    waiting: Vec<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    peer: Arc<Peer>,
    bytes: usize,
    start: oneshot::Sender<Turn>,
}

/// A turn, which ends when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    pool: Arc<Pool>,
    bytes: usize,
}

impl Pool {
    /// Half of [`Limits::max_bytes`] is for what bodies become.
    pub(super) fn new(limits: &Limits) -> Self {
        let threads = available_parallelism().map_or(1, usize::from);
        Self { threads, max_bytes: limits.max_bytes / 2, state: Mutex::default() }
    }

    /// Asks for a turn to judge a body of `size` bytes. It is the turn of the address that had its last one longest ago, of its
    /// connections the one that had its last one longest ago, and of those that had none yet the one that came first.
    ///
    /// A body that may become more than there is memory for is judged alone.
    pub(super) fn turn(self: &Arc<Self>, peer: &Arc<Peer>, size: usize) -> oneshot::Receiver<Turn> {
        let (start, turn) = oneshot::channel();
        let bytes = size.saturating_mul(GROWTH).min(self.max_bytes);
        let mut state = self.state();
        // Those who gave up.
        state.waiting.retain(|waiter| !waiter.start.is_closed());
        state.waiting.push(Waiter { peer: Arc::clone(peer), bytes, start });
        drop(state);
        self.begin();
        turn
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives turns to as many as may begin.
    fn begin(self: &Arc<Self>) {
        loop {
            let mut state = self.state();
            let Some(next) = state.next(self.threads, self.max_bytes) else { return };
            drop(state);
            let turn = Turn { pool: Arc::clone(self), bytes: next.bytes };
            // Of one that has given up meanwhile; outside of the lock, which its drop takes.
            drop(next.start.send(turn));
        }
    }
}

impl State {
    fn next(&mut self, threads: usize, max_bytes: usize) -> Option<Waiter> {
        if self.running >= threads {
            return None;
        }
        let last_turns = |waiter: &Waiter| {
            let of_address = self.last_turns.get(&waiter.peer.address()).copied().unwrap_or(0);
            (of_address, waiter.peer.last_turn.load(Ordering::Relaxed))
        };
        let (at, waiter) = self.waiting.iter().enumerate().min_by_key(|(_, waiter)| last_turns(waiter))?;
        let bytes = self.bytes.saturating_add(waiter.bytes);
        if bytes > max_bytes {
            return None;
        }
        let next = self.waiting.remove(at);
        self.running += 1;
        self.bytes = bytes;
        self.turns += 1;
        if self.last_turns.len() >= MAX_ADDRESSES {
            self.last_turns.clear();
        }
        self.last_turns.insert(next.peer.address(), self.turns);
        next.peer.last_turn.store(self.turns, Ordering::Relaxed);
        Some(next)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.running -= 1;
        state.bytes -= self.bytes;
        drop(state);
        self.pool.begin();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const MIB: usize = 1024 * 1024;

    fn pool(threads: usize) -> Arc<Pool> {
        Arc::new(Pool { threads, max_bytes: 4 * GROWTH * MIB, state: Mutex::default() })
    }

    fn peer(last: u8) -> Arc<Peer> {
        Arc::new(Peer::new(Ipv4Addr::new(10, 0, 0, last).into()))
    }

    #[test]
    fn no_more_than_threads() {
        let (pool, peer) = (pool(2), peer(1));
        let mut turns: Vec<_> = (0..3).map(|_| pool.turn(&peer, 1)).collect();
        let first = turns[0].try_recv().unwrap();
        let _second = turns[1].try_recv().unwrap();
        assert!(turns[2].try_recv().is_err());
        drop(first);
        assert!(turns[2].try_recv().is_ok());
    }

    #[test]
    fn no_more_than_memory() {
        let (pool, peer) = (pool(8), peer(1));
        let mut turns: Vec<_> = (0..3).map(|_| pool.turn(&peer, 2 * MIB)).collect();
        let first = turns[0].try_recv().unwrap();
        let second = turns[1].try_recv().unwrap();
        assert!(turns[2].try_recv().is_err());
        drop((first, second));
        let third = turns[2].try_recv().unwrap();
        // Larger than all there is: alone.
        let mut huge = pool.turn(&peer, 100 * MIB);
        assert!(huge.try_recv().is_err());
        drop(third);
        assert!(huge.try_recv().is_ok());
    }

    #[test]
    fn who_had_no_turn_is_next() {
        let (pool, busy, other, far) = (pool(1), peer(1), peer(1), peer(2));
        let mut running = pool.turn(&busy, 1);
        let running = running.try_recv().unwrap();
        let mut of_busy: Vec<_> = (0..100).map(|_| pool.turn(&busy, 1)).collect();
        let (mut of_other, mut of_far) = (pool.turn(&other, 1), pool.turn(&far, 1));
        drop(running);
        let far = of_far.try_recv().unwrap();
        assert!(of_other.try_recv().is_err());
        drop(far);
        let other = of_other.try_recv().unwrap();
        assert!(of_busy[0].try_recv().is_err());
        drop(other);
        assert!(of_busy[0].try_recv().is_ok());
    }

    #[test]
    fn who_gives_up_takes_no_turn() {
        let (pool, peer) = (pool(1), peer(1));
        let mut first = pool.turn(&peer, 1);
        drop(pool.turn(&peer, 1));
        let mut third = pool.turn(&peer, 1);
        drop(first.try_recv().unwrap());
        drop(third.try_recv().unwrap());
        let state = pool.state();
        assert_eq!((state.running, state.bytes, state.waiting.len()), (0, 0, 0));
    }
}
