//! One connection, as those see it that divide memory, places and threads among connections.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// What there are turns of. Each pool remembers by itself when a connection had its last one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum QueueKind {
    /// Places of small bodies.
    SmallBodies,
    /// Processors, where they are short.
    Processors,
    /// Threads and memory for large bodies.
    LargeBodies,
}

/// Shared by a connection's task, its requests and its answers.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Where it comes from. Several clients may have one address: a node hides its Pods, and an API server on it, behind its
    /// own (SNAT). So an address weighs, and never decides alone.
    address: IpAddr,
    opened: Instant,
    /// When the last request came or was answered, in milliseconds after `opened`.
    used: AtomicU64,
    /// Whether it has shown a certificate of a known authority.
    verified: AtomicBool,
    /// Answers that are not written yet.
    unread: AtomicUsize,
    /// The number of the last turn that it had in each pool; 0 is none.
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

    /// How long no request has come and none was answered.
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

    /// Whether the peer lets an answer wait.
    pub(crate) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed) > 0
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
