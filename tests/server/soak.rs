//! Everything at once for a while: nothing is lost, and nothing grows. `SOAK_SECONDS` says how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use tokio::task::JoinSet;

use crate::measured::{Measured, allow_many_sockets, client_builder};
use crate::support::{PATIENCE, REVIEW, TestServer};

const CONNECTIONS: usize = 64;
const MAX_BODY: usize = 256 * 1024;
/// What the allocator may keep more at the end than after the first third.
const MAX_GROWTH_KIB: u64 = 24 * 1024;

struct Case {
    path: &'static str,
    content_type: &'static str,
    body: Bytes,
    status: u16,
    /// Whether the handler sees it.
    handled: bool,
}

fn cases() -> Vec<Case> {
    let sample = |name: &str| Bytes::from(std::fs::read(crate::tree::root().join("samples").join(name)).unwrap());
    let json = "application/json";
    let handled = |path, body, status| Case { path, content_type: json, body, status, handled: true };
    let refused = |path, content_type, body, status| Case { path, content_type, body, status, handled: false };
    let large = format!("{{\"padding\":\"{}\",{}", "x".repeat(MAX_BODY / 2), &REVIEW[1..]);
    vec![
        handled("/validate", sample("accepted.json"), 200),
        handled("/validate", sample("sidecar.json"), 200),
        handled("/mutate", sample("accepted.json"), 200),
        handled("/mutate", sample("default-probes.json"), 200),
        handled("/validate", sample("port-conflict.json"), 200),
        handled("/validate", sample("update-new-violation.json"), 200),
        handled("/validate", large.into(), 200),
        handled("/validate", Bytes::from_static(b"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":"), 400),
        refused("/validate", json, Bytes::from(vec![b' '; MAX_BODY + 1]), 413),
        refused("/validate", "text/plain", REVIEW.into(), 415),
        refused("/nowhere", json, REVIEW.into(), 404),
    ]
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    handled: AtomicU64,
    lost: std::sync::Mutex<Vec<String>>,
}

/// Asks one case after the other until `end`. Of a new connection each time, or of one of its own.
async fn ask(clients: Vec<reqwest::Client>, base: String, cases: Arc<Vec<Case>>, counts: Arc<Counts>, end: Instant) {
    let mut at = fastrand::usize(..1000);
    while Instant::now() < end {
        let (case, client) = (&cases[at % cases.len()], &clients[at % clients.len()]);
        at += 1;
        let url = format!("{base}{}?timeout=30s", case.path);
        let request = client.post(url).header("content-type", case.content_type).body(case.body.clone());
        let outcome = async {
            let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
            let status = answer.status().as_u16();
            let body = answer.bytes().await.map_err(|error| format!("{error:?}"))?;
            if status != case.status || body.first() != Some(&b'{') {
                return Err(format!("{status} {body:?}"));
            }
            Ok(())
        };
        counts.sent.fetch_add(1, Ordering::Relaxed);
        counts.handled.fetch_add(u64::from(case.handled), Ordering::Relaxed);
        if let Err(what) = outcome.await {
            counts.lost.lock().unwrap().push(format!("{} {}: {what}", case.path, case.status));
        }
    }
}

fn duration() -> Duration {
    let seconds = std::env::var("SOAK_SECONDS").ok().map(|seconds| seconds.parse().expect("SOAK_SECONDS is a number"));
    Duration::from_secs(seconds.unwrap_or(6))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_grows() {
    allow_many_sockets();
    // Connections are ended all the time, and a client hardly ever notices.
    let max_body = MAX_BODY.to_string();
    let flags = ["--max-body-bytes", &max_body, "--max-connection-age", "2s"];
    let server = Measured::start(&flags);
    let base = format!("https://{}", server.address);
    let (files_before, duration) = (server.open_files(), duration());
    let (begin, counts, cases) = (Instant::now(), Arc::new(Counts::default()), Arc::new(cases()));
    let mut asking = JoinSet::new();
    for number in 0..CONNECTIONS {
        let builder = client_builder(&server.certs());
        let clients = match number % 4 {
            0 => vec![builder.build().unwrap()],
            1 => vec![builder.http1_only().pool_max_idle_per_host(0).build().unwrap()],
            _ => vec![builder.http1_only().build().unwrap()],
        };
        asking.spawn(ask(clients, base.clone(), Arc::clone(&cases), Arc::clone(&counts), begin + duration));
    }

    // What a first use allocates is there after a third.
    let third = duration / 3;
    tokio::time::sleep_until((begin + third).into()).await;
    let (warm, warm_threads) = (server.resident_kib(), server.threads());
    let (mut most, mut most_files) = (warm, 0);
    while Instant::now() < begin + duration {
        tokio::time::sleep((third / 20).min(Duration::from_secs(1))).await;
        most = most.max(server.resident_kib());
        most_files = most_files.max(server.open_files());
    }
    asking.join_all().await;
    let settled = async {
        while server.open_files() > files_before + 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let settled = tokio::time::timeout(PATIENCE, settled).await.is_ok();
    let (sent, handled) = (counts.sent.load(Ordering::Relaxed), counts.handled.load(Ordering::Relaxed));
    let lost = counts.lost.lock().unwrap().clone();
    let metrics = server.metrics().await;
    let counted = metrics.lines().filter(|line| line.starts_with("podgate_admission_requests_total{"));
    let counted: u64 = counted.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    println!(
        "{sent} requests in {duration:?}, {} lost; resident {warm} KiB warm, {most} KiB at most; {} files before, {most_files} at \
         most, {} after; {warm_threads} threads warm, {} after",
        lost.len(),
        files_before,
        server.open_files(),
        server.threads()
    );
    assert!(lost.is_empty(), "{} of {sent}: {:?}", lost.len(), &lost[..lost.len().min(5)]);
    assert_eq!(counted, handled, "as many decisions as were asked for");
    assert!(sent > 200, "{sent}");
    assert!(most < warm + MAX_GROWTH_KIB, "{warm} {most}");
    // Those that end overlap with those that begin.
    assert!(most_files < files_before + 3 * CONNECTIONS, "{most_files}");
    assert!(settled, "{} files are open, {files_before} were", server.open_files());
    // Threads that read files or resolve names come and go.
    assert!(server.threads() <= warm_threads + 4);
    assert!(metrics.lines().any(|line| line == "podgate_in_flight_requests 0"), "{metrics}");
}

/// Whatever comes over a connection, its tasks end with it.
#[test]
fn tasks_end_with_their_connections() {
    allow_many_sockets();
    // Tasks of the server alone.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let max_body = |options: &mut podgate::server::Options| options.limits.max_body_bytes = MAX_BODY;
    let server = runtime.block_on(TestServer::start_with(max_body));
    let (base, certs) = (server.url(""), server.dir.path().to_owned());
    let clients = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let before = runtime.metrics().num_alive_tasks();
    let (counts, cases) = (Arc::new(Counts::default()), Arc::new(cases()));
    let begin = Instant::now();
    let most = clients.block_on(async {
        let mut asking = JoinSet::new();
        for number in 0..CONNECTIONS {
            let builder = client_builder(&certs);
            let client = if number % 2 == 0 { builder } else { builder.http1_only().pool_max_idle_per_host(0) };
            let clients = vec![client.build().unwrap()];
            let end = begin + Duration::from_secs(2);
            asking.spawn(ask(clients, base.clone(), Arc::clone(&cases), Arc::clone(&counts), end));
        }
        tokio::time::sleep_until((begin + Duration::from_millis(1500)).into()).await;
        let most = runtime.metrics().num_alive_tasks();
        asking.join_all().await;
        most
    });
    let ended = Instant::now();
    while runtime.metrics().num_alive_tasks() > before {
        assert!(ended.elapsed() < PATIENCE, "{} tasks, {before} before", runtime.metrics().num_alive_tasks());
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("{before} tasks before, {most} under load");
    assert!(most > before + CONNECTIONS / 4, "{most}");
    let lost = counts.lost.lock().unwrap();
    assert!(lost.is_empty(), "{:?}", &lost[..lost.len().min(5)]);
    drop(server);
}
