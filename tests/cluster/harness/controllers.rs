//! kube-controller-manager and kube-scheduler, for the tests that need Pods made and placed.

use serde_json::json;

use super::Cluster;

/// By name: tests set the status of budgets themselves.
const CONTROLLERS: &str = "deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller,\
    job-controller,cronjob-controller,replicationcontroller-controller,garbage-collector-controller,serviceaccount-controller";

impl Cluster {
    /// Starts the controllers and the scheduler, and adds a node, if that has not been done yet. Nothing runs on the node.
    pub async fn controllers(&self) {
        self.controllers.get_or_init(|| self.begin_controllers()).await;
    }

    async fn begin_controllers(&self) {
        self.start_controllers(CONTROLLERS);
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}});
        self.client.create(&node).await.accepted();
        let room = json!({"cpu": "64", "memory": "64Gi", "pods": "500"});
        let status = json!({"status": {
            "capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]
        }});
        self.client.merge(&node, "status", &status).await.accepted();
    }
}
