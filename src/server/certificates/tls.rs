//! Configures TLS of the webhook port: versions, protocols, the server's certificate and the clients' authority.
//!
//! Mechanism: a `ServerConfig` of rustls cannot be changed, so each change of a part makes a new one and swaps it in; a
//! handshake takes the one that is there when it begins. A new configuration has a session store of its own, so that no
//! session of before is resumed and every client meets the new certificate. A certificate that clients would refuse (expired, not yet
//! valid, without names) does not replace one that they trust: a clock or an issuer may be wrong.
//!
//! The API server looks at subject alternative names alone
//! (<https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#authenticate-apiservers>).

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::VerifierBuilderError;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use tokio_rustls::TlsAcceptor;
use wildmatch::WildMatch;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::client_verifier;
use super::make::{CERTIFICATE_FILE, KEY_FILE};
use crate::server::crypto::provider;
use crate::server::options::TlsVersion;

/// Files of certificates may be that large: a bundle of all public authorities has 200 KiB.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// HTTP/1.1 is what the API server speaks to a Service, HTTP/2 what it speaks to a URL on its own host.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Reasons for which TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file cannot be read, or holds something else.
    #[error("cannot read {} as PEM", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// The parser's error.
        source: pem::Error,
    },
    /// A file that cannot be opened, or is too large.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A key that needs a password, which nobody could type here.
    #[error("{} is encrypted; podgate needs the key without a password (openssl pkey -in FILE)", path.display())]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// A certificate that no client would trust, while the one that is served is valid.
    #[error("the new certificate {0}; the one that is served is valid, and stays")]
    Worse(Flaw),
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
        /// The TLS library's error.
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
        /// The parser's error.
        source: VerifierBuilderError,
    },
    /// The provider knows none of the protocol versions asked for.
    #[error("TLS cannot be configured")]
    Config(#[from] rustls::Error),
}

/// Properties of a certificate for which every client refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Its validity is over.
    #[error("has expired")]
    Expired,
    /// Its validity has not begun.
    #[error("is not valid yet: compare the clocks of this node and of the issuer")]
    NotYetValid,
    /// Its names are in its subject alone, where no client looks.
    #[error("has no subject alternative name, without which no API server trusts it")]
    NoNames,
}

/// A certificate with its key, checked to belong together.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Chain and key, as rustls wants them.
    certified_key: Arc<CertifiedKey>,
    /// End of the certificate's validity, in seconds since 1970.
    pub(crate) expiry_timestamp_seconds: i64,
    /// Begin of its validity, in seconds since 1970.
    pub(crate) begin_timestamp_seconds: i64,
    /// True if it names a host or an address that it is valid for. The API server looks at nothing else.
    pub(crate) has_names: bool,
}

impl Identity {
    /// Reads `tls.crt` and `tls.key` from `cert_dir`.
    pub(crate) fn load(cert_dir: &Path) -> Result<Self, TlsError> {
        let certificate = cert_dir.join(CERTIFICATE_FILE);
        let key = cert_dir.join(KEY_FILE);
        let chain = read_certificates(&certificate)?;
        let text = read(&key)?;
        Self::new(chain, private_key(&text, &key)?, certificate, key)
    }

    /// Reads a certificate with its chain, and its key, from PEM texts.
    pub(crate) fn parse(certificate: &str, key: &str) -> Result<Self, TlsError> {
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
}

impl Identity {
    /// Returns why every client refuses it now, if they do.
    pub(crate) fn flaw(&self) -> Option<Flaw> {
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

/// ClientAuthorities' authorities, and who of their clients may call.
#[derive(Debug)]
pub(crate) struct ClientAuthorities {
    authorities: Vec<CertificateDer<'static>>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl ClientAuthorities {
    /// Reads the authorities from `path`. `names` are globs; empty takes every client that comes from there.
    pub(crate) fn load(path: &Path, names: &[String]) -> Result<Self, TlsError> {
        let authorities = read_certificates(path)?;
        let names = names.iter().map(|name| WildMatch::new(name)).collect();
        let verifier = client_verifier::verifier(provider(), authorities.clone(), names)
            .map_err(|source| TlsError::ClientCa { path: path.to_owned(), source })?;
        Ok(Self { authorities, verifier })
    }
}

/// The parts that handshakes use. Each can be exchanged while serving; connections that exist are left alone, and a session of
/// before cannot be resumed, so that every client meets the new certificate and is judged anew.
#[derive(Debug)]
pub(crate) struct Tls {
    min_version: TlsVersion,
    parts: Mutex<Parts>,
    /// `None` until there is a certificate.
    config: ArcSwapOption<ServerConfig>,
}

#[derive(Debug, Default)]
struct Parts {
    identity: Option<Identity>,
    clients: Option<ClientAuthorities>,
}

impl Tls {
    /// Nothing is served until [`Self::install`] gives a certificate.
    pub(crate) fn new(min_version: TlsVersion) -> Self {
        Self { min_version, parts: Mutex::default(), config: ArcSwapOption::empty() }
    }

    /// Shows `identity` from the next handshake on. `false` if it was shown already.
    pub(crate) fn install(&self, identity: Identity) -> Result<bool, TlsError> {
        // CertificateStore wins only where it is no loss: a clock or an issuer may be wrong.
        if let Some(flaw) = identity.flaw()
            && self.is_flawless_without(&identity)
        {
            return Err(TlsError::Worse(flaw));
        }
        self.change(|parts| {
            let shown =
                parts.identity.as_ref().is_some_and(|old| old.certified_key.cert == identity.certified_key.cert);
            parts.identity = Some(identity);
            !shown
        })
    }

    /// Returns whether another certificate than `identity` is served which clients trust.
    fn is_flawless_without(&self, identity: &Identity) -> bool {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts
            .identity
            .as_ref()
            .is_some_and(|served| served.certified_key.cert != identity.certified_key.cert && served.flaw().is_none())
    }

    /// Asks every client for a certificate of these from the next handshake on. `false` if they were known already.
    pub(crate) fn require_clients(&self, clients: ClientAuthorities) -> Result<bool, TlsError> {
        self.change(|parts| {
            let known = parts.clients.as_ref().is_some_and(|old| old.authorities == clients.authorities);
            parts.clients = Some(clients);
            !known
        })
    }

    /// Returns the acceptor of the next connection, or `None` while there is no certificate.
    pub(crate) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.config.load_full().map(TlsAcceptor::from)
    }

    fn change(&self, change: impl FnOnce(&mut Parts) -> bool) -> Result<bool, TlsError> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if !change(&mut parts) {
            return Ok(false);
        }
        if let Some(identity) = &parts.identity {
            self.config.store(Some(Arc::new(self.configure(identity, parts.clients.as_ref())?)));
        }
        Ok(true)
    }

    /// `h2` and `http/1.1`. With `clients` every client has to show a certificate.
    fn configure(&self, identity: &Identity, clients: Option<&ClientAuthorities>) -> Result<ServerConfig, TlsError> {
        let versions: &[_] = match self.min_version {
            TlsVersion::Tls12 => &[&TLS13, &TLS12],
            TlsVersion::Tls13 => &[&TLS13],
        };
        let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions)?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => builder.with_client_cert_verifier(Arc::clone(&clients.verifier)),
        };
        // Whatever name is asked for: there is one certificate, and the client judges whether the name is in it.
        let resolver = SingleCertAndKey::from(Arc::clone(&identity.certified_key));
        let mut config = builder.with_cert_resolver(Arc::new(resolver));
        config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let as_error = |source| TlsError::Pem { path: path.to_owned(), source };
    let text = read(path)?;
    let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>().map_err(as_error)?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate { path: path.to_owned() });
    }
    Ok(certificates)
}

fn private_key(text: &[u8], path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let has = |mark: &[u8]| text.windows(mark.len()).any(|part| part == mark);
    // PKCS#8, and the older form of OpenSSL.
    if has(b"BEGIN ENCRYPTED PRIVATE KEY") || has(b"Proc-Type: 4,ENCRYPTED") {
        return Err(TlsError::EncryptedKey { path: path.to_owned() });
    }
    PrivateKeyDer::from_pem_slice(text).map_err(|source| TlsError::Pem { path: path.to_owned(), source })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read { path: path.to_owned(), source };
    let mut text = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text)).map_err(failed)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB")));
    }
    Ok(text)
}
