//! Removes the scheduling gates that podgate has added, once all that their Pods wait for is there.
//!
//! Mechanism: of all replicas with `--open-gates` the holder of a Lease works, the others stand by. It watches the Pods that are not
//! scheduled yet (`pods`), and of what they wait for each kind in each namespace, for as long as anybody waits for it (`targets`).
//! `controller` holds both against each other, and has `patch` remove what nobody waits behind any more; `events` tells people.
//!
//! Nothing is removed early: what a watch has seen counts only while that watch is in order, and all of it is looked at again right
//! before each patch. Nothing of others is removed: each patch tests the Pod's uid and the gate's name.
//!
//! The Lease is one of its own, and not that of managed certificates: its holder is known to remove gates by holding it, to replicas
//! too that do not (`watch_opener`).

mod controller;
mod decide;
mod events;
mod overview;
mod patch;
mod pods;
mod targets;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use kube::Client;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use self::controller::Controller;
pub use self::overview::{AwaitedTarget, Overview, Owner, WaitingPods, gates_overview};
use super::lease::{Election, Observer, RENEW};
use super::list_watch::chain;
use crate::server::{ClusterState, log};

/// Name of the Lease, in podgate's own namespace.
const LEASE: &str = "podgate-gates";
/// Time between two looks at the Lease of whoever stands by: what a change of hands costs.
const STANDBY: Duration = Duration::from_secs(1);

/// A task that ends when this is dropped.
#[derive(Debug)]
struct Task(tokio::task::JoinHandle<Infallible>);

impl Task {
    fn spawn(task: impl Future<Output = Infallible> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Removes gates for as long as it is polled, whenever this replica holds the Lease. Once `stop` is cancelled, because this replica is
/// about to go, it leaves that to another at once. `identity` is this replica's in the Lease; no two may have the same.
pub async fn open_gates(
    client: Client,
    identity: String,
    cluster_state: ClusterState,
    stop: CancellationToken,
) -> Infallible {
    cluster_state.set_opens_gates(true);
    cluster_state.leads_gates(false);
    let namespace = client.default_namespace().to_owned();
    let mut election = Election::new(client.clone(), &namespace, LEASE.to_owned(), identity.clone());
    let leadership = election.leadership();
    let mut work: Option<Task> = None;
    let mut is_lost = false;
    let mut renewed: Option<Instant> = None;
    let mut look = interval(STANDBY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = stop.cancelled() => {
                drop(work.take());
                cluster_state.leads_gates(false);
                if let Err(cause) = election.release().await {
                    report(&cause, "the Lease of the gates cannot be released");
                }
                return pending().await;
            }
        }
        let is_due = !election.is_held() || renewed.is_none_or(|at| at.elapsed() >= RENEW);
        if is_due {
            let campaign = election.campaign().await;
            if let Err(cause) = &campaign
                && !is_lost
            {
                report(cause, "the Lease of the gates cannot be taken or renewed");
            }
            is_lost = campaign.is_err();
            renewed = campaign.is_ok().then(Instant::now);
        }
        let is_held = election.is_held();
        if is_held != work.is_some() {
            info!(holder = is_held, "the Lease of the gates has changed hands");
            cluster_state.leads_gates(is_held);
            // The next holder counts them.
            cluster_state.gates_counted(&BTreeMap::new());
            work = is_held.then(|| {
                let (client, state) = (client.clone(), cluster_state.clone());
                Task::spawn(Controller::run(client, state, leadership.clone(), identity.clone()))
            });
        }
    }
}

/// Tells `cluster_state` whether another replica removes gates, for as long as it is polled. Asks only under a policy that has such
/// gates.
pub async fn watch_opener(client: Client, cluster_state: ClusterState) -> Infallible {
    let namespace = client.default_namespace().to_owned();
    let mut lease = Observer::new(client, &namespace, LEASE);
    loop {
        if cluster_state.engine().opened_gates().are_added() {
            let opens = lease.is_held().await.unwrap_or_else(|cause| {
                let cause = chain(&cause);
                let cause = log::clean(&cause);
                debug!(cause = cause.as_ref(), "the Lease of the gates cannot be read");
                false
            });
            cluster_state.set_opens_gates(opens);
        }
        sleep(STANDBY).await;
    }
}

fn report(cause: &dyn std::error::Error, message: &'static str) {
    let cause = chain(cause);
    let cause = log::clean(&cause);
    warn!(cause = cause.as_ref(), "{message}");
}
