//! Elects one writer at a time by a Lease, as Kubernetes' own components do.
//!
//! Mechanism: a replica that finds the Lease free, or unchanged for its whole duration, writes itself into it with the resource
//! version it has read, so that of two that try, the API server refuses one (409). The holder renews every 5 s, and believes
//! that it holds the Lease for only two thirds of the duration, counted from before its request: it stops writing before
//! another may begin.
//!
//! Reason: two replicas that made certificates at once would replace each other's authority again and again, and two that remove gates
//! would ask for everything twice. Times written by
//! other nodes are not compared with this node's clock; only how long the Lease has not changed counts, as in client-go
//! (<https://pkg.go.dev/k8s.io/client-go/tools/leaderelection>).

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::Instant;

/// A holder that does not renew for this long has lost the Lease.
const DURATION: Duration = Duration::from_secs(15);
/// Time between two renewals.
pub(super) const RENEW: Duration = Duration::from_secs(5);

/// One replica's part in the election.
#[derive(Debug)]
pub(super) struct Election {
    api: Api<Lease>,
    name: String,
    identity: String,
    seen: Seen,
    held_until: watch::Sender<Option<Instant>>,
}

/// Tells whether this replica holds the Lease, to whoever acts on it.
#[derive(Debug, Clone)]
pub(super) struct Leadership(watch::Receiver<Option<Instant>>);

impl Leadership {
    /// Returns whether this replica may write now.
    pub(super) fn is_held(&self) -> bool {
        self.0.borrow().is_some_and(|until| Instant::now() < until)
    }
}

/// The version of a Lease that was seen last, and since when. Clocks of other nodes are not trusted, only that time passes here.
#[derive(Debug, Default)]
struct Seen(Option<(String, Instant)>);

impl Seen {
    /// Returns since when a Lease is as it is now.
    fn since(&mut self, lease: &Lease) -> Instant {
        let version = lease.metadata.resource_version.clone().unwrap_or_default();
        let since = match &self.0 {
            Some((seen, since)) if *seen == version => *since,
            _ => Instant::now(),
        };
        self.0 = Some((version, since));
        since
    }
}

/// Looks at a Lease that others hold.
#[derive(Debug)]
pub(super) struct Observer {
    api: Api<Lease>,
    name: String,
    seen: Seen,
}

impl Observer {
    pub(super) fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self { api: Api::namespaced(client, namespace), name: name.to_owned(), seen: Seen::default() }
    }

    /// Returns whether somebody holds the Lease. The first look has to trust the clock of whoever renewed it.
    pub(super) async fn is_held(&mut self) -> Result<bool, kube::Error> {
        let Some(lease) = self.api.get_opt(&self.name).await? else { return Ok(false) };
        let is_first = self.seen.0.is_none();
        let since = self.seen.since(&lease);
        let spec = lease.spec.unwrap_or_default();
        if spec.holder_identity.is_none_or(|holder| holder.is_empty()) {
            return Ok(false);
        }
        let age = spec.renew_time.map(|at| Timestamp::now().duration_since(at.0).unsigned_abs());
        Ok(since.elapsed() < DURATION && (!is_first || age.is_some_and(|age| age < DURATION)))
    }
}

impl Election {
    pub(super) fn new(client: Client, namespace: &str, name: String, identity: String) -> Self {
        let (api, seen) = (Api::namespaced(client, namespace), Seen::default());
        Self { api, name, identity, seen, held_until: watch::Sender::new(None) }
    }

    /// Returns what tells whether the Lease is held.
    pub(super) fn leadership(&self) -> Leadership {
        Leadership(self.held_until.subscribe())
    }

    /// Returns whether this replica may write now.
    pub(super) fn is_held(&self) -> bool {
        self.held_until.borrow().is_some_and(|until| Instant::now() < until)
    }

    /// Takes or renews the Lease if that is possible. An error leaves it held for as long as nobody else may take it.
    pub(super) async fn campaign(&mut self) -> Result<(), kube::Error> {
        // From before the request: the Lease is never believed to be held for longer than others believe it.
        let begin = Instant::now();
        let held = match self.api.get_opt(&self.name).await? {
            None => self.create().await?,
            Some(lease) => self.take(lease).await?,
        };
        self.held_until.send_replace(held.then(|| begin + DURATION * 2 / 3));
        Ok(())
    }

    /// Lets go of the Lease if it is held, so that nobody has to wait until it is over.
    pub(super) async fn release(&mut self) -> Result<(), kube::Error> {
        if self.held_until.send_replace(None).is_none() {
            return Ok(());
        }
        let Some(mut lease) = self.api.get_opt(&self.name).await? else { return Ok(()) };
        match &mut lease.spec {
            Some(spec) if spec.holder_identity.as_ref() == Some(&self.identity) => spec.holder_identity = None,
            _ => return Ok(()),
        }
        won(self.api.replace(&self.name, &PostParams::default(), &lease).await).map(drop)
    }

    async fn create(&self) -> Result<bool, kube::Error> {
        let mut lease = Lease {
            metadata: ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() },
            ..Lease::default()
        };
        lease.spec = Some(self.spec(None));
        won(self.api.create(&PostParams::default(), &lease).await)
    }

    async fn take(&mut self, mut lease: Lease) -> Result<bool, kube::Error> {
        let since = self.seen.since(&lease);
        let holder = lease.spec.as_ref().and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default();
        let is_ours = holder == self.identity;
        if !is_ours && !holder.is_empty() && since.elapsed() < DURATION {
            return Ok(false);
        }
        lease.spec = Some(self.spec(lease.spec.filter(|_| is_ours)));
        // Carries the version that was read: of two that try, one is told of a conflict.
        won(self.api.replace(&self.name, &PostParams::default(), &lease).await)
    }

    fn spec(&self, ours: Option<LeaseSpec>) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        let acquire_time = ours.and_then(|spec| spec.acquire_time).unwrap_or_else(|| now.clone());
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: Some(acquire_time),
            renew_time: Some(now),
            ..LeaseSpec::default()
        }
    }
}

/// Returns `false` if another replica was faster.
fn won(written: Result<Lease, kube::Error>) -> Result<bool, kube::Error> {
    match written {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(cause) => Err(cause),
    }
}
