//! Makes a certificate authority and a server certificate, for development and for clusters without an issuer.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::pki_types::DnsName;
use tempfile::NamedTempFile;
use time::{Duration, OffsetDateTime};

/// The server's certificate, as Kubernetes names it in a TLS Secret.
pub const CERTIFICATE_FILE: &str = "tls.crt";
/// The server's private key, as Kubernetes names it in a TLS Secret.
pub const KEY_FILE: &str = "tls.key";
/// The authority that clients trust: what `caBundle` holds.
pub const CA_FILE: &str = "ca.crt";
/// The authority's private key: signs client certificates and the next server certificate.
pub const CA_KEY_FILE: &str = "ca.key";

/// Tells git what not to take.
const IGNORE_FILE: &str = ".gitignore";
const IGNORE_ALL: &str = "# Private keys are not for a repository.\n*\n";
/// Names that every server certificate is valid for.
const DEFAULT_NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "podgate.podgate.svc"];
const PUBLIC: u32 = 0o644;
const PRIVATE: u32 = 0o600;
/// Clocks differ: the certificates are valid from a little before they were made.
const BACKDATED: Duration = Duration::hours(1);
const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// Reasons for which certificates are not made.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    /// Neither a DNS name nor an IP address.
    #[error("\"{}\" is neither a DNS name nor an IP address", name.escape_debug())]
    Name {
        /// The name or number as it was given.
        name: String,
    },
    /// Certificates are there already.
    #[error("{} exists already", path.display())]
    Exists {
        /// The first file that would be overwritten.
        path: PathBuf,
    },
    /// Some of the files are there, and others are not.
    #[error(
        "{} has {} but no {missing}: add {missing} or, if this was left by a start that was interrupted, remove {} \
         there, so that new ones are made",
        dir.display(), present.join(" and "), present.join(" and ")
    )]
    Incomplete {
        /// The folder.
        dir: PathBuf,
        /// The files that exist.
        present: Vec<&'static str>,
        /// A file that does not.
        missing: &'static str,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot use {}{}", path.display(), hint(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The certificate itself cannot be made.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    /// The end of the validity is beyond what a date can say.
    #[error("a validity of {days} days is too long")]
    Validity {
        /// The name or number as it was given.
        days: u64,
    },
}

/// Makes development certificates in `dir` if it holds none. `true` if it made them.
///
/// A folder with a certificate or a key but not both is an error: guessing which one is meant would either
/// overwrite a key or serve a certificate that nobody trusts.
pub fn ensure(dir: &Path, names: &[String], days: u32) -> Result<bool, CertificatesError> {
    let mut present = Vec::new();
    for file in [CERTIFICATE_FILE, KEY_FILE, CA_FILE, CA_KEY_FILE] {
        if exists(&dir.join(file))? {
            present.push(file);
        }
    }
    let has = |file| present.contains(&file);
    // A Secret of type kubernetes.io/tls need not have `ca.crt`.
    if has(CERTIFICATE_FILE) && has(KEY_FILE) {
        return Ok(false);
    }
    if present.is_empty() {
        return write(dir, names, days, false).map(|()| true);
    }
    let missing = if has(CERTIFICATE_FILE) { KEY_FILE } else { CERTIFICATE_FILE };
    Err(CertificatesError::Incomplete { dir: dir.to_owned(), present, missing })
}

/// Writes `tls.crt`, `tls.key`, `ca.crt` and `ca.key` to `dir`, which is created when missing.
///
/// A folder that is created gets a `.gitignore` as well, so that no key gets into a repository by mistake. They are valid for `days` days, for localhost, the Service's name and `names` (DNS names or IP addresses).
/// Keys are never readable for others, not even while they are written. Nothing is overwritten unless `force`.
pub fn write(dir: &Path, names: &[String], days: u32, force: bool) -> Result<(), CertificatesError> {
    let validity = std::time::Duration::from_secs(u64::from(days) * SECONDS_A_DAY);
    let authority = authority(validity)?;
    let leaf = leaf(&authority.certificate, &authority.key, names, validity)?;
    let files = [
        (CA_KEY_FILE, PRIVATE, authority.key),
        (KEY_FILE, PRIVATE, leaf.key),
        (CA_FILE, PUBLIC, authority.certificate),
        (CERTIFICATE_FILE, PUBLIC, leaf.certificate),
    ];
    if !force {
        for (name, ..) in &files {
            let path = dir.join(name);
            if exists(&path)? {
                return Err(CertificatesError::Exists { path });
            }
        }
    }
    create(dir)?;
    // All are on disk before the first gets its name, so that a full disk leaves the old ones as they were.
    let mut written = Vec::with_capacity(files.len());
    for (name, mode, text) in files {
        let path = dir.join(name);
        let file = write_unnamed(dir, mode, &text).map_err(|source| failed(&path, source))?;
        written.push((path, file));
    }
    for (path, file) in written {
        let persisted = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
        persisted.map_err(|error| failed(&path, error.error))?;
    }
    Ok(())
}

/// Creates a folder for keys, if it is not there. What is in one that is there is not touched, and neither is what git thinks of it.
fn create(dir: &Path) -> Result<(), CertificatesError> {
    if exists(dir)? {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(|source| failed(dir, source))?;
    let path = dir.join(IGNORE_FILE);
    fs::write(&path, IGNORE_ALL).map_err(|source| failed(&path, source))
}

fn write_unnamed(dir: &Path, mode: u32, text: &str) -> io::Result<NamedTempFile> {
    let mut file =
        tempfile::Builder::new().prefix(".podgate-").permissions(Permissions::from_mode(mode)).tempfile_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn exists(path: &Path) -> Result<bool, CertificatesError> {
    path.try_exists().map_err(|source| failed(path, source))
}

/// Says what to do about a folder in which nothing can be made.
fn hint(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ", where podgate may not write; give a folder that has tls.crt and tls.key, or one that it may write"
        }
        _ => "",
    }
}

fn failed(path: &Path, source: io::Error) -> CertificatesError {
    CertificatesError::Io { path: path.to_owned(), source }
}

/// A certificate and its key, in PEM.
#[derive(Debug)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// Makes an authority that is valid from now on for `validity`.
pub fn authority(validity: std::time::Duration) -> Result<Pair, CertificatesError> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "podgate CA");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (authority.not_before, authority.not_after) = times(validity)?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    Ok(Pair { certificate: authority.self_signed(&key)?.pem(), key: key.serialize_pem() })
}

/// Makes a server certificate of an authority, given in PEM, that is valid from now on for `validity`: for localhost, the
/// Service's name and `names` (DNS names or IP addresses).
pub fn leaf(
    authority: &str,
    authority_key: &str,
    names: &[String],
    validity: std::time::Duration,
) -> Result<Pair, CertificatesError> {
    let issuer = Issuer::from_ca_cert_pem(authority, KeyPair::from_pem(authority_key)?)?;
    let mut leaf = CertificateParams::default();
    leaf.distinguished_name.push(DnType::CommonName, "podgate");
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    leaf.subject_alt_names = subject_alt_names(names)?;
    (leaf.not_before, leaf.not_after) = times(validity)?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    Ok(Pair { certificate: leaf.signed_by(&key, &issuer)?.pem(), key: key.serialize_pem() })
}

/// Returns the begin, a little before now, and the end, `validity` from now.
fn times(validity: std::time::Duration) -> Result<(OffsetDateTime, OffsetDateTime), CertificatesError> {
    let now = OffsetDateTime::now_utc();
    let not_after = Duration::try_from(validity).ok().and_then(|validity| now.checked_add(validity));
    let not_after = not_after.ok_or(CertificatesError::Validity { days: validity.as_secs() / SECONDS_A_DAY })?;
    Ok((now - BACKDATED, not_after))
}

fn subject_alt_names(names: &[String]) -> Result<Vec<SanType>, CertificatesError> {
    let mut all = Vec::new();
    for name in DEFAULT_NAMES.into_iter().chain(names.iter().map(String::as_str)) {
        let name = subject_alt_name(name)?;
        if !all.contains(&name) {
            all.push(name);
        }
    }
    Ok(all)
}

fn subject_alt_name(name: &str) -> Result<SanType, CertificatesError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let without_wildcard = name.strip_prefix("*.").unwrap_or(name);
    match DnsName::try_from(without_wildcard) {
        Ok(_) => Ok(SanType::DnsName(name.try_into()?)),
        Err(_) => Err(CertificatesError::Name { name: name.to_owned() }),
    }
}
