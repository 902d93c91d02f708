//! # What it does
//!
//! Finds a topology spread constraint with `whenUnsatisfiable: DoNotSchedule` in a Deployment or Rollout that is updated some Pods at a
//! time, whose selector, and `matchLabelKeys`, do not tell the Pods of one version from those of another.
//!
//! Constraints that do not select the Pod itself are told of by [spread-without-effect](spread-without-effect.md).
//!
//! # Why it is bad
//!
//! During an update the Pods of the old version are counted too. The new ones are placed where the sum is even, and when the
//! old ones are gone they may be left lopsided: many in one zone, few in another.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 6
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec:
//!       topologySpreadConstraints:
//!       - topologyKey: topology.kubernetes.io/zone # finding
//!         maxSkew: 1
//!         whenUnsatisfiable: DoNotSchedule
//!         labelSelector: {matchLabels: {app: web}}
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! The label that the controller gives to the Pods of each version; a Rollout's is `rollouts-pod-template-hash`:
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 6
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec:
//!       topologySpreadConstraints:
//!       - topologyKey: topology.kubernetes.io/zone
//!         maxSkew: 1
//!         whenUnsatisfiable: DoNotSchedule
//!         labelSelector: {matchLabels: {app: web}}
//!         matchLabelKeys: [pod-template-hash]
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#topologyspreadconstraints-field>
//! - Scheduler, `podtopologyspread`: `filterTopologySpreadConstraints`

use crate::{
    lifecycle::{disruption::least_replicas, rollout::rolling_update, spread::constraint_fault},
    model::{Review, version::MATCH_LABEL_KEYS, workload::Updates},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "spread-counts-old-pods",
    summary: "a topology spread constraint counts the Pods of the old version during an update",
    level: Audit,
    since: "0.1.0",
    page: "spread_counts_old_pods.rs",
    check: SpreadCountsOldPods {},
    feature: MATCH_LABEL_KEYS,
}

impl Check for SpreadCountsOldPods {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let hash = match review.workload.updates {
            Updates::Deployment => "pod-template-hash",
            Updates::Rollout => "rollouts-pod-template-hash",
            _ => return,
        };
        let Some(template) = review.new.templates.first() else { return };
        // One Pod has nobody to be apart from.
        if template.spec.topology_spread_constraints.is_empty() || least_replicas(review).is_some_and(|least| least < 2)
        {
            return;
        }
        if rolling_update(review.workload, &review.new.controller).is_none() {
            return;
        }
        let labels = &review.new.pod_metadata(template).labels;
        for (index, constraint) in template.spec.topology_spread_constraints.iter().enumerate() {
            // A key of which nothing is known may be a label that changes with the version.
            let tells_versions =
                constraint.match_label_keys.iter().any(|key| *key == hash || labels.get(key).is_none());
            let counts_all = constraint.when_unsatisfiable == "DoNotSchedule" && !tells_versions;
            if counts_all && constraint_fault(constraint, labels).is_none() {
                out.at(
                    template.spec_path("topologySpreadConstraints").index(index),
                    format_args!(
                        "topologySpreadConstraints[{index}] counts the Pods of the old version too during an update, and may leave the new ones uneven; add matchLabelKeys [{hash}]"
                    ),
                );
            }
        }
    }
}
