//! Tracks what a connection is doing (waiting, sending a head, being answered), and derives the deadline that holds for it.
//!
//! hyper's own `header_read_timeout` also runs while a kept-alive connection waits for its next request, so it cannot
//! tell "10 s for a head that has begun" from "120 s between requests". Here the stream notices the first byte of a
//! head, the service notices its end, and [`ConnectionState::deadline`] follows from both.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::peer::Peer;
use crate::server::options::Limits;

/// Limits the time in which a connection without requests has to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Fraction of the allowed age by which a connection may live shorter.
const MAX_AGE_JITTER: f64 = 0.1;

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// One request after the other.
    Http1,
    /// Requests side by side; bytes also come when there are none (pings, settings).
    Http2,
}

/// The reason for which a deadline was set that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expired {
    /// No request for too long.
    Idle,
    /// A head that began and did not end.
    Header,
    /// The peer does not let itself be closed.
    Closing,
    /// The peer does not read an answer.
    Unread,
}

#[derive(Debug)]
enum Phase {
    Idle { since: Instant },
    Head { since: Instant },
    Busy { requests: usize },
}

#[derive(Debug)]
struct Progress {
    phase: Phase,
    /// True once a request has come.
    used: bool,
    /// True once this side wants no more requests.
    ending: bool,
}

/// Shared by a connection's stream, its service and the task that drives both.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    protocol: Protocol,
    peer: Arc<Peer>,
    /// The time at which it is so old that it should end; `None` is never.
    retires: Option<Instant>,
    progress: Mutex<Progress>,
}

impl ConnectionState {
    /// Returns the state of a connection that was opened just now, and has not sent anything yet.
    pub(crate) fn new(protocol: Protocol, peer: Arc<Peer>, limits: &Limits) -> Self {
        let opened = Instant::now();
        let age = limits.max_connection_age;
        let retires = opened.checked_add(age.saturating_sub(age.mul_f64(MAX_AGE_JITTER * fastrand::f64())));
        let progress = Mutex::new(Progress { phase: Phase::Idle { since: opened }, used: false, ending: false });
        Self { protocol, peer, retires, progress }
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Returns whether the connection is so old that it should end.
    pub(crate) fn is_aged(&self) -> bool {
        self.retires.is_some_and(|retires| retires <= Instant::now())
    }

    /// Returns whether a request has ever come. A client that is told to go before its first one may give that up.
    pub(crate) fn is_used(&self) -> bool {
        self.progress().used
    }

    /// Returns the end of the present phase, if it is bounded here, and the reason for it.
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<(Instant, Expired)> {
        let progress = self.progress();
        let (since, timeout, expired) = match progress.phase {
            Phase::Idle { since } | Phase::Head { since } if progress.ending => {
                (since, CLOSE_TIMEOUT, Expired::Closing)
            }
            Phase::Idle { since } if self.peer.has_unread() => (since, limits.body_timeout, Expired::Unread),
            Phase::Idle { since } => (since, limits.idle_timeout, Expired::Idle),
            Phase::Head { since } => (since, limits.header_timeout, Expired::Header),
            // Body and judgement have deadlines of their own.
            Phase::Busy { .. } => return None,
        };
        Some((since.checked_add(timeout)?, expired))
    }

    /// Records that the head of a request has been read. It is being answered for as long as the guard lives.
    pub(crate) fn begin(self: &Arc<Self>) -> RequestInFlight {
        self.peer.used(Instant::now());
        let mut progress = self.progress();
        let requests = match progress.phase {
            Phase::Busy { requests } => requests,
            _ => 0,
        };
        progress.phase = Phase::Busy { requests: requests + 1 };
        progress.used = true;
        drop(progress);
        RequestInFlight(Arc::clone(self))
    }

    /// This side wants no more requests, and what is left of the connection has [`CLOSE_TIMEOUT`]. `false` if that
    /// was so already.
    pub(crate) fn end(&self) -> bool {
        let mut progress = self.progress();
        if progress.ending {
            return false;
        }
        progress.ending = true;
        if let Phase::Idle { since } | Phase::Head { since } = &mut progress.phase {
            *since = Instant::now();
        }
        true
    }

    fn received(&self) {
        if self.protocol == Protocol::Http1 {
            let mut progress = self.progress();
            if matches!(progress.phase, Phase::Idle { .. }) && !progress.ending {
                progress.phase = Phase::Head { since: Instant::now() };
            }
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request being answered.
#[derive(Debug)]
pub(crate) struct RequestInFlight(Arc<ConnectionState>);

impl Drop for RequestInFlight {
    fn drop(&mut self) {
        let now = Instant::now();
        self.0.peer.used(now);
        let mut progress = self.0.progress();
        progress.phase = match progress.phase {
            Phase::Busy { requests } if requests > 1 => Phase::Busy { requests: requests - 1 },
            _ => Phase::Idle { since: now },
        };
    }
}

/// A stream that tells an [`ConnectionState`] what it sees.
#[derive(Debug)]
pub(crate) struct ObservedStream<S> {
    stream: S,
    state: Arc<ConnectionState>,
}

impl<S> ObservedStream<S> {
    pub(crate) fn new(stream: S, state: Arc<ConnectionState>) -> Self {
        Self { stream, state }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ObservedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.state.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ObservedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state.end();
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiry(state: &ConnectionState, opened: Instant) -> Option<(Duration, Expired)> {
        let (deadline, expired) = state.deadline(&Limits::default())?;
        Some((deadline - opened, expired))
    }

    #[tokio::test(start_paused = true)]
    async fn deadline_follows_the_phase() {
        let seconds = Duration::from_secs;
        let opened = Instant::now();
        let state = Arc::new(ConnectionState::new(Protocol::Http1, Arc::default(), &Limits::default()));
        assert_eq!(expiry(&state, opened), Some((seconds(120), Expired::Idle)));
        tokio::time::advance(seconds(50)).await;
        state.received();
        assert_eq!(expiry(&state, opened), Some((seconds(60), Expired::Header)));
        tokio::time::advance(seconds(5)).await;
        // More of the same head.
        state.received();
        assert_eq!(expiry(&state, opened), Some((seconds(60), Expired::Header)));
        let answering = state.begin();
        state.received();
        assert_eq!(expiry(&state, opened), None);
        drop(answering);
        assert_eq!(expiry(&state, opened), Some((seconds(175), Expired::Idle)));
        assert!(state.end());
        tokio::time::advance(seconds(1)).await;
        // Being asked to close again, or hearing more, wins no time.
        assert!(!state.end());
        state.received();
        state.end();
        assert_eq!(expiry(&state, opened), Some((seconds(57), Expired::Closing)));
    }

    /// Or a connection would have to go for another while its request is judged.
    #[tokio::test(start_paused = true)]
    async fn request_that_has_come_is_use() {
        let peer = Arc::<Peer>::default();
        let state = Arc::new(ConnectionState::new(Protocol::Http1, Arc::clone(&peer), &Limits::default()));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(peer.idle(Instant::now()), Duration::from_secs(60));
        let answering = state.begin();
        assert_eq!(peer.idle(Instant::now()), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(peer.idle(Instant::now()), Duration::from_secs(9));
        drop(answering);
        assert_eq!(peer.idle(Instant::now()), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn unread_answer_has_as_long_as_a_body() {
        let (opened, peer) = (Instant::now(), Arc::<Peer>::default());
        let state = ConnectionState::new(Protocol::Http2, Arc::clone(&peer), &Limits::default());
        peer.wrote();
        assert_eq!(expiry(&state, opened), Some((Duration::from_secs(10), Expired::Unread)));
        peer.written();
        assert_eq!(expiry(&state, opened), Some((Duration::from_secs(120), Expired::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn ages_differ() {
        let limits = Limits { max_connection_age: Duration::from_secs(1000), ..Limits::default() };
        let opened = Instant::now();
        let ages: Vec<_> = (0..100)
            .map(|_| {
                let state = ConnectionState::new(Protocol::Http1, Arc::default(), &limits);
                state.retires.unwrap() - opened
            })
            .collect();
        let (first, last) = (ages.iter().min().unwrap(), ages.iter().max().unwrap());
        assert!(*first >= Duration::from_secs(900) && *last <= Duration::from_secs(1000));
        assert!(last.saturating_sub(*first) > Duration::from_secs(50));
        let limits = Limits { max_connection_age: Duration::MAX, ..limits };
        assert!(!ConnectionState::new(Protocol::Http1, Arc::default(), &limits).is_aged());
    }

    #[tokio::test(start_paused = true)]
    async fn http2_is_idle_when_no_stream_is_open() {
        let opened = Instant::now();
        let state = Arc::new(ConnectionState::new(Protocol::Http2, Arc::default(), &Limits::default()));
        // Settings and pings.
        state.received();
        assert_eq!(expiry(&state, opened).unwrap().1, Expired::Idle);
        let (first, second) = (state.begin(), state.begin());
        state.end();
        drop(first);
        assert_eq!(expiry(&state, opened), None);
        drop(second);
        assert_eq!(expiry(&state, opened).unwrap().1, Expired::Closing);
    }
}
