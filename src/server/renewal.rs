//! Serves a new certificate when its files change, as cert-manager and the kubelet change them: without a restart.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use super::metrics::Metrics;
use super::tls::{Identity, ServerCertificate};

/// Watching the files would be lost on the kubelet, which exchanges a symbolic link two levels up.
const POLL_INTERVAL: Duration = Duration::from_secs(10);
/// How long before its end a certificate is complained about.
const EXPIRY_WARNING: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How often.
const EXPIRY_WARNING_POLLS: u32 = 360;

/// Keeps a certificate up to date with its files.
#[derive(Debug)]
pub(super) struct Renewal {
    pub(super) cert_dir: PathBuf,
    pub(super) certificate: Arc<ServerCertificate>,
    pub(super) metrics: Arc<Metrics>,
}

impl Renewal {
    /// Looks at the files for as long as it is polled. Files that cannot be used are reported once, and the old
    /// certificate stays.
    pub(super) async fn run(self) -> Infallible {
        let mut ticks = interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut reported = String::new();
        let mut polls = 0;
        loop {
            ticks.tick().await;
            match Identity::load(&self.cert_dir) {
                Ok(identity) => {
                    reported.clear();
                    if self.certificate.replace(&identity) {
                        self.metrics.certificate_loaded(identity.expiry_timestamp_seconds);
                        info!("a new certificate is served");
                        polls = 0;
                    }
                    if polls % EXPIRY_WARNING_POLLS == 0 {
                        warn_of_expiry(identity.expiry_timestamp_seconds);
                    }
                }
                Err(cause) => {
                    let message = cause.to_string();
                    if message != reported {
                        error!(cause = message, "the certificate cannot be loaded again");
                        reported = message;
                    }
                }
            }
            polls = polls.wrapping_add(1);
        }
    }
}

fn warn_of_expiry(expiry_timestamp_seconds: i64) {
    let soon = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + EXPIRY_WARNING;
    if i128::from(expiry_timestamp_seconds) < i128::from(soon.as_secs()) {
        warn!(expiry_timestamp_seconds, "the server's certificate has expired or is about to");
    }
}

#[cfg(test)]
mod tests {
    use super::super::certificates::{self, KEY_FILE};
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn new_files_are_served_and_broken_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        certificates::write(dir.path(), &[], 30, false).unwrap();
        let first = Identity::load(dir.path()).unwrap();
        let certificate = Arc::new(ServerCertificate::new(&first));
        let metrics = Arc::new(Metrics::new());
        let renewal = Renewal {
            cert_dir: dir.path().to_owned(),
            certificate: Arc::clone(&certificate),
            metrics: Arc::clone(&metrics),
        };
        let task = tokio::spawn(renewal.run());
        // Paused time passes at once when nothing else is to be done.
        let next_poll = || tokio::time::sleep(POLL_INTERVAL + Duration::from_secs(1));
        next_poll().await;
        assert!(certificate.shows(&first));

        certificates::write(dir.path(), &[], 60, true).unwrap();
        let second = Identity::load(dir.path()).unwrap();
        next_poll().await;
        assert!(certificate.shows(&second));
        let expiry = format!("podgate_tls_certificate_expiry_timestamp_seconds {}\n", second.expiry_timestamp_seconds);
        assert!(metrics.encode().unwrap().contains(&expiry));

        std::fs::write(dir.path().join(KEY_FILE), "no key").unwrap();
        next_poll().await;
        assert!(certificate.shows(&second));
        task.abort();
    }
}
