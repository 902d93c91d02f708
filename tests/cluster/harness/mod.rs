//! A real etcd and kube-apiserver on loopback, and podgate registered there by its own manifests.

mod api_servers;
mod assets;
mod audit;
mod balancer;
mod certificates;
mod client;
mod control_plane;
mod controllers;
mod custom_kinds;
mod direct;
mod installation;
mod kubelet;
mod objects;
mod podgate;
mod processes;
mod program;
mod rights;

use std::ops::Deref;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::OnceCell;

pub use api_servers::ApiServer;
pub use balancer::Balancer;
pub use client::{Answer, Cause, Client, Content, collection, path};
pub use control_plane::ControlPlane;
pub use direct::{Asked, judge};
pub use installation::{Rights, SERVICE_ACCOUNT, manifest};
pub use objects::{conflicting_containers, deployment, excessive_container, object, pod, workload};
pub use podgate::{Podgate, Reach, Register, configurations};
pub use processes::Processes;
pub use program::Program;
pub use rights::all_are_used;

use certificates::{Authority, base64};

/// Longer than anything here may take, on a machine that is busy with something else.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The value of a namespace's label [`JUDGED_BY`] where the default policy judges.
pub const STANDARD: &str = "standard";

/// The same where other objects of the cluster are known, and deletions of Pods are judged.
const WATCHING: &str = "watching";

/// The label that tells which registration of podgate judges what is in a namespace; without it, none does.
pub const JUDGED_BY: &str = "podgate-test";

/// One cluster for the whole run, with podgate. Tests share it, each in its own namespaces.
pub struct Cluster {
    control_plane: ControlPlane,
    /// podgate with its default policy, for all namespaces labelled [`STANDARD`].
    pub podgate: Podgate,
    controllers: OnceCell<()>,
    watching: OnceCell<Program>,
}

impl Deref for Cluster {
    type Target = ControlPlane;

    fn deref(&self) -> &ControlPlane {
        &self.control_plane
    }
}

impl Cluster {
    /// Starts the control plane and podgate, and registers podgate.
    pub async fn start() -> Self {
        let control_plane = ControlPlane::start().await;
        let podgate = Podgate::start(&control_plane.processes, Podgate::policy("{}")).await;
        let cluster = Self { control_plane, podgate, controllers: OnceCell::new(), watching: OnceCell::new() };
        cluster.add_custom_kinds().await;
        cluster.register(cluster.podgate.reach(), STANDARD, &Register::default()).await;
        cluster
    }

    /// Ends everything that was started.
    pub fn stop(&self) {
        self.processes.stop();
    }

    /// What was started, and the folder that is removed in the end.
    pub fn processes(&self) -> &Processes {
        &self.processes
    }

    /// A new namespace where podgate judges by the default policy.
    pub async fn judged_namespace(&self) -> String {
        self.namespace(Some(STANDARD)).await
    }

    /// A new namespace where nothing is registered.
    pub async fn unjudged_namespace(&self) -> String {
        self.namespace(None).await
    }

    /// The label's value for namespaces that the real program judges by its default policy, with `--watch` and no more
    /// rights than that needs, registered as `manifests/components/watch` has it.
    pub async fn watching(&self) -> &'static str {
        let start = async || {
            let kubeconfig = self.service_account(&self.url).await;
            let program = Program::start(self, Some(&kubeconfig), &["--watch"]).await;
            let url = format!("https://127.0.0.1:{}", program.port);
            let change = Register { watch: true, ..Register::default() };
            self.register(Reach::Url { url: &url, ca: &program.ca() }, WATCHING, &change).await;
            program
        };
        self.watching.get_or_init(start).await;
        WATCHING
    }

    /// Waits until podgate knows the PodDisruptionBudgets that are there now in a namespace that it judges.
    pub async fn wait_until_budgets_are_known(&self, namespace: &str) {
        let labels = json!({"app": "canary"});
        for name in ["canary-1", "canary-2"] {
            let budget = json!({
                "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
            });
            self.client.create(&budget).await.accepted();
        }
        let web = deployment(namespace, "canary");
        // One watch brings all budgets, in the order in which they were made.
        eventually("podgate knows the budgets", async || {
            let answer = self.client.dry_run(&web).await.accepted();
            answer.warnings.iter().any(|text| text.contains("overlapping-disruption-budgets")).then_some(())
        })
        .await;
    }

    /// Waits until podgate knows the Services that are there now in a namespace that it judges.
    pub async fn wait_until_services_are_known(&self, namespace: &str) {
        let service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "canary", "namespace": namespace},
            "spec": {"selector": {"app": "canary-served"}, "ports": [{"port": 80}]}
        });
        self.client.create(&service).await.accepted();
        let web = deployment(namespace, "canary-served");
        // One watch brings all Services, in the order in which they were made.
        eventually("podgate knows the Services", async || {
            let answer = self.client.dry_run(&web).await.accepted();
            answer.warnings.iter().any(|text| text.contains("of Service \"canary\"")).then_some(())
        })
        .await;
    }

    /// Waits until podgate knows the HorizontalPodAutoscalers that are there now in a namespace that it judges.
    pub async fn wait_until_autoscalers_are_known(&self, namespace: &str) {
        let autoscaler = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "canary", "namespace": namespace},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "canary-scaled"},
                "minReplicas": 2, "maxReplicas": 4
            }
        });
        self.client.create(&autoscaler).await.accepted();
        let web = deployment(namespace, "canary-scaled");
        // One watch brings all autoscalers, in the order in which they were made.
        eventually("podgate knows the autoscalers", async || {
            let answer = self.client.dry_run(&web).await.accepted();
            answer.warnings.iter().any(|text| text.contains("autoscaler-without-effect")).then_some(())
        })
        .await;
    }

    /// Waits until podgate knows the StatefulSets that are there now in a namespace that it judges.
    pub async fn wait_until_stateful_sets_are_known(&self, namespace: &str) {
        let mut set = deployment(namespace, "canary-set");
        set["kind"] = json!("StatefulSet");
        set["spec"]["serviceName"] = json!("canary-set");
        self.client.create(&set).await.accepted();
        let mut web = deployment(namespace, "canary-waits");
        web["spec"]["template"]["metadata"]["annotations"] = json!({"podgate.dev/wait-for": "statefulset/canary-sets"});
        // One watch brings all StatefulSets, in the order in which they were made.
        eventually("podgate knows the StatefulSets", async || {
            let answer = self.client.dry_run(&web).await.accepted();
            answer.warnings.iter().any(|text| text.contains("did you mean \"canary-set\"?")).then_some(())
        })
        .await;
    }

    /// Puts an existing namespace under a registration, and waits until it is.
    pub async fn judge(&self, namespace: &str, judged_by: &str) {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        let patch = json!({"metadata": {"labels": {JUDGED_BY: judged_by}}});
        self.client.merge(&object, "", &patch).await.accepted();
        self.wait_until_judged(namespace).await;
    }
}

fn connect(url: &str, authority: &Authority) -> kube::Client {
    let admin = authority.client("admin", Some("system:masters"));
    let mut config = kube::Config::new(url.parse().unwrap());
    config.root_cert = Some(vec![authority.der()]);
    config.auth_info.client_certificate_data = Some(base64(&admin.certificate));
    config.auth_info.client_key_data = Some(base64(&admin.key).into());
    config.proxy_url = None;
    // What the API server says first is what is tested.
    config.default_retry = false;
    kube::Client::try_from(config).unwrap()
}

/// Asks again and again, until there is something.
#[track_caller]
pub fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> impl Future<Output = T> {
    let at = std::panic::Location::caller();
    async move {
        let found = async {
            loop {
                if let Some(found) = attempt().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("after {} s it is still not so: {what} ({at})", PATIENCE.as_secs()))
    }
}

/// `value` with the member at `pointer` set; the objects on the way are made.
pub fn with(mut value: Value, pointer: &str, member: impl Into<Value>) -> Value {
    let mut place = &mut value;
    for key in pointer.split('/').skip(1) {
        place = match key.parse::<usize>() {
            Ok(index) if place.is_array() => &mut place[index],
            _ => &mut place[key],
        };
    }
    *place = member.into();
    value
}
