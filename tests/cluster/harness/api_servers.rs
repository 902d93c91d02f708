//! A second API server of the same cluster, to be taken away from podgate while nobody else misses it.

use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command};

use tokio::net::TcpSocket;

use super::assets::Assets;
use super::{Client, ControlPlane, Processes, connect, eventually};

/// Goes on serving until this is dropped.
pub struct ApiServer<'c> {
    cluster: &'c ControlPlane,
    port: Port,
    pub url: String,
    args: Vec<String>,
    child: Child,
}

impl ApiServer<'_> {
    /// Whether it has not been ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends it without a word, as the loss of a node does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Who asks it as the cluster's administrator.
    pub fn client(&self) -> Client {
        Client::new(connect(&self.url, &self.cluster.authority))
    }

    /// Starts it again, at the same place, and waits until it answers.
    pub async fn start(&mut self) {
        self.child = spawn(self.cluster, self.port.number, &self.args);
        wait_until_ready(self.cluster, &self.url).await;
    }
}

impl Drop for ApiServer<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl ControlPlane {
    /// Starts one more API server.
    pub async fn another_api_server(&self) -> ApiServer<'_> {
        self.another_api_server_with(Vec::new()).await
    }

    /// The same with more flags.
    async fn another_api_server_with(&self, args: Vec<String>) -> ApiServer<'_> {
        let port = Port::reserve();
        let url = format!("https://127.0.0.1:{}", port.number);
        let child = spawn(self, port.number, &args);
        wait_until_ready(self, &url).await;
        ApiServer { cluster: self, port, url, args, child }
    }

    /// Starts one more API server, which shows a client certificate with the name `podgate-client` to podgate's Service at
    /// `port`, by the files in `manifests/components/client-ca/kube-apiserver`.
    pub async fn api_server_with_client_certificate(&self, port: u16) -> ApiServer<'_> {
        let dir = self.processes.dir().join("client-certificate");
        fs::create_dir_all(&dir).unwrap();
        let identity = self.authority.client("podgate-client", None);
        fs::write(dir.join("client.crt"), identity.certificate).unwrap();
        fs::write(dir.join("client.key"), identity.key).unwrap();
        for file in ["admission-configuration.yaml", "kubeconfig.yaml"] {
            let text = fs::read_to_string(
                crate::tree::root().join("manifests/components/client-ca/kube-apiserver").join(file),
            )
            .unwrap();
            // The folder, and a port that is not 443.
            let text = text.replace("/etc/kubernetes/podgate/", &format!("{}/", dir.display()));
            let text = text.replace("name: podgate.podgate.svc", &format!("name: podgate.podgate.svc:{port}"));
            fs::write(dir.join(file), text).unwrap();
        }
        let configuration = dir.join("admission-configuration.yaml");
        self.another_api_server_with(vec![format!("--admission-control-config-file={}", configuration.display())]).await
    }
}

fn spawn(cluster: &ControlPlane, port: u16, args: &[String]) -> Child {
    // One has its log to itself: several may run.
    let name = format!("kube-apiserver-{port}");
    cluster.processes.spawn(&name, command(&cluster.processes, port, &format!("audit-{port}.log")).args(args))
}

async fn wait_until_ready(cluster: &ControlPlane, url: &str) {
    let client = connect(url, &cluster.authority);
    eventually("the API server is ready", async || {
        cluster.processes.check();
        is_ready(&client).await.then_some(())
    })
    .await;
}

/// The first connections are refused, which is an error and no answer.
pub(super) async fn is_ready(client: &kube::Client) -> bool {
    client.request_text(http::Request::get("/readyz").body(Vec::new()).unwrap()).await.is_ok()
}

/// A port on loopback that is given to nobody else for as long as this lives.
pub(super) struct Port {
    pub(super) number: u16,
    _socket: TcpSocket,
}

impl Port {
    pub(super) fn reserve() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self { number: socket.local_addr().unwrap().port(), _socket: socket }
    }
}

/// An API server of the cluster; several may serve it.
pub(super) fn command(processes: &Processes, port: u16, audit_log: &str) -> Command {
    let at = |name: &str| processes.dir().join(name).display().to_string();
    let mut command = Assets::find().command("kube-apiserver");
    command
        .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--permit-port-sharing"])
        .args(["--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.0.0.0/24"])
        .args(["--authorization-mode=RBAC", "--service-account-issuer=https://kubernetes.default.svc"])
        // Without a node and controllers nothing would take the taint away, nor make the service accounts.
        .arg("--disable-admission-plugins=TaintNodesByCondition,ServiceAccount")
        .arg(format!("--secure-port={port}"))
        .arg(format!("--etcd-servers=unix://{}", at("client.sock")))
        .arg(format!("--cert-dir={}", processes.dir().display()))
        .arg(format!("--tls-cert-file={}", at("server.crt")))
        .arg(format!("--tls-private-key-file={}", at("server.key")))
        .arg(format!("--client-ca-file={}", at("ca.crt")))
        .arg(format!("--service-account-key-file={}", at("sa.pub")))
        .arg(format!("--service-account-signing-key-file={}", at("sa.key")))
        .arg(format!("--audit-policy-file={}", at("audit-policy.json")))
        .arg(format!("--audit-log-path={}", at(audit_log)));
    command
}
