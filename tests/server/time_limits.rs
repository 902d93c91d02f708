//! Slow clients are cut off; quiet ones are not.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{
    NO_REVIEW, PATIENCE, REVIEW, TestServer, client_config, head, is_open, read_answer, read_to_end, request, send,
};

const SHORT: Duration = Duration::from_millis(300);
/// Well before this everything that is cut after [`SHORT`] has to be cut.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn slow_head_is_cut() {
    let server = TestServer::start_with(|options| {
        options.limits.header_timeout = SHORT;
        options.limits.idle_timeout = LONG;
    })
    .await;
    let whole = request(NO_REVIEW);
    let (half, rest) = whole.split_at(20);

    let mut first = server.connect().await;
    let begin = Instant::now();
    send(&mut first, half).await;
    assert_eq!(read_to_end(&mut first).await, "");
    assert!(begin.elapsed() >= SHORT);

    // The second request of a connection, begun while the server has long been waiting for it.
    let mut second = server.connect().await;
    send(&mut second, &whole).await;
    read_answer(&mut second).await;
    tokio::time::sleep(SHORT * 2).await;
    send(&mut second, half).await;
    assert!(is_open(&mut second).await);
    send(&mut second, rest).await;
    assert!(read_answer(&mut second).await.starts_with("HTTP/1.1 400 "));
    let begin = Instant::now();
    send(&mut second, half).await;
    assert_eq!(read_to_end(&mut second).await, "");
    assert!(begin.elapsed() >= SHORT);
    server.wait_for_metric("podgate_errors_total{reason=\"header_timeout\"} 2").await;
}

/// Bytes that trickle in do not prolong the time for a head.
#[tokio::test]
async fn trickled_head_is_cut() {
    let server = TestServer::start_with(|options| options.limits.header_timeout = SHORT).await;
    let mut stream = server.connect().await;
    let trickle = async {
        for byte in head(0).as_bytes().iter().cycle().filter(|byte| **byte != b'\n') {
            if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, trickle).await.unwrap();
}

#[tokio::test]
async fn idle_connection_outlives_the_time_for_a_head() {
    let server = TestServer::start_with(|options| {
        options.limits.header_timeout = Duration::from_millis(100);
        options.limits.idle_timeout = LONG;
    })
    .await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        tokio::time::sleep(SHORT).await;
        assert!(is_open(&mut stream).await);
        send(&mut stream, &request(NO_REVIEW)).await;
        let answer = read_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn idle_connection_is_closed_in_the_end() {
    let server = TestServer::start_with(|options| {
        options.limits.idle_timeout = SHORT;
        options.limits.header_timeout = LONG;
    })
    .await;
    let mut silent = server.connect().await;
    let mut used = server.connect().await;
    send(&mut used, &request(NO_REVIEW)).await;
    read_answer(&mut used).await;
    let begin = Instant::now();
    assert_eq!(read_to_end(&mut used).await, "");
    assert!(begin.elapsed() >= SHORT / 2);
    assert_eq!(read_to_end(&mut silent).await, "");

    // HTTP/2: preface and empty SETTINGS, then nothing, not even an answer to the server's pings.
    let mut stream = server.connect_with(client_config(server.dir.path(), &["h2"])).await.unwrap();
    send(&mut stream, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0").await;
    let begin = Instant::now();
    read_to_end(&mut stream).await;
    assert!(begin.elapsed() < LONG / 4);
}

#[tokio::test]
async fn slow_body_is_answered_and_cut() {
    let server = TestServer::start_with(|options| options.limits.body_timeout = SHORT).await;
    let mut stream = server.connect().await;
    send(&mut stream, &head(100)).await;
    send(&mut stream, "{").await;
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.contains("{\"error\":"), "{answer}");
    assert!(!answer.contains("retry-after"), "{answer}");
}

#[tokio::test]
async fn slow_handshake_is_cut() {
    let server = TestServer::start_with(|options| options.limits.handshake_timeout = SHORT).await;
    for bytes in [&b""[..], &[0x16, 0x03, 0x01, 0x01]] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest));
        let _ = read.await.expect("the connection should be closed");
        assert_eq!(rest, b"");
    }
    server.wait_for_metric("podgate_errors_total{reason=\"tls_handshake_timeout\"} 2").await;
}

#[tokio::test]
async fn old_connection_ends_after_an_answer() {
    let server = TestServer::start_with(|options| options.limits.max_connection_age = SHORT).await;
    let mut stream = server.connect().await;
    // The server counts from the end of the handshake, which it may see later than the client.
    tokio::time::sleep(SHORT * 3).await;
    send(&mut stream, &request(NO_REVIEW)).await;
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");

    let client = server.client().build().unwrap();
    for _ in 0..3 {
        let answer = client.get(server.url("/validate")).send().await.unwrap();
        assert_eq!(answer.status(), 405);
        tokio::time::sleep(SHORT).await;
    }
}

#[tokio::test]
async fn connections_over_the_limit_displace_the_longest_idle() {
    let server = TestServer::start_with(|options| options.limits.max_connections = 2).await;
    let mut first = server.connect().await;
    send(&mut first, &request(REVIEW)).await;
    assert!(read_answer(&mut first).await.starts_with("HTTP/1.1 200 "));
    let mut silent = server.connect().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    send(&mut first, &request(REVIEW)).await;
    assert!(read_answer(&mut first).await.starts_with("HTTP/1.1 200 "));
    let mut third = server.connect().await;
    assert_eq!(read_to_end(&mut silent).await, "");
    server.wait_for_metric("podgate_errors_total{reason=\"displaced\"} 1").await;
    // One that had a decision, and nothing since, is no better.
    tokio::time::sleep(Duration::from_millis(50)).await;
    send(&mut third, &request(REVIEW)).await;
    assert!(read_answer(&mut third).await.starts_with("HTTP/1.1 200 "));
    let mut fourth = server.connect().await;
    assert_eq!(read_to_end(&mut first).await, "");
    for stream in [&mut third, &mut fourth] {
        send(stream, &request(REVIEW)).await;
        assert!(read_answer(stream).await.starts_with("HTTP/1.1 200 "));
    }
}
