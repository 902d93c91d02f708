//! A stop that loses no answer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use hyper::body::{Body, Frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;
use tokio_rustls::client::TlsStream;

use crate::support::{NO_REVIEW, PATIENCE, TestServer, client_config, head, read_answer, read_to_end, request, send};

async fn ended(server: &mut TestServer) -> usize {
    tokio::time::timeout(PATIENCE, &mut server.task).await.expect("the server should have stopped").unwrap()
}

/// Ends the wait of [`TestServer::start_with`]'s server.
fn stop(server: &mut TestServer, delay: Duration) {
    let (spare, _) = oneshot::channel();
    std::mem::replace(&mut server.shutdown, spare).send(delay).unwrap();
}

/// Waits until `/readyz` says that it stops.
async fn unready(server: &TestServer) {
    let unready = async {
        while server.admin("/readyz").await.status() != 503 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, unready).await.unwrap();
}

#[tokio::test]
async fn requests_under_way_are_answered_and_new_ones_refused() {
    let mut server = TestServer::start().await;
    let mut idle = server.connect().await;
    let mut busy = server.connect().await;
    send(&mut busy, &head(NO_REVIEW.len())).await;
    server.wait_for_metric("podgate_in_flight_requests 1").await;

    stop(&mut server, Duration::ZERO);
    assert_eq!(read_to_end(&mut idle).await, "");
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!server.task.is_finished());
    send(&mut busy, NO_REVIEW).await;
    let answer = read_to_end(&mut busy).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(ended(&mut server).await, 0);
}

/// A body that comes when it is told to.
struct Awaited(oneshot::Receiver<&'static str>);

impl Body for Awaited {
    type Data = Bytes;
    type Error = RecvError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RecvError>>> {
        if self.0.is_terminated() {
            return Poll::Ready(None);
        }
        let text = ready!(Pin::new(&mut self.0).poll(context));
        Poll::Ready(Some(text.map(|text| Frame::data(Bytes::from(text)))))
    }
}

#[tokio::test]
async fn http2_request_under_way_is_answered() {
    let mut server = TestServer::start().await;
    let (body, awaited) = oneshot::channel();
    let request = server
        .client()
        .build()
        .unwrap()
        .post(server.url("/validate"))
        .header("content-type", "application/json")
        .body(reqwest::Body::wrap(Awaited(awaited)));
    let request = tokio::spawn(request.send());
    server.wait_for_metric("podgate_in_flight_requests 1").await;
    stop(&mut server, Duration::ZERO);
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    body.send(NO_REVIEW).unwrap();
    let answer = request.await.unwrap().unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert_eq!(answer.status(), 400);
    assert_eq!(ended(&mut server).await, 0);
}

#[tokio::test]
async fn not_ready_but_serving_during_the_delay() {
    let mut server = TestServer::start().await;
    let delay = Duration::from_millis(1500);
    let mut old = server.connect().await;
    send(&mut old, &request(NO_REVIEW)).await;
    assert!(!read_answer(&mut old).await.contains("connection: close"));
    let begin = Instant::now();
    stop(&mut server, delay);

    unready(&server).await;
    assert_eq!(server.admin("/livez").await.status(), 200);
    let mut new = server.connect().await;
    for stream in [&mut old, &mut new] {
        send(stream, &request(NO_REVIEW)).await;
        let answer = read_to_end(stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        // Sends the client to another replica while this one still listens.
        assert!(answer.contains("connection: close"), "{answer}");
    }
    assert_eq!(ended(&mut server).await, 0);
    assert!(begin.elapsed() >= delay);
}

/// Connection preface and empty SETTINGS.
const BEGIN: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0abcdefgh";
/// `POST https:/` as all of stream 1, by entries of HPACK's static table.
const POST: &[u8] = b"\0\0\x03\x01\x05\0\0\0\x01\x83\x87\x84";
/// How the frames begin that are waited for: a PING's acknowledgement, GOAWAY, and, behind its length, an answer to [`POST`].
const PONG: &[u8] = b"\0\0\x08\x06\x01";
const GOAWAY: &[u8] = b"\0\0\x08\x07";
const ANSWER: &[u8] = b"\x01\x04\0\0\0\x01";

fn holds(received: &[u8], part: &[u8]) -> bool {
    received.windows(part.len()).any(|bytes| bytes == part)
}

/// Says `frame`, and listens until all of `parts` have come.
async fn exchange(stream: &mut TlsStream<TcpStream>, frame: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    stream.write_all(frame).await.unwrap();
    stream.flush().await.unwrap();
    let mut received = Vec::new();
    let all = async {
        while !parts.iter().all(|part| holds(&received, part)) {
            assert_ne!(stream.read_buf(&mut received).await.unwrap(), 0, "closed early");
        }
    };
    tokio::time::timeout(PATIENCE, all).await.unwrap_or_else(|_| panic!("not all of {parts:?}"));
    received
}

async fn connect_http2(server: &TestServer) -> TlsStream<TcpStream> {
    let mut stream = server.connect_with(client_config(server.dir.path(), &["h2"])).await.unwrap();
    exchange(&mut stream, BEGIN, &[]).await;
    stream
}

/// GOAWAY, while the server still accepts: the client takes another connection before this one goes. Not before its first
/// request, which a client that has not sent it yet would give up.
#[tokio::test]
async fn http2_connection_is_told_to_go_during_the_delay() {
    let mut server = TestServer::start().await;
    let mut used = connect_http2(&server).await;
    exchange(&mut used, POST, &[ANSWER]).await;
    let mut unused = connect_http2(&server).await;
    stop(&mut server, Duration::from_secs(3600));
    unready(&server).await;
    exchange(&mut used, PING, &[GOAWAY]).await;
    let mut new = connect_http2(&server).await;
    for stream in [&mut unused, &mut new] {
        assert!(!holds(&exchange(stream, PING, &[PONG]).await, GOAWAY));
        exchange(stream, POST, &[ANSWER, GOAWAY]).await;
    }
    assert!(TcpStream::connect(server.address).await.is_ok());
}

#[tokio::test]
async fn client_that_does_not_finish_is_cut_off() {
    let mut server = TestServer::start_with(|options| {
        options.limits.drain_timeout = Duration::from_millis(300);
    })
    .await;
    let mut stream = server.connect().await;
    send(&mut stream, &head(100)).await;
    server.wait_for_metric("podgate_in_flight_requests 1").await;
    stop(&mut server, Duration::ZERO);
    assert_eq!(ended(&mut server).await, 1);
    assert_eq!(read_to_end(&mut stream).await, "");
}

#[tokio::test]
async fn slow_handshake_does_not_delay_the_stop() {
    let mut server = TestServer::start().await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    // Accepted after the first, so that the first is being served by now.
    let mut stream = server.connect().await;
    send(&mut stream, &request(NO_REVIEW)).await;
    read_answer(&mut stream).await;
    let begin = Instant::now();
    stop(&mut server, Duration::ZERO);
    assert_eq!(ended(&mut server).await, 0);
    assert!(begin.elapsed() < Duration::from_secs(8));
}
