//! Keeps reports of what runs in the cluster, as objects that others show.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, PartialObjectMeta, Patch, PatchParams,
};
use kube::{Api, Client};
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::run::{AuditScope, audit_cluster};
use crate::cluster::lease::{Election, RENEW};
use crate::cluster::list_watch::chain;
use crate::server::{ClusterState, log};
use podgate_audit::output::report::{self, ReportApi};
use podgate_engine::policy::Engine;

/// Name of the Lease, in podgate's own namespace.
const LEASE: &str = "podgate-reports";
/// Whose fields of a report these are.
const MANAGER: &str = "podgate";
/// A change of the policy is gathered for so long before everything is judged anew.
const AFTER_POLICY: Duration = Duration::from_secs(5);
/// The pause after an audit that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// How reports are kept.
#[derive(Debug, Clone)]
pub struct ReportsOptions {
    /// Time between two audits.
    pub every: Duration,
    /// Identity of this replica in the Lease; no two may have the same.
    pub identity: String,
}

/// Keeps reports for as long as it is polled, whenever this replica holds the Lease. Once `stop` is cancelled it leaves that to another.
pub async fn write_reports(
    client: Client,
    options: ReportsOptions,
    cluster_state: ClusterState,
    stop: CancellationToken,
) -> Infallible {
    let namespace = client.default_namespace().to_owned();
    let mut election = Election::new(client.clone(), &namespace, LEASE.to_owned(), options.identity.clone());
    let mut renew = interval(RENEW);
    renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_lost = false;
    let mut due = Instant::now();
    let mut engine = cluster_state.engine();
    let mut run: Option<tokio::task::JoinHandle<Result<usize, String>>> = None;
    loop {
        tokio::select! {
            _ = renew.tick() => {}
            () = stop.cancelled() => {
                if let Some(run) = run.take() {
                    run.abort();
                }
                if let Err(cause) = election.release().await {
                    report_failure(&chain(&cause), "the Lease of the reports cannot be released");
                }
                return pending().await;
            }
        }
        let campaign = election.campaign().await;
        if let Err(cause) = &campaign
            && !is_lost
        {
            report_failure(&chain(cause), "the Lease of the reports cannot be taken or renewed");
        }
        is_lost = campaign.is_err();
        if !election.is_held() {
            if let Some(run) = run.take() {
                run.abort();
            }
            due = Instant::now();
            continue;
        }
        let now = cluster_state.engine();
        if !Arc::ptr_eq(&engine, &now) {
            engine = now;
            due = due.min(Instant::now() + AFTER_POLICY);
        }
        match run.take() {
            Some(running) if !running.is_finished() => run = Some(running),
            Some(ended) => match ended.await.unwrap_or_else(|cause| Err(cause.to_string())) {
                Ok(written) => info!(written, "reports are up to date"),
                Err(cause) => {
                    report_failure(&cause, "reports cannot be written; they are tried again");
                    due = Instant::now() + AFTER_FAILURE;
                }
            },
            None if due <= Instant::now() => {
                due = Instant::now() + options.every;
                let (client, engine) = (client.clone(), Arc::clone(&engine));
                run = Some(tokio::spawn(async move { write(&client, &engine).await }));
            }
            None => {}
        }
    }
}

fn report_failure(cause: &str, message: &'static str) {
    let cause = log::clean(cause);
    warn!(cause = cause.as_ref(), "{message}");
}

/// Audits, writes a report of each namespace in which something was found, and removes those that have nothing to say any more.
async fn write(client: &Client, engine: &Engine) -> Result<usize, String> {
    let served = served(client).await?;
    let api = *served.first().ok_or_else(|| {
        let names: Vec<&str> = ReportApi::ALL.iter().map(|api| api.api_version()).collect();
        format!("the cluster has no kind of reports: install the CRDs of {}", names.join(" or of "))
    })?;
    let scope = AuditScope { policy: engine.policy().metadata.name.clone(), ..AuditScope::default() };
    let (audit, _) = audit_cluster(client, engine, &scope).await.map_err(|cause| cause.to_string())?;
    // All that is judged is in a namespace.
    let reports: Vec<(String, Value)> = report::reports(&audit, api)
        .into_iter()
        .filter_map(|report| Some((report.pointer("/metadata/namespace")?.as_str()?.to_owned(), report)))
        .collect();
    let apply = PatchParams::apply(MANAGER).force();
    for (namespace, report) in &reports {
        let objects: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource(api));
        objects.patch(report::NAME, &apply, &Patch::Apply(report)).await.map_err(|cause| chain(&cause))?;
    }
    let written: BTreeSet<&str> = reports.iter().map(|(namespace, _)| namespace.as_str()).collect();
    for of in served {
        let resource = resource(of);
        let all: Api<PartialObjectMeta<DynamicObject>> = Api::all_with(client.clone(), &resource);
        let own = all.list(&ListParams::default().labels(report::OWN_LABEL)).await.map_err(|cause| chain(&cause))?;
        for metadata in own.items.into_iter().map(|found| found.metadata) {
            let (namespace, name) = (metadata.namespace.unwrap_or_default(), metadata.name.unwrap_or_default());
            // Those of the older API are left from before the newer one was there.
            if of == api && written.contains(namespace.as_str()) && name == report::NAME {
                continue;
            }
            let objects: Api<DynamicObject> = Api::namespaced_with(client.clone(), &namespace, &resource);
            match objects.delete(&name, &DeleteParams::default()).await {
                Ok(_) => {}
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(cause) => return Err(chain(&cause)),
            }
        }
    }
    Ok(reports.len())
}

fn resource(api: ReportApi) -> ApiResource {
    let (group, version) = api.api_version().split_once('/').unwrap_or(("", api.api_version()));
    let (kind, plural) = api.kind(false);
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}

/// Returns the APIs of reports that the cluster has, the newer one first.
async fn served(client: &Client) -> Result<Vec<ReportApi>, String> {
    let mut served = Vec::new();
    for api in ReportApi::ALL {
        match client.list_api_group_resources(api.api_version()).await {
            Ok(_) => served.push(api),
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(cause) => return Err(chain(&cause)),
        }
    }
    Ok(served)
}
