//! Manages certificates without anybody's help: makes them, keeps them in a Secret, renews them, and has podgate's own webhook
//! configurations trust them.
//!
//! Mechanism: every replica watches the Secret and both webhook configurations, and serves what the Secret holds. One of them,
//! the holder of a Lease, writes: the Secret, and `caBundle` of the configurations. Each write comes back by the watches.
//!
//! Order: a certificate of a new authority is served only once the configurations have trusted that authority for
//! [`ManagedCertificates::trust_delay`], and they go on trusting the one before until its last certificate has expired. So at
//! no time a replica serves what the API server does not trust, and no write needs an answer from another replica.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::pending;
use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::watcher::Config;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::json;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::lease::{Election, RENEW};
use super::list_watch::{MAX_BACKOFF, WatchEvent, chain, list_watch};
use super::tls_secret::{TlsSecret, Wanted, trusts};
use crate::server::certificates::CertificatesError;
use crate::server::{CertificateInstaller, TlsError, log};

const QUEUE: usize = 64;

/// The certificates that are managed, and the objects that hold them.
#[derive(Debug, Clone)]
pub struct ManagedCertificates {
    /// Namespace of the Secret, the Lease and the Service.
    pub namespace: String,
    /// Name of the Secret.
    pub secret: String,
    /// Name of the Lease.
    pub lease: String,
    /// Name of the ValidatingWebhookConfiguration and of the MutatingWebhookConfiguration.
    pub configuration: String,
    /// Identity of this replica in the Lease; no two may have the same.
    pub identity: String,
    /// DNS names and IP addresses of the server.
    pub names: Vec<String>,
    /// Validity of an authority. It is replaced when a third is left.
    pub ca_validity: Duration,
    /// Validity of a server certificate. It is renewed when a third is left.
    pub validity: Duration,
    /// Time for the API servers to notice a new authority before a certificate of it is served.
    pub trust_delay: Duration,
}

#[derive(Debug, thiserror::Error)]
enum ManagedError {
    #[error("{0}")]
    Api(#[from] kube::Error),
    #[error("{0}")]
    Make(#[from] CertificatesError),
    #[error("{0}")]
    Serve(#[from] TlsError),
}

/// An object as it is now. `None` where there is no such object.
enum Observed {
    Secret(Option<Box<Secret>>),
    Validating(Option<ValidatingWebhookConfiguration>),
    Mutating(Option<MutatingWebhookConfiguration>),
}

/// `caBundle` of each webhook of a configuration, by the webhook's name.
type Bundles = Vec<(String, Vec<u8>)>;

/// Manages certificates for as long as it is polled; `installer` serves them. Once `stop` is cancelled, because this replica is
/// about to go, it writes no more, and leaves that to another at once.
pub async fn manage_certificates(
    client: Client,
    managed: ManagedCertificates,
    installer: CertificateInstaller,
    stop: CancellationToken,
) -> Infallible {
    installer.set_trusted(false);
    let (sender, found) = mpsc::channel(QUEUE);
    let validating: Api<ValidatingWebhookConfiguration> = Api::all(client.clone());
    let mutating: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &managed.namespace);
    let watch_secret = watch_one("Secret", secrets.clone(), managed.secret.clone(), &sender, |found| {
        Observed::Secret(found.map(Box::new))
    });
    let watch_validating = watch_one(
        "ValidatingWebhookConfiguration",
        validating.clone(),
        managed.configuration.clone(),
        &sender,
        Observed::Validating,
    );
    let watch_mutating = watch_one(
        "MutatingWebhookConfiguration",
        mutating.clone(),
        managed.configuration.clone(),
        &sender,
        Observed::Mutating,
    );
    let election = Election::new(client, &managed.namespace, managed.lease.clone(), managed.identity.clone());
    let wanted = Wanted { names: managed.names.clone(), ca_validity: managed.ca_validity, validity: managed.validity };
    let state = Manager {
        managed,
        wanted,
        installer,
        election,
        is_lease_lost: false,
        secrets,
        validating_api: validating,
        mutating_api: mutating,
        is_listed: false,
        secret: None,
        validating: None,
        mutating: None,
        served: None,
        trusted_since: None,
    };
    tokio::select! {
        never = watch_secret => match never {},
        never = watch_validating => match never {},
        never = watch_mutating => match never {},
        never = state.run(found, stop) => match never {},
    }
}

/// Tells of one named object each time it changes, and after each list.
async fn watch_one<K>(
    kind: &'static str,
    api: Api<K>,
    name: String,
    sender: &mpsc::Sender<Observed>,
    found: impl Fn(Option<K>) -> Observed,
) -> Infallible
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let config = Config::default().fields(&format!("metadata.name={name}"));
    let handle = |seen| {
        let found = match seen {
            WatchEvent::Listed(mut objects) => Some(found(objects.pop())),
            WatchEvent::Applied(object) => Some(found(Some(object))),
            WatchEvent::Deleted(_) => Some(found(None)),
            // What was seen last is the best that is known.
            WatchEvent::Failed(_) => None,
        };
        async move {
            if let Some(found) = found {
                // The receiver lives as long as this.
                let _ = sender.send(found).await;
            }
        }
    };
    list_watch(kind, api, config, MAX_BACKOFF, |object| object, handle).await
}

/// Returns `caBundle` of each webhook.
fn validating_bundles(configuration: Option<ValidatingWebhookConfiguration>) -> Bundles {
    let webhooks = configuration.and_then(|configuration| configuration.webhooks).unwrap_or_default();
    webhooks.into_iter().map(|webhook| (webhook.name, bundle(webhook.client_config))).collect()
}

/// Returns `caBundle` of each webhook.
fn mutating_bundles(configuration: Option<MutatingWebhookConfiguration>) -> Bundles {
    let webhooks = configuration.and_then(|configuration| configuration.webhooks).unwrap_or_default();
    webhooks.into_iter().map(|webhook| (webhook.name, bundle(webhook.client_config))).collect()
}

fn bundle(config: WebhookClientConfig) -> Vec<u8> {
    config.ca_bundle.map(|bytes| bytes.0).unwrap_or_default()
}

fn report(cause: &dyn std::error::Error, message: &'static str) {
    let cause = chain(cause);
    let cause = log::clean(&cause);
    warn!(cause = cause.as_ref(), "{message}");
}

struct Manager {
    managed: ManagedCertificates,
    wanted: Wanted,
    installer: CertificateInstaller,
    election: Election,
    /// True if the last attempt to take or renew the Lease failed, and that has been logged.
    is_lease_lost: bool,
    secrets: Api<Secret>,
    validating_api: Api<ValidatingWebhookConfiguration>,
    mutating_api: Api<MutatingWebhookConfiguration>,
    /// True once it is known if there is a Secret.
    is_listed: bool,
    secret: Option<Box<Secret>>,
    /// As they were seen last; `None` until they have been.
    validating: Option<Bundles>,
    mutating: Option<Bundles>,
    /// The Secret's content that is served.
    served: Option<TlsSecret>,
    /// Time since which the authority of the Secret's certificate, which is not served yet, is trusted.
    trusted_since: Option<Instant>,
}

impl Manager {
    async fn run(mut self, mut found: mpsc::Receiver<Observed>, stop: CancellationToken) -> Infallible {
        let mut renew = interval(RENEW);
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let trust_delay = self.trusted_since.map(|since| since + self.managed.trust_delay);
            tokio::select! {
                found = found.recv() => match found {
                    Some(Observed::Secret(secret)) => (self.is_listed, self.secret) = (true, secret),
                    Some(Observed::Validating(configuration)) => {
                        self.validating = Some(validating_bundles(configuration));
                    }
                    Some(Observed::Mutating(configuration)) => self.mutating = Some(mutating_bundles(configuration)),
                    // There is a sender for as long as this is polled.
                    None => pending().await,
                },
                _ = renew.tick() => {
                    let was_held = self.election.is_held();
                    let campaign = self.election.campaign().await;
                    if let Err(cause) = &campaign && !self.is_lease_lost {
                        report(cause, "the Lease of managed certificates cannot be taken or renewed");
                    }
                    self.is_lease_lost = campaign.is_err();
                    if self.election.is_held() != was_held {
                        info!(holder = !was_held, "the Lease of managed certificates has changed hands");
                    }
                }
                () = sleep_until(trust_delay.unwrap_or_else(Instant::now)), if trust_delay.is_some() => {}
                () = stop.cancelled() => {
                    if let Err(cause) = self.election.release().await {
                        report(&cause, "the Lease of managed certificates cannot be released");
                    }
                    return pending().await;
                }
            }
            if self.election.is_held()
                && let Err(cause) = self.write().await
            {
                report(&cause, "managed certificates cannot be written");
            }
            if let Err(cause) = self.serve() {
                report(&cause, "managed certificates cannot be served");
            }
        }
    }

    /// Brings Secret and configurations up to date. Each write is seen by the watches, which lead here again.
    async fn write(&mut self) -> Result<(), ManagedError> {
        if !self.is_listed {
            return Ok(());
        }
        let now = self.tls_secret().unwrap_or_default();
        let next = now.next(&self.wanted, OffsetDateTime::now_utc())?;
        if next != now {
            let mut written = self.secret.as_deref().cloned().unwrap_or_else(|| Secret {
                metadata: ObjectMeta { name: Some(self.managed.secret.clone()), ..ObjectMeta::default() },
                ..Secret::default()
            });
            written.data.get_or_insert_default().extend(next.write());
            // Carries the version that was seen: nobody's change is overwritten.
            let written = match self.secret {
                Some(_) => self.secrets.replace(&self.managed.secret, &PostParams::default(), &written).await,
                None => self.secrets.create(&PostParams::default(), &written).await,
            };
            match written {
                Ok(written) => {
                    info!(secret = self.managed.secret, "new managed certificates");
                    self.secret = Some(Box::new(written));
                }
                // Another replica was faster; the watch brings what it wrote.
                Err(kube::Error::Api(status)) if status.code == 409 => {
                    debug!("another replica has written managed certificates");
                    return Ok(());
                }
                Err(cause) => return Err(cause.into()),
            }
        }
        let bundle = next.bundle();
        let name = &self.managed.configuration;
        if let Some(patch) = self.validating.as_ref().and_then(|bundles| repair(bundles, &bundle)) {
            let patched = self.validating_api.patch(name, &PatchParams::default(), &Patch::Strategic(patch)).await?;
            self.validating = Some(validating_bundles(Some(patched)));
            info!(configuration = name, "caBundle of the validating webhooks was set");
        }
        if let Some(patch) = self.mutating.as_ref().and_then(|bundles| repair(bundles, &bundle)) {
            let patched = self.mutating_api.patch(name, &PatchParams::default(), &Patch::Strategic(patch)).await?;
            self.mutating = Some(mutating_bundles(Some(patched)));
            info!(configuration = name, "caBundle of the mutating webhooks was set");
        }
        Ok(())
    }

    /// Serves what the Secret holds, once it is trusted, and says whether what is served is trusted.
    fn serve(&mut self) -> Result<(), ManagedError> {
        if let Some(secret) = self.tls_secret().filter(TlsSecret::is_complete) {
            let is_new = |served: &TlsSecret| served.certificate != secret.certificate;
            match &self.served {
                Some(served) if !is_new(served) => self.trusted_since = None,
                Some(served) if served.authority() != secret.authority() => {
                    if !self.is_trusted(secret.authority()) {
                        self.trusted_since = None;
                    } else if self.trusted_since.get_or_insert_with(Instant::now).elapsed() >= self.managed.trust_delay
                    {
                        self.install(secret)?;
                    }
                }
                // The first, or one more of an authority that is known.
                _ => self.install(secret)?,
            }
        }
        let trusted = self.served.as_ref().is_some_and(|served| self.is_trusted(served.authority()));
        self.installer.set_trusted(trusted);
        Ok(())
    }

    /// Returns what the Secret holds.
    fn tls_secret(&self) -> Option<TlsSecret> {
        self.secret.as_ref()?.data.as_ref().map(TlsSecret::read)
    }

    fn install(&mut self, secret: TlsSecret) -> Result<(), ManagedError> {
        self.installer.install(&secret.certificate, &secret.key)?;
        self.trusted_since = None;
        self.served = Some(secret);
        Ok(())
    }

    /// Returns whether all webhooks of both configurations trust an authority. A configuration that does not exist distrusts
    /// nobody.
    fn is_trusted(&self, authority: &str) -> bool {
        let trusted = |bundles: &Option<Bundles>| {
            bundles.as_ref().is_some_and(|bundles| bundles.iter().all(|(_, bundle)| trusts(bundle, authority)))
        };
        trusted(&self.validating) && trusted(&self.mutating)
    }
}

/// Returns the patch that sets `caBundle` where it is another, if it is one anywhere.
fn repair(bundles: &Bundles, bundle: &str) -> Option<serde_json::Value> {
    let wrong = bundles.iter().filter(|(_, found)| found != bundle.as_bytes());
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, bundle);
    let webhooks: Vec<_> =
        wrong.map(|(name, _)| json!({"name": name, "clientConfig": {"caBundle": encoded}})).collect();
    (!webhooks.is_empty()).then(|| json!({"webhooks": webhooks}))
}
