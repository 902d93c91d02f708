//! # What it does
//!
//! Finds volumes of a Pod, and `volumeClaimTemplates` of a StatefulSet or CloneSet, that no container mounts or uses as a device. Init
//! and ephemeral containers count.
//!
//! # Why it is bad
//!
//! The Pod waits until the volume is there, and fails to start where it is missing, for something that nobody reads; an unused claim
//! template costs a disk for every replica. Mostly it is a mount that was forgotten or misspelt.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!   volumes:
//!   - name: config # finding
//!     configMap: {name: web}
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     volumeMounts:
//!     - {name: config, mountPath: /etc/app}
//!   volumes:
//!   - name: config
//!     configMap: {name: web}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/storage/volumes/>
//! - <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1/#StatefulSetSpec> (`volumeClaimTemplates`)
//! - Kubelet scenario: `order/missing-volume-that-nobody-mounts`
//! - Kubelet scenario: `order/missing-claim-that-nobody-mounts`

use crate::{
    lifecycle::stages,
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::{Path, SmallMap},
};

rule! {
    id: "unused-volume",
    summary: "a volume is declared, and no container mounts it",
    level: Audit,
    since: "0.1.0",
    page: "unused_volume.rs",
    check: UnusedVolume {},
}

impl Check for UnusedVolume {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let used: SmallMap<&str, ()> = stages::containers(&template.spec)
                .flat_map(|placed| {
                    let mounts = placed.container.volume_mounts.iter().map(|mount| &*mount.name);
                    mounts.chain(placed.container.volume_devices.iter().map(|device| &*device.name))
                })
                .collect();
            for (index, volume) in template.spec.volumes.iter().enumerate() {
                if !used.contains(&&*volume.name) {
                    let message = format!("volume \"{}\" is mounted by no container", volume.name);
                    out.at(template.spec_path("volumes").index(index), message);
                }
            }
            for (index, claim) in review.new.controller.volume_claim_templates.iter().enumerate() {
                let name = &claim.metadata.name;
                if !used.contains(&&**name) {
                    let at = Path::of(&["spec", "volumeClaimTemplates"]).index(index);
                    out.at(at, format_args!("claim template \"{name}\" is mounted by no container: every replica gets a volume that nobody uses"));
                }
            }
        }
    }
}
