//! What podgate does with an API server's help, and without it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use podgate::cluster::{self, ManagedCertificates};
use podgate_engine::policy::LifecyclePolicy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::fake_api::FakeApi;
use crate::measured::Measured;
use crate::process::Process;
use crate::support::{PATIENCE, TestServer, client_trusting};

const SERVICES: &str = "/api/v1/services";
const NAMESPACES: &str = "/api/v1/namespaces";
const BUDGETS: &str = "/apis/policy/v1/poddisruptionbudgets";
const AUTOSCALERS: &str = "/apis/autoscaling/v2/horizontalpodautoscalers";
const LIMIT_RANGES: &str = "/api/v1/limitranges";
const DEPLOYMENTS: &str = "/apis/apps/v1/deployments";
const SECRETS: &str = "/api/v1/secrets";
const LEASES: &str = "/apis/coordination.k8s.io/v1/leases";
const VALIDATING: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const MUTATING: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

fn budget(allowed: i64) -> Value {
    json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "shop", "managedFields": [{"manager": "x"}]},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}},
        "status": {"disruptionsAllowed": allowed, "currentHealthy": 1},
    })
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"a": "b"}}})
}

/// The deletion of a Pod that counts for [`budget`].
fn deletion() -> String {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "1", "operation": "DELETE", "namespace": "shop", "name": "web-1",
            "kind": {"group": "", "version": "v1", "kind": "Pod"}, "userInfo": {"username": "jane"},
            "object": null,
            "oldObject": {
                "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}},
                "spec": {"nodeName": "node-1", "containers": [{"name": "app"}]}, "status": {"phase": "Running"},
            },
        },
    })
    .to_string()
}

/// A Deployment of `replicas`, whose container requests nothing.
fn deployment(replicas: i64) -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app"}]}},
        },
    })
}

/// An autoscaler of [`deployment`] that scales by the utilization of cpu.
fn autoscaler() -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2, "maxReplicas": 9,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}],
        },
    })
}

/// The request to create a Deployment, or to change the one before it.
fn applied(object: &Value, old: Option<&Value>) -> String {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "1", "operation": if old.is_some() { "UPDATE" } else { "CREATE" }, "namespace": "shop", "name": "web",
            "kind": {"group": "apps", "version": "v1", "kind": "Deployment"}, "userInfo": {"username": "jane"},
            "object": object, "oldObject": old,
        },
    })
    .to_string()
}

async fn warnings(server: &TestServer) -> String {
    warnings_of(server, deletion()).await
}

async fn warnings_of(server: &TestServer, request_body: String) -> String {
    let request = server.client().build().unwrap().post(server.url("/validate"));
    let answer = request.header("content-type", "application/json").body(request_body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["response"]["allowed"], true, "{answer}");
    answer["response"]["warnings"].to_string()
}

async fn wait_for_warning(server: &TestServer, wanted: bool) {
    let begin = Instant::now();
    loop {
        let warnings = warnings(server).await;
        if warnings.contains("deletion-bypasses-budget") == wanted {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "{warnings}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A server that watches, until it is dropped.
struct Watching {
    server: TestServer,
    task: JoinHandle<()>,
}

impl Watching {
    async fn start(api: &FakeApi) -> Self {
        let (server, cluster_state) = TestServer::start_with_cluster_state(&LifecyclePolicy::default()).await;
        let client = api.client();
        let task =
            tokio::spawn(async move { match Box::pin(cluster::watch_inventory(client, cluster_state)).await {} });
        Self { server, task }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn objects_that_come_change_and_go_are_known() {
    let api = FakeApi::start().await;
    api.set(NAMESPACES, "", namespace("shop"));
    api.set(BUDGETS, "shop", budget(0));
    let watching = Watching::start(&api).await;
    let server = &watching.server;
    wait_for_warning(server, true).await;
    api.set(BUDGETS, "shop", budget(1));
    wait_for_warning(server, false).await;
    api.set(BUDGETS, "shop", budget(0));
    wait_for_warning(server, true).await;
    // A namespace that goes takes its Pods with it.
    let mut terminating = namespace("shop");
    terminating["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    api.set(NAMESPACES, "", terminating);
    wait_for_warning(server, false).await;
    api.set(NAMESPACES, "", namespace("shop"));
    wait_for_warning(server, true).await;
    api.remove(BUDGETS, "shop", "web");
    wait_for_warning(server, false).await;
    for kind in ["Namespace", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"] {
        server.wait_for_metric(&format!("podgate_watch_in_order{{kind=\"{kind}\"}} 1")).await;
    }
}

/// Nothing of KEDA's is there, and nobody misses it.
#[tokio::test]
async fn autoscalers_and_limit_ranges_are_known() {
    let api = FakeApi::start().await;
    api.set(NAMESPACES, "", namespace("shop"));
    api.set(AUTOSCALERS, "shop", autoscaler());
    let watching = Watching::start(&api).await;
    let server = &watching.server;
    let rule = "autoscaler-without-effect";
    let says = async |rule: &str| warnings_of(server, applied(&deployment(2), None)).await.contains(rule);
    eventually("it is known what is scaled, and by what", async || says(rule).await).await;
    let limits = json!({"limits": [{"type": "Container", "default": {"cpu": "1"}}]});
    let limit_range = json!({"metadata": {"name": "defaults", "namespace": "shop"}, "spec": limits});
    api.set(LIMIT_RANGES, "shop", limit_range);
    eventually("a LimitRange fills in the request", async || !says(rule).await).await;
    let changed = warnings_of(server, applied(&deployment(3), Some(&deployment(7)))).await;
    assert!(changed.contains("replicas 7 becomes 3") && changed.contains("(2 to 9)"), "{changed}");
}

/// An older ClusterRole does not let it list LimitRanges: what is requested is not known then.
#[tokio::test]
async fn goes_on_without_limit_ranges_that_it_may_not_list() {
    let api = FakeApi::start().await;
    api.set(NAMESPACES, "", namespace("shop"));
    api.set(AUTOSCALERS, "shop", autoscaler());
    api.forbid(LIMIT_RANGES);
    let watching = Watching::start(&api).await;
    let server = &watching.server;
    let reset = async || warnings_of(server, applied(&deployment(3), Some(&deployment(7)))).await;
    eventually("the autoscaler is known", async || reset().await.contains("replicas-reset-autoscaler")).await;
    server.wait_for_metric("podgate_watch_in_order{kind=\"LimitRange\"} 0").await;
    let created = warnings_of(server, applied(&deployment(2), None)).await;
    assert!(!created.contains("autoscaler-without-effect"), "{created}");
}

/// Of the statuses of budgets all is known that decides.
#[tokio::test]
async fn statuses_of_budgets_are_known() {
    let api = FakeApi::start().await;
    api.set(NAMESPACES, "", namespace("shop"));
    api.set(DEPLOYMENTS, "shop", deployment(5));
    let mut counting = budget(1);
    counting["spec"] = json!({"minAvailable": 3, "selector": {"matchLabels": {"app": "web"}}});
    counting["status"] = json!({"disruptionsAllowed": 2, "currentHealthy": 5, "desiredHealthy": 3, "expectedPods": 5});
    api.set(BUDGETS, "shop", counting.clone());
    let watching = Watching::start(&api).await;
    let server = &watching.server;
    let says = async || {
        let changed = warnings_of(server, applied(&deployment(3), Some(&deployment(5)))).await;
        changed.contains("budget-blocks-workload")
    };
    eventually("the budget is known", says).await;
    // It also selects Pods of something that is not watched.
    counting["status"]["expectedPods"] = json!(9);
    api.set(BUDGETS, "shop", counting);
    eventually("others count as well", async || !says().await).await;
    // Of what is not ready an eviction would take as much.
    api.set(BUDGETS, "shop", budget(0));
    wait_for_warning(server, true).await;
    let mut healthy = budget(0);
    healthy["status"]["desiredHealthy"] = json!(1);
    api.set(BUDGETS, "shop", healthy);
    wait_for_warning(server, false).await;
}

/// A part of what there is would be taken for the whole.
#[tokio::test]
async fn silent_until_everything_has_been_listed() {
    let api = FakeApi::start().await;
    api.set(BUDGETS, "shop", budget(0));
    api.set(SERVICES, "shop", json!({"metadata": {"name": "web"}, "spec": {}}));
    api.forbid(AUTOSCALERS);
    let watching = Watching::start(&api).await;
    watching.server.wait_for_metric("podgate_watch_in_order{kind=\"PodDisruptionBudget\"} 1").await;
    watching.server.wait_for_metric("podgate_watch_in_order{kind=\"HorizontalPodAutoscaler\"} 0").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!warnings(&watching.server).await.contains("deletion-bypasses-budget"));
}

/// An older ClusterRole does not let it list workloads: only what adds up replicas is silent then.
#[tokio::test]
async fn goes_on_without_workloads_that_it_may_not_list() {
    let api = FakeApi::start().await;
    api.set(BUDGETS, "shop", budget(0));
    api.forbid("/apis/apps/v1/replicasets");
    let watching = Watching::start(&api).await;
    wait_for_warning(&watching.server, true).await;
    watching.server.wait_for_metric("podgate_watch_in_order{kind=\"ReplicaSet\"} 0").await;
}

#[tokio::test]
async fn admissions_go_on_without_the_api_server() {
    let api = FakeApi::start().await;
    api.set(BUDGETS, "shop", budget(0));
    let watching = Watching::start(&api).await;
    let server = &watching.server;
    wait_for_warning(server, true).await;
    api.set_down(true);
    server.wait_for_metric("podgate_watch_in_order{kind=\"PodDisruptionBudget\"} 0").await;
    let metrics = server.metrics().await;
    let since = metrics
        .lines()
        .find_map(|line| {
            line.strip_prefix("podgate_watch_stale_since_timestamp_seconds{kind=\"PodDisruptionBudget\"} ")
        })
        .unwrap();
    assert!(since.parse::<u64>().unwrap() > 1_700_000_000, "{since}");
    // What was known stays in force.
    assert!(warnings(server).await.contains("deletion-bypasses-budget"));
    api.set(BUDGETS, "shop", budget(1));
    api.set_down(false);
    wait_for_warning(server, false).await;
    server.wait_for_metric("podgate_watch_in_order{kind=\"PodDisruptionBudget\"} 1").await;
    server.wait_for_metric("podgate_watch_stale_since_timestamp_seconds{kind=\"PodDisruptionBudget\"} 0").await;
}

/// A webhook configuration of podgate's, with an empty `caBundle`.
fn configuration(kind: &str, webhooks: &[&str]) -> Value {
    let webhooks: Vec<_> = webhooks
        .iter()
        .map(|name| {
            json!({
                "name": name, "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "clientConfig": {"service": {"name": "podgate", "namespace": "podgate"}},
            })
        })
        .collect();
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "podgate"},
        "webhooks": webhooks,
    })
}

/// A cluster in which podgate is registered.
async fn registered() -> FakeApi {
    let api = FakeApi::start().await;
    api.set(VALIDATING, "", configuration("ValidatingWebhookConfiguration", &["a.podgate.dev", "b.podgate.dev"]));
    api.set(MUTATING, "", configuration("MutatingWebhookConfiguration", &["mutate.podgate.dev"]));
    api
}

/// All `caBundle`s, decoded.
fn bundles(api: &FakeApi) -> Vec<String> {
    let webhooks =
        [VALIDATING, MUTATING].map(|collection| api.get(collection, "", "podgate").unwrap()["webhooks"].clone());
    let bundles = webhooks.iter().flat_map(|webhooks| webhooks.as_array().unwrap());
    bundles
        .map(|webhook| {
            let bundle = webhook["clientConfig"]["caBundle"].as_str().unwrap_or_default();
            String::from_utf8(BASE64_STANDARD.decode(bundle).unwrap()).unwrap()
        })
        .collect()
}

/// One of the fields of the Secret.
fn secret(api: &FakeApi, field: &str) -> String {
    let Some(secret) = api.get(SECRETS, "podgate", "managed") else { return String::new() };
    let text = secret["data"][field].as_str().unwrap_or_default();
    String::from_utf8(BASE64_STANDARD.decode(text).unwrap()).unwrap()
}

struct Replica {
    server: TestServer,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Replica {
    async fn start(api: &FakeApi, identity: &str) -> Self {
        Self::start_with(api, identity, |_| {}).await
    }

    async fn start_with(api: &FakeApi, identity: &str, change: impl FnOnce(&mut ManagedCertificates)) -> Self {
        let mut managed = ManagedCertificates {
            namespace: "podgate".to_owned(),
            secret: "managed".to_owned(),
            lease: "podgate".to_owned(),
            configuration: "podgate".to_owned(),
            identity: identity.to_owned(),
            names: vec!["podgate.podgate.svc".to_owned()],
            ca_validity: Duration::from_secs(87_600 * 3600),
            validity: Duration::from_secs(2160 * 3600),
            trust_delay: Duration::from_secs(1),
        };
        change(&mut managed);
        let (server, installer) = TestServer::start_with_installer().await;
        let stop = CancellationToken::new();
        let manage = cluster::manage_certificates(api.client(), managed, installer, stop.clone());
        let task = tokio::spawn(async move { match Box::pin(manage).await {} });
        Self { server, stop, task }
    }

    async fn is_ready(&self) -> bool {
        self.server.admin("/readyz").await.status() == 200
    }

    /// Whether a client that trusts exactly what the webhooks' `caBundle` says gets an answer.
    async fn is_trusted(&self, api: &FakeApi) -> bool {
        let bundle = bundles(api).remove(0);
        let Ok(certificates) = reqwest::Certificate::from_pem_bundle(bundle.as_bytes()) else { return false };
        let Ok(client) = client_trusting(certificates).build() else { return false };
        client.get(self.server.url("/validate")).send().await.is_ok_and(|answer| answer.status() == 405)
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !is_so().await {
        assert!(begin.elapsed() < PATIENCE * 2, "it is still not so: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn certificates_from_nothing_and_a_bundle_that_is_repaired() {
    let api = registered().await;
    let first = Replica::start(&api, "first").await;
    let second = Replica::start(&api, "second").await;
    for replica in [&first, &second] {
        eventually("both are ready", async || replica.is_ready().await).await;
        assert!(replica.is_trusted(&api).await);
    }
    let ca = secret(&api, "ca.crt");
    assert_eq!(bundles(&api), [&*ca, &*ca, &*ca]);
    assert!(api.get(LEASES, "podgate", "podgate").is_some());
    let created = api.writes().iter().filter(|write| write.starts_with("POST ") && write.contains("/secrets")).count();
    assert_eq!(created, 1, "{:?}", api.writes());

    // Somebody applies the manifests again.
    api.set(VALIDATING, "", configuration("ValidatingWebhookConfiguration", &["a.podgate.dev", "b.podgate.dev"]));
    eventually("the bundle is repaired", async || bundles(&api).iter().all(|bundle| *bundle == ca)).await;
    eventually("both are ready again", async || first.is_ready().await && second.is_ready().await).await;
    assert_eq!(secret(&api, "ca.crt"), ca);
}

#[tokio::test]
async fn a_new_leaf_and_a_new_authority_without_a_gap() {
    let api = registered().await;
    let replicas = [Replica::start(&api, "first").await, Replica::start(&api, "second").await];
    for replica in &replicas {
        eventually("both are ready", async || replica.is_ready().await).await;
    }
    let (ca, leaf) = (secret(&api, "ca.crt"), secret(&api, "tls.crt"));
    // A client that asks all the time, trusting what the configurations say at the moment.
    let renewed = async {
        let mut changed = api.get(SECRETS, "podgate", "managed").unwrap();
        changed["data"]["tls.crt"] = json!("");
        api.set(SECRETS, "podgate", changed);
        eventually("a new leaf", async || !secret(&api, "tls.crt").is_empty()).await;
        assert_ne!(secret(&api, "tls.crt"), leaf);
        assert_eq!(secret(&api, "ca.crt"), ca);

        let mut changed = api.get(SECRETS, "podgate", "managed").unwrap();
        changed["data"]["ca.key"] = json!("");
        api.set(SECRETS, "podgate", changed);
        eventually("a new authority", async || secret(&api, "ca.crt") != ca).await;
        assert_eq!(secret(&api, "ca-previous.crt"), ca);
        let both = format!("{}{ca}", secret(&api, "ca.crt"));
        eventually("both authorities are trusted", async || bundles(&api).iter().all(|bundle| *bundle == both)).await;
        for replica in &replicas {
            let new = CertificateDer::from_pem_slice(secret(&api, "tls.crt").as_bytes()).unwrap();
            eventually("the new leaf is served", async || served(&replica.server, &api).await == new.as_ref()).await;
        }
    };
    let mut asked = 0;
    let asking = async {
        loop {
            for replica in &replicas {
                assert!(replica.is_trusted(&api).await, "asked {asked} times");
                assert!(replica.is_ready().await);
                asked += 1;
            }
        }
    };
    tokio::select! {
        () = renewed => {}
        () = asking => {}
    }
    assert!(asked >= 4, "asked {asked} times");
    for replica in &replicas {
        assert!(replica.is_ready().await && replica.is_trusted(&api).await);
    }
}

/// The certificate that a handshake shows to a client that trusts the webhooks' `caBundle`.
async fn served(server: &TestServer, api: &FakeApi) -> Vec<u8> {
    let mut roots = rustls::RootCertStore::empty();
    let bundle = bundles(api).remove(0);
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(bundle.as_bytes()).map(Result::unwrap));
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = server.connect_with(config).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn another_replica_takes_over() {
    let api = registered().await;
    let first = Replica::start(&api, "first").await;
    eventually("ready", async || first.is_ready().await).await;
    let second = Replica::start(&api, "second").await;
    eventually("ready", async || second.is_ready().await).await;
    drop(first);
    api.set(MUTATING, "", configuration("MutatingWebhookConfiguration", &["mutate.podgate.dev"]));
    eventually("not ready", async || !second.is_ready().await).await;
    let ca = secret(&api, "ca.crt");
    eventually("the other one repairs", async || bundles(&api).iter().all(|bundle| *bundle == ca)).await;
    eventually("ready", async || second.is_ready().await).await;
    let lease = api.get(LEASES, "podgate", "podgate").unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], "second");
}

/// Who goes in order does not make the others wait until the Lease is over.
#[tokio::test]
async fn another_replica_takes_over_at_once_from_one_that_stops() {
    let api = registered().await;
    let first = Replica::start(&api, "first").await;
    eventually("ready", async || first.is_ready().await).await;
    let second = Replica::start(&api, "second").await;
    eventually("ready", async || second.is_ready().await).await;
    let holder = || api.get(LEASES, "podgate", "podgate").unwrap()["spec"]["holderIdentity"].clone();
    assert_eq!(holder(), "first");
    let begin = Instant::now();
    first.stop.cancel();
    eventually("the other one holds the Lease", async || holder() == "second").await;
    // It tries every 5 s; the Lease would be over 15 s after it was renewed last.
    assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
}

/// The flags, and what the program says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_program_manages_and_watches() {
    let api = registered().await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("kubeconfig"), api.kubeconfig()).unwrap();
    let mut process = Process::serve_with(
        dir.path(),
        &["--manage-certs", "--watch", "--managed-secret", "managed", "--drain-delay", "0s"],
        &[("KUBECONFIG", "kubeconfig")],
    );
    let serving = tokio::task::block_in_place(|| process.stdout_lines().next().unwrap());
    let admin = crate::process::after(&serving, "http://").split(' ').next().unwrap().to_owned();
    let client = client_trusting([]).build().unwrap();
    eventually("ready", async || {
        client.get(format!("http://{admin}/readyz")).send().await.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
    let ca = secret(&api, "ca.crt");
    assert_eq!(bundles(&api), [&*ca, &*ca, &*ca]);
    assert!(!dir.path().join("certs").exists());
    let seen = async || {
        let metrics = client.get(format!("http://{admin}/metrics")).send().await.unwrap().text().await.unwrap();
        metrics.contains("podgate_watch_in_order{kind=\"Service\"} 1")
    };
    eventually("watching", seen).await;
    process.signal("TERM");
    assert_eq!(tokio::task::block_in_place(|| process.wait()).code(), Some(0));
}

/// What `--watch` takes for many workloads. `WATCHED_DEPLOYMENTS=50000 WATCHED_REPLICA_SETS=0` are as many Pods at the worst.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workloads_take_little_memory() {
    let number = |name, default| std::env::var(name).map_or(default, |text| text.parse::<usize>().unwrap());
    let (deployments, replica_sets) = (number("WATCHED_DEPLOYMENTS", 500), number("WATCHED_REPLICA_SETS", 3));
    let api = FakeApi::start().await;
    for index in 0..deployments {
        let (namespace, name) = (format!("team-{}", index % 100), format!("web-{index}"));
        let workload = |name: &str, owners: Value| {
            // The size of a Pod template as they are, and what was applied last once more.
            let environment: Vec<Value> =
                (0..30).map(|at| json!({"name": format!("VARIABLE_{at}"), "value": "x".repeat(40)})).collect();
            let labels = json!({"app.kubernetes.io/name": name, "app.kubernetes.io/instance": namespace,
                "app.kubernetes.io/managed-by": "Helm", "team": namespace});
            json!({
                "metadata": {"name": name, "ownerReferences": owners, "annotations": {"applied": "y".repeat(3000)}},
                "spec": {"replicas": 10, "template": {"metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "app", "image": "example.com/app:1", "env": environment}]}}}
            })
        };
        api.set("/apis/apps/v1/deployments", &namespace, workload(&name, json!([])));
        let owner =
            json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": "u", "controller": true}]);
        for number in 0..replica_sets {
            api.set("/apis/apps/v1/replicasets", &namespace, workload(&format!("{name}-{number}"), owner.clone()));
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    std::fs::write(&kubeconfig, api.kubeconfig()).unwrap();
    let kubeconfig = kubeconfig.to_str().unwrap();
    let begin = Instant::now();
    let measured = tokio::task::block_in_place(|| Measured::start_with(&["--watch"], &[("KUBECONFIG", kubeconfig)]));
    let before = measured.resident_kib();
    let known = async || {
        let metrics = measured.metrics().await;
        ["Deployment", "ReplicaSet"]
            .iter()
            .all(|kind| metrics.contains(&format!("podgate_watch_in_order{{kind=\"{kind}\"}} 1")))
    };
    while !known().await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let listed = begin.elapsed();
    // What was listed is taken up.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (now, peak) = (measured.resident_kib() / 1024, measured.peak_mib());
    println!(
        "{deployments} Deployments, {replica_sets} ReplicaSets each: {} MiB at the start, {now} MiB, {peak} MiB at most, listed in {listed:.1?}",
        before / 1024
    );
    let bound = 60 + u64::try_from(deployments).unwrap() * 3 / 1024;
    assert!(peak < bound, "{peak} MiB of {bound}");
}
