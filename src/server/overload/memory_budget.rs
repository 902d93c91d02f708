//! Bounds the memory of bodies and answers: bytes are charged as they arrive, and given back when nobody needs them any more,
//! which for an answer is when it has been written.
//!
//! When there is no room for a byte, what has cost most so far makes room: of the bodies that are not judged yet, and of the
//! answers that nobody reads, the one with the greatest product of its age and of what its address holds. A body that arrives
//! at the speed of a network is young, whoever else comes from the same address; one that trickles in is old. So no share is
//! fixed, and nobody is locked out by an address that they share.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::server::net::peer::Peer;
use crate::server::options::Limits;

/// Bodies and answers up to this size have an account of their own: nearly all are smaller, and must not wait for a few that
/// are large.
pub(crate) const SMALL_BYTES: usize = 64 * 1024;
/// What a request or an answer takes beside its body: a task, the state of a stream. Measured at 1 to 3 KiB.
const OVERHEAD_BYTES: usize = 4 * 1024;

/// A body that is not older makes no room for others: at the speed of a network it will soon be there.
const YOUNG: Duration = Duration::from_millis(250);
/// How long one waits for room before it looks again who may have to make it.
const RETRY: Duration = Duration::from_millis(50);

/// There is no room, and will be none in time.
#[derive(Debug)]
pub(crate) struct Overloaded;

/// What all bodies and answers hold.
#[derive(Debug)]
pub(crate) struct Ledger {
    small: Account,
    large: Account,
}

impl Ledger {
    /// Of [`Limits::max_bytes`], one eighth is for small bodies and answers and three eighths for large ones; half is what
    /// [`Pool`](super::fair_queue::Pool) has.
    pub(crate) fn new(limits: &Limits) -> Self {
        let eighth = limits.max_bytes / 8;
        Self {
            small: Account::new(false, eighth.max(SMALL_BYTES + OVERHEAD_BYTES)),
            // One body has to fit with its head, whatever was asked for.
            large: Account::new(true, (eighth * 3).max(limits.max_body_bytes.saturating_add(SMALL_BYTES))),
        }
    }

    /// A share of nothing yet, for a body of about `expected` bytes.
    pub(crate) fn share(self: &Arc<Self>, expected: usize) -> Share {
        Share { ledger: Arc::clone(self), is_large: expected > SMALL_BYTES, bytes: 0, holder: None, waiter: None }
    }

    /// Charges an answer, for which there is memory already. If that is too much, others make room.
    pub(crate) fn answer(self: &Arc<Self>, peer: &Arc<Peer>, bytes: usize) -> Share {
        let mut share = self.share(bytes);
        share.bytes = bytes.saturating_add(OVERHEAD_BYTES);
        let account = share.account();
        let used = account.used.fetch_add(share.bytes, Ordering::SeqCst).saturating_add(share.bytes);
        let displace = Displace::Connection(Arc::clone(peer));
        let key = account.hold(peer.address(), Instant::now(), share.bytes, displace);
        if used > account.max {
            account.displace(0, None);
        }
        share.holder = Some(key);
        share
    }
}

#[derive(Debug)]
struct Account {
    is_large: bool,
    max: usize,
    used: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
    next: AtomicU64,
    holders: Mutex<BTreeMap<u64, Holder>>,
}

/// One that can make room for others.
#[derive(Debug)]
struct Holder {
    address: IpAddr,
    since: Instant,
    bytes: usize,
    /// Whether it was told to make room.
    leaving: bool,
    displace: Displace,
}

/// How a holder is told to make room.
#[derive(Debug)]
enum Displace {
    /// Notifies the request, which is refused.
    Request(Arc<Notify>),
    /// Closes the connection: its peer does not read.
    Connection(Arc<Peer>),
}

/// One that asks for room, and may have to make it.
#[derive(Debug)]
struct Waiter {
    address: IpAddr,
    since: Instant,
    /// In the account that it asks.
    key: Option<u64>,
    /// Notified when it has to make room for others.
    displaced: Arc<Notify>,
}

impl Account {
    fn new(is_large: bool, max: usize) -> Self {
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

    fn holders(&self) -> MutexGuard<'_, BTreeMap<u64, Holder>> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, address: IpAddr, since: Instant, bytes: usize, displace: Displace) -> u64 {
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
    async fn charge(&self, bytes: usize, own: Option<&Waiter>, deadline: Instant) -> Result<(), Overloaded> {
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
    fn displace(&self, bytes: usize, own: Option<&Waiter>) {
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

    fn give_back(&self, bytes: usize, holder: Option<u64>) {
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

async fn notified(waiter: Option<&Waiter>) {
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

/// What one body or answer holds, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    ledger: Arc<Ledger>,
    is_large: bool,
    bytes: usize,
    /// Where it can make room for others.
    holder: Option<u64>,
    waiter: Option<Waiter>,
}

impl Share {
    fn account(&self) -> &Account {
        if self.is_large { &self.ledger.large } else { &self.ledger.small }
    }

    /// Charges `bytes` more, waiting for room until `deadline`.
    pub(crate) async fn add(&mut self, bytes: usize, deadline: Instant) -> Result<(), Overloaded> {
        if !self.is_large && self.bytes.saturating_add(bytes) > SMALL_BYTES + OVERHEAD_BYTES {
            return self.enlarge(bytes, deadline).await;
        }
        self.account().charge(bytes, self.waiter.as_ref(), deadline).await?;
        self.bytes += bytes;
        if let Some(key) = self.holder
            && let Some(holder) = self.account().holders().get_mut(&key)
        {
            holder.bytes = self.bytes;
        }
        Ok(())
    }

    /// Goes on in the account of large bodies.
    async fn enlarge(&mut self, bytes: usize, deadline: Instant) -> Result<(), Overloaded> {
        let mut large = self.ledger.share(usize::MAX);
        let all = self.bytes.saturating_add(bytes);
        if let Some(waiter) = &mut self.waiter {
            // Keys are of one account, and it asks the other.
            waiter.key = None;
        }
        large.account().charge(all, self.waiter.as_ref(), deadline).await?;
        large.bytes = all;
        if let Some(waiter) = self.waiter.take() {
            large.hold(waiter);
        }
        *self = large;
        Ok(())
    }

    fn hold(&mut self, mut waiter: Waiter) {
        let displace = Displace::Request(Arc::clone(&waiter.displaced));
        waiter.key = Some(self.account().hold(waiter.address, waiter.since, self.bytes, displace));
        self.holder = waiter.key;
        self.waiter = Some(waiter);
    }

    /// From now on it makes room for others. Charges what a request takes that has to wait.
    pub(crate) async fn wait(&mut self, peer: &Peer, head_bytes: usize, deadline: Instant) -> Result<(), Overloaded> {
        if self.waiter.is_none() {
            self.add(head_bytes.saturating_add(OVERHEAD_BYTES), deadline).await?;
            let (since, displaced) = (Instant::now(), Arc::default());
            self.hold(Waiter { address: peer.address(), since, key: None, displaced });
        }
        Ok(())
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waiter.is_some()
    }

    /// Waits until it has to make room for others.
    pub(crate) async fn displaced(&self) {
        notified(self.waiter.as_ref()).await;
    }

    /// From now on it stays: the body is judged.
    pub(crate) fn stay(&mut self) {
        self.waiter = None;
        if let Some(key) = self.holder.take() {
            let _holder = self.account().holders().remove(&key);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.account().give_back(self.bytes, self.holder);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const MIB: usize = 1024 * 1024;

    /// 3 MiB of large bodies.
    fn ledger() -> Arc<Ledger> {
        Arc::new(Ledger::new(&Limits { max_bytes: 8 * MIB, max_body_bytes: MIB, ..Limits::default() }))
    }

    fn peer(last: u8) -> Peer {
        Peer::new(Ipv4Addr::new(10, 0, 0, last).into())
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    /// A large body of `bytes` so far.
    async fn body(ledger: &Arc<Ledger>, peer: &Peer, bytes: usize) -> Share {
        let mut share = ledger.share(MIB);
        share.wait(peer, 0, soon()).await.unwrap();
        share.add(bytes - OVERHEAD_BYTES, soon()).await.unwrap();
        share
    }

    async fn is_displaced(displaced: impl Future<Output = ()>) -> bool {
        tokio::time::timeout(Duration::ZERO, displaced).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn declared_bytes_are_not_charged() {
        let ledger = ledger();
        let shares: Vec<_> = (0..100).map(|_| ledger.share(MIB)).collect();
        assert_eq!(ledger.large.used.load(Ordering::SeqCst), 0);
        drop(shares);
    }

    #[tokio::test(start_paused = true)]
    async fn oldest_of_one_address_makes_room() {
        let (ledger, peer) = (ledger(), peer(1));
        let old = body(&ledger, &peer, MIB).await;
        tokio::time::advance(Duration::from_secs(2)).await;
        let young = body(&ledger, &peer, 2 * MIB).await;
        tokio::time::advance(Duration::from_millis(5)).await;
        let mut honest = ledger.share(MIB);
        let make_room = async {
            old.displaced().await;
            drop(old);
        };
        let ask = async {
            honest.wait(&peer, 0, soon()).await?;
            honest.add(MIB / 2, soon()).await
        };
        let (added, ()) = tokio::join!(ask, make_room);
        assert!(added.is_ok());
        assert!(!is_displaced(young.displaced()).await);
    }

    #[tokio::test(start_paused = true)]
    async fn address_that_holds_more_makes_room() {
        let ledger = ledger();
        let honest = body(&ledger, &peer(1), MIB / 2).await;
        tokio::time::advance(Duration::from_millis(300)).await;
        let mut many = Vec::new();
        for _ in 0..5 {
            many.push(body(&ledger, &peer(2), MIB / 2).await);
        }
        tokio::time::advance(Duration::from_millis(300)).await;
        let mut other = ledger.share(MIB);
        let deadline = Instant::now() + Duration::from_millis(1);
        assert!(other.add(MIB, deadline).await.is_err(), "nobody has left yet");
        assert!(!is_displaced(honest.displaced()).await);
        let mut told = 0;
        for share in &many {
            told += usize::from(is_displaced(share.displaced()).await);
        }
        assert_eq!(told, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_cost_most_waits_and_displaces_nobody() {
        let (ledger, peer) = (ledger(), peer(1));
        let mut old = body(&ledger, &peer, MIB).await;
        tokio::time::advance(Duration::from_secs(2)).await;
        let young = body(&ledger, &peer, 2 * MIB).await;
        assert!(old.add(1, soon()).await.is_err());
        assert!(!is_displaced(young.displaced()).await);
    }

    #[tokio::test(start_paused = true)]
    async fn who_came_first_goes_on_where_all_are_alike() {
        let (ledger, peer) = (ledger(), peer(1));
        let mut first = body(&ledger, &peer, MIB).await;
        tokio::time::advance(Duration::from_millis(1)).await;
        let second = body(&ledger, &peer, MIB).await;
        tokio::time::advance(Duration::from_millis(1)).await;
        let third = body(&ledger, &peer, MIB - 2 * SMALL_BYTES).await;
        tokio::time::advance(Duration::from_millis(5)).await;
        let (added, ()) = tokio::join!(first.add(MIB / 2, soon()), async {
            third.displaced().await;
            drop(third);
        });
        assert!(added.is_ok());
        assert!(!is_displaced(second.displaced()).await);
    }

    #[tokio::test(start_paused = true)]
    async fn judged_bodies_stay() {
        let (ledger, peer) = (ledger(), peer(1));
        let mut judged = body(&ledger, &peer, 3 * MIB).await;
        judged.stay();
        assert!(ledger.share(MIB).add(MIB, soon()).await.is_err());
        assert!(!is_displaced(judged.displaced()).await);
        drop(judged);
        assert!(ledger.share(MIB).add(MIB, soon()).await.is_ok());
        assert_eq!(ledger.large.used.load(Ordering::SeqCst), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn growing_body_changes_its_account() {
        let ledger = ledger();
        let mut share = ledger.share(0);
        share.add(SMALL_BYTES, soon()).await.unwrap();
        assert_eq!(ledger.small.used.load(Ordering::SeqCst), SMALL_BYTES);
        share.add(SMALL_BYTES, soon()).await.unwrap();
        assert_eq!(ledger.small.used.load(Ordering::SeqCst), 0);
        assert_eq!(ledger.large.used.load(Ordering::SeqCst), 2 * SMALL_BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn unread_answers_end_their_connection() {
        let (ledger, reader, sleeper) = (ledger(), Arc::new(peer(1)), Arc::new(peer(1)));
        let _old = ledger.answer(&sleeper, 2 * MIB);
        tokio::time::advance(Duration::from_secs(1)).await;
        let _young = ledger.answer(&reader, 2 * MIB);
        assert!(is_displaced(sleeper.close.notified()).await);
        assert!(!is_displaced(reader.close.notified()).await);
    }
}
