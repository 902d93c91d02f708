//! A rule that falls over ends one request, and nothing else.

use podgate_engine::model::Review;
use podgate_engine::rules::rule::Code;
use podgate_engine::rules::{Check, Level, Report, Rule};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::support::{TestServer, read_answer, request, send};

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct Panics {}

impl Check for Panics {
    fn check(&self, review: &Review<'_>, _out: &mut Report<'_>) {
        assert!(review.new.metadata.name != "panic", "told to");
    }
}

static PANICS: Rule = Rule::new("panics", "panics where it is told to", Level::Deny, Code::without_options::<Panics>());

#[tokio::test]
async fn rule_that_panics_is_a_500_and_the_next_request_is_fine() {
    let server = TestServer::start_with_rules(&[&PANICS]).await;
    let ask = |name: &str| {
        let review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "1", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "object": {"metadata": {"name": name}, "spec": {"containers": [{"name": "app"}]}},
            },
        });
        request(&review.to_string())
    };
    // On one connection.
    let mut stream = server.connect().await;
    for (name, status) in [("panic", "500"), ("fine", "200"), ("panic", "500"), ("fine", "200")] {
        send(&mut stream, &ask(name)).await;
        let answer = read_answer(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
    }
    server.wait_for_metric("podgate_errors_total{reason=\"internal\"} 2").await;
}
