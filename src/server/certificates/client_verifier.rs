//! Limits callers to clients with a certificate of a known authority and, where names are asked for, one of these names.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};
use wildmatch::WildMatch;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::error::TlsError;
use super::pem::read_certificates;
use crate::server::crypto::provider;

/// The authorities that clients' certificates have to come from, with the verifier made of them.
#[derive(Debug)]
pub(super) struct ClientAuthorities {
    pub(super) authorities: Vec<CertificateDer<'static>>,
    pub(super) verifier: Arc<dyn ClientCertVerifier>,
}

impl ClientAuthorities {
    /// Reads the authorities from `path`. `names` are globs; empty takes every client that comes from there.
    pub(super) fn load(path: &Path, names: &[String]) -> Result<Self, TlsError> {
        let authorities = read_certificates(path)?;
        let names = names.iter().map(|name| WildMatch::new(name)).collect();
        let verifier = verifier(provider(), authorities.clone(), names)
            .map_err(|source| TlsError::ClientCa { path: path.to_owned(), source })?;
        Ok(Self { authorities, verifier })
    }
}

/// Verifies clients' certificates against `authorities`. A client whose certificate has none of `names` (globs; empty takes
/// all) as its common name or as a DNS, URI or e-mail subject alternative name is refused in the handshake.
fn verifier(
    provider: Arc<CryptoProvider>,
    authorities: Vec<CertificateDer<'static>>,
    names: Vec<WildMatch>,
) -> Result<Arc<dyn ClientCertVerifier>, VerifierBuilderError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities);
    let chain = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
    Ok(if names.is_empty() { chain } else { Arc::new(NamedClients { chain, names }) })
}

/// Checks the name after the chain.
#[derive(Debug)]
struct NamedClients {
    chain: Arc<dyn ClientCertVerifier>,
    names: Vec<WildMatch>,
}

impl NamedClients {
    fn knows(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
        let matches = |name: &str| self.names.iter().any(|wanted| wanted.matches(name));
        let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok()).any(matches);
        let alternatives = certificate.subject_alternative_name().ok().flatten();
        common
            || alternatives.is_some_and(|alternatives| {
                alternatives.value.general_names.iter().any(|name| match name {
                    GeneralName::DNSName(name) | GeneralName::URI(name) | GeneralName::RFC822Name(name) => {
                        matches(name)
                    }
                    _ => false,
                })
            })
    }
}

impl ClientCertVerifier for NamedClients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.chain.verify_client_cert(end_entity, intermediates, now)?;
        if self.knows(end_entity) {
            Ok(verified)
        } else {
            // The client is told "access denied".
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
