//! A port: accepts connections, as many as are allowed, and lets them finish when the server stops.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::connection::Shared;
use super::failure::Failure;
use super::health::Health;
use super::metrics::Metrics;
use super::options::Limits;
use super::tls::Tls;

/// Pauses after a failed accept: at first short, then long enough not to burn a core while descriptors are short.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(10);
const MAX_ACCEPT_BACKOFF: Duration = Duration::from_secs(1);

/// One port and what is served on it.
pub(super) struct Endpoint {
    pub(super) listener: TcpListener,
    /// `None` serves plain HTTP.
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) router: Router,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    /// Says when answers should tell clients to go elsewhere.
    pub(super) health: Arc<Health>,
    /// Cancelled when no more connections are wanted.
    pub(super) stop: CancellationToken,
}

impl Endpoint {
    /// Serves until `stop`, then lets requests under way finish. Gives the number of connections that were cut off
    /// because they did not finish in time. Dropping the future cuts off all.
    pub(super) async fn run(self) -> usize {
        let Self { listener, stop, .. } = self;
        let shared = Arc::new(Shared {
            tls: self.tls,
            router: TowerToHyperService::new(self.router),
            limits: self.limits,
            metrics: self.metrics,
            health: self.health,
            stop: stop.clone(),
        });
        let mut connections = JoinSet::new();
        let accepting = accept_all(&listener, &shared, &mut connections);
        stop.run_until_cancelled(accepting).await;
        drop(listener);
        let finished = async { while connections.join_next().await.is_some() {} };
        if timeout(shared.limits.drain_timeout, finished).await.is_ok() {
            return 0;
        }
        connections.len()
    }
}

async fn accept_all(listener: &TcpListener, shared: &Arc<Shared>, connections: &mut JoinSet<()>) {
    let max = shared.limits.max_connections;
    let permits = Arc::new(Semaphore::new(max));
    let mut newcomers = Newcomers::default();
    let mut backoff = ACCEPT_BACKOFF;
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => {
                backoff = ACCEPT_BACKOFF;
                if permits.available_permits() == 0 && newcomers.displace_oldest() {
                    shared.metrics.failed(Failure::Displaced);
                }
                // The semaphore is never closed.
                let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
                let shared = Arc::clone(shared);
                let proven = Arc::new(AtomicBool::new(false));
                let served = shared.serve(stream, Arc::clone(&proven));
                let task = connections.spawn(async move {
                    served.await;
                    drop(permit);
                });
                newcomers.add(proven, task, max);
            }
            Err(cause) if is_of_one_connection(&cause) => shared.metrics.failed(Failure::Accept),
            Err(cause) => {
                shared.metrics.failed(Failure::Accept);
                warn!(%cause, "cannot accept connections");
                sleep(backoff).await;
                backoff = (backoff * 2).min(MAX_ACCEPT_BACKOFF);
            }
        }
        // Keeps the set as small as the number of connections that live.
        while connections.try_join_next().is_some() {}
    }
}

/// Connections that had no decision yet, oldest first. When there is no room for another, the oldest of them goes: whoever
/// opens many connections and says nothing displaces his own, and not those that the API server uses.
#[derive(Debug, Default)]
struct Newcomers(VecDeque<(Arc<AtomicBool>, AbortHandle)>);

impl Newcomers {
    fn add(&mut self, proven: Arc<AtomicBool>, task: AbortHandle, max: usize) {
        if self.0.len() >= max.saturating_mul(2) {
            self.0.retain(|(proven, task)| !proven.load(Ordering::Relaxed) && !task.is_finished());
        }
        self.0.push_back((proven, task));
    }

    /// `false` if there is none.
    fn displace_oldest(&mut self) -> bool {
        while let Some((proven, task)) = self.0.pop_front() {
            if !proven.load(Ordering::Relaxed) && !task.is_finished() {
                task.abort();
                return true;
            }
        }
        false
    }
}

/// Whether the peer went away before it was accepted, which says nothing of the next peer.
fn is_of_one_connection(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
