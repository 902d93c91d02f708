//! # What it does
//!
//! Finds `terminationGracePeriodSeconds: 0`. In a StatefulSet the level is deny, elsewhere warn. Absent means 30.
//!
//! # Why it is bad
//!
//! Zero is valid, and means what `kubectl delete --force --grace-period=0` does: the Pod is taken from the API at once, no preStop
//! hook runs, and the containers are killed some time later, when the kubelet notices. A StatefulSet may then start the Pod of
//! the same name elsewhere while the old one still runs and writes to the same data.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: StatefulSet
//! metadata: {name: db}
//! spec:
//!   template:
//!     spec:
//!       terminationGracePeriodSeconds: 0 # finding
//!       containers:
//!       - name: db
//!         image: example.com/db:1
//! ```
//!
//! # Use instead
//!
//! If it should be quick, one second is quick and safe:
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: StatefulSet
//! metadata: {name: db}
//! spec:
//!   template:
//!     spec:
//!       terminationGracePeriodSeconds: 1
//!       containers:
//!       - name: db
//!         image: example.com/db:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-forced>
//! - <https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/>
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#deployment-and-scaling-guarantees>
//! - Kubelet scenario: `shutdown/grace-of-zero`
//! - Kubelet scenario: `shutdown/grace-of-one`
//! - Kubelet scenario: `workloads/statefulset-zero-grace`

use crate::{
    lifecycle::shutdown::grace_seconds,
    model::Review,
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "zero-grace-period",
    summary: "the grace period is 0: containers are killed without time to stop",
    level: Warn,
    since: "0.1.0",
    page: "zero_grace_period.rs",
    check: ZeroGracePeriod {},
    other_levels: [LevelCase::of(Level::Deny, "", |workload| workload.kind == "StatefulSet")],
}

impl Check for ZeroGracePeriod {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in review.new.templates.iter().filter(|template| grace_seconds(&template.spec) == 0) {
            let at = template.spec_path("terminationGracePeriodSeconds");
            if review.workload.kind == "StatefulSet" {
                let message = "terminationGracePeriodSeconds is 0: a Pod's successor may start while the Pod still runs; use 1 or more";
                out.at_level(Level::Deny, at, message);
            } else {
                out.at(
                    at,
                    "terminationGracePeriodSeconds is 0: containers are killed without time to stop; use 1 or more",
                );
            }
        }
    }
}
