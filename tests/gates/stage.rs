//! What all of these tests share: a cluster with a node, and podgate in several processes.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::harness::{Content, ControlPlane, Reach, Register, Rights, SERVICE_ACCOUNT, eventually, manifest, path};
use crate::objects::{NODE, gated_pod};
use crate::replicas::Replicas;

/// The label's value for the namespaces where podgate is registered.
pub const GATES: &str = "gates";

const CONTROLLERS: &str = "deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller,\
    job-controller,endpoints-controller,endpointslice-controller,garbage-collector-controller";

/// Of podgate's requests, and of what its Pods wait for, also what was written.
const AUDIT_POLICY: &str = r#"{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [
    {"level": "Request", "users": ["system:serviceaccount:podgate:podgate"]},
    {"level": "None", "verbs": ["get", "list", "watch"]},
    {"level": "Request", "resources": [
        {"group": "discovery.k8s.io", "resources": ["endpointslices"]},
        {"group": "batch", "resources": ["jobs/status"]}
    ]},
    {"level": "Metadata"}
]}"#;

pub struct Stage {
    pub plane: &'static ControlPlane,
    replicas: RwLock<Replicas>,
}

impl Stage {
    /// Starts it all. Panics with what it takes if the programs are not there.
    pub async fn start() -> Self {
        let plane = control_plane().await;
        plane.start_controllers(CONTROLLERS);
        plane.start_kubelet(NODE).await;
        let replicas = RwLock::new(begin(plane).await);
        Self { plane, replicas }
    }

    /// Keeps podgate as it is, together with others; puts it in order first where a test has failed and left it otherwise.
    pub async fn undisturbed(&self) -> RwLockReadGuard<'_, Replicas> {
        let replicas = self.replicas.read().await;
        if replicas.running.len() == 2 {
            return replicas;
        }
        drop(replicas);
        self.alone().await.downgrade()
    }

    /// Lets nobody else test podgate meanwhile; begins with two replicas that are in order.
    pub async fn alone(&self) -> RwLockWriteGuard<'_, Replicas> {
        let mut replicas = self.replicas.write().await;
        replicas.restore().await;
        replicas
    }

    /// Ends everything.
    pub async fn stop(&self) {
        // Each of these processes has to be waited for; the guard has ended them, if nobody has.
        self.replicas.write().await.running.clear();
        self.plane.processes.stop();
    }
}

/// An API server where podgate has the rights of `manifests/components/gates`, and no other.
pub async fn control_plane() -> &'static ControlPlane {
    let plane: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start_with(AUDIT_POLICY).await));
    plane.install(Rights::Gates).await;
    for file in ["validating-admission-policy", "validating-admission-policy-binding"] {
        plane.client.create(&manifest(&format!("components/gates/{file}.yaml"))).await.accepted();
    }
    plane
}

/// Starts two replicas and registers podgate.
pub async fn begin(plane: &'static ControlPlane) -> Replicas {
    let mut replicas = Replicas::new(plane).await;
    replicas.restore().await;
    let url = format!("https://127.0.0.1:{}", replicas.balancer.port);
    let change = Register { failure_policy: Some("Fail"), mutating: true, ..Register::default() };
    plane.register(Reach::Url { url: &url, ca: &replicas.ca() }, GATES, &change).await;
    wait_until_bounded(plane, &replicas).await;
    replicas
}

/// Waits until the ValidatingAdmissionPolicy is in force at both API servers.
async fn wait_until_bounded(plane: &ControlPlane, replicas: &Replicas) {
    let namespace = plane.namespace(None).await;
    plane.client.create(&gated_pod(&namespace, "canary", &["example.com/never"])).await.accepted();
    let pod = gated_pod(&namespace, "canary", &[]);
    let patch = serde_json::json!({"metadata": {"labels": {"changed": "yes"}}});
    for client in [plane.client.clone(), replicas.api_server.client()] {
        let podgate = client.impersonate(SERVICE_ACCOUNT, &["system:authenticated"]);
        eventually("podgate is refused what it must not do", async || {
            let content = Content::MergePatch(&patch);
            let answer = podgate.send(http::Method::PATCH, &path(&pod, ""), "dryRun=All", content).await;
            (!answer.is_accepted()).then_some(())
        })
        .await;
    }
    plane.client.delete(&pod, "gracePeriodSeconds=0").await.accepted();
}
