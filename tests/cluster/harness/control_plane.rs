//! etcd and kube-apiserver on loopback, and what works beside them.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tokio::sync::OnceCell;

use super::api_servers::{self, Port};
use super::assets::Assets;
use super::certificates::{Authority, write_service_account_keys};
use super::client::Client;
use super::processes::Processes;
use super::{JUDGED_BY, audit, connect, eventually};

/// A cluster without podgate and without nodes.
pub struct ControlPlane {
    pub client: Client,
    pub url: String,
    pub processes: Processes,
    pub(super) authority: Authority,
    pub(super) installation: OnceCell<()>,
    _port: Port,
}

impl ControlPlane {
    /// Starts etcd and the API server. Panics with what it takes if the programs are not there.
    pub async fn start() -> Self {
        Self::start_with(audit::POLICY).await
    }

    /// The same, with another policy of what is in the audit log.
    pub async fn start_with(audit_policy: &str) -> Self {
        let assets = Assets::find();
        let processes = Processes::new();
        let dir = processes.dir();
        let authority = Authority::new();
        write_files(&processes, &authority, audit_policy);

        let at = |name: &str| dir.join(name).display().to_string();
        let socket = |name: &str| format!("unix://{}", at(name));

        processes.start(
            "etcd",
            assets
                .command("etcd")
                .args(["--name=default", "--unsafe-no-fsync", "--log-level=warn"])
                .args(["--heartbeat-interval=10", "--election-timeout=100"])
                .arg(format!("--data-dir={}", at("etcd")))
                .arg(format!("--listen-client-urls={}", socket("client.sock")))
                .arg(format!("--advertise-client-urls={}", socket("client.sock")))
                .arg(format!("--listen-peer-urls={}", socket("peer.sock")))
                .arg(format!("--initial-advertise-peer-urls={}", socket("peer.sock")))
                .arg(format!("--initial-cluster=default={}", socket("peer.sock"))),
        );
        let port = Port::reserve();
        processes.start("kube-apiserver", &mut api_servers::command(&processes, port.number, "audit.log"));
        let url = format!("https://127.0.0.1:{}", port.number);
        let client = connect(&url, &authority);
        eventually("the API server is ready", async || {
            processes.check();
            api_servers::is_ready(&client).await.then_some(())
        })
        .await;
        Self { client: Client::new(client), url, processes, authority, installation: OnceCell::new(), _port: port }
    }

    /// Starts kube-controller-manager with these controllers only (with all of them it takes seconds longer to start), and
    /// kube-scheduler.
    pub fn start_controllers(&self, controllers: &str) {
        for name in ["kube-controller-manager", "kube-scheduler"] {
            let kubeconfig = self.kubeconfig(name, &format!("system:{name}"), None);
            let mut command = Assets::find().command(name);
            command
                .args(["--leader-elect=false", "--secure-port=0"])
                .arg(format!("--kubeconfig={}", kubeconfig.display()))
                .arg(format!("--authentication-kubeconfig={}", kubeconfig.display()))
                .arg(format!("--authorization-kubeconfig={}", kubeconfig.display()));
            if name == "kube-controller-manager" {
                let at = |name: &str| self.processes.dir().join(name).display().to_string();
                command
                    .arg("--use-service-account-credentials=true")
                    .arg(format!("--controllers={controllers}"))
                    .arg(format!("--service-account-private-key-file={}", at("sa.key")))
                    .arg(format!("--root-ca-file={}", at("ca.crt")));
            }
            self.processes.start(name, &mut command);
        }
    }

    /// A new namespace with a generated name.
    pub async fn namespace(&self, judged_by: Option<&str>) -> String {
        let labels = judged_by.map_or(json!({}), |name| json!({JUDGED_BY: name}));
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "test-", "labels": labels}
        });
        let created = self.client.create(&namespace).await.accepted();
        created.body["metadata"]["name"].as_str().unwrap().to_owned()
    }

    /// Writes `<name>.kubeconfig` for a client with a certificate of its own.
    pub fn kubeconfig(&self, name: &str, user: &str, group: Option<&str>) -> PathBuf {
        let file = self.processes.dir().join(format!("{name}.kubeconfig"));
        let identity = self.authority.client(user, group);
        fs::write(&file, identity.kubeconfig(&self.url, &self.authority)).unwrap();
        file
    }
}

fn write_files(processes: &Processes, authority: &Authority, audit_policy: &str) {
    let write = |name: &str, text: &str| fs::write(processes.dir().join(name), text).unwrap();
    let server = authority.server();
    write("server.crt", &server.certificate);
    write("server.key", &server.key);
    write("ca.crt", &authority.pem());
    write("audit-policy.json", audit_policy);
    write_service_account_keys(processes.dir());
}
