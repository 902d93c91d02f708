//! # What it does
//!
//! Finds Pods whose init containers make the node reserve more than `factor` (default 2.0) times what all apps and sidecars request
//! together, for cpu or memory. A sidecar before an init container runs beside it, and its requests count there, too.
//!
//! Left alone is what is little on any node, up to 100m cpu and 128Mi memory, whatever the apps request; and what the Pod as a whole
//! requests: that is reserved, whatever its containers request.
//!
//! # Why it is bad
//!
//! The scheduler reserves the larger of what the Pod needs while it starts and while it runs, and keeps it for the Pod's whole life. A
//! migration of one minute that requests 8 cpus holds them for years on every replica.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate
//!     image: example.com/migrate:1
//!     resources: # finding: init container "migrate" makes the node reserve 4 cpu
//!       requests: {cpu: 4, memory: 256Mi}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     resources:
//!       requests: {cpu: 500m, memory: 1Gi}
//! ```
//!
//! # Use instead
//!
//! Request what is needed and let the work take longer, or run it as a Job:
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   initContainers:
//!   - name: migrate
//!     image: example.com/migrate:1
//!     resources:
//!       requests: {cpu: 500m, memory: 256Mi}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     resources:
//!       requests: {cpu: 500m, memory: 1Gi}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers>
//! - KEP-753, Sidecar containers (Resources calculation for scheduling and pod admission)
//! - Kubelet scenario: `workloads/init-request-is-kept`

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::resources::{QOS_RESOURCES, phases, requests},
    model::{Amount, Review},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "init-request-dominates",
    summary: "an init container makes the node reserve far more than the Pod needs when it runs",
    level: Warn,
    since: "0.1.0",
    page: "init_request_dominates.rs",
    check: InitRequestDominates,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct InitRequestDominates {
    /// How many times what the apps and sidecars request an init container may make the node reserve.
    factor: f64,
}

impl Default for InitRequestDominates {
    fn default() -> Self {
        Self { factor: 2.0 }
    }
}

/// Says how much an init container may make the node reserve in any case: 100m cpu, 128Mi memory, in billionths.
fn is_little(resource: &str, amount: Amount) -> bool {
    let most = if resource == "cpu" { 100_000_000 } else { (128 << 20) * 1_000_000_000 };
    amount.0 <= most
}

impl Check for InitRequestDominates {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let spec = &template.spec;
            if spec.init_containers.is_empty() {
                continue;
            }
            let phases = phases(spec, requests);
            for resource in QOS_RESOURCES {
                // Where the Pod requests it as a whole, that is what is reserved; its limit alone changes nothing here.
                if spec.resources.requests.get(resource).is_some() {
                    continue;
                }
                let Some(peak) = phases.init.get(resource) else { continue };
                let running = phases.running.get(resource).copied().unwrap_or_default();
                let Some(container) = spec.init_containers.get(peak.index) else { continue };
                if !is_little(resource, peak.amount) && exceeds(peak.amount, self.factor, running) {
                    out.measured(
                        peak.amount.thousandths(),
                        template.spec_path("initContainers").index(peak.index).key("resources"),
                        format_args!("init container \"{}\" makes the node reserve {} {resource} for the Pod's whole life; apps and sidecars request {running}", container.name, peak.amount),
                    );
                }
            }
        }
    }
}

/// Returns whether `amount` is more than `factor` times `other`.
#[expect(clippy::cast_precision_loss, reason = "a factor is no exact number either")]
fn exceeds(amount: Amount, factor: f64, other: Amount) -> bool {
    amount.0 as f64 > factor * other.0 as f64
}
