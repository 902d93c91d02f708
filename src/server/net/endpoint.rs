//! A port: accepts connections, as many as are allowed, and lets them finish when the server stops.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::connection::ConnectionContext;
use super::open_connections::OpenConnections;
use super::peer::Peer;
use crate::server::certificates::tls::Tls;
use crate::server::observe::failure::Failure;
use crate::server::options::Limits;
use crate::server::shared::Shared;

/// Pauses after a failed accept: at first short, then long enough not to burn a core while descriptors are short.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(10);
const MAX_ACCEPT_BACKOFF: Duration = Duration::from_secs(1);

/// One port and what is served on it.
pub(crate) struct Endpoint {
    /// Belongs to no runtime yet: that is the one which runs the endpoint.
    pub(crate) listener: std::net::TcpListener,
    /// `None` serves plain HTTP.
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) router: Router,
    pub(crate) limits: Limits,
    pub(crate) shared: Arc<Shared>,
    /// Cancelled when no more connections are wanted.
    pub(crate) stop: CancellationToken,
}

impl Endpoint {
    /// Serves until `stop`, then lets requests under way finish. Gives the number of connections that were cut off
    /// because they did not finish in time. Dropping the future cuts off all.
    pub(crate) async fn run(self) -> usize {
        let Self { listener, stop, .. } = self;
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(cause) => {
                error!(%cause, "cannot accept connections");
                return 0;
            }
        };
        let context = Arc::new(ConnectionContext {
            tls: self.tls,
            router: TowerToHyperService::new(self.router),
            limits: self.limits,
            shared: self.shared,
            stop: stop.clone(),
        });
        let mut connections = JoinSet::new();
        let accepting = accept_all(&listener, &context, &mut connections);
        stop.run_until_cancelled(accepting).await;
        drop(listener);
        let finished = async { while connections.join_next().await.is_some() {} };
        if timeout(context.limits.drain_timeout, finished).await.is_ok() {
            return 0;
        }
        connections.len()
    }
}

async fn accept_all(listener: &TcpListener, context: &Arc<ConnectionContext>, connections: &mut JoinSet<()>) {
    let max = context.limits.max_connections;
    let permits = Arc::new(Semaphore::new(max));
    let mut open = OpenConnections::default();
    let mut backoff = ACCEPT_BACKOFF;
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                backoff = ACCEPT_BACKOFF;
                if permits.available_permits() == 0 {
                    // Whoever was accepted just now gets to ask before it may have to go.
                    yield_now().await;
                    if permits.available_permits() == 0 && open.displace_idle() {
                        context.shared.metrics.failed(Failure::Displaced);
                    }
                }
                // The semaphore is never closed.
                let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
                let context = Arc::clone(context);
                let peer = Arc::new(Peer::new(from.ip()));
                let served = context.serve(stream, Arc::clone(&peer));
                let task = connections.spawn(async move {
                    served.await;
                    drop(permit);
                });
                open.add(peer, task, max);
            }
            Err(cause) if is_of_one_connection(&cause) => context.shared.metrics.failed(Failure::Accept),
            Err(cause) => {
                context.shared.metrics.failed(Failure::Accept);
                warn!(%cause, "cannot accept connections");
                sleep(backoff).await;
                backoff = (backoff * 2).min(MAX_ACCEPT_BACKOFF);
            }
        }
        // Keeps the set as small as the number of connections that live.
        while connections.try_join_next().is_some() {}
    }
}

/// Returns whether the peer went away before it was accepted, which says nothing of the next peer.
fn is_of_one_connection(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
