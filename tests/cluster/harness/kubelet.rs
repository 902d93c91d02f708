//! A kubelet above scripted containers.

use std::path::PathBuf;

use serde_json::json;

use super::assets::Assets;
use super::{ControlPlane, eventually};

impl ControlPlane {
    /// Starts a kubelet for the node of this name, and waits until the node is ready. Returns the folder of what it writes.
    pub async fn start_kubelet(&self, name: &str) -> PathBuf {
        let root = self.processes.dir().join("kubelet");
        let kubeconfig = self.kubeconfig("kubelet", "kubelet", Some("system:masters"));
        let mut command = Assets::find().command("kubelet");
        command
            .arg(format!("--node-name={name}"))
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .arg(format!("--root-dir={}", root.display()));
        self.processes.start("kubelet", &mut command);
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
        eventually("the node is ready", async || {
            self.processes.check();
            let answer = self.client.get(&node).await;
            let conditions = answer.body["status"]["conditions"].as_array()?;
            conditions
                .iter()
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
                .then_some(())
        })
        .await;
        root
    }
}
