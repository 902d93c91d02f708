//! Two replicas that are exchanged one after the other, under load, behind a balancer that knows only what `/readyz` says.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use podgate::server::certificates;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::{REVIEW, TestServer, client_builder};

/// How often the balancer asks; the delay of a drain is longer.
const PROBE: Duration = Duration::from_millis(50);
const DELAY: Duration = Duration::from_secs(1);

type Backends = Arc<Mutex<Vec<(SocketAddr, SocketAddr)>>>;

async fn is_ready(client: &reqwest::Client, admin: SocketAddr) -> bool {
    client.get(format!("http://{admin}/readyz")).send().await.is_ok_and(|answer| answer.status() == 200)
}

/// Passes connections on to backends that were ready when they were last asked, in turn.
async fn balance(listener: TcpListener, backends: Backends, client: reqwest::Client) {
    let ready = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    let probed = Arc::clone(&ready);
    tasks.spawn(async move {
        loop {
            let all = backends.lock().unwrap().clone();
            let mut found = Vec::new();
            for (address, admin) in all {
                if is_ready(&client, admin).await {
                    found.push(address);
                }
            }
            *probed.lock().unwrap() = found;
            tokio::time::sleep(PROBE).await;
        }
    });
    let mut turn = 0;
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let ready = Arc::clone(&ready);
        turn += 1;
        tasks.spawn(async move {
            let backend = loop {
                let found = ready.lock().unwrap().clone();
                if !found.is_empty() {
                    break found[turn % found.len()];
                }
                tokio::time::sleep(PROBE).await;
            };
            if let Ok(mut backend) = TcpStream::connect(backend).await {
                let _ = tokio::io::copy_bidirectional(&mut client, &mut backend).await;
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restart_loses_no_request() {
    let certs = tempfile::tempdir().unwrap();
    certificates::write(certs.path(), &[], 30, false).unwrap();
    let start = async || TestServer::start_with(|options| options.cert_dir = Some(certs.path().to_owned())).await;
    let addresses = |server: &TestServer| (server.address, server.admin_address);

    let mut replicas = vec![start().await, start().await];
    let backends: Backends = Arc::new(Mutex::new(replicas.iter().map(addresses).collect()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let balancer = listener.local_addr().unwrap();
    let balancing =
        tokio::spawn(balance(listener, Arc::clone(&backends), client_builder(certs.path()).build().unwrap()));

    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for number in 0..4 {
        let client = client_builder(certs.path());
        // As the API server speaks to a Service, and as it speaks to a URL.
        let client = if number % 2 == 0 { client.http1_only() } else { client }.build().unwrap();
        let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
        clients.spawn(async move {
            let url = format!("https://{balancer}/validate?timeout=10s");
            while !stop.load(Ordering::Relaxed) {
                let request = client.post(&url).header("content-type", "application/json").body(REVIEW);
                let answer = request.send().await.expect("no request may fail");
                assert_eq!(answer.status(), 200);
                answer.bytes().await.expect("no answer may be cut");
                answered.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
    }
    for _ in 0..2 {
        let new = start().await;
        backends.lock().unwrap().push(addresses(&new));
        tokio::time::sleep(PROBE * 4).await;
        let old = replicas.remove(0);
        replicas.push(new);
        let unfinished = old.stop(DELAY).await;
        assert_eq!(unfinished, 0);
        backends.lock().unwrap().remove(0);
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    balancing.abort();
    let answered = answered.load(Ordering::Relaxed);
    println!("{answered} answered");
    assert!(answered > 100);
}
