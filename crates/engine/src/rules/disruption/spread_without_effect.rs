//! # What it does
//!
//! Finds what shall keep Pods apart and does not:
//!
//! - a topology spread constraint whose `labelSelector` does not select the Pod itself, or is absent or empty. A label that the controller or
//!   a webhook may add, such as `pod-template-hash`, is taken to be there;
//! - a `podAntiAffinity` without `labelSelector`. One to other Pods is left alone;
//! - a `maxSkew` that is absent or below 1, which is denied.
//!
//! # Why it is bad
//!
//! The scheduler counts the Pods that the selector selects, in the Pod's own namespace. If the Pod is not among them, the counts stay
//! as they are wherever it goes: all replicas may come to stand on one node, or in one zone, and go down with it. An absent selector
//! selects nothing, and for an empty one the scheduler counts nothing. A Pod with a `maxSkew` below 1 is refused by the API server; of
//! custom kinds that comes to light only when their controllers make Pods.
//!
//! # Examples
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
//!         whenUnsatisfiable: DoNotSchedule
//!         labelSelector: {matchLabels: {app: api}} # finding
//!       - topologyKey: topology.kubernetes.io/zone # finding
//!         maxSkew: 1
//!         whenUnsatisfiable: ScheduleAnyway
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
//!         whenUnsatisfiable: DoNotSchedule
//!         labelSelector: {matchLabels: {app: web}}
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#implicit-conventions>
//! - Scheduler, `podtopologyspread`: `selfMatchNum`, `countPodsMatchSelector`
//! - API server: `validateTopologySpreadConstraints`

use crate::{
    lifecycle::spread::{SpreadFault, anti_affinities, constraint_fault},
    model::Review,
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "spread-without-effect",
    summary: "a topology spread constraint or anti-affinity that keeps no Pods apart",
    level: Warn,
    since: "0.1.0",
    page: "spread_without_effect.rs",
    check: SpreadWithoutEffect {},
    other_levels: [LevelCase::of(Level::Deny, "maxSkew is below 1", |_| true)],
}

impl Check for SpreadWithoutEffect {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let labels = &review.new.pod_metadata(template).labels;
            for (index, constraint) in template.spec.topology_spread_constraints.iter().enumerate() {
                let at = template.spec_path("topologySpreadConstraints").index(index);
                let skew = constraint.max_skew.unwrap_or(0);
                if skew < 1 {
                    out.at_level(
                        Level::Deny,
                        at.clone().key("maxSkew"),
                        format_args!("maxSkew of topologySpreadConstraints[{index}] is {skew}; at least 1 is expected"),
                    );
                }
                if let Some(fault) = constraint_fault(constraint, labels) {
                    out.at(
                        at.key("labelSelector"),
                        format_args!(
                            "topologySpreadConstraints[{index}] {fault}; it spreads nothing: select the Pods' own labels"
                        ),
                    );
                }
            }
            for (place, _) in anti_affinities(&template.spec).filter(|(_, term)| term.label_selector.is_none()) {
                out.at(
                    place.path(template.spec_at()).key("labelSelector"),
                    format_args!(
                        "podAntiAffinity {}; it keeps no Pods apart: select the Pods' own labels",
                        SpreadFault::NoSelector
                    ),
                );
            }
        }
    }
}
