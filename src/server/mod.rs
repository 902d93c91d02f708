//! The HTTPS webhook: TLS, limits, time-outs, health, metrics and a stop that loses no answer.
//!
//! [`Server::bind`] takes the ports, so that whoever started it knows the addresses; [`Server::serve`] serves.

mod admin;
pub mod certificates;
mod cluster_state;
mod crypto;
mod net;
mod observe;
mod options;
mod overload;
mod reload;
mod review;
mod shared;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpSocket;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use certificates::installer::CertificateInstaller;
pub use certificates::{Flaw, TlsError};
pub use cluster_state::ClusterState;
pub use observe::gates::GateCount;
pub use observe::log;
#[cfg(feature = "otlp")]
pub use observe::otlp;
pub use observe::trace_context::TraceContext;
pub use options::{Limits, MAX_BODY_BYTES, MAX_BYTES, Options, PolicySource, TlsVersion};
pub use reload::policies::Policies;

use admin::routes::Admin;
use admin::thread::AdminThread;
use certificates::store::CertificateStore;
use certificates::tls::Tls;
use net::driver_wakeup::DriverWakeup;
use net::endpoint::Endpoint;
use net::peer::QueueKind;
use overload::fair_queue::FairQueue;
use overload::memory_budget::MemoryBudget;
use overload::processor_limit::ProcessorLimit;
use podgate_engine::policy::Engine;
use reload::reader::FileReader;
use reload::watch::FileWatch;
use review::routes::ReviewService;
use shared::Shared;

/// Connections to the admin port at a time: a kubelet, a few Prometheus, a person. Of its own, so that a crowd at the
/// webhook's port does not make the kubelet believe that the process is dead.
const MAX_ADMIN_CONNECTIONS: usize = 64;
/// Connections that the system takes before they are accepted (it has a bound of its own, `net.core.somaxconn`). One more
/// is dropped, and its client tries again a second later, then after twice as long, and so on.
const BACKLOG: u32 = 1024;
/// Nothing on the admin port is worth a longer wait at the end.
const ADMIN_DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Reasons for which the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A port cannot be taken.
    #[error("cannot listen on {address} ({flag}){}", hint(source))]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// The flag that sets it.
        flag: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The certificate, its key or the clients' authority cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The files of the certificates cannot be read.
    #[error("cannot read the certificates")]
    Certificates(#[source] io::Error),
    /// There is no thread to be had.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

/// A server that has its ports and does not serve yet.
pub struct Server {
    address: SocketAddr,
    admin_address: SocketAddr,
    admission: Endpoint,
    admin: Endpoint,
    certificates: Arc<CertificateStore>,
    watch: FileWatch,
    shared: Arc<Shared>,
    policies: Arc<Policies>,
    driver_wakeup: DriverWakeup,
    admin_thread: AdminThread,
}

impl Server {
    /// Reads the certificates and takes both ports. `engine` may be exchanged at any time, and is when the policy's file
    /// changes; a request is answered by the one that is there when its body has arrived.
    pub async fn bind(options: Options, engine: Arc<ArcSwap<Engine>>) -> Result<Self, ServerError> {
        let shared = Shared::new(engine, options.limits, options.log_allowed);
        let tls = Arc::new(Tls::new(options.tls_min_version));
        let certificates = Arc::new(CertificateStore {
            cert_dir: options.cert_dir,
            client_ca: options.client_ca,
            client_names: options.client_names,
            interval: options.reload_interval,
            tls: Arc::clone(&tls),
            shared: Arc::clone(&shared),
        });
        let files = Arc::clone(&certificates);
        let load = move || {
            let watch = files.watch();
            files.load().map(|()| watch)
        };
        let watch = FileReader::default()
            .read(load)
            .await
            .map_err(|cause| ServerError::Certificates(io::Error::other(cause)))??;

        let (listener, address) = listen(options.listen, "--listen")?;
        let (admin_listener, admin_address) = listen(options.admin_listen, "--admin-listen")?;
        let limits = options.limits;
        let policies = Arc::new(Policies::new(Arc::clone(&shared), options.policy));
        let admin = Admin { shared: Arc::clone(&shared), policies: Arc::clone(&policies) };
        let admin_limits =
            Limits { max_connections: MAX_ADMIN_CONNECTIONS, drain_timeout: ADMIN_DRAIN_TIMEOUT, ..limits };
        let service = ReviewService {
            shared: Arc::clone(&shared),
            small_bodies: FairQueue::new(QueueKind::SmallBodies, limits.max_requests, limits.max_requests),
            memory: Arc::new(MemoryBudget::new(&limits)),
            large_bodies: FairQueue::large(&limits),
            processors: ProcessorLimit::new(),
        };
        let endpoint = |listener, tls, router, limits| Endpoint {
            listener,
            tls,
            router,
            limits,
            shared: Arc::clone(&shared),
            stop: CancellationToken::new(),
        };
        Ok(Self {
            address,
            admin_address,
            admission: endpoint(listener, Some(tls), review::routes::router(service), limits),
            admin: endpoint(admin_listener, None, admin::routes::router(admin), admin_limits),
            certificates,
            watch,
            shared,
            policies,
            driver_wakeup: DriverWakeup::start().map_err(ServerError::Thread)?,
            admin_thread: AdminThread::start().map_err(ServerError::Thread)?,
        })
    }

    /// Returns the address of `/validate` and `/mutate`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of health and metrics.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Returns the handle by which the watches of the cluster publish what they find.
    pub fn cluster_state(&self) -> ClusterState {
        ClusterState(Arc::clone(&self.shared))
    }

    /// Returns the handle by which policies come in force that come from elsewhere than files.
    pub fn policies(&self) -> Arc<Policies> {
        Arc::clone(&self.policies)
    }

    /// Returns the handle by which certificates are installed that come from elsewhere than files.
    pub fn certificate_installer(&self) -> CertificateInstaller {
        CertificateInstaller(Arc::clone(&self.certificates))
    }

    /// Serves until `shutdown` is there, which gives how long connections are still accepted: long enough for the
    /// cluster to notice that this replica is not ready any more. Then requests under way finish, within
    /// [`Limits::drain_timeout`]. Gives the number of connections that did not.
    ///
    /// Dropping the future ends everything at once.
    pub async fn serve(self, shutdown: impl Future<Output = Duration>) -> usize {
        info!(
            address = %self.address,
            admin_address = %self.admin_address,
            version = env!("CARGO_PKG_VERSION"),
            "serving"
        );
        let _driver_wakeup = self.driver_wakeup;
        let shared = self.shared;
        let stop = self.admission.stop.clone();
        let stop_admin = self.admin.stop.clone();
        let stopping = async {
            let delay = shutdown.await;
            shared.health.drain();
            info!(delay_seconds = delay.as_secs_f64(), "draining");
            sleep(delay).await;
            stop.cancel();
        };
        // Health is served to the last, so that the end is seen as a drain and not as a crash.
        let admission = async {
            let unfinished = self.admission.run().await;
            stop_admin.cancel();
            unfinished
        };
        // It ends with its thread, when this is dropped.
        let admin = self.admin_thread.runtime.spawn(self.admin.run());
        let stopped = async { tokio::join!(stopping, admission, admin) };
        let ((), unfinished, _) = tokio::select! {
            stopped = stopped => stopped,
            never = Arc::clone(&self.certificates).run(self.watch) => match never {},
            never = self.policies.watch_file() => match never {},
            never = self.policies.warn_daily_of_endings() => match never {},
        };
        if unfinished > 0 {
            warn!(unfinished, "stopped with connections that did not finish");
        } else {
            info!("stopped");
        }
        unfinished
    }
}

/// Says what to do about a port that cannot be taken, where that is known.
fn hint(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::AddrInUse => {
            ": another process uses this port; stop it, or give another port (0 takes any free one)"
        }
        io::ErrorKind::AddrNotAvailable => ": this machine has no such address; give one that it has, or :port for all",
        io::ErrorKind::PermissionDenied => ": ports below 1024 are for processes with more rights; give one above",
        _ => "",
    }
}

fn listen(address: SocketAddr, flag: &'static str) -> Result<(std::net::TcpListener, SocketAddr), ServerError> {
    let taken = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // The connections of a process before this one keep its port for a while.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let bound = listener.local_addr()?;
        Ok((listener.into_std()?, bound))
    };
    taken().map_err(|source| ServerError::Listen { address, flag, source })
}
