//! The TLS side of the webhook port: versions, protocols, the server's certificate and the clients' authority.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, VerifierBuilderError, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificates::{CERTIFICATE_FILE, KEY_FILE};

/// HTTP/1.1 is what the API server speaks to a Service, HTTP/2 what it speaks to a URL on its own host.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file cannot be read, or holds something else.
    #[error("cannot read {} as PEM", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A PEM file without a certificate.
    #[error("{} holds no certificate", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The certificate is no X.509, or does not belong to the key.
    #[error("{} and {} cannot be used together", certificate.display(), key.display())]
    Identity {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong with them.
        source: rustls::Error,
    },
    /// The certificate's dates cannot be read.
    #[error("cannot read the validity of the certificate in {}", path.display())]
    Validity {
        /// The certificate's file.
        path: PathBuf,
    },
    /// A client authority that is no certificate authority.
    #[error("{} cannot be used to verify clients", path.display())]
    ClientCa {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: VerifierBuilderError,
    },
    /// The provider knows none of the protocol versions asked for.
    #[error("TLS cannot be configured")]
    Config(#[from] rustls::Error),
}

/// The one place that chooses a crypto library.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// A certificate with its key, checked to belong together.
#[derive(Debug)]
pub(super) struct Identity {
    /// Chain and key, as rustls wants them.
    pub(super) certified_key: Arc<CertifiedKey>,
    /// When the server's certificate expires, in seconds since 1970.
    pub(super) expiry_timestamp_seconds: i64,
}

impl Identity {
    /// Reads `tls.crt` and `tls.key` from `cert_dir`.
    pub(super) fn load(cert_dir: &Path) -> Result<Self, TlsError> {
        let certificate = cert_dir.join(CERTIFICATE_FILE);
        let key = cert_dir.join(KEY_FILE);
        let chain = read_certificates(&certificate)?;
        let expiry_timestamp_seconds = chain
            .first()
            .and_then(|leaf| X509Certificate::from_der(leaf).ok())
            .map(|(_, leaf)| leaf.validity().not_after.timestamp())
            .ok_or_else(|| TlsError::Validity { path: certificate.clone() })?;
        let private_key =
            PrivateKeyDer::from_pem_file(&key).map_err(|source| TlsError::Pem { path: key.clone(), source })?;
        let certified_key = CertifiedKey::from_der(chain, private_key, &provider())
            .map_err(|source| TlsError::Identity { certificate, key, source })?;
        Ok(Self { certified_key: Arc::new(certified_key), expiry_timestamp_seconds })
    }
}

/// The certificate that handshakes show; can be exchanged while serving.
#[derive(Debug)]
pub(super) struct ServerCertificate {
    current: ArcSwap<CertifiedKey>,
}

impl ServerCertificate {
    /// Starts with `identity`.
    pub(super) fn new(identity: &Identity) -> Self {
        Self { current: ArcSwap::new(Arc::clone(&identity.certified_key)) }
    }

    /// Shows `identity` from the next handshake on; connections that exist are left alone. `false` if it was shown
    /// already.
    pub(super) fn replace(&self, identity: &Identity) -> bool {
        if self.shows(identity) {
            return false;
        }
        self.current.store(Arc::clone(&identity.certified_key));
        true
    }

    /// Whether it is `identity` that handshakes show.
    pub(super) fn shows(&self, identity: &Identity) -> bool {
        self.current.load().cert == identity.certified_key.cert
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // Whatever name is asked for: there is one certificate, and the client judges whether the name is in it.
        Some(self.current.load_full())
    }
}

/// TLS 1.2 and 1.3, `h2` and `http/1.1`. With `client_ca` every client has to show a certificate from there.
pub(super) fn server_config(
    certificate: Arc<ServerCertificate>,
    client_ca: Option<&Path>,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13, &TLS12])?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(read_certificates(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
                .build()
                .map_err(|source| TlsError::ClientCa { path: path.to_owned(), source })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_cert_resolver(certificate);
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let as_error = |source| TlsError::Pem { path: path.to_owned(), source };
    let certificates =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(as_error)?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate { path: path.to_owned() });
    }
    Ok(certificates)
}
