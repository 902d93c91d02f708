//! How much is taken on at a time. What cannot be answered before its caller gives up is refused at once, so that the time
//! goes to requests that somebody still waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::Uri;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::options::Limits;

/// Bodies up to this size are bounded by the number of requests alone: nearly all are smaller, and must not wait for a few
/// that are large.
pub(super) const SMALL_BODY_BYTES: usize = 64 * 1024;
/// Semaphores count in this unit.
const UNIT_BYTES: usize = 1024;
/// What the API server allows where a webhook says nothing, and what is assumed of a caller that says nothing.
const DEFAULT_TIMEOUT_SECONDS: u32 = 10;
/// The most that the API server allows.
const MAX_TIMEOUT_SECONDS: u32 = 30;
/// For the answer's way back, and for the time before the request was seen here.
const MARGIN: Duration = Duration::from_millis(500);

/// What is being read and answered, in requests and in bytes.
#[derive(Debug)]
pub(super) struct Load {
    requests: Arc<Semaphore>,
    max_waiting: usize,
    waiting: AtomicUsize,
    bytes: Arc<Semaphore>,
    max_units: u32,
}

/// There is no room, and will be none in time.
#[derive(Debug)]
pub(super) struct Overloaded;

/// Room that is given back when it is dropped.
pub(super) type Room = OwnedSemaphorePermit;

impl Load {
    pub(super) fn new(limits: &Limits) -> Self {
        // One body has to fit, whatever was asked for.
        let max_units = units(limits.max_bytes.max(limits.max_body_bytes));
        Self {
            requests: semaphore(limits.max_requests),
            max_waiting: limits.max_requests,
            waiting: AtomicUsize::new(0),
            bytes: semaphore(usize::try_from(max_units).unwrap_or(usize::MAX)),
            max_units,
        }
    }

    /// Room for one more request, waited for until `deadline`. Nobody waits behind as many others as are served at a time.
    pub(super) async fn request(&self, deadline: Instant) -> Result<Room, Overloaded> {
        if let Ok(room) = Arc::clone(&self.requests).try_acquire_owned() {
            return Ok(room);
        }
        let _waiting = Waiting::begin(&self.waiting, self.max_waiting).ok_or(Overloaded)?;
        acquire(&self.requests, 1, deadline).await
    }

    /// Room for a body of `bytes` bytes, waited for until `deadline`. All of it at once: bodies that each waited for more
    /// while they hold a part would wait for each other.
    pub(super) async fn body(&self, bytes: usize, deadline: Instant) -> Result<Room, Overloaded> {
        acquire(&self.bytes, units(bytes).min(self.max_units), deadline).await
    }
}

fn semaphore(permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

async fn acquire(semaphore: &Arc<Semaphore>, permits: u32, deadline: Instant) -> Result<Room, Overloaded> {
    match timeout_at(deadline, Arc::clone(semaphore).acquire_many_owned(permits)).await {
        Ok(Ok(room)) => Ok(room),
        // The semaphores are never closed.
        Ok(Err(_)) | Err(_) => Err(Overloaded),
    }
}

/// One that waits, counted for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize, max: usize) -> Option<Self> {
        let begun = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < max).then_some(begun)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Until when the caller of a request that has arrived just now can use an answer: the API server says how long it waits in
/// the query (`?timeout=10s`).
pub(super) fn deadline(uri: &Uri) -> Instant {
    let seconds = uri
        .query()
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find_map(|pair| pair.strip_prefix("timeout=")?.strip_suffix('s')?.parse::<u32>().ok())
        .unwrap_or(DEFAULT_TIMEOUT_SECONDS)
        .clamp(1, MAX_TIMEOUT_SECONDS);
    Instant::now() + Duration::from_secs(seconds.into()).saturating_sub(MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { max_requests: 2, max_bytes: 20_000, max_body_bytes: 10_000, ..Limits::default() }
    }

    #[test]
    fn units_are_rounded_up() {
        assert_eq!([0, 1, 1024, 1025].map(units), [0, 1, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn deadline_is_that_of_the_caller() {
        for (uri, milliseconds) in [
            ("/validate", 9_500),
            ("/validate?timeout=5s", 4_500),
            ("/validate?a=b&timeout=1s", 500),
            ("/validate?timeout=0s", 500),
            ("/validate?timeout=4000000000s", 29_500),
            ("/validate?timeout=99999999999999s", 9_500),
            ("/validate?timeout=", 9_500),
            ("/validate?timeout=1m", 9_500),
        ] {
            let wait = deadline(&uri.parse().unwrap()) - Instant::now();
            assert_eq!(wait, Duration::from_millis(milliseconds), "{uri}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_wait_and_are_refused_at_their_deadline() {
        let load = Load::new(&limits());
        let begin = Instant::now();
        let deadline = begin + Duration::from_secs(3);
        let first = load.request(deadline).await.unwrap();
        let _second = load.request(deadline).await.unwrap();
        assert!(load.request(deadline).await.is_err());
        assert_eq!(begin.elapsed(), Duration::from_secs(3));
        let deadline = Instant::now() + Duration::from_secs(3);
        let release = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(first);
        };
        let (third, ()) = tokio::join!(load.request(deadline), release);
        assert!(third.is_ok());
        assert_eq!(load.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_queue_is_bounded() {
        let load = Load::new(&limits());
        let deadline = Instant::now() + Duration::from_secs(3);
        let _held = (load.request(deadline).await.unwrap(), load.request(deadline).await.unwrap());
        let begin = Instant::now();
        let third = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let refused = load.request(deadline).await.is_err();
            (refused, begin.elapsed())
        };
        let (first, second, third) = tokio::join!(load.request(deadline), load.request(deadline), third);
        assert!(first.is_err() && second.is_err());
        assert_eq!(third, (true, Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_are_bounded_over_all() {
        let load = Load::new(&limits());
        let deadline = Instant::now() + Duration::from_secs(3);
        let first = load.body(10_000, deadline).await.unwrap();
        let second = load.body(9_000, deadline).await.unwrap();
        assert!(load.body(5_000, deadline).await.is_err());
        drop(first);
        let deadline = Instant::now() + Duration::from_secs(3);
        assert!(load.body(5_000, deadline).await.is_ok());
        // Larger than all there is: takes all there is.
        drop(second);
        assert!(load.body(usize::MAX, deadline).await.is_ok());
    }
}
