//! # What it does
//!
//! Finds a rolling update that the API server refuses: `maxSurge` or `maxUnavailable` is neither a count nor a percentage, or is
//! beyond 100%; of a Deployment both are 0; of a DaemonSet both are 0 or neither is; of a StatefulSet `maxUnavailable` is 0;
//! or a Deployment of type `Recreate` has `rollingUpdate`.
//!
//! # Why it is bad
//!
//! The API server refuses the workload. A number in quotes is no count, and a DaemonSet's `maxUnavailable` is 1 where it is absent, so
//! that `maxSurge` alone is refused.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   strategy:
//!     rollingUpdate:
//!       maxSurge: "1" # finding
//!   selector: {matchLabels: {app: web}}
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   strategy:
//!     rollingUpdate:
//!       maxSurge: 1
//!   selector: {matchLabels: {app: web}}
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment>
//! - <https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/>
//! - `pkg/apis/apps/validation`: `ValidateRollingUpdateDeployment`, `ValidateRollingUpdateDaemonSet`,
//!   `validateRollingUpdateStatefulSet`

use crate::{
    lifecycle::disruption::{fault, is_zero, written},
    model::{IntOrString, Review, object::RollingUpdate},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "invalid-update-strategy",
    summary: "a rolling update that the API server refuses",
    level: Deny,
    since: "0.1.0",
    page: "invalid_update_strategy.rs",
    check: InvalidUpdateStrategy {},
}

impl Check for InvalidUpdateStrategy {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let controller = &review.new.controller;
        let (member, strategy, most_surge) = match (review.workload.group, review.workload.kind) {
            ("apps", "Deployment") => ("strategy", &controller.strategy, None),
            ("apps", "DaemonSet") => ("updateStrategy", &controller.update_strategy, Some(100)),
            ("apps", "StatefulSet") => ("updateStrategy", &controller.update_strategy, None),
            _ => return,
        };
        let update = &strategy.rolling_update;
        let at = |field| Path::of(&["spec", member, "rollingUpdate", field]);
        if strategy.kind == "Recreate" {
            let given = [("maxSurge", &update.max_surge), ("maxUnavailable", &update.max_unavailable)];
            if let Some((field, Some(value))) = given.into_iter().find(|(_, value)| value.is_some()) {
                let value = written(value);
                out.at(at(field), format_args!("{field} {value} is given, but type Recreate has no rolling update"));
            }
            return;
        }
        if !strategy.kind.is_empty() && strategy.kind != "RollingUpdate" {
            return;
        }
        // A StatefulSet has no maxSurge, and what is written there is dropped.
        let surge = update.max_surge.as_ref().filter(|_| review.workload.kind != "StatefulSet");
        for (field, value, most) in
            [("maxSurge", surge, most_surge), ("maxUnavailable", update.max_unavailable.as_ref(), Some(100))]
        {
            if let Some((value, fault)) = value.and_then(|value| Some((value, fault(value, most)?))) {
                return out.at(at(field), format_args!("{field} {} {fault}", written(value)));
            }
        }
        if let Some((field, message)) = together(review.workload.kind, update) {
            out.at(at(field), message);
        }
    }
}

/// Returns what is wrong with the two together, and the field to say it of.
fn together(kind: &str, update: &RollingUpdate<'_>) -> Option<(&'static str, &'static str)> {
    let is_none = |value: &Option<IntOrString<'_>>, default: bool| value.as_ref().map_or(default, is_zero);
    let unavailable = is_none(&update.max_unavailable, false);
    match kind {
        // Both are 25 % where they are absent (`SetDefaults_Deployment`).
        "Deployment" if unavailable && is_none(&update.max_surge, false) => {
            Some(("maxUnavailable", "maxSurge and maxUnavailable are both 0: no Pod could ever be replaced"))
        }
        "StatefulSet" if unavailable => Some(("maxUnavailable", "maxUnavailable is 0: no Pod could ever be replaced")),
        // Absent they are 1 and 0 (`SetDefaults_DaemonSet`).
        "DaemonSet" => match (unavailable, is_none(&update.max_surge, true)) {
            (true, true) => {
                Some(("maxUnavailable", "maxUnavailable is 0 and maxSurge too: no Pod could ever be replaced"))
            }
            (false, false) => Some((
                "maxSurge",
                "maxSurge is set and maxUnavailable is not 0; a DaemonSet takes one of them, so maxUnavailable: 0 is needed",
            )),
            _ => None,
        },
        _ => None,
    }
}
