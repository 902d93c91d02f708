//! Lists and watches, and says when what was seen is no longer known to be in order.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Debug;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::time::sleep;
use tracing::{debug, info, warn};

use crate::server::log;

/// After this the API server ends a watch and it is begun anew; one that is broken without a word is noticed soon after.
pub(super) const WATCH_SECONDS: u32 = 60;
/// Pauses after an error; each is longer than the one before, until a list has been read.
const BACKOFF: Duration = Duration::from_secs(1);
/// The longest pause, where nobody waits for what is seen.
pub(super) const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// An event of a list or a watch.
#[derive(Debug)]
pub(super) enum WatchEvent<K> {
    /// All objects there are.
    Listed(Vec<K>),
    /// A new or changed object.
    Applied(K),
    /// An object that is gone.
    Deleted(K),
    /// An error, with its text. What was seen before may be old, until the next list.
    Failed(String),
}

/// Lists and watches for as long as it is polled, and waits for `handle` each time. After an error it lists again, so that
/// what is known is known to be in order; `max_backoff` limits the pause before that. `reduce` takes of each object what is worth
/// keeping, one by one: all of them, whole, would not fit into memory. `kind` is for the log.
pub(super) async fn list_watch<K, R, T>(
    kind: &str,
    api: Api<K>,
    config: Config,
    max_backoff: Duration,
    reduce: impl Fn(K) -> R,
    mut handle: impl FnMut(WatchEvent<R>) -> T,
) -> Infallible
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
    T: Future<Output = ()>,
{
    let config = config.timeout(WATCH_SECONDS);
    let mut backoff = BACKOFF;
    let mut in_order = true;
    loop {
        let mut events = pin!(watcher(api.clone(), config.clone()));
        let mut listed = Vec::new();
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Init) => listed.clear(),
                Ok(Event::InitApply(object)) => listed.push(reduce(object)),
                Ok(Event::InitDone) => {
                    if !in_order {
                        info!(kind, "the watch is in order again");
                    }
                    (in_order, backoff) = (true, BACKOFF);
                    handle(WatchEvent::Listed(std::mem::take(&mut listed))).await;
                }
                Ok(Event::Apply(object)) => handle(WatchEvent::Applied(reduce(object))).await,
                Ok(Event::Delete(object)) => handle(WatchEvent::Deleted(reduce(object))).await,
                Err(cause) => {
                    let text = chain(&cause);
                    let cause = log::clean(&text);
                    let cause = cause.as_ref();
                    if in_order {
                        warn!(kind, cause, "the watch is broken; what was seen last stays in force");
                        in_order = false;
                    } else {
                        debug!(kind, cause, "the watch is still broken");
                    }
                    handle(WatchEvent::Failed(text)).await;
                    break;
                }
            }
        }
        sleep(backoff.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        backoff = (backoff * 2).min(max_backoff);
    }
}

/// Says why the API server was asked in vain. Of a connection that is not made only the last cause is told: it is what somebody can
/// mend.
pub fn unanswered(error: &kube::Error) -> String {
    match error {
        kube::Error::Service(_) | kube::Error::HyperError(_) => {
            let mut cause: &dyn Error = error;
            while let Some(below) = cause.source() {
                cause = below;
            }
            format!("it cannot be reached: {cause}")
        }
        other => chain(other),
    }
}

/// Returns an error with its causes, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Many libraries repeat the cause in their own text.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
