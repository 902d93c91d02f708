//! The policy as an object of the cluster: nothing is judged before it is there, and nothing that goes wrong takes it away.

use std::time::{Duration, Instant};

use podgate::cluster;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::fake_api::FakeApi;
use crate::support::{PATIENCE, TestServer};

const POLICIES: &str = "/apis/podgate.dev/v1alpha1/lifecyclepolicies";

/// A Pod with a port conflict.
const REVIEW: &str = include_str!("../../samples/port-conflict.json");

/// As the API server has it, with this level of `port-conflict`.
fn object(name: &str, level: &Value) -> Value {
    json!({
        "apiVersion": "podgate.dev/v1alpha1", "kind": "LifecyclePolicy",
        "metadata": {
            "name": name, "generation": 1, "managedFields": [{"manager": "kubectl"}],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        },
        "spec": {"rules": {"port-conflict": level}},
    })
}

struct Keeping {
    server: TestServer,
    task: JoinHandle<()>,
}

impl Keeping {
    async fn start(api: &FakeApi) -> Self {
        let (server, policies, cluster_state) = TestServer::start_with_policy_object("main").await;
        let keep = cluster::watch_policy(api.client(), "main".to_owned(), policies, cluster_state);
        let task = tokio::spawn(async move { match Box::pin(keep).await {} });
        Self { server, task }
    }

    /// HTTP status, and whether the Pod is allowed.
    async fn ask(&self) -> (u16, Value) {
        let request = self.server.client().build().unwrap().post(self.server.url("/validate"));
        let answer = request.header("content-type", "application/json").body(REVIEW).send().await.unwrap();
        let status = answer.status().as_u16();
        let answer: Value = answer.json().await.unwrap();
        (status, answer["response"]["allowed"].clone())
    }

    async fn wait_until_allowed(&self, allowed: bool) {
        let begin = Instant::now();
        while self.ask().await != (200, json!(allowed)) {
            assert!(begin.elapsed() < PATIENCE, "it should be {allowed}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn admin(&self, path: &str) -> (u16, String) {
        let answer = self.server.admin(path).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn wait_for_failures(&self, count: usize) {
        self.server.wait_for_metric(&format!("podgate_policy_load_failures_total {count}")).await;
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn the_last_good_one_stays_whatever_happens_to_the_object() {
    let api = FakeApi::start().await;
    api.set(POLICIES, "", object("main", &json!("off")));
    // Nobody asked for this one.
    api.set(POLICIES, "", object("other", &json!("deny")));
    let keeping = Keeping::start(&api).await;
    keeping.wait_until_allowed(true).await;
    assert_eq!(keeping.admin("/readyz").await, (200, "ok".to_owned()));
    let (status, shown) = keeping.admin("/policy").await;
    assert_eq!(status, 200);
    assert!(shown.starts_with("# from LifecyclePolicy \"main\" in the cluster\n# Exempt users"), "{shown}");
    assert!(
        shown.contains("metadata: {\"name\":\"main\"}\n") && shown.contains("    port-conflict: \"off\""),
        "{shown}"
    );

    // YAML readers of clients take `off` for `false`.
    api.set(POLICIES, "", object("main", &json!("deny")));
    keeping.wait_until_allowed(false).await;
    api.set(POLICIES, "", object("main", &json!(false)));
    keeping.wait_until_allowed(true).await;
    api.set(POLICIES, "", object("main", &json!("deny")));
    keeping.wait_until_allowed(false).await;
    let loaded = keeping.server.metrics().await;

    // Each of these would allow the Pod if it were taken for a policy that says nothing.
    let wrong = "spec.rules.port-conflict: unknown level \"dney\" (did you mean \"deny\"?); levels are off, audit, warn and deny";
    api.set(POLICIES, "", object("main", &json!("dney")));
    keeping.wait_for_failures(1).await;
    assert_eq!(keeping.ask().await, (200, json!(false)));
    let (status, ready) = keeping.admin("/readyz").await;
    assert_eq!(status, 200);
    let line = format!("LifecyclePolicy \"main\" in the cluster: {wrong}\n");
    assert!(ready.contains("the last good one stays in force:\n") && ready.ends_with(&line), "{ready}");
    assert!(keeping.admin("/policy").await.1.contains(&format!("# {line}")));

    api.remove(POLICIES, "", "main");
    keeping.wait_for_failures(2).await;
    assert_eq!(keeping.ask().await, (200, json!(false)));
    let (status, ready) = keeping.admin("/readyz").await;
    assert_eq!(status, 200);
    assert!(ready.ends_with("there is no LifecyclePolicy \"main\" in the cluster\n"), "{ready}");

    api.set(POLICIES, "", object("main", &json!("deny")));
    keeping.server.wait_for_metric("podgate_watch_in_order{kind=\"LifecyclePolicy\"} 1").await;
    let begin = Instant::now();
    while keeping.admin("/readyz").await.1 != "ok" {
        assert!(begin.elapsed() < PATIENCE, "it is in order again");
    }
    // It is the same as before: what is in force has not been loaded again.
    let timestamp = |metrics: &str| {
        let line = metrics.lines().find(|line| line.starts_with("podgate_policy_load_timestamp_seconds "));
        line.map(str::to_owned)
    };
    assert_eq!(timestamp(&keeping.server.metrics().await), timestamp(&loaded));

    api.set_down(true);
    keeping.server.wait_for_metric("podgate_watch_in_order{kind=\"LifecyclePolicy\"} 0").await;
    assert_eq!(keeping.ask().await, (200, json!(false)));
    api.set(POLICIES, "", object("main", &json!("off")));
    api.set_down(false);
    keeping.wait_until_allowed(true).await;
    keeping.wait_for_failures(2).await;
}

/// Neither allowed nor denied: the caller's failurePolicy decides.
#[tokio::test]
async fn nothing_is_judged_before_there_is_a_policy() {
    let api = FakeApi::start().await;
    let keeping = Keeping::start(&api).await;
    keeping.wait_for_failures(1).await;
    assert_eq!(keeping.ask().await, (500, Value::Null));
    let missing = "there is no policy yet: there is no LifecyclePolicy \"main\" in the cluster";
    for path in ["/readyz", "/policy"] {
        assert_eq!(keeping.admin(path).await, (503, json!({"error": missing}).to_string()), "{path}");
    }
    assert_eq!(keeping.admin("/livez").await.0, 200);
    let metrics = keeping.server.metrics().await;
    assert!(metrics.contains("podgate_errors_total{reason=\"no_policy\"} 1\n"), "{metrics}");
    assert!(metrics.contains("podgate_policy_load_timestamp_seconds 0.0\n"), "{metrics}");

    api.set(POLICIES, "", object("main", &json!({"level": "deny", "margin": 3})));
    keeping.wait_for_failures(2).await;
    assert_eq!(keeping.ask().await, (500, Value::Null));
    let (status, ready) = keeping.admin("/readyz").await;
    assert_eq!(status, 503);
    assert!(ready.contains("spec.rules.port-conflict.margin: unknown option"), "{ready}");

    // The default policy, which is what a server without any has, is one as well.
    api.set(POLICIES, "", json!({"metadata": {"name": "main"}, "spec": {}}));
    keeping.wait_until_allowed(false).await;
    assert_eq!(keeping.admin("/readyz").await, (200, "ok".to_owned()));
}

/// Without the CustomResourceDefinition, or the right to read it, nothing is there to be listed.
#[tokio::test]
async fn nothing_is_judged_while_the_object_cannot_be_read() {
    let api = FakeApi::start().await;
    api.forbid(POLICIES);
    let keeping = Keeping::start(&api).await;
    keeping.server.wait_for_metric("podgate_watch_in_order{kind=\"LifecyclePolicy\"} 0").await;
    assert_eq!(keeping.ask().await, (500, Value::Null));
    let unread = "there is no policy yet: LifecyclePolicy \"main\" in the cluster has not been read";
    assert_eq!(keeping.admin("/readyz").await, (503, json!({"error": unread}).to_string()));
}
