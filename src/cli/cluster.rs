//! Starts the tasks of `podgate serve` that need the API server.

use std::convert::Infallible;
use std::env;
use std::future::pending;
use std::time::Duration;

use anyhow::Context;
use clap::builder::NonEmptyStringValueParser;
use kube::Client;
use tokio_util::sync::CancellationToken;

use super::duration;
use crate::cluster::{self, ManagedCertificates, ReportsOptions};
use crate::server::Server;

/// Name of the Service, and of the Lease.
const NAME: &str = "podgate";
/// A new authority is in the webhook configurations for this long before a certificate of it is served.
const TRUST_DELAY: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cluster")]
#[allow(clippy::struct_excessive_bools, reason = "a flag of the command line is one")]
pub(super) struct ClusterArgs {
    /// Also judge by other objects of the cluster: watches Namespaces, Services, PodDisruptionBudgets,
    /// HorizontalPodAutoscalers, LimitRanges and replicas of workloads, with the Pod's service account or $KUBECONFIG
    #[arg(long, env = "PODGATE_WATCH")]
    watch: bool,

    /// Take the policy from the LifecyclePolicy of this name in the cluster, and put each change of it in force; until it has
    /// been read nothing is judged (HTTP 500) and the server is not ready. Once it has, only another good one takes its place
    #[arg(
        long,
        env = "PODGATE_POLICY_FROM_CLUSTER",
        value_name = "NAME",
        conflicts_with = "policy",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(super) policy_from_cluster: Option<String>,

    /// Remove the scheduling gates of the policy's openWhen and waitFor once all that their Pods wait for is there. Every replica may
    /// have this; the holder of the Lease podgate-gates works, the others stand by. Without it, and without another podgate that
    /// does so, these gates are not added
    #[arg(long, env = "PODGATE_OPEN_GATES")]
    open_gates: bool,

    /// Keep reports of what runs in the cluster: Report objects of openreports.io, or PolicyReports of wgpolicyk8s.io, one for each
    /// namespace in which something is found. The holder of the Lease podgate-reports writes them
    #[arg(long, env = "PODGATE_REPORTS")]
    reports: bool,

    /// Time between two audits for the reports; a change of the policy begins one at once
    #[arg(long, env = "PODGATE_REPORTS_EVERY", value_name = "DURATION", default_value = "1h", value_parser = duration::positive)]
    reports_every: Duration,

    /// Make, renew and publish the certificate: keeps it in a Secret and writes caBundle of podgate's own webhook
    /// configurations. --cert-dir is not used
    #[arg(long, env = "PODGATE_MANAGE_CERTS")]
    pub(super) manage_certs: bool,

    /// Secret of managed certificates, in podgate's own namespace
    #[arg(long, env = "PODGATE_MANAGED_SECRET", value_name = "NAME", default_value = "podgate-managed-tls")]
    managed_secret: String,

    /// Validating and mutating webhook configuration whose caBundle is written
    #[arg(long, env = "PODGATE_WEBHOOK_CONFIGURATION", value_name = "NAME", default_value = NAME)]
    webhook_configuration: String,

    /// How long a managed authority is valid; it is replaced when a third of that is left
    #[arg(long, env = "PODGATE_CA_VALIDITY", value_name = "DURATION", default_value = "87600h", value_parser = duration::parse)]
    ca_validity: Duration,

    /// How long a managed certificate is valid; it is renewed when a third of that is left
    #[arg(long, env = "PODGATE_CERT_VALIDITY", value_name = "DURATION", default_value = "2160h", value_parser = duration::parse)]
    cert_validity: Duration,
}

impl ClusterArgs {
    /// A client of the API server, if one is needed.
    pub(super) async fn connect(&self) -> anyhow::Result<Option<Client>> {
        let asks = self.watch || self.open_gates || self.reports || self.manage_certs;
        if !asks && self.policy_from_cluster.is_none() {
            return Ok(None);
        }
        let context = "--watch, --open-gates, --reports, --manage-certs and --policy-from-cluster need the API server";
        cluster::connect().await.map(Some).context(context)
    }

    /// Does for `server` what was asked for, for as long as it is polled; `stop` is cancelled when the server begins to stop.
    pub(super) fn run(
        &self,
        client: Option<Client>,
        server: &Server,
        names: &[String],
        stop: CancellationToken,
    ) -> impl Future<Output = Infallible> + use<> {
        let watched = client.clone().filter(|_| self.watch);
        let watched = watched.map(|client| Box::pin(cluster::watch_inventory(client, server.cluster_state())));
        let policy = client.clone().zip(self.policy_from_cluster.clone());
        let policy = policy.map(|(client, name)| {
            Box::pin(cluster::watch_policy(client, name, server.policies(), server.cluster_state()))
        });
        let gates = client.clone().map(|client| {
            let (state, stop, opens) = (server.cluster_state(), stop.clone(), self.open_gates);
            let identity = identity();
            Box::pin(async move {
                if opens {
                    cluster::open_gates(client, identity, state, stop).await
                } else {
                    cluster::watch_opener(client, state).await
                }
            })
        });
        let reports = client.clone().filter(|_| self.reports).map(|client| {
            let options = ReportsOptions { every: self.reports_every, identity: identity() };
            Box::pin(cluster::write_reports(client, options, server.cluster_state(), stop.clone()))
        });
        let managed = client.filter(|_| self.manage_certs).map(|client| {
            let managed = self.managed(client.default_namespace(), names);
            Box::pin(cluster::manage_certificates(client, managed, server.certificate_installer(), stop))
        });
        async {
            tokio::select! {
                never = asked_for(watched) => never,
                never = asked_for(policy) => never,
                never = asked_for(managed) => never,
                never = asked_for(gates) => never,
                never = asked_for(reports) => never,
            }
        }
    }

    fn managed(&self, namespace: &str, names: &[String]) -> ManagedCertificates {
        let service = format!("{NAME}.{namespace}.svc");
        ManagedCertificates {
            namespace: namespace.to_owned(),
            secret: self.managed_secret.clone(),
            lease: NAME.to_owned(),
            configuration: self.webhook_configuration.clone(),
            identity: identity(),
            names: [service].into_iter().chain(names.iter().cloned()).collect(),
            ca_validity: self.ca_validity,
            validity: self.cert_validity,
            trust_delay: TRUST_DELAY,
        }
    }
}

/// Returns a name for this replica in a Lease. In a Pod the host's name is the Pod's; a container that starts again is somebody else.
fn identity() -> String {
    format!("{}_{:016x}", env::var("HOSTNAME").unwrap_or_default(), fastrand::u64(..))
}

async fn asked_for(task: Option<impl Future<Output = Infallible>>) -> Infallible {
    match task {
        Some(task) => task.await,
        None => pending().await,
    }
}
