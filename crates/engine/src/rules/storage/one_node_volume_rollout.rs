//! # What it does
//!
//! Finds a workload whose Pods share a PersistentVolumeClaim that is known to be `ReadWriteOnce` or `ReadWriteOncePod` only, and
//!
//! - whose rolling update starts the new Pod before the old one is gone, as it is by default with one replica; or
//! - that has two or more replicas. With `ReadWriteOncePod` this is denied.
//!
//! `podgate check` knows the claims of a run; the webhook knows none. Left alone are Pods that all go to one node, by
//! `nodeSelector`, by node affinity or by an affinity to themselves on `kubernetes.io/hostname`, claim templates, which give each Pod a claim
//! of its own, and rollouts in steps.
//!
//! # Why it is bad
//!
//! A `ReadWriteOnce` volume is attached to one node. A Pod on another node waits for it, and the old Pod, which has it, is only taken
//! down when the new one is ready: the update never ends, until somebody deletes the old Pod. A `ReadWriteOncePod` claim is for one Pod; the
//! scheduler leaves every other pending.
//!
//! # Examples
//!
//! ```yaml inventory
//! apiVersion: v1
//! kind: PersistentVolumeClaim
//! metadata: {name: data}
//! spec:
//!   accessModes: [ReadWriteOnce]
//!   resources: {requests: {storage: 1Gi}}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 1
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         volumeMounts:
//!         - {name: data, mountPath: /data}
//!       volumes:
//!       - name: data
//!         persistentVolumeClaim:
//!           claimName: data # finding
//! ```
//!
//! # Use instead
//!
//! Take the old Pod down first; with more replicas use a StatefulSet with `volumeClaimTemplates`, or a claim that is `ReadWriteMany`:
//!
//! ```yaml inventory
//! apiVersion: v1
//! kind: PersistentVolumeClaim
//! metadata: {name: data}
//! spec:
//!   accessModes: [ReadWriteOnce]
//!   resources: {requests: {storage: 1Gi}}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 1
//!   strategy: {type: Recreate}
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//!         volumeMounts:
//!         - {name: data, mountPath: /data}
//!       volumes:
//!       - name: data
//!         persistentVolumeClaim:
//!           claimName: data
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes>
//! - Scheduler, `volumerestrictions`: `satisfyReadWriteOncePod`
//! - Attach/detach controller: `reportMultiAttachError`

use crate::{
    lifecycle::{
        disruption::least_replicas,
        hosts::pinned,
        rollout::rolling_update,
        spread::stay_together,
        volumes::{OneNodeVolume, one_node_volumes},
    },
    model::{Review, inventory_object::ClaimAccess},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "one-node-volume-rollout",
    summary: "Pods that have to run at the same time share a claim that only one node or Pod may use",
    level: Warn,
    since: "0.1.0",
    page: "one_node_volume_rollout.rs",
    check: OneNodeVolumeRollout {},
    other_levels: [LevelCase::of(
        Level::Deny,
        "two or more replicas share a ReadWriteOncePod claim",
        |workload| workload.keeps_replicas,
    )],
}

impl Check for OneNodeVolumeRollout {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        // All kinds that keep replicas have one template.
        let Some(template) = review.new.templates.first().filter(|_| review.workload.keeps_replicas) else { return };
        let spec = &template.spec;
        let Some(known) = review.known().filter(|_| !spec.volumes.is_empty()) else { return };
        let mut volumes = one_node_volumes(known, spec).peekable();
        // What another workload manages is told of there.
        if volumes.peek().is_none() || review.new.metadata.controller().is_some() {
            return;
        }
        // 1 is the API's default.
        let replicas = least_replicas(review).unwrap_or(1);
        let update =
            rolling_update(review.workload, &review.new.controller).and_then(|update| update.at_once(replicas));
        let is_rolling = update.is_some();
        let starts_first = replicas > 0 && update.is_some_and(|update| update.unavailable == 0);
        let are_together = pinned(spec).is_some() || stay_together(spec, &review.new.pod_metadata(template).labels);
        for OneNodeVolume { index, claim, access } in volumes {
            let at = template.spec_path("volumes").index(index).keys(&["persistentVolumeClaim", "claimName"]);
            let mode = access.as_str();
            match access {
                ClaimAccess::OnePod if replicas > 1 => out.at_level(
                    Level::Deny,
                    at,
                    format_args!(
                        "{replicas} replicas share claim \"{claim}\", which is {mode}: only one of them is ever scheduled; use 1 replica or volumeClaimTemplates"
                    ),
                ),
                ClaimAccess::OnePod if starts_first => out.at(
                    at,
                    format_args!(
                        "claim \"{claim}\" is {mode} and a rolling update starts the new Pod first: it is never scheduled; use strategy Recreate"
                    ),
                ),
                ClaimAccess::OneNode if replicas > 1 && is_rolling && !are_together => out.at(
                    at,
                    format_args!(
                        "{replicas} replicas share claim \"{claim}\", which is {mode}: those on other nodes wait for it; use 1 replica, volumeClaimTemplates or ReadWriteMany"
                    ),
                ),
                ClaimAccess::OneNode if starts_first && !are_together => out.at(
                    at,
                    format_args!(
                        "claim \"{claim}\" is {mode} and a rolling update starts the new Pod first: on another node it waits for the volume, which the old Pod keeps; use strategy Recreate"
                    ),
                ),
                _ => {}
            }
        }
    }
}
