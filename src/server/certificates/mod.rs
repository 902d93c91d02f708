//! The server's certificate and the clients' authorities: made, read, checked, and exchanged while serving.

mod client_verifier;
mod error;
mod identity;
pub(crate) mod installer;
mod make;
mod pem;
pub(crate) mod store;
pub(crate) mod tls;

pub use error::{Flaw, TlsError};
pub use make::{
    CA_FILE, CA_KEY_FILE, CERTIFICATE_FILE, CertificatesError, KEY_FILE, Pair, authority, ensure, leaf, write,
};
