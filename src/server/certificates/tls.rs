//! Configures TLS of the webhook port: versions, protocols, the server's certificate and the clients' authority.
//!
//! Mechanism: a `ServerConfig` of rustls cannot be changed, so each change of a part makes a new one and swaps it in; a
//! handshake takes the one that is there when it begins. A new configuration has a session store of its own, so that no
//! session of before is resumed and every client meets the new certificate. A certificate that clients would refuse (expired, not yet
//! valid, without names) does not replace one that they trust: a clock or an issuer may be wrong.
//!
//! The API server looks at subject alternative names alone
//! (<https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#authenticate-apiservers>).

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use tokio_rustls::TlsAcceptor;

use super::client_verifier::ClientAuthorities;
use super::error::TlsError;
use super::identity::Identity;
use crate::server::crypto::provider;
use crate::server::options::TlsVersion;

/// HTTP/1.1 is what the API server speaks to a Service, HTTP/2 what it speaks to a URL on its own host.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

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
    pub(super) fn install(&self, identity: Identity) -> Result<bool, TlsError> {
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
    pub(super) fn require_clients(&self, clients: ClientAuthorities) -> Result<bool, TlsError> {
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
