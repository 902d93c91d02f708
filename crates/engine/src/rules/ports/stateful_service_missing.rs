//! # What it does
//!
//! Finds a StatefulSet whose `serviceName` names no known Service, though a headless one selects its Pods under another name.
//!
//! That the Service is there and is not headless is an audit: the Pods have no names of their own then, which matters only to those that
//! ask for them.
//!
//! # Why it is bad
//!
//! The Pods get the name `pod.serviceName` in the DNS, such as `db-0.db`, from the headless Service of exactly this name. Without it nobody can
//! find a certain Pod, and clusters that find each other by these names never form. The field cannot be changed later: the
//! StatefulSet has to be made anew.
//!
//! # Examples
//!
//! ```yaml inventory
//! apiVersion: v1
//! kind: Service
//! metadata: {name: db-headless}
//! spec:
//!   clusterIP: None
//!   selector: {app: db}
//!   ports: [{port: 5432}]
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: StatefulSet
//! metadata: {name: db}
//! spec:
//!   serviceName: db-headles # finding
//!   template:
//!     metadata: {labels: {app: db}}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/db:1
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: StatefulSet
//! metadata: {name: db}
//! spec:
//!   serviceName: db-headless
//!   template:
//!     metadata: {labels: {app: db}}
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/db:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id>

use crate::{
    lifecycle::services::{GoverningFault, governing_fault},
    model::{Review, workload::Updates},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
    syntax::Path,
};

rule! {
    id: "stateful-service-missing",
    summary: "the serviceName of a StatefulSet is not that of the headless Service that selects its Pods",
    level: Warn,
    since: "0.1.0",
    page: "stateful_service_missing.rs",
    check: StatefulServiceMissing {},
    other_levels: [LevelCase::of(Level::Audit, "the Service is not headless", |_| true)],
}

impl Check for StatefulServiceMissing {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let name = &review.new.controller.service_name;
        if review.workload.updates != Updates::StatefulSet || name.is_empty() {
            return;
        }
        let Some((known, template)) = review.known().zip(review.new.templates.first()) else { return };
        let at = Path::of(&["spec", "serviceName"]);
        match governing_fault(known, name, &review.new.pod_metadata(template).labels) {
            None => {}
            Some(GoverningFault::Other(meant)) => out.at(
                at,
                format_args!(
                    "there is no Service \"{name}\"; headless Service \"{meant}\" selects these Pods: name it, or they have no names in the DNS"
                ),
            ),
            Some(GoverningFault::NotHeadless) => out.at_level(
                Level::Audit,
                at,
                format_args!("Service \"{name}\" is not headless (clusterIP: None): the Pods have no names in the DNS"),
            ),
        }
    }
}
