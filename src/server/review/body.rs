//! Reads a request's body: in bounded time, and charged as it arrives.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;

use super::refusal::{INCOMPLETE, OVERLOADED, Refusal, TOO_LARGE, TOO_SLOW};
use crate::server::net::peer::Peer;
use crate::server::observe::failure::Failure;
use crate::server::observe::log;
use crate::server::options::Limits;
use crate::server::overload::memory_budget::{MemoryBudget, Reservation, SMALL_BYTES};

/// The body of a request that was refused is read on for this long.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

/// A body that is there, and what it holds.
pub(crate) struct Arrived {
    pub(crate) bytes: Bytes,
    pub(crate) reservation: Reservation,
}

/// Reads a body until `deadline`, which may come sooner by [`Limits::body_timeout`].
pub(crate) async fn read(
    memory: &Arc<MemoryBudget>,
    limits: &Limits,
    peer: &Peer,
    headers: &HeaderMap,
    body: &mut Body,
    deadline: Instant,
) -> Result<Arrived, Refusal> {
    check_headers(headers)?;
    let max = limits.max_body_bytes;
    let size = body.size_hint();
    // From Content-Length: answered before the body is sent.
    if size.lower() > u64::try_from(max).unwrap_or(u64::MAX) {
        return Err(TOO_LARGE);
    }
    // Without a Content-Length it may be as large as is allowed.
    let size = size.upper().and_then(|size| usize::try_from(size).ok()).map_or(max, |size| size.min(max));
    let body_deadline = Instant::now().checked_add(limits.body_timeout).map_or(deadline, |end| end.min(deadline));
    let mut arriving = Arriving { peer, headers, reservation: memory.reserve_for(size), deadline };
    let bytes = timeout_at(body_deadline, arriving.read(body, size, max)).await.map_err(|_elapsed| TOO_SLOW)??;
    Ok(Arrived { bytes, reservation: arriving.reservation })
}

/// A body on its way.
struct Arriving<'a> {
    peer: &'a Peer,
    headers: &'a HeaderMap,
    reservation: Reservation,
    deadline: Instant,
}

impl Arriving<'_> {
    /// Reads a body of about `size` bytes, and no more than `max`.
    async fn read(&mut self, body: &mut Body, size: usize, max: usize) -> Result<Bytes, Refusal> {
        let mut all = Vec::new();
        while let Some(data) = self.next(body).await? {
            if all.len().saturating_add(data.len()) > max {
                return Err(TOO_LARGE);
            }
            self.reservation.add(data.len(), self.deadline).await.map_err(|_overloaded| OVERLOADED)?;
            // Most bodies come in one piece.
            if all.is_empty() && body.is_end_stream() {
                return Ok(data);
            }
            let needed = all.len().saturating_add(data.len());
            if needed > all.capacity() {
                // As it arrives, whatever was declared. What is not written yet takes no memory, so that it may be far more.
                let room = all.capacity().saturating_mul(16).max(SMALL_BYTES).min(size).max(needed);
                all.reserve_exact(room.saturating_sub(all.len()));
            }
            all.extend_from_slice(&data);
        }
        Ok(all.into())
    }

    /// Returns the next bytes, if there are any.
    async fn next(&mut self, body: &mut Body) -> Result<Option<Bytes>, Refusal> {
        loop {
            let frame = if let Some(frame) = body.frame().now_or_never() {
                frame
            } else {
                self.wait().await?;
                tokio::select! {
                    frame = body.frame() => frame,
                    () = self.reservation.displaced() => return Err(OVERLOADED),
                }
            };
            let Some(frame) = frame else { return Ok(None) };
            // Mostly a client that gave up; nobody reads this answer then.
            let frame = frame.map_err(|cause| {
                let cause = cause.to_string();
                let cause = log::clean(&cause);
                debug!(cause = cause.as_ref(), "body");
                INCOMPLETE
            })?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
    }

    /// Lets it make room for others from now on.
    async fn wait(&mut self) -> Result<(), Refusal> {
        if self.reservation.is_displaceable() {
            return Ok(());
        }
        let head = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        self.reservation.make_displaceable(self.peer, head, self.deadline).await.map_err(|_overloaded| OVERLOADED)
    }
}

/// Reads on while the answer is under way. Many clients look for it only after they have sent everything, and a
/// connection that is closed, or a stream that is reset, with unread bytes takes the answer with it.
pub(crate) fn discard(mut body: Body) {
    tokio::spawn(timeout(DISCARD_TIMEOUT, async move { while let Some(Ok(_frame)) = body.frame().await {} }));
}

fn check_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    let unsupported = |message| Refusal {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        failure: Failure::UnsupportedMediaType,
        message,
    };
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err(unsupported("Content-Type is not application/json"));
    }
    let is_plain = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if !is_plain {
        return Err(unsupported("a compressed body is not understood"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        let status = |pairs: &[(header::HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name, value.parse().unwrap());
            }
            check_headers(&headers).map_err(|refusal| refusal.status.as_u16())
        };
        let json = (header::CONTENT_TYPE, "application/json");
        let encoding = |value| (header::CONTENT_ENCODING, value);
        assert_eq!(status(&[]), Err(415));
        assert_eq!(status(&[(header::CONTENT_TYPE, "text/plain")]), Err(415));
        assert_eq!(status(&[(header::CONTENT_TYPE, "application/jsonp")]), Err(415));
        assert_eq!(status(std::slice::from_ref(&json)), Ok(()));
        assert_eq!(status(&[(header::CONTENT_TYPE, "Application/JSON ; charset=utf-8")]), Ok(()));
        assert_eq!(status(&[json.clone(), encoding("identity")]), Ok(()));
        assert_eq!(status(&[json.clone(), encoding("gzip")]), Err(415));
        assert_eq!(status(&[json, encoding("identity"), encoding("gzip")]), Err(415));
    }
}
