//! Certificates that come from elsewhere than files: of the Secret of managed certificates.

use std::sync::Arc;

use super::error::TlsError;
use super::identity::Identity;
use super::store::CertificateStore;

/// Installs the certificates it is given, and is told whether the API server trusts them.
#[derive(Debug, Clone)]
pub struct CertificateInstaller(pub(crate) Arc<CertificateStore>);

impl CertificateInstaller {
    /// Serves a certificate with its chain, and its key, both in PEM, from the next handshake on. One that cannot be used is
    /// an error and counted, and what was served stays.
    pub fn install(&self, certificate: &str, key: &str) -> Result<(), TlsError> {
        let installed = Identity::parse(certificate, key).and_then(|identity| self.0.install(identity));
        if installed.is_err() {
            self.0.shared.metrics.certificate_failed();
        }
        installed
    }

    /// Says whether the webhook configurations trust what is served, as far as that is known. Only a trusted server is ready.
    pub fn set_trusted(&self, trusted: bool) {
        self.0.shared.health.set_trusted(trusted);
    }
}
