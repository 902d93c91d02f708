//! What a neighbour could do to others who use the same ports, and that an honest client still has its decision within a second.

use std::pin::Pin;
use std::sync::{Condvar, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use hyper::body::{Body, Frame};
use podgate::server::Limits;
use podgate_engine::model::Review;
use podgate_engine::rules::rule::Code;
use podgate_engine::rules::{Check, Level, Report, Rule};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::measured::allow_many_sockets;
use crate::support::{PATIENCE, REVIEW, TestServer, is_open, read_answer, request, send};

/// An honest client waits no longer.
const SECOND: Duration = Duration::from_secs(1);
/// Over the bound of small bodies.
const LARGE: usize = 140 * 1024;

/// A body that begins, and does not go on.
struct Stuck {
    begin: Option<Bytes>,
    declared: Option<u64>,
}

impl Body for Stuck {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.begin.take() {
            Some(begin) => Poll::Ready(Some(Ok(Frame::data(begin)))),
            None => Poll::Pending,
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.declared.map_or_else(hyper::body::SizeHint::default, hyper::body::SizeHint::with_exact)
    }
}

/// Sends `count` of them over one HTTP/2 connection.
fn stuck(server: &TestServer, count: usize, sent: usize, declared: Option<u64>) -> JoinSet<()> {
    let client = server.client().timeout(PATIENCE * 3).build().unwrap();
    let url = server.url("/validate?timeout=30s");
    let mut streams = JoinSet::new();
    for _ in 0..count {
        let begin = (sent > 0).then(|| Bytes::from(vec![b' '; sent]));
        let body = reqwest::Body::wrap(Stuck { begin, declared });
        let request = client.post(&url).header("content-type", "application/json").body(body);
        streams.spawn(async move {
            let _ = request.send().await;
        });
    }
    streams
}

/// A review of `size` bytes.
fn review_of(size: usize) -> String {
    let padding = "x".repeat(size.saturating_sub(REVIEW.len() + 13));
    REVIEW.replacen('{', &format!("{{\"padding\":\"{padding}\","), 1)
}

/// Asks over a connection of its own and over one that it keeps, with small bodies and a large one.
async fn honest_client_is_served(server: &TestServer) {
    let (small, large) = (request(REVIEW), request(&review_of(LARGE)));
    let mut kept = server.connect().await;
    for number in 0..20 {
        let begin = Instant::now();
        let body = if number % 5 == 4 { &large } else { &small };
        let mut new;
        let stream = if number % 2 == 0 {
            &mut kept
        } else {
            new = server.connect().await;
            &mut new
        };
        send(stream, body).await;
        let answer = read_answer(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{number}: {answer}");
        assert!(begin.elapsed() < SECOND, "{number}: {:?}", begin.elapsed());
    }
}

async fn is_live(server: &TestServer) {
    let begin = Instant::now();
    assert_eq!(server.admin("/livez").await.status(), 200);
    assert!(begin.elapsed() < SECOND, "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_of_many_streams() {
    let server = TestServer::start_with(|options| options.limits.body_timeout = PATIENCE * 3).await;
    let mut attacks = Vec::new();
    for _ in 0..4 {
        attacks.push(stuck(&server, 128, 1, None));
    }
    server.wait_for_metric("podgate_in_flight_requests 512").await;
    honest_client_is_served(&server).await;
    is_live(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_that_are_only_declared() {
    let server = TestServer::start_with(|options| options.limits.body_timeout = PATIENCE * 3).await;
    let _attack = stuck(&server, 100, 0, Some(20 * 1024 * 1024));
    server.wait_for_metric("podgate_in_flight_requests 100").await;
    honest_client_is_served(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_that_stop_half_way() {
    let server = TestServer::start_with(|options| {
        options.limits.body_timeout = PATIENCE * 3;
        options.limits.max_bytes = 2 * 1024 * 1024;
        options.limits.max_body_bytes = 1024 * 1024;
    })
    .await;
    let mut attacks = Vec::new();
    for _ in 0..20 {
        attacks.push(stuck(&server, 4, 60_000, None));
    }
    // How many of them hold something by then is a matter of luck.
    tokio::time::sleep(Duration::from_millis(500)).await;
    honest_client_is_served(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_had_a_decision_once() {
    const CONNECTIONS: usize = 50;
    allow_many_sockets();
    let server = TestServer::start_with(|options| options.limits.max_connections = CONNECTIONS).await;
    let mut proven = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = server.connect().await;
        send(&mut stream, &request(REVIEW)).await;
        assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 200 "));
        proven.push(stream);
    }
    honest_client_is_served(&server).await;
    // The oldest of them went.
    assert!(!is_open(&mut proven[0]).await);
}

/// Windows of zero bytes: the head of each answer comes, and its body waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_reads() {
    let server = TestServer::start_with(|options| {
        options.limits.max_bytes = 4 * 1024 * 1024;
        options.limits.body_timeout = Duration::from_secs(2);
    })
    .await;
    // One that is left alone is closed after a while.
    let unread = |client: reqwest::Client| {
        let request = client.post(server.url("/validate")).header("content-type", "application/json").body(REVIEW);
        async move { request.send().await }
    };
    let client = || server.client().http2_initial_stream_window_size(0).build().unwrap();
    let _held = unread(client()).await.unwrap();
    server.wait_for_metric("podgate_errors_total{reason=\"answer_unread\"} 1").await;
    // Many make room.
    let mut held = Vec::new();
    for _ in 0..4 {
        let client = client();
        for _ in 0..60 {
            match unread(client.clone()).await {
                Ok(answer) => held.push(answer),
                Err(_closed) => break,
            }
        }
    }
    honest_client_is_served(&server).await;
    let metrics = server.metrics().await;
    let closed = metrics.lines().find_map(|line| line.strip_prefix("podgate_errors_total{reason=\"answer_unread\"} "));
    assert!(closed.unwrap().parse::<u32>().unwrap() > 1, "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_to_the_admin_port() {
    let server = TestServer::start().await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        let mut stream = tokio::net::TcpStream::connect(server.admin_address).await.unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        idle.push(stream);
    }
    for _ in 0..10 {
        is_live(&server).await;
    }
}

static HELD: Mutex<bool> = Mutex::new(true);
static LET_GO: Condvar = Condvar::new();

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct Stalls {}

impl Check for Stalls {
    fn check(&self, review: &Review<'_>, _out: &mut Report<'_>) {
        if review.new.metadata.name == "stall" {
            let held = HELD.lock().unwrap();
            drop(LET_GO.wait_timeout_while(held, PATIENCE * 2, |held| *held).unwrap());
        }
    }
}

static STALLS: Rule = Rule::new("stalls", "stalls where it is told to", Level::Deny, Code::without_options::<Stalls>());

/// Large bodies whose judgement does not end: on one thread that serves, nobody else waits for them, and their callers are
/// answered in time.
#[test]
fn large_bodies_that_take_too_long() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(TestServer::start_with_rules(&[&STALLS]));
    let stall = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "padding": "x".repeat(LARGE),
        "request": {
            "uid": "1", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "object": {"metadata": {"name": "stall"}, "spec": {"containers": [{"name": "app"}]}},
        },
    });
    let clients = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    clients.block_on(async {
        let (mut asking, text) = (Vec::new(), stall.to_string());
        for _ in 0..16 {
            let mut stream = server.connect().await;
            send(&mut stream, &request(&text).replace("/validate", "/validate?timeout=2s")).await;
            asking.push(stream);
        }
        let begin = Instant::now();
        let honest_request = request(REVIEW);
        let mut honest = server.connect().await;
        for _ in 0..50 {
            let sent = Instant::now();
            send(&mut honest, &honest_request).await;
            assert!(read_answer(&mut honest).await.starts_with("HTTP/1.1 200 "));
            assert!(sent.elapsed() < SECOND, "{:?}", sent.elapsed());
        }
        is_live(&server).await;
        for stream in &mut asking {
            let answer = read_answer(stream).await;
            assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        }
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
        // Those that were judged, and those that waited for their turn.
        let metrics = server.metrics().await;
        let count = |reason: &str| {
            let name = format!("podgate_errors_total{{reason=\"{reason}\"}} ");
            metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse::<usize>().unwrap()
        };
        let threads = Limits::default().threads;
        assert_eq!((count("deadline"), count("overloaded")), (threads.min(16), 16 - threads.min(16)), "{metrics}");
        *HELD.lock().unwrap() = false;
        LET_GO.notify_all();
    });
    drop(server);
}
