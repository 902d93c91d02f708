//! Reads the Secret of managed certificates, and derives what it should hold next. No I/O.
//!
//! The keys are those of a Secret of type `kubernetes.io/tls`
//! (<https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets>), the authority's key, and the authorities of before.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use k8s_openapi::ByteString;
use rcgen::{KeyPair, PublicKeyData};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::server::certificates::{self, CA_FILE, CA_KEY_FILE, CERTIFICATE_FILE, CertificatesError, KEY_FILE};

/// Authorities of before, whose leaves may still be served somewhere.
const PREVIOUS: &str = "ca-previous.crt";
/// Time until which they have to be trusted, in seconds since 1970.
const PREVIOUS_UNTIL: &str = "ca-previous-until";

/// Names and validity of the certificates that are made.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) names: Vec<String>,
    pub(super) ca_validity: Duration,
    pub(super) validity: Duration,
}

/// An authority, a leaf of it, and the authorities of before, in PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TlsSecret {
    ca: String,
    ca_key: String,
    pub(super) certificate: String,
    pub(super) key: String,
    previous: String,
    previous_until: Option<i64>,
}

impl TlsSecret {
    /// Reads a Secret's data. What is missing or cannot be read is empty, and made anew by [`Self::next`].
    pub(super) fn read(data: &BTreeMap<String, ByteString>) -> Self {
        let text = |name| {
            data.get(name).map(|bytes: &ByteString| String::from_utf8_lossy(&bytes.0).into_owned()).unwrap_or_default()
        };
        Self {
            ca: text(CA_FILE),
            ca_key: text(CA_KEY_FILE),
            certificate: text(CERTIFICATE_FILE),
            key: text(KEY_FILE),
            previous: text(PREVIOUS),
            previous_until: text(PREVIOUS_UNTIL).parse().ok(),
        }
    }

    /// Returns the data of a Secret.
    pub(super) fn write(&self) -> BTreeMap<String, ByteString> {
        let until = self.previous_until.map(|until| until.to_string()).unwrap_or_default();
        let fields = [
            (CA_FILE, &self.ca),
            (CA_KEY_FILE, &self.ca_key),
            (CERTIFICATE_FILE, &self.certificate),
            (KEY_FILE, &self.key),
            (PREVIOUS, &self.previous),
            (PREVIOUS_UNTIL, &until),
        ];
        fields.into_iter().map(|(name, text)| (name.to_owned(), ByteString(text.clone().into_bytes()))).collect()
    }

    /// Returns the authorities that clients have to trust: the present one, and those of before.
    pub(super) fn bundle(&self) -> String {
        format!("{}{}", self.ca, self.previous)
    }

    /// Returns the authority that the leaf comes from.
    pub(super) fn authority(&self) -> &str {
        &self.ca
    }

    /// Returns whether there is something to serve.
    pub(super) fn is_complete(&self) -> bool {
        is_pair(&self.certificate, &self.key) && is_issued(&self.certificate, &self.ca)
    }

    /// Returns what the Secret should hold at `now`; the same where nothing is to be done.
    ///
    /// A leaf is renewed when a third of its time is left, and an authority likewise. An authority that is replaced stays in
    /// the bundle until its last leaf has expired: longer than any replica can serve one, whatever became of it.
    pub(super) fn next(&self, wanted: &Wanted, now: OffsetDateTime) -> Result<Self, CertificatesError> {
        let mut next = self.clone();
        if self.previous_until.is_none_or(|until| until <= now.unix_timestamp()) {
            (next.previous, next.previous_until) = (String::new(), None);
        }
        let keeps_authority = is_fresh(&self.ca, now) && is_pair(&self.ca, &self.ca_key);
        if !keeps_authority {
            // Without a leaf that somebody may serve there is nothing to trust it for.
            let served_until = not_after(&self.certificate).filter(|until| now < *until);
            if let Some(until) = served_until.filter(|_| not_after(&self.ca).is_some()) {
                next.previous = format!("{}{}", self.ca, next.previous);
                next.previous_until = next.previous_until.max(Some(until.unix_timestamp()));
            }
            let authority = certificates::authority(wanted.ca_validity)?;
            (next.ca, next.ca_key) = (authority.certificate, authority.key);
        }
        let keeps_leaf = keeps_authority
            && self.is_complete()
            && is_fresh(&self.certificate, now)
            && carries(&self.certificate, &wanted.names);
        if !keeps_leaf {
            let leaf = certificates::leaf(&next.ca, &next.ca_key, &wanted.names, wanted.validity)?;
            (next.certificate, next.key) = (leaf.certificate, leaf.key);
        }
        Ok(next)
    }
}

/// Returns whether a bundle holds all certificates of `wanted`. Both are PEM.
pub(super) fn trusts(bundle: &[u8], wanted: &str) -> bool {
    let read = |pem: &[u8]| CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().unwrap_or_default();
    let (bundle, wanted) = (read(bundle), read(wanted.as_bytes()));
    !wanted.is_empty() && wanted.iter().all(|certificate| bundle.contains(certificate))
}

/// Looks at the first certificate of a PEM text; `None` where there is none that can be read.
fn look<T>(pem: &str, look: impl FnOnce(&X509Certificate<'_>) -> Option<T>) -> Option<T> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    look(&certificate)
}

fn not_after(pem: &str) -> Option<OffsetDateTime> {
    look(pem, |certificate| Some(certificate.validity().not_after.to_datetime()))
}

/// Returns whether more than a third of its time is left.
fn is_fresh(pem: &str, now: OffsetDateTime) -> bool {
    let times = |certificate: &X509Certificate<'_>| {
        let validity = certificate.validity();
        Some((validity.not_before.to_datetime(), validity.not_after.to_datetime()))
    };
    look(pem, times).is_some_and(|(begin, end)| (end - now) * 3 > end - begin)
}

fn is_pair(certificate: &str, key: &str) -> bool {
    let Ok(key) = KeyPair::from_pem(key) else { return false };
    let public = key.subject_public_key_info();
    look(certificate, |certificate| Some(certificate.public_key().raw == public)).unwrap_or(false)
}

/// Returns whether the leaf names the authority's key as that of its issuer.
fn is_issued(leaf: &str, authority: &str) -> bool {
    let extension = |pem, of: fn(&ParsedExtension<'_>) -> Option<Vec<u8>>| {
        look(pem, |certificate| certificate.extensions().iter().find_map(|extension| of(extension.parsed_extension())))
    };
    let issuer = extension(leaf, |extension| match extension {
        ParsedExtension::AuthorityKeyIdentifier(issuer) => Some(issuer.key_identifier.as_ref()?.0.to_vec()),
        _ => None,
    });
    let subject = extension(authority, |extension| match extension {
        ParsedExtension::SubjectKeyIdentifier(subject) => Some(subject.0.to_vec()),
        _ => None,
    });
    issuer.is_some() && issuer == subject
}

fn carries(certificate: &str, names: &[String]) -> bool {
    let address = |bytes: &[u8]| {
        let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
        v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).map(|address| address.to_string()).ok()
    };
    let carried = look(certificate, |certificate| {
        let alternatives = certificate.subject_alternative_name().ok()??;
        let names = alternatives.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        });
        Some(names.collect::<Vec<_>>())
    });
    carried.is_some_and(|carried| names.iter().all(|name| carried.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: time::Duration = time::Duration::days(1);

    fn wanted() -> Wanted {
        Wanted {
            names: vec!["podgate.podgate.svc".to_owned(), "127.0.0.1".to_owned()],
            ca_validity: Duration::from_secs(3650 * 24 * 3600),
            validity: Duration::from_secs(90 * 24 * 3600),
        }
    }

    fn now() -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn made() -> TlsSecret {
        TlsSecret::default().next(&wanted(), now()).unwrap()
    }

    #[test]
    fn nothing_is_done_without_need() {
        let secret = made();
        assert!(secret.is_complete() && secret.previous.is_empty());
        assert_eq!(secret.next(&wanted(), now()).unwrap(), secret);
        assert_eq!(secret.next(&wanted(), now() + DAY * 59).unwrap(), secret);
        assert_eq!(TlsSecret::read(&secret.write()), secret);
    }

    #[test]
    fn leaf_is_renewed_when_a_third_is_left() {
        let secret = made();
        let next = secret.next(&wanted(), now() + DAY * 61).unwrap();
        assert_ne!(next.certificate, secret.certificate);
        assert_eq!((&next.ca, &next.previous), (&secret.ca, &String::new()));
        assert!(next.is_complete());
    }

    #[test]
    fn authority_is_replaced_and_trusted_until_its_last_leaf_has_expired() {
        let secret = made();
        let wanted = Wanted { ca_validity: Duration::from_secs(100 * 24 * 3600), ..wanted() };
        let secret = TlsSecret { ca: String::new(), ..secret }.next(&wanted, now()).unwrap();
        assert!(secret.previous.is_empty(), "nothing was trusted before");
        let later = now() + DAY * 70;
        let next = secret.next(&wanted, later).unwrap();
        assert_ne!(next.ca, secret.ca);
        assert!(next.is_complete());
        assert!(trusts(next.bundle().as_bytes(), &secret.ca) && trusts(next.bundle().as_bytes(), &next.ca));
        assert!(!trusts(secret.bundle().as_bytes(), &next.ca) && !trusts(b"", &next.ca) && !trusts(b"", ""));
        // Its leaf was made for 90 days.
        let kept = TlsSecret { ..next.clone() }.next(&wanted, now() + DAY * 30).unwrap();
        assert_eq!(kept.previous, secret.ca);
        let dropped = next.next(&wanted, now() + DAY * 91).unwrap();
        assert_eq!(dropped.previous_until.is_some(), !dropped.previous.is_empty());
        assert!(!trusts(dropped.bundle().as_bytes(), &secret.ca));
    }

    #[test]
    fn what_is_broken_is_made_anew() {
        let secret = made();
        let other = made();
        for broken in [
            TlsSecret { certificate: String::new(), ..secret.clone() },
            TlsSecret { key: other.key.clone(), ..secret.clone() },
            TlsSecret { certificate: other.certificate.clone(), key: other.key.clone(), ..secret.clone() },
        ] {
            assert!(!broken.is_complete());
            let next = broken.next(&wanted(), now()).unwrap();
            assert!(next.is_complete());
            assert_eq!(next.ca, secret.ca);
        }
        // Without its key the authority cannot sign, and is still trusted for what it has signed.
        let next = TlsSecret { ca_key: "no key".to_owned(), ..secret.clone() }.next(&wanted(), now()).unwrap();
        assert!(next.is_complete() && next.ca != secret.ca && next.previous == secret.ca);
        let mut wanted = wanted();
        wanted.names.push("other.example".to_owned());
        let next = secret.next(&wanted, now()).unwrap();
        assert!(next.certificate != secret.certificate && next.ca == secret.ca);
    }
}
