//! Certificates that come from elsewhere than files.

use std::sync::Arc;

use super::store::CertificateStore;
use super::tls::{Identity, TlsError};

/// Serves the certificates it is given, and knows whether the API server trusts them.
#[derive(Debug, Clone)]
pub struct CertificateInstaller(pub(crate) Arc<CertificateStore>);

impl CertificateInstaller {
    /// Serves a certificate with its chain, and its key, both in PEM, from the next handshake on. What cannot be used is an
    /// error and counted, and what was served stays.
    pub fn present(&self, certificate: &str, key: &str) -> Result<(), TlsError> {
        let presented = Identity::parse(certificate, key).and_then(|identity| self.0.install(identity));
        if presented.is_err() {
            self.0.metrics.certificate_failed();
        }
        presented
    }

    /// Says that the webhook configurations trust what is served: the server is ready.
    pub fn trust(&self) {
        self.0.health.set_trusted(true);
    }

    /// Says that they do not, or that it is not known: the server is not ready.
    pub fn distrust(&self) {
        self.0.health.set_trusted(false);
    }
}
