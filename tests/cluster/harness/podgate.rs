//! podgate in this process, registered with the API server by its own manifests.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use podgate::server::{Options, Server, certificates};
use podgate_engine::policy::{self, Engine, LifecyclePolicy};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::certificates::base64;
use super::installation::{manifest, patched};
use super::{ControlPlane, JUDGED_BY, Processes, eventually};

/// One podgate.
pub struct Podgate {
    /// `https://127.0.0.1:<port>`
    pub url: String,
    /// The authority that its certificate comes from, in PEM.
    pub ca: String,
    shutdown: oneshot::Sender<Duration>,
    task: JoinHandle<usize>,
}

impl Podgate {
    /// A policy whose `spec` is this YAML, in flow style.
    pub fn policy(spec: &str) -> LifecyclePolicy {
        let text = format!("apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {spec}\n");
        policy::parse(&text, "the test's policy").unwrap()
    }

    pub async fn start(processes: &Processes, policy: LifecyclePolicy) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let cert_dir = processes.dir().join(format!("podgate-{}", STARTED.fetch_add(1, Ordering::Relaxed)));
        certificates::write(&cert_dir, &[], 1, false).unwrap();
        let ca = fs::read_to_string(cert_dir.join(certificates::CA_FILE)).unwrap();
        let any_port = "127.0.0.1:0".parse().unwrap();
        let options =
            Options { listen: any_port, admin_listen: any_port, cert_dir: Some(cert_dir), ..Options::default() };
        let engine = Arc::new(ArcSwap::from_pointee(Engine::new(&policy)));
        let server = Server::bind(options, engine).await.unwrap();
        let url = format!("https://{}", server.address());
        let (shutdown, signal) = oneshot::channel();
        // A sender that is dropped stops nothing: the process does.
        let task = tokio::spawn(server.serve(async {
            match signal.await {
                Ok(delay) => delay,
                Err(_dropped) => std::future::pending().await,
            }
        }));
        Self { url, ca, shutdown, task }
    }

    pub fn reach(&self) -> Reach<'_> {
        Reach::Url { url: &self.url, ca: &self.ca }
    }

    /// Stops it as SIGTERM does, and waits until it is gone.
    pub async fn stop(self) {
        self.shutdown.send(Duration::ZERO).unwrap();
        assert_eq!(self.task.await.unwrap(), 0, "every answer was given");
    }
}

/// How the API server gets to podgate, and the authority of its certificate, in PEM.
#[derive(Debug, Clone, Copy)]
pub enum Reach<'r> {
    /// By a URL instead of the manifests' Service.
    Url { url: &'r str, ca: &'r str },
    /// By the manifests' Service, at another port.
    Service { port: u16, ca: &'r str },
    /// The same, as in the manifests: without an authority.
    Unknown { port: u16 },
}

/// What a registration changes in the manifests besides the address.
#[derive(Debug, Default)]
pub struct Register {
    /// Instead of the manifests' own `failurePolicy`.
    pub failure_policy: Option<&'static str>,
    /// Also the mutating webhook.
    pub mutating: bool,
    /// As `manifests/components/watch` has it.
    pub watch: bool,
}

impl ControlPlane {
    /// Registers podgate for the namespaces whose label [`JUDGED_BY`] is `name`, and waits until the API server asks it.
    pub async fn register(&self, reach: Reach<'_>, name: &str, change: &Register) {
        for mut configuration in configurations(reach, name, change) {
            configuration["metadata"]["name"] = json!(format!("podgate-{name}"));
            self.client.create(&configuration).await.accepted();
        }
        let namespace = self.namespace(Some(name)).await;
        self.wait_until_judged(&namespace).await;
        if change.mutating {
            self.wait_until_mutated(&namespace).await;
        }
    }

    /// Waits until something that podgate refuses is refused in a namespace.
    pub(super) async fn wait_until_judged(&self, namespace: &str) {
        let bad = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "metadata": {"name": "canary", "namespace": namespace},
            "spec": {"template": {"spec": {"restartPolicy": "Sometimes", "containers": [{"name": "app"}]}}}
        });
        eventually("podgate is asked", async || {
            let answer = self.client.dry_run(&bad).await;
            (!answer.is_accepted()).then_some(())
        })
        .await;
    }

    /// Waits until the mutating webhook is asked, which shows in the audit log even where nothing is added.
    async fn wait_until_mutated(&self, namespace: &str) {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "canary", "namespace": namespace},
            "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]}
        });
        eventually("podgate is asked to mutate", async || {
            let answer = self.client.dry_run(&pod).await.accepted();
            let annotations = self.audit_annotations(&answer.audit_id).await;
            annotations.as_object()?.keys().find(|key| key.starts_with("mutation.webhook.")).map(|_| ())
        })
        .await;
    }
}

/// The webhook configurations of the manifests, for the namespaces whose label [`JUDGED_BY`] is `name`.
pub fn configurations(reach: Reach<'_>, name: &str, change: &Register) -> Vec<Value> {
    let files = ["base/validating-webhook.yaml", "base/mutating-webhook.yaml"];
    let configuration = |file: &&str| {
        let mut configuration = manifest(file);
        if change.watch && configuration["kind"] == "ValidatingWebhookConfiguration" {
            configuration = patched(configuration, "components/watch");
        }
        for webhook in configuration["webhooks"].as_array_mut().unwrap() {
            rewrite(webhook, reach, name, change);
        }
        configuration
    };
    files[..if change.mutating { 2 } else { 1 }].iter().map(configuration).collect()
}

/// Points one webhook of the manifests at podgate, and adds to its selector the namespaces of one registration.
fn rewrite(webhook: &mut Value, reach: Reach<'_>, name: &str, change: &Register) {
    let config = &mut webhook["clientConfig"];
    let path = config["service"]["path"].as_str().unwrap().to_owned();
    let ca = match reach {
        Reach::Url { url, ca } => {
            *config = json!({"url": format!("{url}{path}")});
            Some(ca)
        }
        Reach::Service { port, ca } => {
            config["service"]["port"] = json!(port);
            Some(ca)
        }
        Reach::Unknown { port } => {
            config["service"]["port"] = json!(port);
            None
        }
    };
    if let Some(ca) = ca {
        config["caBundle"] = json!(base64(ca));
    }
    if let Some(policy) = change.failure_policy {
        webhook["failurePolicy"] = json!(policy);
    }
    let only = json!({"key": JUDGED_BY, "operator": "In", "values": [name]});
    match &mut webhook["namespaceSelector"]["matchExpressions"] {
        Value::Array(all) => all.push(only),
        none => *none = json!([only]),
    }
}
