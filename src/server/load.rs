//! How much is taken on at a time. What cannot be answered before its caller gives up is refused at once, so that the time
//! goes to requests that somebody still waits for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::Uri;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::ledger::Overloaded;
use super::options::Limits;

/// What the API server allows where a webhook says nothing, and what is assumed of a caller that says nothing.
const DEFAULT_TIMEOUT_SECONDS: u32 = 10;
/// The most that the API server allows.
const MAX_TIMEOUT_SECONDS: u32 = 30;
/// For the answer's way back, and for the time before the request was seen here.
const MARGIN: Duration = Duration::from_millis(500);

/// What is judged or waits for it, in requests.
#[derive(Debug)]
pub(super) struct Load {
    requests: Semaphore,
    max_waiting: usize,
    waiting: AtomicUsize,
}

impl Load {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            requests: Semaphore::new(limits.max_requests.min(Semaphore::MAX_PERMITS)),
            max_waiting: limits.max_requests,
            waiting: AtomicUsize::new(0),
        }
    }

    /// A place for one more request whose body is there, waited for until `deadline`. Nobody waits behind as many others as
    /// are served at a time.
    pub(super) async fn request(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, Overloaded> {
        if let Ok(place) = self.requests.try_acquire() {
            return Ok(place);
        }
        let _waiting = Waiting::begin(&self.waiting, self.max_waiting).ok_or(Overloaded)?;
        match timeout_at(deadline, self.requests.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Overloaded),
        }
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
        Limits { max_requests: 2, ..Limits::default() }
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
}
