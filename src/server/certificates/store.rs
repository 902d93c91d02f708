//! Takes up new certificates when their files change, as cert-manager and the kubelet change them: without a restart.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tracing::{error, info, warn};

use super::client_verifier::ClientAuthorities;
use super::error::TlsError;
use super::identity::Identity;
use super::make::{CERTIFICATE_FILE, KEY_FILE};
use super::tls::Tls;
use crate::server::reload::reader::{self, FileReader};
use crate::server::reload::watch::FileWatch;
use crate::server::shared::Shared;

/// Begins to warn of a certificate's end this long before it.
const EXPIRY_WARNING: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// Files that could not be used are read again after this: a certificate may become valid.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);
const EXPIRY_WARNING_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Holds the certificate in use and knows the files it comes from.
#[derive(Debug)]
pub(crate) struct CertificateStore {
    /// Folder of `tls.crt` and `tls.key`; `None` where somebody else brings them.
    pub(crate) cert_dir: Option<PathBuf>,
    pub(crate) client_ca: Option<PathBuf>,
    pub(crate) client_names: Vec<String>,
    /// Time between two looks at the files.
    pub(crate) interval: Duration,
    pub(crate) tls: Arc<Tls>,
    pub(crate) shared: Arc<Shared>,
}

impl CertificateStore {
    /// Watches the files; to be called before [`Self::load`], so that no change falls in between.
    pub(crate) fn watch(&self) -> FileWatch {
        let identity = self.cert_dir.iter().flat_map(|dir| [dir.join(CERTIFICATE_FILE), dir.join(KEY_FILE)]);
        FileWatch::new(identity.chain(self.client_ca.clone()), self.interval)
    }

    /// Reads all files. What cannot be used is an error, and what was in use stays; the other part is taken up all the same.
    pub(crate) fn load(&self) -> Result<(), TlsError> {
        let clients = self.client_ca.as_deref().map_or(Ok(()), |path| self.load_clients(path));
        let identity = self.cert_dir.as_deref().map_or(Ok(()), |dir| self.install(Identity::load(dir)?));
        clients.and(identity)
    }

    /// Serves `identity` from now on.
    pub(super) fn install(&self, identity: Identity) -> Result<(), TlsError> {
        let expiry_timestamp_seconds = identity.expiry_timestamp_seconds;
        let (is_first, flaw) = (self.is_first(), identity.flaw());
        let begin_timestamp_seconds = identity.begin_timestamp_seconds;
        if self.tls.install(identity)? {
            self.shared.health.certificate_is_valid(begin_timestamp_seconds, expiry_timestamp_seconds);
            self.shared.metrics.certificate_loaded(expiry_timestamp_seconds);
            // There is none better: it is served all the same, and replaced as soon as there is.
            if let Some(flaw) = flaw {
                error!("the server's certificate {flaw}");
            }
            if !is_first {
                info!(expiry_timestamp_seconds, "a new certificate is served");
            }
        }
        Ok(())
    }

    fn load_clients(&self, path: &Path) -> Result<(), TlsError> {
        if self.tls.require_clients(ClientAuthorities::load(path, &self.client_names)?)? && !self.is_first() {
            info!("clients are verified by new authorities");
        }
        Ok(())
    }

    /// Returns whether nothing has been served yet.
    fn is_first(&self) -> bool {
        self.shared.health.certificate_valid_for().is_none()
    }

    /// Takes up what changes for as long as it is polled. Files that cannot be used are reported and counted, and read again
    /// after a while: a certificate may become valid.
    pub(crate) async fn run(self: Arc<Self>, mut watch: FileWatch) -> Infallible {
        let reader = FileReader::default();
        let mut refused = false;
        loop {
            self.warn_of_expiry();
            let next_warning = Instant::now() + if refused { RETRY_INTERVAL } else { EXPIRY_WARNING_INTERVAL };
            let changed = timeout_at(next_warning, watch.changed()).await.is_ok();
            if !changed && !refused {
                continue;
            }
            {
                let this = Arc::clone(&self);
                let loaded = reader.read(move || this.load_again()).await;
                let failure = match loaded {
                    Ok(Ok(())) => None,
                    Ok(Err(cause)) => {
                        let source = std::error::Error::source(&cause).map(ToString::to_string).unwrap_or_default();
                        Some((cause.to_string(), source))
                    }
                    Err(cause) => Some((cause.to_string(), String::new())),
                };
                refused = failure.is_some();
                if let Some((cause, source)) = failure {
                    self.shared.metrics.certificate_failed();
                    error!(cause, source, "new certificates cannot be used, the old ones stay");
                }
            }
        }
    }

    fn load_again(&self) -> Result<(), TlsError> {
        let identity = self.cert_dir.iter().flat_map(|dir| [dir.join(CERTIFICATE_FILE), dir.join(KEY_FILE)]);
        for path in identity.chain(self.client_ca.clone()) {
            reader::require_regular(&path).map_err(|source| TlsError::Read { path, source })?;
        }
        self.load()
    }

    fn warn_of_expiry(&self) {
        match self.shared.health.certificate_valid_for() {
            Some(Duration::ZERO) => error!("the server's certificate has expired"),
            Some(left) if left < EXPIRY_WARNING => {
                let days = left.as_secs() / (24 * 60 * 60);
                warn!(days, "the server's certificate is about to expire");
            }
            _ => {}
        }
    }
}
