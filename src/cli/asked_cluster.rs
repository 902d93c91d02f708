//! Which cluster is asked from outside, and by which policy.

use std::path::PathBuf;

use kube::Client;

use crate::cluster;
use podgate_engine::policy::Engine;

#[derive(Debug, clap::Args)]
pub(super) struct AskedCluster {
    /// Only this namespace
    #[arg(long, short, value_name = "NAMESPACE")]
    pub(super) namespace: Option<String>,

    /// Context of the kubeconfig; without it the current one
    #[arg(long, value_name = "NAME")]
    pub(super) context: Option<String>,

    /// Policy file; without one the policy that is in force in the cluster, or the default policy
    #[arg(long, env = "PODGATE_POLICY", value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl AskedCluster {
    /// Returns a client of the cluster. Connects only when it is used.
    pub(super) async fn connect(&self) -> anyhow::Result<Client> {
        Ok(cluster::connect_to(self.context.as_deref()).await?)
    }

    /// Returns the engine of the policy, and where that stands.
    pub(super) async fn engine(&self, client: &Client) -> anyhow::Result<(Engine, String)> {
        if let Some(file) = &self.policy {
            return Ok((super::policy::engine(Some(file))?, file.display().to_string()));
        }
        Ok(match cluster::policy_in_force(client).await? {
            Some((policy, origin)) => (Engine::new(&policy), origin),
            None => (Engine::default(), "the default policy".to_owned()),
        })
    }
}
