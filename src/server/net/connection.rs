//! Serves one connection until it ends, breaks, or takes too long.
//!
//! Mechanism: TLS first, within its time-out; then hyper drives HTTP/1.1 or HTTP/2, and this polls hyper's connection together
//! with one timer, which is set to the deadline of [`ConnectionState`]. When it passes, the connection is shut down gracefully
//! (`Connection: close`, GOAWAY) or dropped. A timer that would ring too early is left alone and set anew when it rings, so that
//! a request costs no timer.
//!
//! Reason: axum's server has no deadlines for connections, and hyper's own (`header_read_timeout`) also cuts off idle ones.
//! The API server keeps idle connections for 90 s and does not send a POST again
//! (<https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/net/http.go>), so a
//! connection must not be closed while it may be about to use it.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::connection_state::{ConnectionState, Expired, ObservedStream, Protocol};
use super::peer::Peer;
use super::response;
use crate::server::certificates::tls::Tls;
use crate::server::observe::failure::Failure;
use crate::server::observe::log;
use crate::server::options::Limits;
use crate::server::shared::Shared;

/// The API server's own head has less than 1 KiB.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADER_LIST_BYTES: u32 = 16 * 1024;
/// Limits what a connection holds of bodies that nobody reads yet, because they wait for a permit.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
const WINDOW_BYTES: u32 = 64 * 1024;
const MAX_CONCURRENT_STREAMS: u32 = 128;
/// A peer that is gone without a word is noticed by HTTP/2 pings.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
const PLAIN_HTTP_ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\
    Content-Length: 34\r\nConnection: close\r\n\r\n{\"error\":\"this port speaks HTTPS\"}";

/// State that all connections of an endpoint share.
pub(crate) struct ConnectionContext {
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) router: TowerToHyperService<Router>,
    pub(crate) limits: Limits,
    pub(crate) shared: Arc<Shared>,
    pub(crate) stop: CancellationToken,
}

/// The reason for which a connection ended early, with the error of the peer or the system.
#[derive(Debug)]
struct Failed {
    failure: Failure,
    cause: String,
}

impl Failed {
    fn new(failure: Failure, cause: impl Display) -> Self {
        let cause = cause.to_string();
        Self { failure, cause }
    }

    fn broken(cause: impl Display) -> Self {
        Self::new(Failure::Connection, cause)
    }
}

impl ConnectionContext {
    /// Serves `stream` to its end. What goes wrong is counted: it concerns nobody but the peer.
    pub(crate) async fn serve(self: Arc<Self>, stream: TcpStream, peer: Arc<Peer>) {
        if let Err(Failed { failure, cause }) = self.serve_to_end(stream, peer).await {
            self.shared.metrics.failed(failure);
            let cause = log::clean(&cause);
            debug!(reason = failure.as_str(), cause = cause.as_ref(), "connection");
        }
    }

    async fn serve_to_end(self: &Arc<Self>, stream: TcpStream, peer: Arc<Peer>) -> Result<(), Failed> {
        // An answer is one write; there is nothing to wait for.
        stream.set_nodelay(true).map_err(Failed::broken)?;
        let Some(tls) = &self.tls else {
            return self.serve_http(stream, Protocol::Http1, peer).await;
        };
        let Some(acceptor) = tls.acceptor() else {
            return Err(Failed::new(Failure::TlsHandshake, "there is no certificate yet"));
        };
        let handshake = timeout(self.limits.handshake_timeout, shake_hands(stream, &acceptor));
        let stream = match self.stop.run_until_cancelled(handshake).await {
            None => return Ok(()),
            Some(Ok(shaken)) => shaken?,
            Some(Err(_elapsed)) => {
                return Err(Failed::new(Failure::TlsHandshakeTimeout, ""));
            }
        };
        let (_, session) = stream.get_ref();
        // The handshake fails where one is asked for and not shown.
        if session.peer_certificates().is_some() {
            peer.verify();
        }
        let protocol = match session.alpn_protocol() {
            Some(b"h2") => Protocol::Http2,
            _ => Protocol::Http1,
        };
        self.serve_http(stream, protocol, peer).await
    }

    async fn serve_http<S>(self: &Arc<Self>, stream: S, protocol: Protocol, peer: Arc<Peer>) -> Result<(), Failed>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let state = Arc::new(ConnectionState::new(protocol, Arc::clone(&peer), &self.limits));
        let io = TokioIo::new(ObservedStream::new(stream, Arc::clone(&state)));
        let service = {
            let (context, state, peer) = (Arc::clone(self), Arc::clone(&state), Arc::clone(&peer));
            service_fn(move |mut request: Request<Incoming>| {
                let answering = state.begin();
                request.extensions_mut().insert(Arc::clone(&peer));
                let (context, state) = (Arc::clone(&context), Arc::clone(&state));
                async move {
                    let answer = context.answer(request, &state).await;
                    drop(answering);
                    answer
                }
            })
        };
        match protocol {
            Protocol::Http1 => {
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    // See `connection_state`: it would cut off idle connections.
                    .header_read_timeout(None)
                    .max_header_size(MAX_HEAD_BYTES)
                    .max_buf_size(MAX_BUFFER_BYTES)
                    .serve_connection(io, service);
                self.drive(connection, &state, &peer).await
            }
            Protocol::Http2 => {
                let connection = http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .keep_alive_interval(PING_INTERVAL)
                    .keep_alive_timeout(PING_TIMEOUT)
                    .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
                    .max_header_list_size(MAX_HEADER_LIST_BYTES)
                    .initial_connection_window_size(WINDOW_BYTES)
                    .initial_stream_window_size(WINDOW_BYTES)
                    .serve_connection(io, service);
                self.drive(connection, &state, &peer).await
            }
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        state: &ConnectionState,
    ) -> Result<axum::response::Response, Infallible> {
        let mut answer = self.router.call(request).await?;
        let unread = answer.extensions_mut().remove::<response::Unread>().is_some();
        let close = unread || self.shared.health.is_draining() || state.is_aged();
        // HTTP/2 ends a stream without its connection, and a connection with GOAWAY.
        if close && state.protocol() == Protocol::Http1 {
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(answer)
    }

    /// Polls `connection` to its end, and ends it when the server stops or a deadline passes.
    async fn drive<C>(&self, connection: C, state: &ConnectionState, peer: &Peer) -> Result<(), Failed>
    where
        C: GracefulConnection<Error = hyper::Error>,
    {
        let mut connection = pin!(connection);
        // A child, because looking at a token takes its lock, and all connections would share it.
        let stop = self.stop.child_token();
        let mut stopping = pin!(stop.cancelled());
        let mut closing = pin!(peer.close.notified());
        let mut stopped = false;
        let mut alarm = pin!(sleep(self.limits.header_timeout));
        poll_fn(|context| {
            if !stopped && stopping.as_mut().poll(context).is_ready() {
                stopped = true;
                state.end();
                connection.as_mut().graceful_shutdown();
            }
            if closing.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(Failed::new(Failure::AnswerUnread, "")));
            }
            loop {
                if let Poll::Ready(result) = connection.as_mut().poll(context) {
                    return Poll::Ready(result.map_err(Failed::broken));
                }
                // GOAWAY is to HTTP/2 what `Connection: close` is to HTTP/1.1; streams that are open go on.
                if state.protocol() == Protocol::Http2
                    && (state.is_aged() || self.shared.health.is_draining())
                    && state.is_used()
                    && state.end()
                {
                    connection.as_mut().graceful_shutdown();
                    continue;
                }
                let Some((deadline, expired)) = state.deadline(&self.limits) else {
                    return Poll::Pending;
                };
                // An alarm that is early is left as it is, and set anew when it rings: that is once in a
                // while, and not with every request.
                if deadline < alarm.deadline() || alarm.is_elapsed() {
                    alarm.as_mut().reset(deadline);
                }
                ready!(alarm.as_mut().poll(context));
                if Instant::now() < deadline {
                    continue;
                }
                match expired {
                    Expired::Idle => {
                        state.end();
                        connection.as_mut().graceful_shutdown();
                    }
                    Expired::Header => {
                        return Poll::Ready(Err(Failed::new(Failure::HeaderTimeout, "")));
                    }
                    Expired::Unread => return Poll::Ready(Err(Failed::new(Failure::AnswerUnread, ""))),
                    Expired::Closing => return Poll::Ready(Ok(())),
                }
            }
        })
        .await
    }
}

async fn shake_hands(mut stream: TcpStream, acceptor: &TlsAcceptor) -> Result<TlsStream<TcpStream>, Failed> {
    // A TLS record begins with its type, a small number; HTTP begins with a method.
    let mut first = [0];
    if stream.peek(&mut first).await.map_err(Failed::broken)? == 1 && first.iter().all(u8::is_ascii_uppercase) {
        answer_plain_http(&mut stream).await.map_err(Failed::broken)?;
        return Err(Failed::new(Failure::PlainHttp, ""));
    }
    acceptor.accept(stream).await.map_err(|cause| Failed::new(Failure::TlsHandshake, cause))
}

/// Somebody forgot the `s` of `https`: a word is kinder than a TLS alert.
async fn answer_plain_http(stream: &mut TcpStream) -> io::Result<()> {
    // What is unread when the socket is closed would reset the connection before the answer is seen.
    let mut head = [0; 4096];
    let _ = stream.read(&mut head).await?;
    stream.write_all(PLAIN_HTTP_ANSWER).await?;
    stream.shutdown().await
}
