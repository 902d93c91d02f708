//! More than can be served: what is answered is answered in time, the rest is refused in time, and memory is bounded.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use podgate_engine::model::Review;
use podgate_engine::rules::rule::Code;
use podgate_engine::rules::{Check, Level, Report, Rule};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::measured::{Measured, allow_many_sockets, client};
use crate::support::{
    NO_REVIEW, PATIENCE, REVIEW, TestServer, bind, client_config, engine, head, read_answer, read_to_end, request, send,
};

/// The same request with a time-out of its caller.
fn with_timeout(text: &str, seconds: u32) -> String {
    text.replace("/validate", &format!("/validate?timeout={seconds}s"))
}

/// A body that is on its way takes no place, however many there are.
#[tokio::test]
async fn slow_bodies_take_no_place() {
    let server = TestServer::start_with(|options| options.limits.max_requests = 1).await;
    let mut slow = Vec::new();
    for _ in 0..10 {
        let mut stream = server.connect().await;
        send(&mut stream, &head(NO_REVIEW.len())).await;
        slow.push(stream);
    }
    server.wait_for_metric("podgate_in_flight_requests 10").await;
    let mut honest = server.connect().await;
    let begin = Instant::now();
    send(&mut honest, &request(REVIEW)).await;
    assert!(read_answer(&mut honest).await.starts_with("HTTP/1.1 200 "));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    for mut stream in slow {
        send(&mut stream, NO_REVIEW).await;
        assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 400 "));
    }
}

#[tokio::test]
async fn a_crowd_is_taken_before_anybody_looks() {
    // It has its ports, and accepts nothing yet.
    let (server, _dir) = bind(engine(), |_| {}).await;
    let crowd = async {
        let mut crowd = Vec::new();
        for _ in 0..500 {
            crowd.push(TcpStream::connect(server.address()).await.unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, crowd).await.expect("connections should not be dropped");
}

/// Declared bytes are not charged, and of those that arrive the oldest make room.
#[tokio::test]
async fn slow_large_bodies_make_room() {
    const LARGE: usize = 1024 * 1024;
    let server = TestServer::start_with(|options| {
        options.limits.max_body_bytes = LARGE;
        options.limits.max_bytes = LARGE;
        options.limits.header_timeout = PATIENCE;
    })
    .await;
    let mut slow = Vec::new();
    for sent in [0, 0, 0, 300_000, 300_000, 300_000] {
        let mut stream = server.connect().await;
        send(&mut stream, &head(LARGE)).await;
        stream.write_all(&vec![b' '; sent]).await.unwrap();
        stream.flush().await.unwrap();
        slow.push(stream);
    }
    server.wait_for_metric("podgate_in_flight_requests 6").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut honest = server.connect().await;
    let begin = Instant::now();
    send(&mut honest, &head(LARGE)).await;
    honest.write_all(&vec![b' '; LARGE]).await.unwrap();
    honest.flush().await.unwrap();
    // It is read to its end, and then no JSON.
    let answer = read_answer(&mut honest).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    // What made room is told so.
    let answer = read_to_end(&mut slow[3]).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_large_bodies_at_once_stay_bounded() {
    const BODY: usize = 8 * 1024 * 1024;
    allow_many_sockets();
    let server = Measured::start(&[]);
    let padding = "x".repeat(BODY - REVIEW.len() - 20);
    let body = REVIEW.replacen('{', &format!("{{\"padding\":\"{padding}\","), 1);
    assert!(body.len() <= BODY && body.len() > BODY - 100);
    let body = axum::body::Bytes::from(body);
    let url = format!("https://{}/validate?timeout=10s", server.address);
    let client = client(&server.certs());
    let mut requests = JoinSet::new();
    for _ in 0..200 {
        let request = client.post(&url).header("content-type", "application/json").body(body.clone());
        requests.spawn(async move {
            match request.send().await {
                Ok(answer) => answer.status().as_u16(),
                // Refused while it was still sending: the answer may be lost with the connection.
                Err(_cut_off) => 0,
            }
        });
    }
    let statuses = requests.join_all().await;
    let answered = statuses.iter().filter(|status| **status == 200).count();
    assert!(answered > 0, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503 | 408 | 0)), "{statuses:?}");
    // What `--max-bytes` allows, 200 connections, the program, and what the allocator keeps.
    let peak = server.peak_mib();
    println!("{answered} of 200 answered, {peak} MiB");
    assert!(peak < 192, "{peak} MiB");
}

/// Connections that say nothing at all, or the beginning of a handshake, of a head, of a body, and then wait.
fn open_slow_connections(address: SocketAddr, certs: &Path, count: usize) -> JoinSet<()> {
    let config = Arc::new(client_config(certs, &["http/1.1"]));
    let mut slow = JoinSet::new();
    for number in 0..count {
        let config = Arc::clone(&config);
        slow.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            if number % 4 == 0 {
                let _ = stream.write_all(&[0x16, 0x03, 0x01]).await;
            } else if number % 4 > 1 {
                let connector = tokio_rustls::TlsConnector::from(config);
                let Ok(mut stream) = connector.connect(address.ip().into(), stream).await else { return };
                let begun =
                    if number % 4 == 2 { "POST /validate HT".to_owned() } else { with_timeout(&head(1000), 30) };
                let _ = stream.write_all(begun.as_bytes()).await;
                let _ = stream.flush().await;
                let _ = stream.read(&mut [0]).await;
                return;
            }
            let _ = stream.read(&mut [0]).await;
        });
    }
    slow
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_slow_connections_do_not_keep_others_out() {
    allow_many_sockets();
    // Long enough for the last to come while the first is still there, on a busy machine too.
    let patient = ["--handshake-timeout", "1m", "--header-timeout", "1m", "--body-timeout", "1m"];
    let server = Measured::start(&patient);
    let (address, admin) = (server.address, server.admin);
    let _slow = open_slow_connections(address, &server.certs(), 1200);
    let client = client(&server.certs());
    let begin = Instant::now();
    // Until more than there is room for have come.
    loop {
        let metrics = server.metrics().await;
        let displaced =
            metrics.lines().find_map(|line| line.strip_prefix("podgate_errors_total{reason=\"displaced\"} "));
        if displaced.unwrap().parse::<u32>().unwrap() >= 90 {
            break;
        }
        assert!(begin.elapsed() < PATIENCE * 3, "{metrics}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let url = format!("https://{address}/validate?timeout=10s");
    let begin = Instant::now();
    let mut answered = 0;
    while begin.elapsed() < Duration::from_secs(8) {
        let sent = Instant::now();
        let request = client.post(&url).header("content-type", "application/json").body(REVIEW);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert!(sent.elapsed() < Duration::from_secs(10), "{:?}", sent.elapsed());
        answered += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // New connections get in as well.
    let fresh = self::client(&server.certs());
    let request = fresh.post(&url).header("content-type", "application/json").body(REVIEW);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let live = fresh.get(format!("http://{admin}/livez")).send().await.unwrap();
    assert_eq!(live.status(), 200);
    let peak = server.peak_mib();
    println!("{answered} answered, {peak} MiB");
    assert!(answered > 20 && peak < 192, "{answered} answered, {peak} MiB");
}

/// Takes its time, and a thread, as much work would.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct Works {}

const WORK: Duration = Duration::from_millis(100);

impl Check for Works {
    fn check(&self, _review: &Review<'_>, _out: &mut Report<'_>) {
        std::thread::sleep(WORK);
    }
}

static WORKS: Rule = Rule::new("works", "works", Level::Deny, Code::without_options::<Works>());

/// In milliseconds; of the clients' threads, which do next to nothing.
static LATEST: AtomicU64 = AtomicU64::new(0);

/// Measures how late a thread is that has to do something.
async fn lateness() {
    const BEAT: Duration = Duration::from_millis(5);
    loop {
        let begin = Instant::now();
        tokio::time::sleep(BEAT).await;
        let late = begin.elapsed().saturating_sub(BEAT * 2);
        LATEST.fetch_max(u64::try_from(late.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

/// The worst of it at once: 1,000 slow connections, and ten times the work that can be done before the callers give up.
/// Whoever has a connection gets an answer, or a refusal, before it gives up itself.
#[test]
fn ten_times_too_many_among_slow_connections_are_answered_or_refused_in_time() {
    const TIMEOUT: Duration = Duration::from_secs(4);
    /// What is left of it when the last answer comes.
    const MARGIN: Duration = Duration::from_millis(50);
    const WORKERS: u32 = 2;
    const CLIENTS: u32 = 300;
    allow_many_sockets();
    let pod = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "1", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "object": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app"}]}},
        },
    });
    // The threads that judge are the server's alone.
    let workers = usize::try_from(WORKERS).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap();
    let server = runtime.block_on(TestServer::start_with_rules_and(&[&WORKS], |options| {
        // Room for all: none of the slow ones is sent away.
        options.limits.max_connections = 3000;
        options.limits.max_requests = 1000;
        options.limits.handshake_timeout = PATIENCE * 3;
        options.limits.header_timeout = PATIENCE * 3;
        options.limits.body_timeout = PATIENCE * 3;
    }));
    let (address, certs) = (server.address, server.dir.path());
    let url = server.url(&format!("/validate?timeout={}s", TIMEOUT.as_secs()));
    let clients = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (seen, slow) = clients.block_on(async {
        let slow = open_slow_connections(address, certs, 1000);
        server.wait_for_metric("podgate_in_flight_requests 250").await;
        // Each has a connection, as the API server has before it is busy.
        let mut connecting = JoinSet::new();
        for _ in 0..CLIENTS {
            let (client, url) = (client(certs), url.clone());
            connecting.spawn(async move {
                let request = client.post(&url).header("content-type", "application/json").body(REVIEW);
                assert_eq!(request.send().await.expect("an answer").status(), 200);
                client
            });
        }
        let ready = connecting.join_all().await;
        // What the machine lacks is not the server's fault.
        let late = tokio::spawn(lateness());
        let begin = Instant::now() + Duration::from_millis(100);
        let mut asking = JoinSet::new();
        for (number, client) in (0..).zip(ready) {
            let request = client.post(&url).header("content-type", "application/json").body(pod.to_string());
            // Ten come in the time for which one is worked on.
            let at = begin + WORK / WORKERS / 10 * number;
            asking.spawn(async move {
                tokio::time::sleep_until(at.into()).await;
                let sent = Instant::now();
                let answer = request.send().await.expect("an answer");
                let status = answer.status().as_u16();
                answer.bytes().await.expect("all of the answer");
                (status, sent.elapsed())
            });
        }
        let seen = asking.join_all().await;
        late.abort();
        (seen, slow.len())
    });
    let late = Duration::from_millis(LATEST.load(Ordering::Relaxed));
    assert!(seen.iter().all(|(status, _)| matches!(status, 200 | 503)), "{seen:?}");
    let answered = seen.iter().filter(|(status, _)| *status == 200).count();
    let slowest = seen.iter().map(|(_, time)| *time).max().unwrap();
    println!("{answered} of {} answered among {slow} slow ones, slowest {slowest:?}, late by {late:?}", seen.len());
    // What could be worked on in the time, less what is lost between two.
    assert!(answered >= 30 && answered < seen.len() / 2, "{answered}");
    assert!(slowest + MARGIN < TIMEOUT + late, "{slowest:?} {late:?}");
}
