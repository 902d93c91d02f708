//! Puts a new policy in force when its file changes, without a restart and without losing a request.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tracing::{error, info};

use super::log;
use super::metrics::Metrics;
use super::watch::Watch;
use crate::policy::{Engine, PolicyError, load};

/// How often the file is looked at.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The policy in force, and what is wrong with the one that should be.
#[derive(Debug)]
pub(super) struct Policies {
    /// Exchanged as a whole: a decision keeps the engine that it began with.
    pub(super) engine: Arc<ArcSwap<Engine>>,
    /// The policy's file; `None` if there is none.
    pub(super) file: Option<PathBuf>,
    /// Why the file's policy is not in force, if it is not: one line a mistake.
    pub(super) failure: ArcSwapOption<String>,
}

impl Policies {
    /// Reads the policy again whenever its file changes. One that cannot be used leaves the last good one in force, and is
    /// told of in the log, the metrics and `/readyz`.
    pub(super) async fn keep(&self, metrics: &Metrics) -> Infallible {
        let Some(file) = &self.file else { return std::future::pending().await };
        let mut watch = Watch::new([file.clone()], POLL_INTERVAL);
        loop {
            // Also the first time: the file may have changed since the engine at hand was made of it.
            self.reload(file.clone(), metrics).await;
            watch.changed().await;
        }
    }

    async fn reload(&self, file: PathBuf, metrics: &Metrics) {
        let in_force = self.engine.load_full();
        // Not on a thread that serves: hundreds of scopes take a while to compile.
        let loaded = tokio::task::spawn_blocking(move || compile(&file, &in_force)).await;
        let failure = match loaded {
            Ok(Ok(None)) => None,
            Ok(Ok(Some(engine))) => {
                let policy = log::clean(&engine.policy().metadata.name);
                info!(policy = policy.as_ref(), "a new policy is in force");
                self.engine.store(Arc::new(engine));
                metrics.policy_loaded();
                None
            }
            Ok(Err(cause)) => Some(cause.to_string()),
            Err(_panic) => Some("the policy could not be compiled".to_owned()),
        };
        if let Some(failure) = &failure {
            metrics.policy_load_failed();
            for line in failure.lines() {
                let cause = log::clean(line);
                error!(cause = cause.as_ref(), "the policy cannot be used; the last good one stays in force");
            }
        }
        self.failure.store(failure.map(Arc::new));
    }
}

/// The engine of the file's policy; `None` if that is in force already.
fn compile(file: &Path, in_force: &Engine) -> Result<Option<Engine>, PolicyError> {
    let policy = load(file)?;
    Ok((policy != *in_force.policy()).then(|| Engine::new(&policy)))
}
