//! Puts a new policy in force when its file or its object in the cluster changes, without a restart and without losing a
//! request.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::reader::{self, FileReader};
use super::watch::FileWatch;
use crate::files::load_policy;
use crate::server::observe::log;
use crate::server::options::PolicySource;
use crate::server::shared::Shared;
use podgate_engine::policy::day::Day;
use podgate_engine::policy::exempt::Ending;
use podgate_engine::policy::{Engine, LifecyclePolicy, parse};

/// Time between two looks at the file.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Time between two warnings of exemptions that end.
const ENDINGS_INTERVAL: Duration = Duration::from_secs(86_400);

/// The policy in force, and what is wrong with the one that should be.
#[derive(Debug)]
pub struct Policies {
    shared: Arc<Shared>,
    pub(crate) source: PolicySource,
    /// The reason for which the source's policy is not in force, if it is not: one line a mistake.
    pub(crate) failure: ArcSwapOption<String>,
}

impl Policies {
    /// Takes the engine at hand as the policy in force, unless the policy comes from the cluster: then there is none yet.
    pub(crate) fn new(shared: Arc<Shared>, source: PolicySource) -> Self {
        if matches!(source, PolicySource::Object(_)) {
            shared.health.await_policy();
        } else {
            shared.metrics.policy_loaded();
        }
        let policies = Self { shared, source, failure: ArcSwapOption::const_empty() };
        if policies.shared.health.has_policy() {
            policies.log_endings();
        }
        policies
    }

    /// Reads the policy again whenever its file changes, for as long as it is polled. One that cannot be used leaves the last
    /// good one in force, and is told of in the log, the metrics and `/readyz`.
    pub(crate) async fn watch_file(&self) -> Infallible {
        let PolicySource::File(file) = &self.source else { return std::future::pending().await };
        let (at, reader) = (file.clone(), FileReader::default());
        let watch = reader.read(move || FileWatch::new([at], POLL_INTERVAL)).await;
        let mut watch = watch.unwrap_or_else(|_| FileWatch::unseen([file.clone()], POLL_INTERVAL));
        // Also the first time: the file may have changed since the engine at hand was made of it. Not what a
        // shell has passed (`<(…)`, /dev/fd/63), which has given what it had.
        let is_passed = file.starts_with("/dev") || file.starts_with("/proc");
        let mut again = !(is_passed && watch.is_stream());
        loop {
            if again {
                let at = file.clone();
                match reader.read(move || read(&at)).await {
                    Ok(policy) => self.apply(move || policy).await,
                    Err(cause) => self.report(format!("cannot read policy {}: {cause}", file.display())),
                }
            }
            again = true;
            watch.changed().await;
        }
    }

    /// Returns the exemptions of the policy in force that end soon, or have ended.
    pub(crate) fn endings(&self) -> Vec<Ending> {
        self.shared.engine.load().policy().spec.exemptions.endings(Day::today())
    }

    /// Warns once a day, for as long as it is polled, of the exemptions that end soon or have ended.
    pub(crate) async fn warn_daily_of_endings(&self) -> Infallible {
        loop {
            sleep(ENDINGS_INTERVAL).await;
            self.log_endings();
        }
    }

    fn log_endings(&self) {
        for ending in self.endings() {
            let text = ending.to_string();
            let exemption = log::clean(&text);
            warn!(exemption = exemption.as_ref(), has_expired = ending.has_expired, "an exemption ends");
        }
    }

    /// Puts the policy of a LifecyclePolicy in force, given as JSON. One that cannot be used is told of as one of a file.
    pub async fn apply_object(&self, object: String) {
        let origin = self.source.to_string();
        self.apply(move || parse(&object, &origin).map_err(|error| error.by_field())).await;
    }

    /// Says that the cluster has no such object, or not any more. The last good policy stays in force.
    pub fn report_missing(&self) {
        self.report(format!("there is no {}", self.source));
    }

    async fn apply(&self, read: impl FnOnce() -> Result<LifecyclePolicy, String> + Send + 'static) {
        let in_force = self.shared.engine.load_full();
        // Not on a thread that serves: hundreds of scopes take a while to compile.
        let loaded = tokio::task::spawn_blocking(move || {
            read().map(|policy| (!policy.says_the_same_as(in_force.policy())).then(|| Engine::new(&policy)))
        });
        match loaded.await {
            Ok(Ok(engine)) => self.put_in_force(engine),
            Ok(Err(cause)) => self.report(cause),
            Err(_panic) => self.report("the policy could not be compiled".to_owned()),
        }
    }

    /// `None` is the policy that the engine at hand is made of.
    fn put_in_force(&self, engine: Option<Engine>) {
        if engine.is_some() || !self.shared.health.has_policy() {
            if let Some(engine) = engine {
                self.shared.engine.store(Arc::new(engine));
            }
            let engine = self.shared.engine.load();
            let policy = log::clean(&engine.policy().metadata.name);
            info!(policy = policy.as_ref(), "a new policy is in force");
            self.shared.metrics.policy_loaded();
            self.shared.health.policy_found();
            self.log_endings();
        }
        self.failure.store(None);
    }

    fn report(&self, failure: String) {
        self.shared.metrics.policy_load_failed();
        let instead = if self.shared.health.has_policy() {
            "the last good one stays in force"
        } else {
            "there is none yet, and nothing is judged"
        };
        for line in failure.lines() {
            let cause = log::clean(line);
            error!(cause = cause.as_ref(), "the policy cannot be used; {instead}");
        }
        self.failure.store(Some(Arc::new(failure)));
    }
}

fn read(file: &Path) -> Result<LifecyclePolicy, String> {
    reader::require_regular(file).map_err(|cause| format!("cannot read policy {}: {cause}", file.display()))?;
    load_policy(file).map_err(|error| error.to_string())
}
