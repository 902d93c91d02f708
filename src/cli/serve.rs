//! `podgate serve`: the HTTPS webhook.

use std::cell::Cell;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

use super::address::ListenAddress;
use super::cluster::ClusterArgs;
use super::duration;
use super::number::whole;
use super::spans::SpanArgs;
use crate::server::certificates::{self, CA_FILE};
use crate::server::log::{self, LogFormat};
use crate::server::{Limits, MAX_BODY_BYTES, MAX_BYTES, Options, PolicySource, Server, TlsVersion};
use podgate_engine::policy::Engine;

/// Days that development certificates are valid.
const DEVELOPMENT_DAYS: u32 = 365;
/// Exit codes that a shell reports of a process that a signal ended: 128 and the signal's number.
const INTERRUPTED: u8 = 128 + 2;
const TERMINATED: u8 = 128 + 15;
const HUNG_UP: u8 = 128 + 1;
/// Shells, `timeout` and process managers often signal a process and then its group. What comes so soon after the first
/// signal is the same one once more, and must not cut requests off.
const ECHO: Duration = Duration::from_millis(100);
/// A request of podgate's own repository, to try where one starts it there.
const SAMPLE: &str = "samples/port-conflict.json";
/// A request to try anywhere else: a Pod whose restartPolicy is misspelt.
const REQUEST: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","kind":{"group":"","version":"v1","kind":"Pod"},"object":{"spec":{"restartPolicy":"always","containers":[]}}}}"#;
/// For a policy to be there when the server starts.
const POLICY_TIMEOUT: Duration = Duration::from_secs(10);

/// Serve the HTTPS webhook
///
/// Serves POST /validate and POST /mutate over TLS, and GET /livez, /readyz, /metrics and /policy in plain HTTP on
/// the admin port. Without certificates in --cert-dir it makes a development authority and a server certificate there.
///
/// Stops on SIGTERM and SIGHUP (after --drain-delay) and SIGINT (at once); requests under way are answered. A second
/// signal ends it on the spot. Files are read again by themselves: no signal is needed for that.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address of the webhook, over TLS: host:port, or :port for all addresses of this machine, IPv6 and IPv4
    ///
    /// Of a name such as localhost the first address is taken, IPv4 before IPv6. Port 0 takes any free port.
    #[arg(long, env = "PODGATE_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    listen: ListenAddress,

    /// Address of health and metrics, in plain HTTP; written as that of --listen
    #[arg(long, env = "PODGATE_ADMIN_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    admin_listen: ListenAddress,

    /// Policy file, put in force again when it changes; without one the standard profile is in force
    #[arg(long, env = "PODGATE_POLICY", value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Folder of tls.crt and tls.key, taken up again when they change
    #[arg(long, env = "PODGATE_CERT_DIR", value_name = "FOLDER", default_value = "certs")]
    cert_dir: PathBuf,

    /// Authorities, as PEM, that a client certificate has to come from; every client then has to show one
    #[arg(long, env = "PODGATE_CLIENT_CA", value_name = "FILE")]
    client_ca: Option<PathBuf>,

    /// Common name or subject alternative name that a client certificate has to carry; `*` and `?` match, may be repeated
    #[arg(long, env = "PODGATE_CLIENT_NAME", value_name = "NAME", value_delimiter = ',', requires = "client_ca")]
    client_name: Vec<String>,

    /// Oldest version of TLS to speak
    #[arg(long, env = "PODGATE_TLS_MIN_VERSION", value_name = "VERSION", value_enum, default_value = "1.2")]
    tls_min_version: TlsVersion,

    /// A further DNS name or IP address a development certificate is valid for; may be repeated
    #[arg(long, env = "PODGATE_DNS", value_name = "NAME", value_delimiter = ',')]
    dns: Vec<String>,

    /// How long to accept connections after SIGTERM, while the cluster takes this replica out
    #[arg(long, env = "PODGATE_DRAIN_DELAY", value_name = "DURATION", default_value = "5s", value_parser = duration::parse)]
    drain_delay: Duration,

    /// Form of the log lines on stderr
    #[arg(long, env = "PODGATE_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,

    /// Part of the answers that allow without a finding to log, from 0 to 1; all others are always logged
    #[arg(long, env = "PODGATE_LOG_ALLOWED", value_name = "FRACTION", default_value = "1", value_parser = fraction)]
    log_allowed: f64,

    /// Least important lines to log
    #[arg(
        long,
        env = "PODGATE_LOG_LEVEL",
        value_name = "LEVEL",
        default_value = "info",
        value_parser = PossibleValuesParser::new(["off", "error", "warn", "info", "debug", "trace"])
            .try_map(|level| level.parse::<LevelFilter>())
    )]
    log_level: LevelFilter,

    // Last, because their headings would hold for what comes after them.
    #[command(flatten)]
    cluster: ClusterArgs,

    #[command(flatten)]
    spans: SpanArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Largest request body; more is answered with 413
    ///
    /// The default is what an API server may send about two objects of the 1.5 MiB that etcd takes, with each byte escaped as
    /// six, and 2 MiB for the rest. Raise it where etcd's --max-request-bytes is raised.
    #[arg(
        long,
        env = "PODGATE_MAX_BODY_BYTES",
        value_name = "N",
        default_value_t = MAX_BODY_BYTES,
        value_parser = whole::<usize>(1, None)
    )]
    max_body_bytes: usize,

    /// Requests judged at a time; further ones wait, and those that cannot be answered in time get a 503
    #[arg(
        long,
        env = "PODGATE_MAX_REQUESTS",
        value_name = "N",
        default_value_t = 512,
        value_parser = whole::<u32>(1, Some(1_000_000))
    )]
    max_requests: u32,

    /// Memory for request bodies, what they become while they are judged, and answers until they are read
    ///
    /// The program itself and its connections take up to 110 MiB more. One body of --max-body-bytes always has room.
    #[arg(
        long,
        env = "PODGATE_MAX_BYTES",
        value_name = "N",
        default_value_t = MAX_BYTES,
        value_parser = whole::<usize>(1, None)
    )]
    max_bytes: usize,

    /// Threads that serve connections and judge, and as many more that judge bodies over 128 KiB
    ///
    /// By default as many as the process may use processors, at most 4: each takes memory of its own, and 4 do more than an API
    /// server asks for. A fraction of a processor counts as one.
    #[arg(long, env = "PODGATE_THREADS", value_name = "N", value_parser = whole::<u16>(1, Some(1024)))]
    threads: Option<u16>,

    /// Connections served at a time; a further one takes the place of the one that has had no answer for longest
    #[arg(
        long,
        env = "PODGATE_MAX_CONNECTIONS",
        value_name = "N",
        default_value_t = 1000,
        value_parser = whole::<u32>(1, Some(1_000_000))
    )]
    max_connections: u32,

    /// For a TLS handshake
    #[arg(long, env = "PODGATE_HANDSHAKE_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration::positive)]
    handshake_timeout: Duration,

    /// For a request's head, from its first byte
    #[arg(long, env = "PODGATE_HEADER_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration::positive)]
    header_timeout: Duration,

    /// For a request's body, and for its answer to be read
    #[arg(long, env = "PODGATE_BODY_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration::positive)]
    body_timeout: Duration,

    /// Between two requests on a connection; the API server keeps its end for 90s
    #[arg(long, env = "PODGATE_IDLE_TIMEOUT", value_name = "DURATION", default_value = "2m", value_parser = duration::positive)]
    idle_timeout: Duration,

    /// Age at which a connection is ended after an answer, so that load spreads over replicas
    #[arg(long, env = "PODGATE_MAX_CONNECTION_AGE", value_name = "DURATION", default_value = "5m", value_parser = duration::positive)]
    max_connection_age: Duration,

    /// For requests under way when the server stops
    #[arg(long, env = "PODGATE_DRAIN_TIMEOUT", value_name = "DURATION", default_value = "20s", value_parser = duration::parse)]
    drain_timeout: Duration,
}

impl From<&LimitArgs> for Limits {
    fn from(args: &LimitArgs) -> Self {
        Self {
            max_body_bytes: args.max_body_bytes,
            max_requests: usize::try_from(args.max_requests).unwrap_or(usize::MAX),
            max_bytes: args.max_bytes,
            threads: args.threads.map_or_else(|| Limits::default().threads, usize::from),
            max_connections: usize::try_from(args.max_connections).unwrap_or(usize::MAX),
            handshake_timeout: args.handshake_timeout,
            header_timeout: args.header_timeout,
            body_timeout: args.body_timeout,
            idle_timeout: args.idle_timeout,
            max_connection_age: args.max_connection_age,
            drain_timeout: args.drain_timeout,
        }
    }
}

impl Args {
    fn policy_source(&self) -> PolicySource {
        match (&self.policy, &self.cluster.policy_from_cluster) {
            (Some(file), _) => PolicySource::File(file.clone()),
            (None, Some(name)) => PolicySource::Object(name.clone()),
            (None, None) => PolicySource::Default,
        }
    }
}

/// Serves until a signal. An error is one of the configuration: nothing was served.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let listen = args.listen.resolve("--listen")?;
    let admin_listen = args.admin_listen.resolve("--admin-listen")?;
    if listen == admin_listen && listen.port() != 0 {
        bail!("--listen and --admin-listen are both {listen}; the webhook and its metrics need a port each");
    }
    let spans = args.spans.start()?;
    log::init(args.log_format, args.log_level, spans.layer())?;
    let engine = Arc::new(ArcSwap::from_pointee(engine(args.policy.clone())?));
    if !args.cluster.manage_certs && ensure_certificates(args)? && args.log_format == LogFormat::Text {
        print(&format!("made a development certificate in {}", args.cert_dir.display()));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(Limits::from(&args.limits).threads)
        .enable_all()
        .build()
        .context("cannot start")?;
    let served = runtime.block_on(serve(args, listen, admin_listen, engine));
    // Does not wait for threads that read a file which hangs, or judge: they end with the process.
    runtime.shutdown_background();
    let (code, left) = served?;
    spans.stop(left);
    Ok(code)
}

/// Reads the policy on a thread that nothing waits for: a pipe that nobody writes would keep the process from ever ending.
fn engine(policy: Option<PathBuf>) -> anyhow::Result<Engine> {
    let Some(file) = policy else { return super::policy::engine(None) };
    let (done, loaded) = mpsc::channel();
    let name = file.display().to_string();
    let load = move || {
        // Nobody waits for it any more where this fails.
        let _ = done.send(super::policy::engine(Some(&file)));
    };
    thread::Builder::new().name("policy".to_owned()).spawn(load).context("cannot start a thread")?;
    loaded.recv_timeout(POLICY_TIMEOUT).with_context(|| {
        format!("cannot read policy {name} within {} s; is it a pipe that nobody writes?", POLICY_TIMEOUT.as_secs())
    })?
}

/// Serves until a signal. Returns also how much is left of the time to drain.
async fn serve(
    args: &Args,
    listen: SocketAddr,
    admin_listen: SocketAddr,
    engine: Arc<ArcSwap<Engine>>,
) -> anyhow::Result<(ExitCode, Duration)> {
    // Before the ports are taken: as process 1 of a container a signal without a handler does nothing at all.
    let mut terminate = signal(SignalKind::terminate()).context("cannot handle SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot handle SIGINT")?;
    let mut hang_up = signal(SignalKind::hangup()).context("cannot handle SIGHUP")?;
    let options = Options {
        listen,
        admin_listen,
        policy: args.policy_source(),
        cert_dir: (!args.cluster.manage_certs).then(|| args.cert_dir.clone()),
        client_ca: args.client_ca.clone(),
        client_names: args.client_name.clone(),
        tls_min_version: args.tls_min_version,
        log_allowed: args.log_allowed,
        limits: Limits::from(&args.limits),
        ..Options::default()
    };
    let client = args.cluster.connect().await?;
    let server = Server::bind(options, engine).await?;
    let stop = CancellationToken::new();
    let clustered = args.cluster.run(client, &server, &args.dns, stop.clone());
    // Whoever asks for JSON wants nothing else in a container's output; the log says the addresses too.
    if args.log_format == LogFormat::Text {
        print_addresses(args, server.address(), server.admin_address());
    }

    let (first_seen, first_was_seen) = tokio::sync::oneshot::channel();
    let signals = (&mut terminate, &mut interrupt, &mut hang_up);
    let signals = async move {
        // Somebody at a terminal waits for the prompt; a cluster needs time to send nothing more here.
        let (terminate, interrupt, hang_up) = signals;
        let delay = match any(terminate, interrupt, hang_up).await {
            INTERRUPTED => Duration::ZERO,
            _ => args.drain_delay,
        };
        let _ = first_seen.send(delay);
        stop.cancel();
        let echoes = async {
            loop {
                any(&mut *terminate, &mut *interrupt, &mut *hang_up).await;
            }
        };
        let _: Result<(), _> = timeout(ECHO, echoes).await;
        any(terminate, interrupt, hang_up).await
    };
    let drain = Cell::new((Instant::now(), Duration::ZERO));
    let shutdown = async {
        let delay = first_was_seen.await.unwrap_or_default();
        drain.set((Instant::now(), delay.saturating_add(args.limits.drain_timeout)));
        delay
    };
    tokio::select! {
        _unfinished = server.serve(shutdown) => {
            let (begun, timeout) = drain.get();
            Ok((ExitCode::SUCCESS, timeout.saturating_sub(begun.elapsed())))
        }
        second = signals => Ok((ExitCode::from(second), Duration::ZERO)),
        never = clustered => match never {},
    }
}

async fn any(terminate: &mut Signal, interrupt: &mut Signal, hang_up: &mut Signal) -> u8 {
    tokio::select! {
        _ = terminate.recv() => TERMINATED,
        _ = interrupt.recv() => INTERRUPTED,
        _ = hang_up.recv() => HUNG_UP,
    }
}

fn fraction(text: &str) -> Result<f64, String> {
    let fraction = text.parse().ok().filter(|fraction| (0.0..=1.0).contains(fraction));
    fraction.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

fn ensure_certificates(args: &Args) -> anyhow::Result<bool> {
    let names: Vec<String> = args.dns.iter().cloned().chain(args.listen.host()).collect();
    certificates::ensure(&args.cert_dir, &names, DEVELOPMENT_DAYS)
        .with_context(|| format!("no certificate to serve in {} (--cert-dir)", args.cert_dir.display()))
}

fn print_addresses(args: &Args, address: SocketAddr, admin_address: SocketAddr) {
    let host = match address.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let url = format!("https://{host}:{}/validate", address.port());
    print(&format!(
        "podgate {} serves https://{address} (/validate, /mutate), http://{admin_address} (/livez, /readyz, /metrics, /policy)",
        env!("CARGO_PKG_VERSION")
    ));
    let ca = args.cert_dir.join(CA_FILE);
    let ca = if ca.exists() { format!(" --cacert {}", ca.display()) } else { String::new() };
    let client = if args.client_ca.is_some() { " --cert CLIENT.crt --key CLIENT.key" } else { "" };
    let request =
        if Path::new(SAMPLE).is_file() { format!("--data-binary @{SAMPLE}") } else { format!("--data '{REQUEST}'") };
    print(&format!("try: curl{ca}{client} -H 'Content-Type: application/json' {request} {url}"));
}

/// Writes a line to stdout; a reader that is gone is no error.
fn print(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn flags_and_library_have_the_same_defaults() {
        let args = Cli::parse_from(["serve"]).args;
        let options = Options {
            listen: args.listen.resolve("--listen").unwrap(),
            admin_listen: args.admin_listen.resolve("--admin-listen").unwrap(),
            policy: args.policy_source(),
            cert_dir: Some(args.cert_dir),
            client_ca: args.client_ca,
            client_names: args.client_name,
            tls_min_version: args.tls_min_version,
            log_allowed: args.log_allowed,
            limits: Limits::from(&args.limits),
            ..Options::default()
        };
        assert_eq!(options, Options::default());
    }
}
