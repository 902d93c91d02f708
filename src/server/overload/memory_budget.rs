//! Limits the memory of bodies and answers: bytes are charged as they arrive, and given back when nobody needs them any more,
//! which for an answer is when it has been written.
//!
//! Mechanism: a [`Reservation`] belongs to one body or answer and asks its partition, for small or for large ones, for each
//! piece. Where there is no room, the partition computes the cost of each holder, the product of its age and of all bytes that
//! its address holds, and tells those of the greatest cost to make room: a body that is not judged yet is refused, and the
//! connection of an answer that nobody reads is closed. A holder that costs more than all others waits itself.
//!
//! Reason: a limit for each address would lock out clients that share one, as behind SNAT, and a limit for each body would let
//! slow bodies keep it all. A body that arrives at the speed of a network is young, whoever else comes from the same address;
//! one that trickles in is old. What is declared (`Content-Length`) is never charged, because it costs an attacker nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::partition::{Displace, Overloaded, Partition, Waiter, notified};
use crate::server::net::peer::Peer;
use crate::server::options::Limits;

/// Bodies and answers up to this size have a partition of their own: nearly all are smaller, and must not wait for a few that
/// are large.
pub(crate) const SMALL_BYTES: usize = 128 * 1024;
/// Memory that a request or an answer takes beside its body: a task, the state of a stream. Measured at 1 to 3 KiB.
const OVERHEAD_BYTES: usize = 4 * 1024;

/// Counts what all bodies and answers hold.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    small: Partition,
    large: Partition,
}

impl MemoryBudget {
    /// Divides [`Limits::max_bytes`]: one eighth is for small bodies and answers and three eighths for large ones; half is what
    /// [`FairQueue`](super::fair_queue::FairQueue) has.
    pub(crate) fn new(limits: &Limits) -> Self {
        let eighth = limits.max_bytes / 8;
        Self {
            small: Partition::new(false, eighth.max(SMALL_BYTES + OVERHEAD_BYTES)),
            // One body has to fit with its head, whatever was asked for.
            large: Partition::new(true, (eighth * 3).max(limits.max_body_bytes.saturating_add(SMALL_BYTES))),
        }
    }

    /// Returns a reservation of nothing yet, for a body of about `expected` bytes.
    pub(crate) fn reserve_for(self: &Arc<Self>, expected: usize) -> Reservation {
        Reservation { budget: Arc::clone(self), is_large: expected > SMALL_BYTES, bytes: 0, holder: None, waiter: None }
    }

    /// Charges an answer, for which there is memory already. If that is too much, others make room.
    pub(crate) fn answer(self: &Arc<Self>, peer: &Arc<Peer>, bytes: usize) -> Reservation {
        let mut reservation = self.reserve_for(bytes);
        reservation.bytes = bytes.saturating_add(OVERHEAD_BYTES);
        let partition = reservation.partition();
        let used = partition.used.fetch_add(reservation.bytes, Ordering::SeqCst).saturating_add(reservation.bytes);
        let displace = Displace::Connection(Arc::clone(peer));
        let key = partition.hold(peer.address(), Instant::now(), reservation.bytes, displace);
        if used > partition.max {
            partition.displace(0, None);
        }
        reservation.holder = Some(key);
        reservation
    }
}

/// The bytes that one body or answer holds, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<MemoryBudget>,
    is_large: bool,
    bytes: usize,
    /// Its key among the holders of the partition; `None` where it cannot make room for others.
    holder: Option<u64>,
    waiter: Option<Waiter>,
}

impl Reservation {
    fn partition(&self) -> &Partition {
        if self.is_large { &self.budget.large } else { &self.budget.small }
    }

    /// Charges `bytes` more, waiting for room until `deadline`.
    pub(crate) async fn add(&mut self, bytes: usize, deadline: Instant) -> Result<(), Overloaded> {
        if !self.is_large && self.bytes.saturating_add(bytes) > SMALL_BYTES + OVERHEAD_BYTES {
            return self.enlarge(bytes, deadline).await;
        }
        self.partition().charge(bytes, self.waiter.as_ref(), deadline).await?;
        self.bytes += bytes;
        if let Some(key) = self.holder
            && let Some(holder) = self.partition().holders().get_mut(&key)
        {
            holder.bytes = self.bytes;
        }
        Ok(())
    }

    /// Goes on in the partition of large bodies.
    async fn enlarge(&mut self, bytes: usize, deadline: Instant) -> Result<(), Overloaded> {
        let mut large = self.budget.reserve_for(usize::MAX);
        let all = self.bytes.saturating_add(bytes);
        if let Some(waiter) = &mut self.waiter {
            // Keys are of one partition, and it asks the other.
            waiter.key = None;
        }
        large.partition().charge(all, self.waiter.as_ref(), deadline).await?;
        large.bytes = all;
        if let Some(waiter) = self.waiter.take() {
            large.hold(waiter);
        }
        *self = large;
        Ok(())
    }

    fn hold(&mut self, mut waiter: Waiter) {
        let displace = Displace::Request(Arc::clone(&waiter.displaced));
        waiter.key = Some(self.partition().hold(waiter.address, waiter.since, self.bytes, displace));
        self.holder = waiter.key;
        self.waiter = Some(waiter);
    }

    /// Lets it make room for others from now on. Charges what a request takes that has to wait.
    pub(crate) async fn make_displaceable(
        &mut self,
        peer: &Peer,
        head_bytes: usize,
        deadline: Instant,
    ) -> Result<(), Overloaded> {
        if self.waiter.is_none() {
            self.add(head_bytes.saturating_add(OVERHEAD_BYTES), deadline).await?;
            let (since, displaced) = (Instant::now(), Arc::default());
            self.hold(Waiter { address: peer.address(), since, key: None, displaced });
        }
        Ok(())
    }

    pub(crate) fn is_displaceable(&self) -> bool {
        self.waiter.is_some()
    }

    /// Waits until it has to make room for others.
    pub(crate) async fn displaced(&self) {
        notified(self.waiter.as_ref()).await;
    }

    /// Keeps it from now on: the body is judged.
    pub(crate) fn pin(&mut self) {
        self.waiter = None;
        if let Some(key) = self.holder.take() {
            let _holder = self.partition().holders().remove(&key);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.partition().give_back(self.bytes, self.holder);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    const MIB: usize = 1024 * 1024;

    /// 3 MiB of large bodies.
    fn budget() -> Arc<MemoryBudget> {
        Arc::new(MemoryBudget::new(&Limits { max_bytes: 8 * MIB, max_body_bytes: MIB, ..Limits::default() }))
    }

    fn peer(last: u8) -> Peer {
        Peer::new(Ipv4Addr::new(10, 0, 0, last).into())
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    /// A large body of `bytes` so far.
    async fn body(budget: &Arc<MemoryBudget>, peer: &Peer, bytes: usize) -> Reservation {
        let mut reservation = budget.reserve_for(MIB);
        reservation.make_displaceable(peer, 0, soon()).await.unwrap();
        reservation.add(bytes - OVERHEAD_BYTES, soon()).await.unwrap();
        reservation
    }

    async fn is_displaced(displaced: impl Future<Output = ()>) -> bool {
        tokio::time::timeout(Duration::ZERO, displaced).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn declared_bytes_are_not_charged() {
        let budget = budget();
        let reservations: Vec<_> = (0..100).map(|_| budget.reserve_for(MIB)).collect();
        assert_eq!(budget.large.used.load(Ordering::SeqCst), 0);
        drop(reservations);
    }

    #[tokio::test(start_paused = true)]
    async fn oldest_of_one_address_makes_room() {
        let (budget, peer) = (budget(), peer(1));
        let old = body(&budget, &peer, MIB).await;
        tokio::time::advance(Duration::from_secs(2)).await;
        let young = body(&budget, &peer, 2 * MIB).await;
        tokio::time::advance(Duration::from_millis(5)).await;
        let mut honest = budget.reserve_for(MIB);
        let make_room = async {
            old.displaced().await;
            drop(old);
        };
        let ask = async {
            honest.make_displaceable(&peer, 0, soon()).await?;
            honest.add(MIB / 2, soon()).await
        };
        let (added, ()) = tokio::join!(ask, make_room);
        assert!(added.is_ok());
        assert!(!is_displaced(young.displaced()).await);
    }

    #[tokio::test(start_paused = true)]
    async fn address_that_holds_more_makes_room() {
        let budget = budget();
        let honest = body(&budget, &peer(1), MIB / 2).await;
        tokio::time::advance(Duration::from_millis(300)).await;
        let mut many = Vec::new();
        for _ in 0..5 {
            many.push(body(&budget, &peer(2), MIB / 2).await);
        }
        tokio::time::advance(Duration::from_millis(300)).await;
        let mut other = budget.reserve_for(MIB);
        let deadline = Instant::now() + Duration::from_millis(1);
        assert!(other.add(MIB, deadline).await.is_err(), "nobody has left yet");
        assert!(!is_displaced(honest.displaced()).await);
        let mut told = 0;
        for reservation in &many {
            told += usize::from(is_displaced(reservation.displaced()).await);
        }
        assert_eq!(told, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_cost_most_waits_and_displaces_nobody() {
        let (budget, peer) = (budget(), peer(1));
        let mut old = body(&budget, &peer, MIB).await;
        tokio::time::advance(Duration::from_secs(2)).await;
        let young = body(&budget, &peer, 2 * MIB).await;
        assert!(old.add(1, soon()).await.is_err());
        assert!(!is_displaced(young.displaced()).await);
    }

    #[tokio::test(start_paused = true)]
    async fn who_came_first_goes_on_where_all_are_alike() {
        let (budget, peer) = (budget(), peer(1));
        let mut first = body(&budget, &peer, MIB).await;
        tokio::time::advance(Duration::from_millis(1)).await;
        let second = body(&budget, &peer, MIB).await;
        tokio::time::advance(Duration::from_millis(1)).await;
        let third = body(&budget, &peer, MIB - 2 * SMALL_BYTES).await;
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
        let (budget, peer) = (budget(), peer(1));
        let mut judged = body(&budget, &peer, 3 * MIB).await;
        judged.pin();
        assert!(budget.reserve_for(MIB).add(MIB, soon()).await.is_err());
        assert!(!is_displaced(judged.displaced()).await);
        drop(judged);
        assert!(budget.reserve_for(MIB).add(MIB, soon()).await.is_ok());
        assert_eq!(budget.large.used.load(Ordering::SeqCst), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn growing_body_changes_its_account() {
        let budget = budget();
        let mut reservation = budget.reserve_for(0);
        reservation.add(SMALL_BYTES, soon()).await.unwrap();
        assert_eq!(budget.small.used.load(Ordering::SeqCst), SMALL_BYTES);
        reservation.add(SMALL_BYTES, soon()).await.unwrap();
        assert_eq!(budget.small.used.load(Ordering::SeqCst), 0);
        assert_eq!(budget.large.used.load(Ordering::SeqCst), 2 * SMALL_BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn unread_answers_end_their_connection() {
        let (budget, reader, sleeper) = (budget(), Arc::new(peer(1)), Arc::new(peer(1)));
        let _old = budget.answer(&sleeper, 2 * MIB);
        tokio::time::advance(Duration::from_secs(1)).await;
        let _young = budget.answer(&reader, 2 * MIB);
        assert!(is_displaced(sleeper.close.notified()).await);
        assert!(!is_displaced(reader.close.notified()).await);
    }
}
