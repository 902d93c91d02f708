//! Options that an administrator sets when the server is started.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

/// Addresses, files and limits of a server.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Address of `/validate` and `/mutate`, over TLS. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// Address of health and metrics, in plain HTTP. Port 0 takes any free port.
    pub admin_listen: SocketAddr,
    /// Source of the policy. Of a file the engine has been made already.
    pub policy: PolicySource,
    /// Folder of `tls.crt` and `tls.key`. Without one nothing is served until [`Server::certificate_installer`] has been given a
    /// certificate.
    ///
    /// [`Server::certificate_installer`]: super::Server::certificate_installer
    pub cert_dir: Option<PathBuf>,
    /// PEM file of the authorities a client certificate has to come from. With it every client has to show one.
    pub client_ca: Option<PathBuf>,
    /// Globs; with any, a client's certificate has to carry one of these names.
    pub client_names: Vec<String>,
    /// Oldest version of TLS that is spoken.
    pub tls_min_version: TlsVersion,
    /// Time between two looks at the certificate files.
    pub reload_interval: Duration,
    /// Fraction of the answers that allow without a finding which is logged, from 0 to 1. All others are always logged.
    pub log_allowed: f64,
    /// Limits of sizes, numbers and times.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            policy: PolicySource::Default,
            cert_dir: Some(PathBuf::from("certs")),
            client_ca: None,
            client_names: Vec::new(),
            tls_min_version: TlsVersion::Tls12,
            reload_interval: Duration::from_secs(5),
            log_allowed: 1.0,
            limits: Limits::default(),
        }
    }
}

/// Sources of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PolicySource {
    /// Nowhere: it is the default one.
    #[default]
    Default,
    /// A file, read again when it changes.
    File(PathBuf),
    /// The LifecyclePolicy of this name in the cluster. Nothing is judged until [`Server::policies`] has been given one.
    ///
    /// [`Server::policies`]: super::Server::policies
    Object(String),
}

impl fmt::Display for PolicySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "no policy file: the default"),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Object(name) => write!(f, "LifecyclePolicy \"{name}\" in the cluster"),
        }
    }
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TlsVersion {
    /// RFC 5246.
    #[value(name = "1.2")]
    Tls12,
    /// RFC 8446.
    #[value(name = "1.3")]
    Tls13,
}

/// The largest body that an API server sends about an object that it then keeps.
///
/// etcd takes requests of 1.5 MiB (`--max-request-bytes`), so that no object is kept that is larger. In JSON each of its bytes
/// is up to six: Go's encoder writes `<`, `>` and `&`, and control characters, as `\u003c`. That is 9 MiB for one object, which
/// CREATE and DELETE carry, and 18 MiB for the two of an UPDATE. Before anything is kept the API server reads at most 3 MiB
/// of a request (`MaxRequestBodyBytes` in
/// <https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/server/config.go>), which is 18 MiB
/// again where a mutating webhook sees fields of a new object that are dropped later, such as `status`. The rest of the
/// review, mostly the user's groups and extra fields, came in HTTP headers of at most 1 MiB or in a token; 2 MiB are left for
/// it.
///
/// Memory is bounded apart from this, by [`Limits::max_bytes`].
pub const MAX_BODY_BYTES: usize = (18 + 2) * 1024 * 1024;

/// Memory for what clients send, what it becomes and what they are answered. With the program and 1,000 connections it is
/// below 200 MiB, of the 256 MiB that the manifests allow.
pub const MAX_BYTES: usize = 128 * 1024 * 1024;

/// Threads where nobody says how many. A review takes some 50 µs, so that four answer more than any API server asks, while on a
/// machine of 64 processors as many would keep twice the memory.
const MAX_DEFAULT_THREADS: usize = 4;

/// Limits of sizes, in bytes, of numbers and of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of a request body; a larger one is answered with 413.
    pub max_body_bytes: usize,
    /// Requests whose body is there that are judged at a time; further ones wait, and as many more are refused.
    pub max_requests: usize,
    /// Memory for what clients send, what it becomes and what they are answered: an eighth for small bodies and answers, three
    /// eighths for bodies over 128 KiB (one of `max_body_bytes` always has room), half for judging these.
    pub max_bytes: usize,
    /// Threads that serve connections and judge small bodies, and of those that judge large ones; at least 1. What starts the
    /// runtime gives it as many.
    pub threads: usize,
    /// TLS connections served at a time. A further one takes the place of the one that has had no answer for longest.
    pub max_connections: usize,
    /// Time from accepting a connection to the end of its TLS handshake.
    pub handshake_timeout: Duration,
    /// Time from the first byte of a request's head to its last. Time between two requests is not counted.
    pub header_timeout: Duration,
    /// Time from the end of a request's head to the end of its body, and for an answer to be read.
    pub body_timeout: Duration,
    /// Time for which a connection may have no request. The API server drops its own end after 90 s; a server
    /// that is faster makes admissions fail, because a POST is not sent again.
    pub idle_timeout: Duration,
    /// Age at which a connection is ended after an answer, so that load spreads over replicas. Each gets up to a tenth
    /// less, so that those that began together do not end together.
    pub max_connection_age: Duration,
    /// Time for requests under way to finish once the server has stopped accepting.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: MAX_BODY_BYTES,
            max_requests: 512,
            max_bytes: MAX_BYTES,
            threads: available_parallelism().map_or(1, usize::from).min(MAX_DEFAULT_THREADS),
            max_connections: 1000,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(120),
            max_connection_age: Duration::from_secs(300),
            drain_timeout: Duration::from_secs(20),
        }
    }
}
