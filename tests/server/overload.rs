//! More than can be served: what is answered is answered in time, the rest is refused in time, and memory is bounded.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::process::{Process, after};
use crate::support::{
    NO_REVIEW, PATIENCE, REVIEW, TestServer, client_config, head, read_answer, read_to_end, request, send,
};

/// The same request with a time-out of its caller.
fn with_timeout(text: &str, seconds: u32) -> String {
    text.replace("/validate", &format!("/validate?timeout={seconds}s"))
}

#[tokio::test]
async fn request_that_cannot_be_served_in_time_is_refused() {
    let server = TestServer::start_with(|options| options.limits.max_requests = 1).await;
    let mut slow = server.connect().await;
    send(&mut slow, &head(NO_REVIEW.len())).await;
    server.wait_for_metric("podgate_in_flight_requests 1").await;

    let mut waiting = server.connect().await;
    let begin = Instant::now();
    send(&mut waiting, &with_timeout(&request(NO_REVIEW), 1)).await;
    let answer = read_answer(&mut waiting).await;
    assert!(begin.elapsed() >= Duration::from_millis(400) && begin.elapsed() < PATIENCE);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(!answer.to_ascii_lowercase().contains("retry-after"), "{answer}");
    server.wait_for_metric("podgate_errors_total{reason=\"overloaded\"} 1").await;

    // One that waits gets its turn.
    let mut patient = server.connect().await;
    send(&mut patient, &request(REVIEW)).await;
    send(&mut slow, NO_REVIEW).await;
    assert!(read_answer(&mut slow).await.starts_with("HTTP/1.1 400 "));
    assert!(read_answer(&mut patient).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn bytes_are_bounded_over_all_connections() {
    const LARGE: usize = 1024 * 1024;
    let server = TestServer::start_with(|options| {
        options.limits.max_body_bytes = LARGE;
        options.limits.max_bytes = LARGE;
    })
    .await;
    let mut slow = server.connect().await;
    send(&mut slow, &head(LARGE)).await;
    server.wait_for_metric("podgate_in_flight_requests 1").await;
    let mut large = server.connect().await;
    send(&mut large, &with_timeout(&head(LARGE), 1)).await;
    let answer = read_to_end(&mut large).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    // Small ones do not wait for large ones.
    let mut small = server.connect().await;
    send(&mut small, &request(REVIEW)).await;
    assert!(read_answer(&mut small).await.starts_with("HTTP/1.1 200 "));
    // The rest of the first: not JSON, but read to its end.
    slow.write_all(&vec![b' '; LARGE]).await.unwrap();
    slow.flush().await.unwrap();
    assert!(read_answer(&mut slow).await.starts_with("HTTP/1.1 400 "));
}

/// A real process, whose memory can be seen.
struct Measured {
    process: Process,
    address: SocketAddr,
    admin: SocketAddr,
    dir: tempfile::TempDir,
}

impl Measured {
    fn start(args: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut process = Process::serve(dir.path(), &[args, &["--log-level", "error"]].concat());
        let serving = process.stdout_lines().nth(1).unwrap();
        let of = |start| after(&serving, start).split(' ').next().unwrap().parse().unwrap();
        let (address, admin) = (of("serves https://"), of("http://"));
        Self { process, address, admin, dir }
    }

    fn certs(&self) -> std::path::PathBuf {
        self.dir.path().join("certs")
    }

    /// The most memory that the process ever had, in MiB.
    fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() / 1024
    }
}

fn client(dir: &Path) -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let ca = std::fs::read(dir.join("ca.crt")).unwrap();
    reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
        .no_proxy()
        .http1_only()
        .timeout(PATIENCE * 2)
        .build()
        .unwrap()
}

/// The test's own limit of open files is often 1024.
fn allow_many_sockets() {
    let own = std::process::id().to_string();
    let raised = std::process::Command::new("prlimit").args(["--pid", &own, "--nofile=8192:"]).status().unwrap();
    assert!(raised.success());
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
    // 64 MiB of bodies, 200 connections, the program, and what the allocator keeps.
    let peak = server.peak_mib();
    println!("{answered} of 200 answered, {peak} MiB");
    assert!(peak < 192, "{peak} MiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_slow_connections_do_not_keep_others_out() {
    allow_many_sockets();
    // Long enough for the last to come while the first is still there, on a busy machine too.
    let patient = ["--handshake-timeout", "1m", "--header-timeout", "1m", "--body-timeout", "1m"];
    let server = Measured::start(&patient);
    let config = Arc::new(client_config(&server.certs(), &["http/1.1"]));
    let (address, admin) = (server.address, server.admin);
    let mut slow = JoinSet::new();
    for number in 0..1100 {
        let config = Arc::clone(&config);
        slow.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // Nothing at all, the beginning of a handshake, of a head, of a body.
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
    let client = client(&server.certs());
    let crowded = async {
        loop {
            let metrics = client.get(format!("http://{admin}/metrics")).send().await.unwrap().text().await.unwrap();
            let displaced =
                metrics.lines().find_map(|line| line.strip_prefix("podgate_errors_total{reason=\"displaced\"} "));
            if displaced.unwrap().parse::<u32>().unwrap() >= 90 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // More than there is room for have come.
    tokio::time::timeout(PATIENCE * 3, crowded).await.unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_too_many_are_answered_or_refused_in_time() {
    // Debug builds read a body of this size in milliseconds, so that a few clients are enough.
    const TIMEOUT: Duration = Duration::from_secs(2);
    let server = Measured::start(&["--max-requests", "4"]);
    let client = client(&server.certs());
    let url = format!("https://{}/validate?timeout={}s", server.address, TIMEOUT.as_secs());
    let padding = format!("{}1", "[".repeat(50)) + &"]".repeat(50);
    let body = REVIEW.replacen('{', &format!("{{\"padding\":[{}1],", format!("{padding},").repeat(500)), 1);
    let mut clients = JoinSet::new();
    for _ in 0..40 {
        let (client, url, body) = (client.clone(), url.clone(), body.clone());
        clients.spawn(async move {
            let mut seen = Vec::new();
            for _ in 0..5 {
                let begin = Instant::now();
                let request = client.post(&url).header("content-type", "application/json").body(body.clone());
                let answer = request.send().await.expect("an answer");
                seen.push((answer.status().as_u16(), begin.elapsed()));
            }
            seen
        });
    }
    let seen: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    assert_eq!(seen.len(), 200);
    // 408: its own bytes did not come in time.
    assert!(seen.iter().all(|(status, _)| matches!(status, 200 | 503 | 408)), "{seen:?}");
    let answered = seen.iter().filter(|(status, _)| *status == 200).count();
    let slowest = seen.iter().map(|(_, time)| *time).max().unwrap();
    println!("{answered} of 200 answered, slowest {slowest:?}");
    assert!(answered >= 8);
    // The client's own handshakes and the crowd on its side are in this time too.
    assert!(slowest < TIMEOUT * 5, "{slowest:?}");
}
