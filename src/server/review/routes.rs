//! Routes the webhook's paths: reads each request, has it judged, and refuses it where it cannot be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use tokio::time::{Instant, timeout_at};
use tracing::{error, info};

use super::body::{self, Arrived, discard};
use super::deadline::deadline_of;
use super::refusal::{DEADLINE, METHOD_NOT_ALLOWED, NOT_FOUND, OVERLOADED, Refusal, WITHOUT_POLICY};
use crate::server::net::peer::Peer;
use crate::server::net::response;
use crate::server::observe::failure::Failure;
use crate::server::observe::log;
use crate::server::observe::metrics::webhook;
use crate::server::observe::span::RequestSpan;
use crate::server::observe::trace_context::TraceContext;
use crate::server::overload::fair_queue::FairQueue;
use crate::server::overload::memory_budget::{MemoryBudget, Reservation, SMALL_BYTES};
use crate::server::overload::processor_limit::ProcessorLimit;
use crate::server::shared::Shared;
use podgate_engine::admission::{self, Cluster, Mode, handle_within};
use podgate_engine::panics::catch;

/// Time after its deadline in which a review may end by itself and say why; well below the margin that is kept of a
/// request's time.
const GRACE: Duration = Duration::from_millis(100);

/// State of the webhook's handlers.
#[derive(Debug)]
pub(crate) struct ReviewService {
    pub(crate) shared: Arc<Shared>,
    /// Limits concurrent reviews of small bodies.
    pub(crate) small_bodies: Arc<FairQueue>,
    /// Limits the memory of bodies and answers.
    pub(crate) memory: Arc<MemoryBudget>,
    /// Limits concurrent reviews of large bodies, and the memory that these become.
    pub(crate) large_bodies: Arc<FairQueue>,
    /// Limits concurrent reviews while processors are short.
    pub(crate) processors: ProcessorLimit,
}

/// `POST /validate` and `POST /mutate`.
pub(crate) fn router(service: ReviewService) -> Router {
    Router::new()
        .route("/validate", post(validate))
        .route("/mutate", post(mutate))
        .method_not_allowed_fallback(async |State(service): State<Arc<ReviewService>>, request: Request| {
            let (mut head, body) = request.into_parts();
            service.refuse(&METHOD_NOT_ALLOWED, body, &peer_of(&mut head))
        })
        .fallback(async |State(service): State<Arc<ReviewService>>, request: Request| {
            let (mut head, body) = request.into_parts();
            service.refuse(&NOT_FOUND, body, &peer_of(&mut head))
        })
        .with_state(Arc::new(service))
}

async fn validate(State(service): State<Arc<ReviewService>>, request: Request) -> Response {
    service.answer(Mode::Validate, request).await
}

async fn mutate(State(service): State<Arc<ReviewService>>, request: Request) -> Response {
    service.answer(Mode::Mutate, request).await
}

/// Returns the connection that a request came over.
fn peer_of(head: &mut Parts) -> Arc<Peer> {
    head.extensions.remove().unwrap_or_default()
}

impl ReviewService {
    async fn answer(self: Arc<Self>, mode: Mode, request: Request) -> Response {
        let deadline = deadline_of(request.uri());
        let (mut head, mut body) = request.into_parts();
        let peer = peer_of(&mut head);
        let trace = TraceContext::read(&head.headers);
        let span = RequestSpan::begin(mode);
        #[cfg(feature = "otlp")]
        crate::server::observe::otlp::set_parent(&span, trace, &head.headers);
        let refuse = |refusal: &Refusal, body| {
            span.failed(refusal.status, refusal.failure);
            self.refuse(refusal, body, &peer)
        };
        if !self.shared.health.has_policy() {
            return refuse(&WITHOUT_POLICY, body);
        }
        let _in_flight = self.shared.metrics.begin();
        let arrived =
            match body::read(&self.memory, &self.shared.limits, &peer, &head.headers, &mut body, deadline).await {
                Ok(arrived) => arrived,
                Err(refusal) => return refuse(&refusal, body),
            };
        if arrived.bytes.len() > SMALL_BYTES {
            return match self.judge_apart(mode, arrived, head.headers, &peer, &span, deadline).await {
                Ok(response) => response,
                Err(refusal) => refuse(&refusal, body),
            };
        }
        // Only now: a body that is on its way takes no place.
        let Ok(_place) = self.small_bodies.acquire(&peer, 0, deadline).await else { return refuse(&OVERLOADED, body) };
        let _permit = self.processors.acquire(&peer, deadline).await;
        if deadline <= Instant::now() {
            // Nobody waits for this answer any more; the time is better spent on the next one.
            return refuse(&OVERLOADED, body);
        }
        let decided = self.decide(mode, &arrived.bytes, trace, &span, deadline, || false);
        self.reply(decided, &peer)
    }

    /// Judges a large body where nobody else waits for it. At its deadline the caller is answered, even while it goes on.
    async fn judge_apart(
        self: &Arc<Self>,
        mode: Mode,
        Arrived { bytes, mut reservation }: Arrived,
        headers: HeaderMap,
        peer: &Arc<Peer>,
        span: &RequestSpan,
        deadline: Instant,
    ) -> Result<Response, Refusal> {
        reservation.make_displaceable(peer, 0, deadline).await.map_err(|_overloaded| OVERLOADED)?;
        let permit = tokio::select! {
            permit = self.large_bodies.acquire(peer, bytes.len(), deadline) => permit.map_err(|_overloaded| OVERLOADED)?,
            () = reservation.displaced() => return Err(OVERLOADED),
        };
        reservation.pin();
        let abandoned = Arc::new(AtomicBool::new(false));
        let judged = {
            let (service, span, abandoned) = (Arc::clone(self), span.clone(), Arc::clone(&abandoned));
            tokio::task::spawn_blocking(move || {
                let trace = TraceContext::read(&headers);
                let decided =
                    service.decide(mode, &bytes, trace, &span, deadline, || abandoned.load(Ordering::Relaxed));
                drop((bytes, reservation, permit));
                decided
            })
        };
        // Also where the connection ends, and this is dropped.
        let _abandon = AbandonOnDrop(abandoned);
        let end = deadline.checked_add(GRACE).unwrap_or(deadline);
        let Ok(judged) = timeout_at(end, judged).await else {
            return Err(DEADLINE);
        };
        // A panic is caught within; a runtime that stops answers nobody.
        let internal = || (StatusCode::INTERNAL_SERVER_ERROR, response::error_text("internal error"));
        Ok(self.reply(judged.unwrap_or_else(|_stopped| internal()), peer))
    }

    /// Judges `body` until `deadline`, and tells of it unless the caller `is_answered` already.
    fn decide(
        &self,
        mode: Mode,
        body: &[u8],
        trace: Option<TraceContext<'_>>,
        span: &RequestSpan,
        deadline: Instant,
        is_answered: impl Fn() -> bool,
    ) -> (StatusCode, Vec<u8>) {
        let begin = Instant::now();
        let engine = self.shared.engine.load();
        let inventory = self.shared.inventory.load();
        let opens_gates = self.shared.opens_gates.load(Ordering::Relaxed);
        let cluster = Cluster { inventory: inventory.as_deref(), opens_gates };
        let is_over = || deadline <= Instant::now() || is_answered();
        let Some(answer) = guarded(|| handle_within(&engine, cluster, mode, body, &is_over)) else {
            self.shared.metrics.failed(Failure::Panic);
            error!(webhook = webhook(mode), "the handler panicked");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            span.failed(status, Failure::Panic);
            return (status, response::error_text("internal error"));
        };
        let duration = begin.elapsed();
        self.processors.record(duration);
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if !is_answered() {
            self.shared.metrics.answered(mode, &answer.record, duration);
            self.shared.unopened_gates.answered(&answer.record);
            if !log::is_plain(&answer.record) || fastrand::f64() < self.shared.log_allowed {
                log::decided(mode, answer.status, &answer.record, duration, trace);
            }
            span.answered(status, &answer.record);
        }
        (status, answer.body)
    }

    fn refuse(&self, refusal: &Refusal, body: Body, peer: &Arc<Peer>) -> Response {
        self.shared.metrics.failed(refusal.failure);
        info!(status = refusal.status.as_u16(), reason = refusal.failure.as_str(), "refused");
        let mut reply = self.reply((refusal.status, response::error_text(refusal.message)), peer);
        if body.is_end_stream() {
            return reply;
        }
        reply.extensions_mut().insert(response::Unread);
        // Who is too slow is not waited for again.
        if refusal.status != StatusCode::REQUEST_TIMEOUT {
            discard(body);
        }
        reply
    }

    /// Returns an answer that is charged to `peer` until it is written.
    fn reply(&self, (status, text): (StatusCode, Vec<u8>), peer: &Arc<Peer>) -> Response {
        let reservation = self.memory.answer(peer, text.len());
        peer.wrote();
        response::json(
            status,
            Bytes::from_owner(ChargedBody { text, peer: Arc::clone(peer), _reservation: reservation }),
        )
    }
}

/// Says when it is dropped that nobody waits for a judgement.
struct AbandonOnDrop(Arc<AtomicBool>);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// An answer that its connection has not written yet, and drops then.
struct ChargedBody {
    text: Vec<u8>,
    peer: Arc<Peer>,
    _reservation: Reservation,
}

impl AsRef<[u8]> for ChargedBody {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Drop for ChargedBody {
    fn drop(&mut self) {
        self.peer.written();
    }
}

/// Catches a panic of the handler, so that the caller gets an answer and the connection's other requests live on.
fn guarded<'a>(call: impl FnOnce() -> admission::Response<'a>) -> Option<admission::Response<'a>> {
    // The engine is read only, so a panic leaves nothing half-written behind.
    catch(call).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_of_the_handler_is_caught() {
        assert!(guarded(|| panic!("a rule fell over")).is_none());
    }
}
