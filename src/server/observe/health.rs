//! Decides whether requests should be sent here (`/readyz`).

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

const NO_CERTIFICATE: i64 = i64::MIN;

/// The reason given until there is a policy.
pub(crate) const NO_POLICY: &str = "there is no policy yet";

/// The facts that decide on readiness. Each part of the server changes its own.
#[derive(Debug)]
pub(crate) struct Health {
    draining: AtomicBool,
    /// In seconds since 1970, or [`NO_CERTIFICATE`].
    expiry_timestamp_seconds: AtomicI64,
    /// In seconds since 1970.
    begin_timestamp_seconds: AtomicI64,
    /// False where it is known that the API server does not trust what is served.
    trusted: AtomicBool,
    /// False while there is nothing to judge by.
    policy: AtomicBool,
}

impl Health {
    /// Returns the health of a server with a policy and without a certificate yet.
    pub(crate) fn new() -> Self {
        Self {
            draining: AtomicBool::new(false),
            expiry_timestamp_seconds: AtomicI64::new(NO_CERTIFICATE),
            begin_timestamp_seconds: AtomicI64::new(0),
            trusted: AtomicBool::new(true),
            policy: AtomicBool::new(true),
        }
    }

    /// Asks clients to go elsewhere from now on.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Returns whether answers should tell clients to go elsewhere.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Says from when until when the certificate that is served is valid.
    pub(crate) fn certificate_is_valid(&self, begin_timestamp_seconds: i64, expiry_timestamp_seconds: i64) {
        self.begin_timestamp_seconds.store(begin_timestamp_seconds, Ordering::Relaxed);
        self.expiry_timestamp_seconds.store(expiry_timestamp_seconds, Ordering::Relaxed);
    }

    /// Says whether the webhook configurations trust what is served.
    pub(crate) fn set_trusted(&self, trusted: bool) {
        self.trusted.store(trusted, Ordering::Relaxed);
    }

    /// Says that there is nothing to judge by, until there is.
    pub(crate) fn await_policy(&self) {
        self.policy.store(false, Ordering::Release);
    }

    /// Says that there is a policy from now on.
    pub(crate) fn policy_found(&self) {
        self.policy.store(true, Ordering::Release);
    }

    /// Returns whether there is anything to judge by.
    pub(crate) fn has_policy(&self) -> bool {
        self.policy.load(Ordering::Acquire)
    }

    /// Returns how long the certificate is still valid: zero once it is not, and `None` until there is one.
    pub(crate) fn certificate_valid_for(&self) -> Option<Duration> {
        let expiry = self.expiry_timestamp_seconds.load(Ordering::Relaxed);
        if expiry == NO_CERTIFICATE {
            return None;
        }
        let expiry = Duration::from_secs(u64::try_from(expiry).unwrap_or(0));
        Some(expiry.saturating_sub(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()))
    }

    fn is_certificate_early(&self) -> bool {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        i64::try_from(now).is_ok_and(|now| now < self.begin_timestamp_seconds.load(Ordering::Relaxed))
    }

    /// Returns why no requests should be sent here, if so.
    pub(crate) fn unready(&self) -> Option<&'static str> {
        if self.is_draining() {
            return Some("draining");
        }
        match self.certificate_valid_for() {
            None => Some("there is no certificate yet"),
            Some(Duration::ZERO) => Some("the server's certificate has expired"),
            Some(_) if self.is_certificate_early() => Some("the server's certificate is not valid yet"),
            Some(_) if !self.trusted.load(Ordering::Relaxed) => {
                Some("caBundle of the webhook configurations does not match the server's certificate yet")
            }
            Some(_) if !self.has_policy() => Some(NO_POLICY),
            Some(_) => None,
        }
    }
}
