//! Spans as an OpenTelemetry collector gets them, and what a collector that does not answer changes: nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::measured::{Measured, client};
use crate::support::{NO_REVIEW, REVIEW};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT_ID: &str = "00f067aa0ba902b7";

/// Sent only when podgate stops.
const NO_HURRY: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "3600000");

/// A collector on loopback; gives each request that it gets.
async fn collector() -> (String, mpsc::UnboundedReceiver<ExportTraceServiceRequest>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::unbounded_channel();
    let collect = async move |headers: HeaderMap, body: Bytes| {
        assert_eq!(headers["content-type"], "application/x-protobuf");
        sender.send(ExportTraceServiceRequest::decode(body).unwrap()).unwrap();
        StatusCode::OK
    };
    let router = Router::new().route("/v1/traces", post(collect));
    tokio::spawn(async { axum::serve(listener, router).await });
    (url, requests)
}

fn text(attributes: &[KeyValue]) -> BTreeMap<&str, String> {
    let value = |attribute: &KeyValue| match attribute.value.clone().unwrap().value.unwrap() {
        any_value::Value::StringValue(text) => text,
        any_value::Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.as_str(), value(attribute))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn ask(server: &Measured, path: &str, body: &str, headers: &[(&str, &str)]) -> u16 {
    let url = format!("https://{}{path}", server.address);
    let mut request = client(&server.certs()).post(url).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.to_owned()).send().await.unwrap().status().as_u16()
}

fn stop(server: &mut Measured) -> Duration {
    let begin = Instant::now();
    server.process.signal("INT");
    assert_eq!(server.process.wait().code(), Some(0));
    begin.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_request_is_a_span_whose_parent_is_the_caller() {
    let (url, mut requests) = collector().await;
    let service = ("OTEL_RESOURCE_ATTRIBUTES", "k8s.cluster.name=blue");
    let mut server = Measured::start_with(&["--otlp-endpoint", &url], &[NO_HURRY, service]);
    let parent = |flags| format!("00-{TRACE_ID}-{PARENT_ID}-{flags}");
    let (sampled, unsampled) = (parent("01"), parent("00"));
    let denied = std::fs::read_to_string(crate::tree::root().join("samples/port-conflict.json")).unwrap();

    let state = ("tracestate", "vendor=1");
    assert_eq!(ask(&server, "/validate", &denied, &[("traceparent", &sampled), state]).await, 200);
    assert_eq!(ask(&server, "/mutate", REVIEW, &[]).await, 200);
    // The caller does not record, so nobody would put these together.
    assert_eq!(ask(&server, "/validate", REVIEW, &[("traceparent", &unsampled)]).await, 200);
    assert_eq!(ask(&server, "/validate", NO_REVIEW, &[("traceparent", &sampled)]).await, 400);
    assert_eq!(ask(&server, "/validate", REVIEW, &[("content-encoding", "gzip")]).await, 415);
    stop(&mut server);

    let request = requests.recv().await.expect("spans are sent when it stops");
    let [resource] = &request.resource_spans[..] else { panic!("{request:?}") };
    let service = text(&resource.resource.as_ref().unwrap().attributes);
    assert_eq!(service["service.name"], "podgate");
    assert_eq!(service["service.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(service["k8s.cluster.name"], "blue");
    let spans: Vec<&Span> = resource.scope_spans.iter().flat_map(|scope| &scope.spans).collect();
    let [denied, mutated, broken, compressed] = &spans[..] else { panic!("{spans:?}") };

    for span in [denied, broken] {
        assert_eq!((hex(&span.trace_id), hex(&span.parent_span_id)), (TRACE_ID.to_owned(), PARENT_ID.to_owned()));
    }
    assert_eq!(denied.trace_state, "vendor=1");
    for span in [mutated, compressed] {
        assert_eq!(span.parent_span_id, b"");
        assert!(span.trace_id.len() == 16 && hex(&span.trace_id) != TRACE_ID);
    }
    for span in &spans {
        assert_eq!(span.kind(), SpanKind::Server);
        assert!(span.start_time_unix_nano < span.end_time_unix_nano);
        assert!(span.status.clone().unwrap_or_default().code() == SpanStatus::Unset, "no error of the server");
    }
    let expected = |pairs: &[(&'static str, &str)]| -> BTreeMap<&str, String> {
        pairs.iter().map(|(key, value)| (*key, (*value).to_owned())).collect()
    };
    assert_eq!(denied.name, "POST /validate");
    let of_denied = expected(&[
        ("webhook", "validate"),
        ("operation", "CREATE"),
        ("kind", "Pod"),
        ("decision", "denied"),
        ("uid", "00000000-0000-0000-0000-000000000001"),
        ("http.response.status_code", "200"),
    ]);
    let mut seen = text(&denied.attributes);
    assert!(!seen["uid"].is_empty());
    seen.insert("uid", of_denied["uid"].clone());
    assert_eq!(seen, of_denied);
    assert_eq!(mutated.name, "POST /mutate");
    assert_eq!(text(&mutated.attributes)["decision"], "allowed");
    assert_eq!(text(&broken.attributes)["decision"], "error");
    assert_eq!(text(&broken.attributes)["error.type"], "bad_request");
    let of_compressed =
        [("webhook", "validate"), ("error.type", "unsupported_media_type"), ("http.response.status_code", "415")];
    assert_eq!(text(&compressed.attributes), expected(&of_compressed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_variables_of_opentelemetry_are_heeded() {
    let (url, mut requests) = collector().await;
    let variables = [
        NO_HURRY,
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_SERVICE_NAME", "gate"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        // As in a container without any.
        ("SSL_CERT_FILE", "/nowhere"),
    ];
    let mut server = Measured::start_with(&[], &variables);
    let unsampled = format!("00-{TRACE_ID}-{PARENT_ID}-00");
    assert_eq!(ask(&server, "/validate", REVIEW, &[("traceparent", &unsampled)]).await, 200);
    stop(&mut server);
    let request = requests.recv().await.expect("always on");
    let [resource] = &request.resource_spans[..] else { panic!("{request:?}") };
    assert_eq!(text(&resource.resource.as_ref().unwrap().attributes)["service.name"], "gate");
    assert_eq!(hex(&resource.scope_spans[0].spans[0].trace_id), TRACE_ID);
}

#[test]
fn an_address_that_is_none_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = crate::process::Process::serve(dir.path(), &["--otlp-endpoint", "http://[no/"]);
    assert_eq!(process.wait().code(), Some(2));
    let complaint: Vec<_> = process.stderr_lines().collect();
    assert!(complaint[0].contains("cannot export spans") && complaint[0].contains("http://[no/"), "{complaint:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_dead_delays_nobody() {
    // One that never answers, and one that is not there.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (address, is_silent) in [(silent.local_addr().unwrap(), true), (gone, false)] {
        let url = format!("http://{address}");
        let variables = [
            ("OTEL_BSP_SCHEDULE_DELAY", "10"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "8"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"),
        ];
        let flags = ["--otlp-endpoint", &url, "--drain-timeout", "2s", "--log-allowed", "0"];
        let mut server = Measured::start_with(&flags, &variables);
        let (client, asked) = (client(&server.certs()), format!("https://{}/validate?timeout=1s", server.address));
        let begin = Instant::now();
        for _ in 0..300 {
            let request = client.post(&asked).header("content-type", "application/json").body(REVIEW);
            assert_eq!(request.send().await.unwrap().status(), 200);
        }
        let asked = begin.elapsed();
        let stopped = stop(&mut server);
        println!("300 answers in {asked:?}, stopped in {stopped:?}");
        // The time-out of the drain, and room for a busy machine.
        assert!(stopped < Duration::from_secs(7), "{stopped:?}");
        let log: Vec<_> = server.process.stderr_lines().collect();
        let dropped = log.iter().filter(|line| line.contains("SpansDropped")).count();
        let lost = log.iter().filter(|line| line.contains("are lost")).count();
        assert_eq!(dropped, 1, "{log:?}");
        // Of all batches that failed within a minute one line tells, and perhaps one of the last.
        assert!((1..=2).contains(&lost), "{is_silent} {log:?}");
    }
}
