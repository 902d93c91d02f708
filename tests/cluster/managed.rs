//! Certificates that podgate makes, renews and publishes by itself, with no more rights than the manifests grant.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use crate::harness::{Balancer, Cluster, Program, Reach, Register, configurations, eventually};
use crate::harness::{Content, conflicting_containers, path, pod, with};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![test("managed::no_admission_fails_while_certificates_change", shown)]
}

/// Shows it once.
pub async fn shown(cluster: &'static Cluster) {
    static SHOWN: OnceCell<()> = OnceCell::const_new();
    SHOWN.get_or_init(|| no_admission_fails_while_certificates_change(cluster)).await;
}

/// The value of the label for the namespaces of this test.
const MANAGED: &str = "managed";

/// Connections are so short that each change meets new ones.
const SERVE: [&str; 6] = ["--manage-certs", "--watch", "--max-connection-age", "1s", "--drain-delay", "1s"];

async fn no_admission_fails_while_certificates_change(cluster: &'static Cluster) {
    let kubeconfig = cluster.service_account(&cluster.url).await;
    let start = async || Program::start(cluster, Some(&kubeconfig), &SERVE).await;
    let balancer = Balancer::start().await;
    let change = Register { failure_policy: Some("Fail"), mutating: true, ..Register::default() };
    for configuration in configurations(Reach::Unknown { port: balancer.port }, MANAGED, &change) {
        cluster.client.create(&configuration).await.accepted();
    }
    let namespace = cluster.namespace(Some(MANAGED)).await;

    // From nothing: neither a Secret, nor a Lease, nor a bundle.
    assert_eq!(cluster.client.get(&secret()).await.status, 404);
    let (first, second) = tokio::join!(start(), start());
    for replica in [&first, &second] {
        eventually("a replica is ready", async || replica.is_ready().await.then_some(())).await;
        let (ca, bundles) = (field(cluster, "ca.crt").await, bundles(cluster).await);
        assert_eq!(bundles, [&*ca, &*ca], "ready, so what is served is trusted");
    }
    let mut replicas = vec![first, second];
    balancer.serve(&replicas);
    wait_until_admitted(cluster, &namespace).await;

    let writers = Writers::start(cluster, &namespace);
    let (ca, leaf) = (field(cluster, "ca.crt").await, field(cluster, "tls.crt").await);
    change_secret(cluster, "tls.crt").await;
    let next_leaf = other_than(cluster, "tls.crt", &leaf).await;
    assert_eq!(field(cluster, "ca.crt").await, ca);
    assert_eq!(bundles(cluster).await, [&*ca, &*ca]);
    wait_until_served(&replicas, &ca, &next_leaf).await;
    writers.go_on().await;

    change_secret(cluster, "ca.key").await;
    let next_ca = other_than(cluster, "ca.crt", &ca).await;
    let both = format!("{next_ca}{ca}");
    eventually("both authorities are trusted", async || (bundles(cluster).await == [&*both, &*both]).then_some(()))
        .await;
    let leaf = field(cluster, "tls.crt").await;
    assert_ne!(leaf, next_leaf);
    wait_until_served(&replicas, &both, &leaf).await;
    writers.go_on().await;

    // One replica takes the place of another. The new one has to be there first, as in a rolling update.
    let third = start().await;
    eventually("the third replica is ready", async || third.is_ready().await.then_some(())).await;
    wait_until_served(std::slice::from_ref(&third), &next_ca, &leaf).await;
    replicas.push(third);
    let lease = cluster.client.get(&lease()).await.accepted().body;
    let writer = lease["spec"]["holderIdentity"].as_str().unwrap();
    // The one that writes: others have to go on with that.
    let leaving = replicas.iter().position(|replica| writer.starts_with(&format!("{}_", replica.name))).unwrap();
    let leaving = replicas.remove(leaving);
    balancer.serve(&replicas);
    leaving.stop().await;
    writers.go_on().await;

    let asked = writers.stop().await;
    assert!(asked > 100, "{asked} admissions are too few to show anything");
    println!("managed certificates: {asked} admissions, none failed");

    emptied_bundles_are_repaired(cluster, &namespace, &both).await;
    for replica in replicas {
        replica.stop().await;
    }
    a_replica_that_is_not_trusted_is_not_ready(cluster, &both, start).await;
}

/// Until the API server has noticed the repair it trusts nobody: it refuses everything then, and lets nothing through.
async fn emptied_bundles_are_repaired(cluster: &Cluster, namespace: &str, wanted: &str) {
    let begin = Instant::now();
    empty_bundles(cluster).await;
    let bad = with(pod(namespace, "bad"), "/spec/containers", conflicting_containers());
    eventually("the bundles are repaired", async || {
        let refused = cluster.client.dry_run(&bad).await;
        assert!(!refused.is_accepted(), "nothing passes unjudged: {}", refused.body);
        (bundles(cluster).await == [wanted, wanted]).then_some(())
    })
    .await;
    println!("managed certificates: emptied bundles were repaired within {} ms", begin.elapsed().as_millis());
    wait_until_admitted(cluster, namespace).await;
}

/// While somebody else has the Lease, and does not write.
async fn a_replica_that_is_not_trusted_is_not_ready(
    cluster: &Cluster,
    wanted: &str,
    start: impl AsyncFnOnce() -> Program,
) {
    let hold = async |holder: Value| {
        cluster.client.merge(&lease(), "", &json!({"spec": {"holderIdentity": holder}})).await.accepted();
    };
    hold(json!("somebody")).await;
    empty_bundles(cluster).await;
    let replica = start().await;
    eventually("the replica serves what nobody trusts", async || {
        let (status, text) = replica.admin("/readyz").await?;
        assert_eq!(status, 503, "{text}");
        text.contains("caBundle of the webhook configurations does not match").then_some(())
    })
    .await;
    hold(Value::Null).await;
    eventually("the replica is ready", async || replica.is_ready().await.then_some(())).await;
    assert_eq!(bundles(cluster).await, [wanted, wanted]);
}

async fn empty_bundles(cluster: &Cluster) {
    for kind in KINDS {
        let patch = json!([{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]);
        let at = path(&configuration(kind), "");
        cluster.client.send(http::Method::PATCH, &at, "", Content::JsonPatch(&patch)).await.accepted();
    }
}

const KINDS: [&str; 2] = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];

fn configuration(kind: &str) -> Value {
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "podgate"}})
}

fn secret() -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "podgate-managed-tls", "namespace": "podgate"}})
}

fn lease() -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "podgate", "namespace": "podgate"}
    })
}

fn decoded(value: &Value) -> String {
    String::from_utf8(BASE64_STANDARD.decode(value.as_str().unwrap_or_default()).unwrap()).unwrap()
}

/// `caBundle` of both configurations.
async fn bundles(cluster: &Cluster) -> Vec<String> {
    let mut bundles = Vec::new();
    for kind in KINDS {
        let found = cluster.client.get(&configuration(kind)).await.accepted().body;
        let webhooks = found["webhooks"].as_array().unwrap();
        bundles.extend(webhooks.iter().map(|webhook| decoded(&webhook["clientConfig"]["caBundle"])));
    }
    bundles
}

/// A field of the Secret.
async fn field(cluster: &Cluster, name: &str) -> String {
    decoded(&cluster.client.get(&secret()).await.accepted().body["data"][name])
}

/// Takes a field away, so that podgate makes it anew.
async fn change_secret(cluster: &Cluster, field: &str) {
    cluster.client.merge(&secret(), "", &json!({"data": {field: ""}})).await.accepted();
}

/// A field of the Secret, once it is there again and another.
async fn other_than(cluster: &Cluster, name: &str, old: &str) -> String {
    eventually("podgate makes it anew", async || {
        let found = field(cluster, name).await;
        (!found.is_empty() && found != old).then_some(found)
    })
    .await
}

/// Waits until every replica shows this certificate to a client that trusts `bundle`. Both are PEM.
async fn wait_until_served(replicas: &[Program], bundle: &str, certificate: &str) {
    for replica in replicas {
        eventually("the certificate is served", async || {
            (replica.served(bundle).await? == certificate_der(certificate)).then_some(())
        })
        .await;
    }
}

fn certificate_der(pem: &str) -> Vec<u8> {
    use rustls::pki_types::pem::PemObject;
    rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

/// Waits until the API server knows how to reach podgate by both webhooks.
async fn wait_until_admitted(cluster: &Cluster, namespace: &str) {
    eventually("Pods are admitted", async || {
        let answer = cluster.client.dry_run(&pod(namespace, "canary")).await;
        answer.is_accepted().then_some(())
    })
    .await;
}

/// Clients that create Pods all the time, good ones and bad ones.
struct Writers {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    failed: Arc<Mutex<Vec<String>>>,
    tasks: JoinSet<()>,
}

impl Writers {
    fn start(cluster: &'static Cluster, namespace: &str) -> Self {
        let (stop, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let failed = Arc::<Mutex<Vec<String>>>::default();
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (stop, asked, failed) = (Arc::clone(&stop), Arc::clone(&asked), Arc::clone(&failed));
            let namespace = namespace.to_owned();
            tasks.spawn(async move {
                let good = pod(&namespace, "good");
                let bad = with(pod(&namespace, "bad"), "/spec/containers", conflicting_containers());
                while !stop.load(Ordering::Relaxed) {
                    for (object, status) in [(&good, 201), (&bad, 422)] {
                        let answer = cluster.client.dry_run(object).await;
                        asked.fetch_add(1, Ordering::Relaxed);
                        if answer.status != status {
                            failed.lock().unwrap().push(answer.body.to_string());
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        }
        Self { stop, asked, failed, tasks }
    }

    /// Waits until each has written more, on connections that did not live before: podgate ends them after a second.
    async fn go_on(&self) {
        let asked = self.asked.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(1200)).await;
        eventually("Pods are written", async || (self.asked.load(Ordering::Relaxed) > asked + 8).then_some(())).await;
    }

    /// How many admissions there were, none of which failed.
    async fn stop(mut self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        assert_eq!(*self.failed.lock().unwrap(), Vec::<String>::new(), "failed admissions");
        self.asked.load(Ordering::Relaxed)
    }
}
