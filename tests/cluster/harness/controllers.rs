//! kube-controller-manager and kube-scheduler, for the tests that need Pods made and placed.

use std::fs;

use serde_json::json;

use super::Cluster;
use super::assets::Assets;

/// By name: with all of them the program takes seconds longer to start, and tests set the status of budgets themselves.
const CONTROLLERS: &str = "deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller,\
    job-controller,cronjob-controller,replicationcontroller-controller,garbage-collector-controller,serviceaccount-controller";

impl Cluster {
    /// Starts the controllers and the scheduler, and adds a node, if that has not been done yet. Nothing runs on the node.
    pub async fn controllers(&self) {
        self.controllers.get_or_init(|| self.start_controllers()).await;
    }

    async fn start_controllers(&self) {
        let assets = Assets::find();
        let dir = self.processes.dir();
        for name in ["kube-controller-manager", "kube-scheduler"] {
            let identity = self.authority.client(&format!("system:{name}"), None);
            let kubeconfig = dir.join(format!("{name}.kubeconfig"));
            fs::write(&kubeconfig, identity.kubeconfig(&self.url, &self.authority)).unwrap();
            let mut command = assets.command(name);
            command
                .args(["--leader-elect=false", "--secure-port=0"])
                .arg(format!("--kubeconfig={}", kubeconfig.display()))
                .arg(format!("--authentication-kubeconfig={}", kubeconfig.display()))
                .arg(format!("--authorization-kubeconfig={}", kubeconfig.display()));
            if name == "kube-controller-manager" {
                command
                    .arg("--use-service-account-credentials=true")
                    .arg(format!("--controllers={CONTROLLERS}"))
                    .arg(format!("--service-account-private-key-file={}", dir.join("sa.key").display()))
                    .arg(format!("--root-ca-file={}", dir.join("ca.crt").display()));
            }
            self.processes.start(name, &mut command);
        }
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}});
        self.client.create(&node).await.accepted();
        let room = json!({"cpu": "64", "memory": "64Gi", "pods": "500"});
        let status = json!({"status": {
            "capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]
        }});
        self.client.merge(&node, "status", &status).await.accepted();
    }
}
