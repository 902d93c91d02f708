//! The one place that chooses a crypto library.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// Returns aws-lc-rs, which is maintained and offers the post-quantum key exchange that the API server asks for first.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
