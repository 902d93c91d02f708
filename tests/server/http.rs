//! Statuses, sizes and what is counted.

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use crate::support::{NO_REVIEW, TestServer, head, read_answer, read_to_end, request, send};

async fn status(client: &Client, method: Method, url: String, headers: &[(&str, &str)], body: &str) -> StatusCode {
    let mut request = client.request(method.clone(), url).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    assert!(!answer.headers().contains_key("retry-after"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        assert_eq!(answer.headers()["allow"], "POST");
    }
    let is_head = method == Method::HEAD;
    let text = answer.text().await.unwrap();
    if !is_head {
        let json: Value = serde_json::from_str(&text).unwrap();
        assert!(json["error"].is_string(), "{text}");
    }
    status
}

#[tokio::test]
async fn every_answer_has_its_status() {
    const JSON: (&str, &str) = ("content-type", "application/json");
    let server = TestServer::start_with(|options| options.limits.max_body_bytes = 1024).await;
    for client in [server.client().http1_only().build().unwrap(), server.client().build().unwrap()] {
        for path in ["/validate", "/mutate", "/validate?timeout=10s"] {
            for (expected, headers) in [
                // No AdmissionReview: the handler says so.
                (400, &[JSON][..]),
                (400, &[("content-type", "Application/JSON; charset=utf-8")]),
                (400, &[JSON, ("content-encoding", "identity")]),
                (415, &[]),
                (415, &[("content-type", "text/json")]),
                (415, &[JSON, ("content-encoding", "gzip")]),
            ] {
                let url = server.url(path);
                let seen = status(&client, Method::POST, url, headers, NO_REVIEW).await;
                assert_eq!(seen, expected, "{path} {headers:?}");
            }
            for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
                let seen = status(&client, method, server.url(path), &[], "").await;
                assert_eq!(seen, 405);
            }
        }
        for path in ["/", "/validate/", "/Validate", "/livez", "/metrics"] {
            let seen = status(&client, Method::POST, server.url(path), &[JSON], NO_REVIEW).await;
            assert_eq!(seen, 404);
        }
        for (length, expected) in [(1024, 400), (1025, 413)] {
            let (url, body) = (server.url("/validate"), " ".repeat(length));
            let seen = status(&client, Method::POST, url, &[JSON], &body).await;
            assert_eq!(seen, expected);
        }
    }
}

/// A client that looks for the answer only after it has sent everything must still find it.
#[tokio::test]
async fn body_far_over_the_limit_is_answered() {
    let server = TestServer::start().await;
    for client in [server.client().http1_only().build().unwrap(), server.client().build().unwrap()] {
        let answer = client
            .post(server.url("/validate"))
            .header("content-type", "application/json")
            .body(vec![b' '; 21 * 1024 * 1024])
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 413);
    }
}

#[tokio::test]
async fn content_length_over_the_limit_is_answered_before_the_body() {
    let server = TestServer::start().await;
    let mut stream = server.connect().await;
    send(&mut stream, &head(20 * 1024 * 1024 + 1)).await;
    let answer = read_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn chunks_over_the_limit_are_not_collected() {
    let server = TestServer::start_with(|options| options.limits.max_body_bytes = 1024).await;
    let chunked = "POST /validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("400\r\n{}\r\n", " ".repeat(1024));

    let mut stream = server.connect().await;
    send(&mut stream, &format!("{chunked}{chunk}0\r\n\r\n")).await;
    assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 400 "));

    let mut stream = server.connect().await;
    send(&mut stream, &format!("{chunked}{chunk}{chunk}")).await;
    assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = TestServer::start().await;
    let mut stream = server.connect().await;
    let second = "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    send(&mut stream, &format!("{}{}{second}", request(NO_REVIEW), request(NO_REVIEW))).await;
    let answers = read_to_end(&mut stream).await;
    let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["400", "400", "404"], "{answers}");
}

#[tokio::test]
async fn nonsense_and_broken_connections_do_not_end_the_server() {
    let server = TestServer::start().await;
    let mut stream = server.connect().await;
    send(&mut stream, "\u{1}\u{2} nonsense\r\n\r\n").await;
    assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 400 "));

    let mut stream = server.connect().await;
    send(&mut stream, &format!("POST / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(64 * 1024))).await;
    assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 431 "));

    // A body that ends early.
    let mut stream = server.connect().await;
    send(&mut stream, &head(100)).await;
    drop(stream);
    server.wait_for_metric("podgate_errors_total{reason=\"body_incomplete\"} 1").await;

    let mut stream = server.connect().await;
    send(&mut stream, &request(NO_REVIEW)).await;
    assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn metrics_tell_what_happened() {
    let server = TestServer::start().await;
    let client = server.client().build().unwrap();
    for path in ["/validate", "/mutate", "/mutate", "/nowhere"] {
        client.post(server.url(path)).header("content-type", "application/json").body(NO_REVIEW).send().await.unwrap();
    }
    let answer = server.admin("/metrics").await;
    assert_eq!(answer.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = answer.text().await.unwrap();
    let value = |start: &str| {
        let sum: f64 =
            text.lines().filter_map(|line| line.strip_prefix(start)?.rsplit(' ').next()?.parse::<f64>().ok()).sum();
        sum
    };
    let close = |left: f64, right: f64| (left - right).abs() < 0.5;
    assert!(close(value("podgate_admission_requests_total{webhook=\"validate\""), 1.0), "{text}");
    assert!(close(value("podgate_admission_requests_total{webhook=\"mutate\""), 2.0), "{text}");
    for line in [
        "podgate_admission_duration_seconds_count{webhook=\"validate\"} 1",
        "podgate_admission_duration_seconds_count{webhook=\"mutate\"} 2",
        "podgate_errors_total{reason=\"bad_request\"} 3",
        "podgate_errors_total{reason=\"not_found\"} 1",
        "podgate_errors_total{reason=\"internal\"} 0",
        "podgate_in_flight_requests 0",
        "podgate_policy_load_failures_total 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|seen| seen == line), "{line} in {text}");
    }
    assert!(text.contains("podgate_build_info{version=\""), "{text}");
    assert!(text.contains("le=\"0.0001\""), "{text}");
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let expiry = value("podgate_tls_certificate_expiry_timestamp_seconds");
    assert!((expiry - now - 30.0 * 86_400.0).abs() < 120.0, "{expiry}");
    assert!((value("podgate_policy_load_timestamp_seconds") - now).abs() < 120.0);
}

#[tokio::test]
async fn admin_port_has_health_and_nothing_else() {
    let server = TestServer::start().await;
    for path in ["/livez", "/readyz"] {
        let answer = server.admin(path).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.unwrap(), "ok");
    }
    assert_eq!(server.admin("/validate").await.status(), 404);
    let answer =
        server.client().build().unwrap().post(format!("http://{}/metrics", server.admin_address)).send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "GET,HEAD");
}
