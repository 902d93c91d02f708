//! Certificates that podgate makes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use podgate::server::certificates::{self, CertificatesError};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_are_private_and_nothing_else_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let certs = dir.path().join("new/certs");
    certificates::write(&certs, &[], 30, false).unwrap();
    let mut names: Vec<_> =
        std::fs::read_dir(&certs).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, [".gitignore", "ca.crt", "ca.key", "tls.crt", "tls.key"]);
    for key in ["tls.key", "ca.key"] {
        assert_eq!(mode(&certs.join(key)), 0o600);
    }
    for certificate in ["tls.crt", "ca.crt"] {
        assert_eq!(mode(&certs.join(certificate)) & 0o133, 0);
    }
}

#[test]
fn nothing_is_overwritten_without_force() {
    let dir = tempfile::tempdir().unwrap();
    certificates::write(dir.path(), &[], 30, false).unwrap();
    let old = std::fs::read(dir.path().join("tls.key")).unwrap();
    let again = certificates::write(dir.path(), &[], 30, false);
    assert!(matches!(again, Err(CertificatesError::Exists { .. })));
    assert_eq!(std::fs::read(dir.path().join("tls.key")).unwrap(), old);
    certificates::write(dir.path(), &[], 30, true).unwrap();
    assert_ne!(std::fs::read(dir.path().join("tls.key")).unwrap(), old);
    assert_eq!(mode(&dir.path().join("tls.key")), 0o600);
}

#[test]
fn names_and_validity() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["webhook.example", "*.pods.example", "10.0.0.7", "localhost"].map(str::to_owned);
    certificates::write(dir.path(), &names, 42, false).unwrap();
    let bytes = std::fs::read(dir.path().join("tls.crt")).unwrap();
    let pem = Pem::iter_from_buffer(&bytes).next().unwrap().unwrap();
    let leaf = pem.parse_x509().unwrap();
    let alternative = leaf.subject_alternative_name().unwrap().unwrap();
    let seen: Vec<String> = alternative
        .value
        .general_names
        .iter()
        .map(|name| match name {
            GeneralName::DNSName(name) => (*name).to_owned(),
            GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
                Ok(v4) => std::net::Ipv4Addr::from(v4).to_string(),
                Err(_) => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(*bytes).unwrap()).to_string(),
            },
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        seen,
        ["localhost", "127.0.0.1", "::1", "podgate.podgate.svc", "webhook.example", "*.pods.example", "10.0.0.7"]
    );
    let days = leaf.validity().time_to_expiration().unwrap().whole_days();
    assert!((41..=42).contains(&days), "{days}");
}

#[test]
fn bad_names_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["", "a b", "https://x", "x:8443", "*.", "é.example", "a\nb"] {
        let refused = certificates::write(dir.path(), &[name.to_owned()], 30, false);
        assert!(matches!(refused, Err(CertificatesError::Name { .. })), "{name:?}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn only_an_empty_folder_gets_development_certificates() {
    let dir = tempfile::tempdir().unwrap();
    assert!(certificates::ensure(dir.path(), &[], 30).unwrap());
    assert!(!certificates::ensure(dir.path(), &[], 30).unwrap());
    // A Secret without the authority is complete.
    std::fs::remove_file(dir.path().join("ca.crt")).unwrap();
    assert!(!certificates::ensure(dir.path(), &[], 30).unwrap());
    std::fs::remove_file(dir.path().join("tls.crt")).unwrap();
    let cause = certificates::ensure(dir.path(), &[], 30).unwrap_err();
    let expected = "has tls.key and ca.key but no tls.crt: add tls.crt or, if this was left by a start that was interrupted, \
                    remove tls.key and ca.key there, so that new ones are made";
    assert!(cause.to_string().ends_with(expected), "{cause}");
    // Of a start that was killed still earlier.
    std::fs::remove_file(dir.path().join("tls.key")).unwrap();
    let cause = certificates::ensure(dir.path(), &[], 30).unwrap_err();
    assert!(cause.to_string().contains("has ca.key but no tls.crt"), "{cause}");
    std::fs::remove_file(dir.path().join("ca.key")).unwrap();
    assert!(certificates::ensure(dir.path(), &[], 30).unwrap());
}
