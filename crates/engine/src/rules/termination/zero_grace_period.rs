//! # What it does
//!
//! Finds `terminationGracePeriodSeconds: 0`. In a StatefulSet it is at level deny, elsewhere at level warn. Absent means 30.
//!
//! # Why it is bad
//!
//! Zero is valid, and means what `kubectl delete --force --grace-period=0` does: the Pod is taken from the API at once, and its
//! containers are stopped some time later, when the kubelet notices. A StatefulSet may then start the Pod of the same name
//! elsewhere while the old one still runs and writes to the same data.
//!
//! The kubelet makes 1 s of it: preStop hooks run, for that one second, and containers have two from their stop signal to SIGKILL.
//! Only where a liveness or startup probe ends one container does 0 stay 0: then its preStop hook does not run at all.
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
//! If it should be quick, 1 is as quick, and the Pod stays in the API until it has stopped:
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
    summary: "the grace period is 0: a deleted Pod is gone from the API while its containers still run",
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
                    "terminationGracePeriodSeconds is 0: a deleted Pod is gone from the API while its containers still run; use 1 or more",
                );
            }
        }
    }
}
