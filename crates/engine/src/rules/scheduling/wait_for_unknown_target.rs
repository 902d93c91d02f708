//! # What it does
//!
//! Finds Pods that wait for an object that is not there, by their annotation `podgate.dev/wait-for` or by a scheduling gate of the
//! policy with `openWhen` that selects them:
//!
//! - There is no such Service in a namespace whose Services are known, or no such Deployment, StatefulSet, DaemonSet or Job in a run of
//!   `podgate check`; with the name that may be meant. A workload without a like name may come from somewhere else, and an object that
//!   is created in a cluster may come before what it waits for: an audit then. `serve --watch` knows Services, Deployments and
//!   StatefulSets. Secrets, ConfigMaps and PersistentVolumeClaims are not looked for.
//! - The Job that is waited for has `ttlSecondsAfterFinished`.
//!
//! # Why it is bad
//!
//! The Pods stay Pending until somebody makes the object, or until `openAfter` of the policy lets them go.
//!
//! A Job with `ttlSecondsAfterFinished` is deleted so many seconds after its end. Pods that are made then, after a rollout, a drain or by
//! an autoscaler, wait for a Job that nobody runs again.
//!
//! # Examples
//!
//! ```yaml request
//! file: true
//! ```
//!
//! ```yaml inventory
//! apiVersion: v1
//! kind: Service
//! metadata: {name: database}
//! spec: {selector: {app: db}, ports: [{port: 5432}]}
//! ---
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: migrate}
//! spec:
//!   ttlSecondsAfterFinished: 600
//!   template: {metadata: {labels: {app: migrate}}}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata:
//!       annotations:
//!         podgate.dev/wait-for: service/databse # finding: names service/databse, which is not known (did you mean "database"?)
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata:
//!       annotations:
//!         podgate.dev/wait-for: job/migrate # finding: job/migrate is deleted 600 s after its end
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! A Job that stays, or what it leaves behind:
//!
//! ```yaml request
//! file: true
//! ```
//!
//! ```yaml inventory
//! apiVersion: v1
//! kind: Service
//! metadata: {name: database}
//! spec: {selector: {app: db}, ports: [{port: 5432}]}
//! ---
//! apiVersion: batch/v1
//! kind: Job
//! metadata: {name: migrate}
//! spec:
//!   template: {metadata: {labels: {app: migrate}}}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata:
//!       annotations:
//!         podgate.dev/wait-for: service/database, job/migrate, configmap/schema-version
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/>
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/>

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::waiting::{
        OpenedGates,
        among::{absent, held, held_at, kept_seconds},
    },
    model::{Operation, Review},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, PolicyFacts, Report, rule},
    },
    syntax::suggest::meant,
};

rule! {
    id: "wait-for-unknown-target",
    summary: "Pods wait for an object that is not there, or for a Job that is deleted after its end",
    level: Warn,
    since: "0.1.0",
    page: "wait_for_unknown_target.rs",
    check: WaitForUnknownTarget,
    other_levels: [
        LevelCase::of(Level::Audit, "nothing of a like name is known, and it may come later or from elsewhere", |_| true),
    ],
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct WaitForUnknownTarget {
    #[serde(skip)]
    gates: Arc<OpenedGates>,
}

impl Check for WaitForUnknownTarget {
    fn with_policy(&mut self, facts: &PolicyFacts) {
        self.gates = Arc::clone(&facts.gates);
    }

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        // Whoever controls it says what its Pods wait for.
        if review.inventory.is_none() || review.new.metadata.controller().is_some() {
            return;
        }
        for template in review.new.templates.iter().filter(|template| !template.is_container) {
            for held in held(&self.gates, review, template) {
                let target = &held.wait.target;
                let (by, called, how_long) = (held.by(), target.beside(&review.namespace), held.how_long());
                if let Some(absent) = absent(review, target) {
                    out.spend(absent.looked_at);
                    let hint = match (absent.near, absent.other_kind) {
                        (_, Some(kind)) => format!(" (there is a {kind} of this name)"),
                        (Some(near), None) => meant(near),
                        (None, None) => String::new(),
                    };
                    let is_changed = !review.from_file && review.operation == Operation::Update;
                    let is_sure = is_changed || review.from_file && target.kind == "Service" || !hint.is_empty();
                    out.at_level(
                        if is_sure { Level::Warn } else { Level::Audit },
                        held_at(template, &held),
                        format_args!(
                            "{by} names {called}, which is not known{hint}: the Pods wait {how_long} unless it comes"
                        ),
                    );
                }
                // Pods that are made once are made beside the Job.
                let makes_more = !review.workload.is_pod() && review.workload.kind != "Job";
                if let Some(seconds) = kept_seconds(review, target).filter(|_| makes_more) {
                    out.at(
                        held_at(template, &held),
                        format_args!(
                            "{called} is deleted {seconds} s after its end, and Pods that are made later wait {how_long}; remove ttlSecondsAfterFinished of {called}, or wait for what it leaves behind"
                        ),
                    );
                }
            }
        }
    }
}
