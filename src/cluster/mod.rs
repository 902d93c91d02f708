//! Talks to the API server: watches the other objects that reviews look up, brings the policy, keeps podgate's own certificates, and
//! removes the scheduling gates that podgate has added.
//!
//! Nothing here is on the way of a request. When the API server is gone, requests are judged by what was known last.

mod audit;
mod gates;
mod inventory;
mod inventory_watch;
mod lease;
mod list_watch;
mod managed;
mod policy;
mod policy_in_force;
mod tls_secret;

use std::error::Error as _;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use list_watch::chain;

pub use list_watch::unanswered;

pub use audit::{AuditError, AuditScope, Calls, ReportsOptions, audit_cluster, write_reports};
pub use gates::{AwaitedTarget, Overview, Owner, WaitingPods, gates_overview, open_gates, watch_opener};
pub use inventory_watch::watch_inventory;
pub use managed::{ManagedCertificates, manage_certificates};
pub use policy::watch_policy;
pub use policy_in_force::{PolicyInForceError, policy_in_force};

/// Limits the time in which a connection to the API server is made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Limits the silence of the API server, so that no request hangs for ever where a connection is lost without a word. Longer
/// than a watch in which nothing happens.
const READ_TIMEOUT: Duration = Duration::from_secs(list_watch::WATCH_SECONDS as u64 + 15);

/// Reasons for which there is no client of the API server.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Neither a kubeconfig nor a service account.
    #[error(
        "cannot find the API server: there is no kubeconfig {}, and no service account of a Pod; set KUBECONFIG to the file that says \
         how to reach the cluster", .0.display()
    )]
    NoKubeconfig(PathBuf),
    /// The kubeconfig does not have the context.
    #[error("the kubeconfig has no context \"{0}\"; kubectl config get-contexts lists those that it has")]
    NoContext(String),
    /// The kubeconfig cannot be used.
    #[error("cannot use the kubeconfig: {0}")]
    Kubeconfig(String),
    /// The client cannot be made.
    #[error("cannot set up the client of the API server")]
    Client(#[source] Box<kube::Error>),
}

/// Returns a client with the rights of the Pod's service account, or of `$KUBECONFIG`. Connects only when it is used.
pub async fn connect() -> Result<Client, ClusterError> {
    // Of its two reasons the kubeconfig's is the one that somebody can mend.
    client(Config::infer().await.map_err(|error| match error.source().and_then(|cause| cause.downcast_ref()) {
        Some(cause) => kubeconfig_error(cause),
        None => ClusterError::Kubeconfig(chain(&error)),
    })?)
}

/// Returns a client with the rights of a context of the kubeconfig; without one as [`connect`] does. Connects only when it is used.
pub async fn connect_to(context: Option<&str>) -> Result<Client, ClusterError> {
    let Some(context) = context else { return connect().await };
    let options = KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    client(Config::from_kubeconfig(&options).await.map_err(|error| kubeconfig_error(&error))?)
}

fn kubeconfig_error(error: &KubeconfigError) -> ClusterError {
    match error {
        KubeconfigError::ReadConfig(cause, file) if cause.kind() == io::ErrorKind::NotFound => {
            ClusterError::NoKubeconfig(file.clone())
        }
        KubeconfigError::LoadContext(context) => ClusterError::NoContext(context.clone()),
        KubeconfigError::CurrentContextNotSet => {
            ClusterError::Kubeconfig("it names no current context; give one by --context".to_owned())
        }
        // A parser's text may have a picture of the place below its first line.
        other => ClusterError::Kubeconfig(chain(other).lines().next().unwrap_or_default().to_owned()),
    }
}

/// Returns the name of the kubeconfig's current context; empty where there is none, as in a Pod.
pub fn current_context() -> String {
    Kubeconfig::read().ok().and_then(|config| config.current_context).unwrap_or_default()
}

fn client(mut config: Config) -> Result<Client, ClusterError> {
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    // The time before a request does not count.
    config.reset_reader_on_write = true;
    // What goes wrong has to be seen; each caller tries again in its own time.
    config.default_retry = false;
    Client::try_from(config).map_err(|cause| ClusterError::Client(Box::new(cause)))
}
