//! Reads the server's certificate with its key, and checks that they belong together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::error::{Flaw, TlsError};
use super::make::{CERTIFICATE_FILE, KEY_FILE};
use super::pem::{private_key, read, read_certificates};
use crate::server::crypto::provider;

/// A certificate with its key, checked to belong together.
#[derive(Debug)]
pub(super) struct Identity {
    /// Chain and key, as rustls wants them.
    pub(super) certified_key: Arc<CertifiedKey>,
    /// End of the certificate's validity, in seconds since 1970.
    pub(super) expiry_timestamp_seconds: i64,
    /// Begin of its validity, in seconds since 1970.
    pub(super) begin_timestamp_seconds: i64,
    /// True if it names a host or an address that it is valid for. The API server looks at nothing else.
    pub(super) has_names: bool,
}

impl Identity {
    /// Reads `tls.crt` and `tls.key` from `cert_dir`.
    pub(super) fn load(cert_dir: &Path) -> Result<Self, TlsError> {
        let certificate = cert_dir.join(CERTIFICATE_FILE);
        let key = cert_dir.join(KEY_FILE);
        let chain = read_certificates(&certificate)?;
        let text = read(&key)?;
        Self::new(chain, private_key(&text, &key)?, certificate, key)
    }

    /// Reads a certificate with its chain, and its key, from PEM texts.
    pub(super) fn parse(certificate: &str, key: &str) -> Result<Self, TlsError> {
        let (path, key_path) = (PathBuf::from(CERTIFICATE_FILE), PathBuf::from(KEY_FILE));
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|source| TlsError::Pem { path: path.clone(), source })?;
        let private_key = private_key(key.as_bytes(), &key_path)?;
        Self::new(chain, private_key, path, key_path)
    }

    /// The paths are where both come from, for errors.
    fn new(
        chain: Vec<CertificateDer<'static>>,
        private_key: PrivateKeyDer<'static>,
        certificate: PathBuf,
        key: PathBuf,
    ) -> Result<Self, TlsError> {
        let leaf = chain.first().and_then(|leaf| X509Certificate::from_der(leaf).ok());
        let (_, leaf) = leaf.ok_or_else(|| TlsError::Validity { path: certificate.clone() })?;
        let validity = leaf.validity();
        let (begin, expiry) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        let names = leaf.subject_alternative_name().ok().flatten();
        let has_names = names.is_some_and(|names| {
            let is_name = |name: &GeneralName<'_>| matches!(name, GeneralName::DNSName(_) | GeneralName::IPAddress(_));
            names.value.general_names.iter().any(is_name)
        });
        let certified_key = CertifiedKey::from_der(chain, private_key, &provider())
            .map_err(|source| TlsError::Identity { certificate, key, source })?;
        Ok(Self {
            certified_key: Arc::new(certified_key),
            expiry_timestamp_seconds: expiry,
            begin_timestamp_seconds: begin,
            has_names,
        })
    }

    /// Returns why every client refuses it now, if they do.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        if self.expiry_timestamp_seconds <= now {
            Some(Flaw::Expired)
        } else if now < self.begin_timestamp_seconds {
            Some(Flaw::NotYetValid)
        } else if self.has_names {
            None
        } else {
            Some(Flaw::NoNames)
        }
    }
}
