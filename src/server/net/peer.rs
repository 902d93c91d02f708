//! One connection, as those see it that divide memory, places and threads among connections.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The queues that give permits. Each remembers by itself when a connection had its last one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum QueueKind {
    /// Reviews of small bodies, of which [`Limits::max_requests`](crate::server::options::Limits::max_requests) run at a time.
    SmallBodies,
    /// Processors, where they are short.
    Processors,
    /// Threads and memory for large bodies.
    LargeBodies,
}

/// Shared by a connection's task, its requests and its answers.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Its address. Several clients may have one: a node hides its Pods, and an API server on it, behind its
    /// own (SNAT). So an address weighs, and never decides alone.
    address: IpAddr,
    opened: Instant,
    /// Time of the last request or answer, in milliseconds after `opened`.
    used: AtomicU64,
    /// True once it has shown a certificate of a known authority.
    verified: AtomicBool,
    /// Answers that are not written yet.
    unread: AtomicUsize,
    /// The number of the last permit that it had from each queue; 0 is none.
    last_permits: [AtomicU64; 3],
    /// Notified when the connection has to end for others.
    pub(crate) close: Notify,
}

impl Default for Peer {
    fn default() -> Self {
        Self::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

impl Peer {
    /// A connection that was accepted just now.
    pub(crate) fn new(address: IpAddr) -> Self {
        Self {
            address: address.to_canonical(),
            opened: Instant::now(),
            used: AtomicU64::new(0),
            verified: AtomicBool::new(false),
            unread: AtomicUsize::new(0),
            last_permits: Default::default(),
            close: Notify::new(),
        }
    }

    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// Says that a request came or was answered.
    pub(crate) fn used(&self, now: Instant) {
        self.used.store(milliseconds(now.saturating_duration_since(self.opened)), Ordering::Relaxed);
    }

    /// Returns the time since the last request or answer.
    pub(crate) fn idle(&self, now: Instant) -> Duration {
        let used = Duration::from_millis(self.used.load(Ordering::Relaxed));
        now.saturating_duration_since(self.opened).saturating_sub(used)
    }

    /// Says that it has shown a certificate of a known authority.
    pub(crate) fn verify(&self) {
        self.verified.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_verified(&self) -> bool {
        self.verified.load(Ordering::Relaxed)
    }

    pub(crate) fn last_permit(&self, kind: QueueKind) -> &AtomicU64 {
        let [place, processor, large] = &self.last_permits;
        match kind {
            QueueKind::SmallBodies => place,
            QueueKind::Processors => processor,
            QueueKind::LargeBodies => large,
        }
    }

    /// Counts an answer until [`Self::written`].
    pub(crate) fn wrote(&self) {
        self.unread.fetch_add(1, Ordering::Relaxed);
    }

    /// An answer has been written, or its connection is gone.
    pub(crate) fn written(&self) {
        self.unread.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns whether the peer lets an answer wait.
    pub(crate) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed) > 0
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
