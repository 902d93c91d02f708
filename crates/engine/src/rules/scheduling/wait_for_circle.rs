//! # What it does
//!
//! Finds objects that wait for each other, by the annotation `podgate.dev/wait-for` or by scheduling gates of the policy with
//! `openWhen`: A waits for B, and B, or what stands behind a Service B, for A, directly or over others. A Pod that waits for the Service
//! in front of it, or for its own workload, is a circle of one.
//!
//! `podgate check` says so of the objects of a run, of one object of each circle: the first by namespace, kind and name. In a cluster it
//! is a warning, since the Pods may run already and only new ones wait; `serve --watch` knows Services, Deployments, StatefulSets,
//! ReplicaSets and ReplicationControllers. A Service behind which there is somebody who does not wait for it ends the circle.
//!
//! # Why it is bad
//!
//! None of the Pods is ever scheduled: each waits for the other. With `openAfter` they wait as long as that.
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
//! metadata: {name: db}
//! spec: {selector: {app: db}, ports: [{port: 5432}]}
//! ---
//! apiVersion: apps/v1
//! kind: StatefulSet
//! metadata: {name: db}
//! spec:
//!   template:
//!     metadata:
//!       labels: {app: db}
//!       annotations: {podgate.dev/wait-for: deployment/web}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata:
//!       labels: {app: web}
//!       annotations:
//!         podgate.dev/wait-for: service/db # finding: Deployment "web" waits for service/db, whose Pods (StatefulSet "db") wait for deployment/web: none of them starts [deny]
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! Let one of them start, and find the other by its readiness probe:
//!
//! ```yaml request
//! file: true
//! ```
//!
//! ```yaml inventory
//! apiVersion: v1
//! kind: Service
//! metadata: {name: db}
//! spec: {selector: {app: db}, ports: [{port: 5432}]}
//! ---
//! apiVersion: apps/v1
//! kind: StatefulSet
//! metadata: {name: db}
//! spec:
//!   template:
//!     metadata:
//!       labels: {app: db}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata:
//!       labels: {app: web}
//!       annotations:
//!         podgate.dev/wait-for: service/db
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/>

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::waiting::{OpenedGates, among::circles},
    model::Review,
    rules::{
        level::{Level, LevelCase},
        rule::{Check, PolicyFacts, Report, rule},
    },
};

rule! {
    id: "wait-for-circle",
    summary: "Pods wait for each other, or for themselves: none of them is ever scheduled",
    level: Deny,
    since: "0.1.0",
    page: "wait_for_circle.rs",
    check: WaitForCircle,
    other_levels: [LevelCase::of(Level::Warn, "the objects are in a cluster, where their Pods may run already", |_| true)],
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct WaitForCircle {
    #[serde(skip)]
    gates: Arc<OpenedGates>,
}

impl Check for WaitForCircle {
    fn with_policy(&mut self, facts: &PolicyFacts) {
        self.gates = Arc::clone(&facts.gates);
    }

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        // Whoever controls it says what its Pods wait for.
        if review.new.metadata.controller().is_some() {
            return;
        }
        let Some(inventory) = review.inventory else { return };
        for circle in circles(&self.gates, review) {
            // Where all of them are judged, one of them is told of; unless only what has changed is.
            if inventory.is_judged() && review.old.is_none() && !circle.is_first {
                continue;
            }
            let level = if review.from_file { Level::Deny } else { Level::Warn };
            out.at_level(level, circle.at.clone(), circle);
        }
    }
}
