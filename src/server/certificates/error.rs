//! Errors of certificates and keys.

use std::io;
use std::path::PathBuf;

use rustls::pki_types::pem;
use rustls::server::VerifierBuilderError;

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
