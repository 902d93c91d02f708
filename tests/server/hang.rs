//! A rule that does not come to an end holds up its own request, and nobody else's.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use podgate_engine::model::Review;
use podgate_engine::rules::rule::Code;
use podgate_engine::rules::{Check, Level, Report, Rule};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::support::{PATIENCE, REVIEW, TestServer, read_answer, request, send};

static HELD: Mutex<bool> = Mutex::new(true);
static LET_GO: Condvar = Condvar::new();

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct Hangs {}

impl Check for Hangs {
    fn check(&self, review: &Review<'_>, _out: &mut Report<'_>) {
        if review.new.metadata.name == "hang" {
            let held = HELD.lock().unwrap();
            drop(LET_GO.wait_timeout_while(held, PATIENCE * 2, |held| *held).unwrap());
        }
    }
}

static HANGS: Rule = Rule::new("hangs", "hangs where it is told to", Level::Deny, Code::without_options::<Hangs>());

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn others_are_answered_or_refused_in_time_while_a_rule_hangs() {
    let hang = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "1", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "object": {"metadata": {"name": "hang"}, "spec": {"containers": [{"name": "app"}]}},
        },
    });
    let server = TestServer::start_with_rules_and(&[&HANGS], |options| options.limits.max_requests = 2).await;
    let mut hanging = server.connect().await;
    send(&mut hanging, &request(&hang.to_string())).await;
    server.wait_for_metric("podgate_in_flight_requests 1").await;

    // One place is left, and whoever gets it is answered.
    let mut others = server.connect().await;
    for _ in 0..50 {
        send(&mut others, &request(REVIEW)).await;
        assert!(read_answer(&mut others).await.starts_with("HTTP/1.1 200 "));
    }
    assert_eq!(server.admin("/livez").await.status(), 200);

    // None is left: a refusal comes while its caller still waits for it.
    let mut second = server.connect().await;
    send(&mut second, &request(&hang.to_string())).await;
    server.wait_for_metric("podgate_in_flight_requests 2").await;
    for seconds in [1, 3] {
        let begin = Instant::now();
        send(&mut others, &request(REVIEW).replace("/validate", &format!("/validate?timeout={seconds}s"))).await;
        let answer = read_answer(&mut others).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(begin.elapsed() < Duration::from_secs(seconds), "{:?}", begin.elapsed());
        others = server.connect().await;
    }
    assert_eq!(server.admin("/livez").await.status(), 200);

    // As if nothing had been.
    *HELD.lock().unwrap() = false;
    LET_GO.notify_all();
    for stream in [&mut hanging, &mut second] {
        assert!(read_answer(stream).await.starts_with("HTTP/1.1 200 "));
    }
    send(&mut others, &request(REVIEW)).await;
    assert!(read_answer(&mut others).await.starts_with("HTTP/1.1 200 "));
    server.wait_for_metric("podgate_in_flight_requests 0").await;
}
