//! Dashboard and alerts ask for metrics that there are.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use podgate::server::GateCount;
use podgate_engine::lifecycle::waiting::WAIT_FOR;
use podgate_engine::mutate::WaitFor;
use podgate_engine::syntax::yaml;
use serde_json::{Value, json};

use crate::support::TestServer;

fn file(name: &str) -> String {
    std::fs::read_to_string(crate::tree::root().join("manifests/monitoring").join(name)).unwrap()
}

/// Every `expr` of a document.
fn expressions(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            out.extend(members.get("expr").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| expressions(member, out));
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, out)),
        _ => {}
    }
}

/// The names of podgate's metrics in an expression.
fn metrics(expression: &str) -> BTreeSet<&str> {
    let words = expression.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    words.filter(|word| word.starts_with("podgate_")).collect()
}

/// The names of all samples of a server to which everything has happened that is counted.
async fn exposed() -> BTreeSet<String> {
    let sample = |name| std::fs::read_to_string(crate::tree::root().join("samples").join(name)).unwrap();
    let mut policy = podgate_engine::policy::parse(&sample("policy.yaml"), "policy.yaml").unwrap();
    policy.spec.mutations.wait_for = Some(WaitFor::default());
    let (server, cluster_state) = TestServer::start_with_cluster_state(&policy).await;
    cluster_state.found("Service");
    cluster_state.lost("Service");
    cluster_state.leads_gates(true);
    cluster_state.gate_opened("podgate.dev/wait-for", "met", Duration::from_secs(1));
    cluster_state.gate_patch_failed();
    let by_reason = BTreeMap::from([("waiting", 1)]);
    let count = GateCount { by_reason, oldest_timestamp_seconds: 1 };
    cluster_state.gates_counted(&BTreeMap::from([("podgate.dev/wait-for".to_owned(), count)]));
    let mut waits: Value = serde_json::from_str(&sample("default-probes.json")).unwrap();
    waits["request"]["object"]["metadata"]["annotations"] = json!({WAIT_FOR: "service/db"});
    let bodies = [
        ("/validate", sample("port-conflict.json")),
        ("/mutate", sample("default-probes.json")),
        ("/mutate", waits.to_string()),
    ];
    for (path, body) in bodies {
        let request = server.client().build().unwrap().post(server.url(path));
        request.header("content-type", "application/json").body(body).send().await.unwrap();
    }
    let text = server.metrics().await;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .flat_map(|(name, kind)| match kind {
            "counter" => vec![format!("{name}_total")],
            "histogram" => ["bucket", "sum", "count"].map(|suffix| format!("{name}_{suffix}")).to_vec(),
            "info" => vec![format!("{name}_info")],
            _ => vec![name.to_owned()],
        })
        .collect()
}

#[tokio::test]
async fn dashboard_and_alerts_ask_for_metrics_that_are_exposed() {
    let text = file("alerts.yaml");
    let alerts = yaml::documents(&text).unwrap();
    let [alerts] = alerts.as_slice() else { panic!("one object") };
    let alerts: Value = serde_json::from_str(&alerts.to_json().unwrap()).unwrap();
    let dashboard: Value = serde_json::from_str(&file("dashboard.json")).unwrap();
    let exposed = exposed().await;
    for (document, at_least) in [(alerts, 8), (dashboard, 10)] {
        let mut found = Vec::new();
        expressions(&document, &mut found);
        assert!(found.len() >= at_least, "{found:?}");
        for expression in found {
            let metrics = metrics(&expression);
            assert!(!metrics.is_empty(), "{expression}");
            for metric in metrics {
                assert!(exposed.contains(metric), "{metric} of {expression} is none of {exposed:#?}");
            }
        }
    }
}

/// Every alert leads to a section that says what to do.
#[test]
fn every_alert_has_its_section() {
    let page = std::fs::read_to_string(crate::tree::root().join("docs/alerts.md")).unwrap();
    let headings: BTreeSet<String> =
        page.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_lowercase).collect();
    let alerts = file("alerts.yaml");
    let after = |mark: &'static str| alerts.lines().filter_map(move |line| Some(line.split_once(mark)?.1.to_owned()));
    let led: BTreeSet<String> = after("runbook: docs/alerts.md#").collect();
    let named: BTreeSet<String> = after("- alert: ").map(|name| name.to_lowercase()).collect();
    assert_eq!((&led, &named), (&headings, &headings));
}
