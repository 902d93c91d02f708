//! Starts servers in this process, and talks to them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use podgate::server::{CertificateInstaller, ClusterState, Options, Policies, PolicySource, Server, certificates};
use podgate_engine::policy::{Engine, LifecyclePolicy};
use podgate_engine::rules::Rule;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longer than anything here may take, on a machine that is busy with something else.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A body that reaches the handler, and is no AdmissionReview.
pub const NO_REVIEW: &str = "{}";

/// A body that is allowed.
pub const REVIEW: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","kind":{"group":"","version":"v1","kind":"ConfigMap"}}}"#;

pub struct TestServer {
    pub dir: TempDir,
    pub address: SocketAddr,
    pub admin_address: SocketAddr,
    pub shutdown: oneshot::Sender<Duration>,
    pub task: JoinHandle<usize>,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// `change` gets the options; certificates are in `cert_dir` already.
    pub async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        Self::start_engine(engine(), change).await
    }

    pub async fn start_with_policy(policy: &LifecyclePolicy) -> Self {
        Self::start_engine(engine_of(policy), |_| {}).await
    }

    /// With the policy made of `file` at some time.
    pub async fn start_with_policy_file(policy: &LifecyclePolicy, file: &Path) -> Self {
        Self::start_engine(engine_of(policy), |options| options.policy = PolicySource::File(file.to_owned())).await
    }

    /// A server whose engine knows these rules instead of all.
    pub async fn start_with_rules(rules: &[&'static Rule]) -> Self {
        Self::start_with_rules_and(rules, |_| {}).await
    }

    pub async fn start_with_rules_and(rules: &[&'static Rule], change: impl FnOnce(&mut Options)) -> Self {
        let engine = Engine::with_rules(&LifecyclePolicy::default(), rules);
        Self::start_engine(Arc::new(ArcSwap::from_pointee(engine)), change).await
    }

    async fn start_engine(engine: Arc<ArcSwap<Engine>>, change: impl FnOnce(&mut Options)) -> Self {
        let (server, dir) = bind(engine, change).await;
        Self::serve(server, dir)
    }

    /// A server that judges by what whoever has the [`ClusterState`] tells it.
    pub async fn start_with_cluster_state(policy: &LifecyclePolicy) -> (Self, ClusterState) {
        let (server, dir) = bind(engine_of(policy), |_| {}).await;
        let cluster_state = server.cluster_state();
        (Self::serve(server, dir), cluster_state)
    }

    /// A server whose policy is an object of the cluster, which whoever has the [`Policies`] gives it.
    pub async fn start_with_policy_object(name: &str) -> (Self, Arc<Policies>, ClusterState) {
        let (server, dir) = bind(engine(), |options| options.policy = PolicySource::Object(name.to_owned())).await;
        let (policies, cluster_state) = (server.policies(), server.cluster_state());
        (Self::serve(server, dir), policies, cluster_state)
    }

    /// A server that serves the certificates that whoever has the [`CertificateInstaller`] gives it.
    pub async fn start_with_installer() -> (Self, CertificateInstaller) {
        let (server, dir) = bind(engine(), |options| options.cert_dir = None).await;
        let installer = server.certificate_installer();
        (Self::serve(server, dir), installer)
    }

    fn serve(server: Server, dir: TempDir) -> Self {
        let (address, admin_address) = (server.address(), server.admin_address());
        let (shutdown, signal) = oneshot::channel();
        let task = tokio::spawn(server.serve(async {
            match signal.await {
                Ok(delay) => delay,
                Err(_dropped) => std::future::pending().await,
            }
        }));
        Self { dir, address, admin_address, shutdown, task }
    }

    /// Stops it as SIGTERM does, and waits until it is gone. Gives the number of connections that did not finish.
    pub async fn stop(mut self, delay: Duration) -> usize {
        let (spare, _) = oneshot::channel();
        std::mem::replace(&mut self.shutdown, spare).send(delay).unwrap();
        tokio::time::timeout(PATIENCE + delay, &mut self.task).await.expect("the server should have stopped").unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    /// A client that trusts the server's authority and no other.
    pub fn client(&self) -> reqwest::ClientBuilder {
        client_builder(self.dir.path())
    }

    /// A TLS connection that offers `http/1.1`.
    pub async fn connect(&self) -> TlsStream<TcpStream> {
        self.connect_with(client_config(self.dir.path(), &["http/1.1"])).await.unwrap()
    }

    pub async fn connect_with(&self, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        TlsConnector::from(Arc::new(config)).connect(self.address.ip().into(), stream).await
    }

    pub async fn admin(&self, path: &str) -> reqwest::Response {
        self.client().build().unwrap().get(format!("http://{}{path}", self.admin_address)).send().await.unwrap()
    }

    pub async fn metrics(&self) -> String {
        self.admin("/metrics").await.text().await.unwrap()
    }

    /// Waits until `/metrics` has `line`.
    pub async fn wait_for_metric(&self, line: &str) {
        let seen = async {
            while !self.metrics().await.lines().any(|seen| seen == line) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, seen).await.is_ok();
        assert!(seen, "no {line} in {}", self.metrics().await);
    }
}

/// A client that trusts these authorities and no other.
pub fn client_trusting(authorities: impl IntoIterator<Item = reqwest::Certificate>) -> reqwest::ClientBuilder {
    let _ = aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only(authorities).no_proxy().timeout(PATIENCE)
}

/// A client that trusts the authority in `certs` and no other.
pub fn client_builder(certs: &Path) -> reqwest::ClientBuilder {
    let ca = std::fs::read(certs.join("ca.crt")).unwrap();
    client_trusting([reqwest::Certificate::from_pem(&ca).unwrap()])
}

/// A server that has its ports, and the folder of its certificates.
pub async fn bind(engine: Arc<ArcSwap<Engine>>, change: impl FnOnce(&mut Options)) -> (Server, TempDir) {
    let (mut options, dir) = options();
    change(&mut options);
    (Server::bind(options, engine).await.unwrap(), dir)
}

/// Options with any free ports, and the folder of the certificates that are in it already.
pub fn options() -> (Options, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    certificates::write(dir.path(), &[], 30, false).unwrap();
    let options = Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        admin_listen: "127.0.0.1:0".parse().unwrap(),
        cert_dir: Some(dir.path().to_owned()),
        ..Options::default()
    };
    (options, dir)
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn engine() -> Arc<ArcSwap<Engine>> {
    engine_of(&LifecyclePolicy::default())
}

fn engine_of(policy: &LifecyclePolicy) -> Arc<ArcSwap<Engine>> {
    Arc::new(ArcSwap::from_pointee(Engine::new(policy)))
}

/// TLS 1.2 and 1.3, trusting `ca.crt` in `dir`.
pub fn client_config(dir: &Path, alpn: &[&str]) -> ClientConfig {
    client_config_of(dir, alpn, &[&TLS13, &TLS12], None)
}

/// `identity` is a certificate's and a key's file.
pub fn client_config_of(
    dir: &Path,
    alpn: &[&str],
    versions: &[&'static SupportedProtocolVersion],
    identity: Option<(&Path, &Path)>,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(dir.join("ca.crt")).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_file(certificate).unwrap()],
                PrivateKeyDer::from_pem_file(key).unwrap(),
            )
            .unwrap(),
    };
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

/// A request that reaches the handler.
pub fn request(body: &str) -> String {
    format!("{}{body}", head(body.len()))
}

/// The head of a request that reaches the handler.
pub fn head(content_length: usize) -> String {
    format!(
        "POST /validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {content_length}\r\n\r\n"
    )
}

pub async fn send(stream: &mut TlsStream<TcpStream>, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// Everything up to the end of the connection, however it ends.
pub async fn read_to_end(stream: &mut TlsStream<TcpStream>) -> String {
    let mut all = Vec::new();
    let read = async {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            all.extend_from_slice(&buffer[..count]);
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("the server should have closed the connection");
    String::from_utf8_lossy(&all).into_owned()
}

/// One answer with a Content-Length.
pub async fn read_answer(stream: &mut TlsStream<TcpStream>) -> String {
    let mut all = Vec::new();
    let read = async {
        loop {
            if let Some(answer) = complete_answer(&all) {
                return answer;
            }
            let byte = stream.read_u8().await.expect("an answer");
            all.push(byte);
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer in time")
}

fn complete_answer(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    (body.len() == length).then(|| text.to_owned())
}

/// Whether the connection is open and silent.
pub async fn is_open(stream: &mut TlsStream<TcpStream>) -> bool {
    let read = tokio::time::timeout(Duration::from_millis(50), stream.read_u8());
    read.await.is_err()
}
