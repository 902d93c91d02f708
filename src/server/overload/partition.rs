//! Divides the memory of one size of bodies and answers among its holders. `memory_budget` explains how, and why.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::server::net::peer::Peer;

/// A body that is not older makes no room for others: at the speed of a network it will soon be there.
const YOUNG: Duration = Duration::from_millis(250);
/// Interval after which one that waits for room looks again which holders may have to make it.
const RETRY: Duration = Duration::from_millis(50);

/// The error where there is no room, and will be none in time.
#[derive(Debug)]
pub(crate) struct Overloaded;

/// Memory for bodies and answers of one size, small or large.
#[derive(Debug)]
pub(super) struct Partition {
    is_large: bool,
    pub(super) max: usize,
    pub(super) used: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
    next: AtomicU64,
    holders: Mutex<BTreeMap<u64, Holder>>,
}

/// A body or answer that can make room for others.
#[derive(Debug)]
pub(super) struct Holder {
    address: IpAddr,
    since: Instant,
    pub(super) bytes: usize,
    /// True once it was told to make room.
    leaving: bool,
    displace: Displace,
}

/// The way in which a holder is told to make room.
#[derive(Debug)]
pub(super) enum Displace {
    /// Notifies the request, which is refused.
    Request(Arc<Notify>),
    /// Closes the connection: its peer does not read.
    Connection(Arc<Peer>),
}

/// A body that asks for room, and may have to make it.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) address: IpAddr,
    pub(super) since: Instant,
    /// Its key among the holders of the partition that it asks.
    pub(super) key: Option<u64>,
    /// Notified when it has to make room for others.
    pub(super) displaced: Arc<Notify>,
}

impl Partition {
    pub(super) fn new(is_large: bool, max: usize) -> Self {
        Self {
            is_large,
            max,
            used: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
            next: AtomicU64::new(0),
            holders: Mutex::default(),
        }
    }

    pub(super) fn holders(&self) -> MutexGuard<'_, BTreeMap<u64, Holder>> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hold(&self, address: IpAddr, since: Instant, bytes: usize, displace: Displace) -> u64 {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        let holder = Holder { address, since, bytes, leaving: false, displace };
        self.holders().insert(key, holder);
        key
    }

    fn try_charge(&self, bytes: usize) -> bool {
        let charged = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.max);
        self.used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, charged).is_ok()
    }

    /// Waits until `deadline` for room, which those make that have cost more.
    pub(super) async fn charge(&self, bytes: usize, own: Option<&Waiter>, deadline: Instant) -> Result<(), Overloaded> {
        if self.try_charge(bytes) {
            return Ok(());
        }
        let _waiting = Waiting::begin(&self.waiting);
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // From here on nothing that is given back is missed.
            freed.as_mut().enable();
            if self.try_charge(bytes) {
                return Ok(());
            }
            let now = Instant::now();
            if now >= deadline {
                return Err(Overloaded);
            }
            self.displace(bytes, own);
            tokio::select! {
                _ = timeout_at(deadline.min(now + RETRY), freed) => {}
                () = notified(own) => return Err(Overloaded),
            }
        }
    }

    /// Tells as many holders to make room as there have to be for `bytes`, and as have cost more than `own`.
    pub(super) fn displace(&self, bytes: usize, own: Option<&Waiter>) {
        let now = Instant::now();
        let mut holders = self.holders();
        let leaving: usize = holders.values().filter(|holder| holder.leaving).map(|holder| holder.bytes).sum();
        let used = self.used.load(Ordering::SeqCst).saturating_add(bytes);
        let mut missing = used.saturating_sub(leaving).saturating_sub(self.max);
        if missing == 0 {
            return;
        }
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for holder in holders.values() {
            *held.entry(holder.address).or_default() += holder.bytes;
        }
        let cost = |address: IpAddr, since: Instant| {
            let held = held.get(&address).copied().unwrap_or(bytes);
            (now.saturating_duration_since(since).as_millis() + 1).saturating_mul(held as u128)
        };
        let own_cost = own.map_or(0, |own| cost(own.address, own.since));
        let key = own.and_then(|own| own.key);
        let mut others: Vec<_> = holders
            .iter_mut()
            .filter(|(other, holder)| Some(**other) != key && !holder.leaving)
            .map(|(_, holder)| (cost(holder.address, holder.since), holder))
            .collect();
        let most = others.iter().map(|(cost, _)| *cost).max().unwrap_or(0);
        let alike = self.is_large && most < own_cost.saturating_mul(2) && own_cost <= most.saturating_mul(2);
        if alike {
            // Large bodies as in a burst of the API server: who came first goes on, and who came last is refused.
            others.retain(|(_, holder)| own.is_some_and(|own| holder.since > own.since));
            others.sort_by_key(|(_, holder)| std::cmp::Reverse(holder.since));
        } else {
            let is_young = |holder: &Holder| now.saturating_duration_since(holder.since) <= YOUNG;
            others.retain(|(cost, holder)| *cost > own_cost && !is_young(holder));
            others.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
        }
        for (_, holder) in others {
            holder.leaving = true;
            match &holder.displace {
                Displace::Request(displaced) => displaced.notify_one(),
                Displace::Connection(peer) => peer.close.notify_one(),
            }
            missing = missing.saturating_sub(holder.bytes);
            if missing == 0 {
                break;
            }
        }
    }

    pub(super) fn give_back(&self, bytes: usize, holder: Option<u64>) {
        if let Some(key) = holder {
            // Dropped outside of the lock.
            let _holder = self.holders().remove(&key);
        }
        self.used.fetch_sub(bytes, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.freed.notify_waiters();
        }
    }
}

pub(super) async fn notified(waiter: Option<&Waiter>) {
    match waiter {
        Some(waiter) => waiter.displaced.notified().await,
        None => std::future::pending().await,
    }
}

/// One that waits, counted for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
