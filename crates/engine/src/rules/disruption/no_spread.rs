//! # What it does
//!
//! Finds a workload with two or more replicas whose Pods nothing keeps apart: they have neither `topologySpreadConstraints` nor a
//! `podAntiAffinity`, or the anti-affinity that they have is to other Pods. Where an autoscaler is known, what it goes down to
//! counts. Left alone are Pods with a host port, of which a node can only take one. Of what has no effect at all
//! [spread-without-effect](spread-without-effect.md) tells.
//!
//! # Why it is bad
//!
//! The scheduler spreads them on its own only as far as it suits it: they may all stand on one node, or in one zone, and be
//! gone together.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3 # finding
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
//!   replicas: 3
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec:
//!       topologySpreadConstraints:
//!       - topologyKey: kubernetes.io/hostname
//!         maxSkew: 1
//!         whenUnsatisfiable: ScheduleAnyway
//!         labelSelector: {matchLabels: {app: web}}
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>
//! - Scheduler, `podtopologyspread`: `selfMatchNum`

use crate::{
    lifecycle::{
        disruption::least_replicas,
        spread::{Spread, spread},
    },
    model::{Review, Template},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "no-spread",
    summary: "replicas without topologySpreadConstraints and podAntiAffinity may all stand on one node",
    level: Audit,
    since: "0.1.0",
    page: "no_spread.rs",
    check: NoSpread {},
}

impl Check for NoSpread {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(replicas) = least_replicas(review).filter(|replicas| *replicas >= 2) else { return };
        let of = |template: &Template<'_>| spread(&template.spec, &review.new.pod_metadata(template).labels);
        let why = match review.new.templates.iter().map(of).find(|spread| *spread != Spread::Itself) {
            None | Some(Spread::Itself | Spread::Faulty) => return,
            Some(Spread::Nothing) => "neither topologySpreadConstraints nor podAntiAffinity is set",
            Some(Spread::Others) => "podAntiAffinity selects other Pods",
        };
        out.at(Path::of(&["spec", "replicas"]), format_args!("{replicas} replicas may all stand on one node: {why}"));
    }
}
