//! The real program in a process of its own, with no more rights than the manifests grant.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use podgate::server::certificates;
use reqwest::{Certificate, Client};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;

use super::{ControlPlane, PATIENCE, eventually};

/// `podgate serve`, until this is dropped.
pub struct Program {
    child: Child,
    pub name: String,
    pub port: u16,
    admin_port: u16,
    cert_dir: PathBuf,
    log: PathBuf,
}

impl Program {
    /// Starts `podgate serve` with free ports, and waits until it has them. `kubeconfig` says which API server it asks, and
    /// as whom.
    pub async fn start(control_plane: &ControlPlane, kubeconfig: Option<&Path>, args: &[&str]) -> Self {
        Self::start_in(control_plane, kubeconfig, None, args).await
    }

    /// The same with certificates that are there already, in a folder that several may share.
    pub async fn start_in(
        control_plane: &ControlPlane,
        kubeconfig: Option<&Path>,
        cert_dir: Option<&Path>,
        args: &[&str],
    ) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let name = format!("program-{}", STARTED.fetch_add(1, Ordering::Relaxed));
        let processes = &control_plane.processes;
        let mut command = Command::new(env!("CARGO_BIN_EXE_podgate-under-test"));
        command.env_clear().env("HOSTNAME", &name).current_dir(processes.dir()).args(["serve", "--log-format", "json"]);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        let cert_dir = cert_dir.map_or_else(|| processes.dir().join(&name), Path::to_owned);
        command.arg("--cert-dir").arg(&cert_dir).args(args);
        if let Some(kubeconfig) = kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        let mut child = processes.spawn(&name, &mut command);
        let log = processes.log(&name);
        let (port, admin_port) = eventually("podgate says where it serves", async || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{name} ended:\n{}", processes.end_of_log(&name));
            serving(&log)
        })
        .await;
        Self { child, name, port, admin_port, cert_dir, log }
    }

    /// The authority of the certificate that it has made itself, in PEM.
    pub fn ca(&self) -> String {
        fs::read_to_string(self.cert_dir.join(certificates::CA_FILE)).unwrap()
    }

    /// What it answers to a request of the API server's, asked directly.
    pub async fn ask(&self, path: &str, review: &Value) -> Value {
        let url = format!("https://127.0.0.1:{}{path}", self.port);
        let answer = client(Some(&self.ca())).post(url).json(review).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// The certificate that it shows to a client that trusts `bundle`, in PEM, and that asks for podgate's Service; `None` if
    /// it is not trusted.
    pub async fn served(&self, bundle: &str) -> Option<Vec<u8>> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(bundle.as_bytes()).map(Result::unwrap));
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let name = ServerName::try_from("podgate.podgate.svc").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
        Some(stream.get_ref().1.peer_certificates()?.first()?.to_vec())
    }

    /// What is said at a path of the admin port; `None` where nobody answers.
    pub async fn admin(&self, path: &str) -> Option<(u16, String)> {
        let answer = client(None).get(format!("http://127.0.0.1:{}{path}", self.admin_port)).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    pub async fn is_ready(&self) -> bool {
        self.admin("/readyz").await.is_some_and(|(status, _)| status == 200)
    }

    /// The value of a metric, as it is written. No labels may be written as empty ones.
    pub async fn metric(&self, name: &str) -> Option<String> {
        let (_, text) = self.admin("/metrics").await?;
        let value = |line: &str| {
            let rest = line.strip_prefix(name)?;
            rest.strip_prefix("{}").unwrap_or(rest).strip_prefix(' ').map(str::to_owned)
        };
        text.lines().find_map(value)
    }

    /// What it has logged: one JSON object a line.
    pub fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.log).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it by SIGKILL: it lets go of nothing.
    pub fn kill(self) {
        drop(self);
    }

    /// Ends it by SIGTERM, and waits until it is gone.
    pub async fn stop(mut self) {
        let kill = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status().unwrap();
        assert!(kill.success());
        let status = spawn_blocking(move || {
            let program = &mut self;
            program.child.wait().unwrap()
        });
        let status = tokio::time::timeout(PATIENCE, status).await.expect("podgate ends").unwrap();
        assert_eq!(status.code(), Some(0));
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The ports of the webhook and of health and metrics.
fn serving(log: &Path) -> Option<(u16, u16)> {
    let text = fs::read_to_string(log).ok()?;
    let event = text.lines().find(|line| line.contains("\"serving\""))?;
    let event: Value = serde_json::from_str(event).ok()?;
    let port = |field: &str| event[field].as_str()?.rsplit_once(':')?.1.parse().ok();
    Some((port("address")?, port("admin_address")?))
}

/// A client that trusts this authority, in PEM, and no other.
fn client(ca: Option<&str>) -> Client {
    let _ = aws_lc_rs::default_provider().install_default();
    let ca = ca.map(|ca| Certificate::from_pem(ca.as_bytes()).unwrap());
    Client::builder().no_proxy().tls_certs_only(ca).timeout(PATIENCE).build().unwrap()
}
