//! # What it does
//!
//! Finds `emptyDir` volumes of a StatefulSet that has nothing that lasts: no `volumeClaimTemplates`, and no volume of a
//! `persistentVolumeClaim`, `hostPath`, `nfs`, `iscsi` or `fc`. A generic `ephemeral` volume does not last either.
//!
//! Only volumes that an app or sidecar mounts writable count, and not those in memory or at a place for scratch files: `/tmp`,
//! `/var/tmp`, `/var/cache`, `/run`, `/var/run`, `/var/lock`, `/dev/shm` and below; in a container with `readOnlyRootFilesystem` also
//! `/home`, `/root` and `/var/log`.
//!
//! # Why it is bad
//!
//! A StatefulSet is for Pods that keep their identity and their data. An emptyDir is deleted with its Pod: after each roll-out,
//! eviction or node failure the replica comes back empty under its old name.
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
//!       containers:
//!       - name: db
//!         image: example.com/db:1
//!         volumeMounts:
//!         - {name: data, mountPath: /var/lib/db}
//!       volumes:
//!       - name: data
//!         emptyDir: {} # finding
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: StatefulSet
//! metadata: {name: db}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: db
//!         image: example.com/db:1
//!         volumeMounts:
//!         - {name: data, mountPath: /var/lib/db}
//!   volumeClaimTemplates:
//!   - metadata: {name: data}
//!     spec:
//!       accessModes: [ReadWriteOnce]
//!       resources: {requests: {storage: 10Gi}}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage>
//! - <https://kubernetes.io/docs/concepts/storage/volumes/#emptydir>

use std::collections::HashMap;

use crate::{
    lifecycle::{
        stages::{self, Role},
        volumes::is_scratch,
    },
    model::{Review, Template, pod::Volume},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "stateful-empty-dir",
    summary: "a StatefulSet keeps its data in an emptyDir, which dies with the Pod",
    level: Audit,
    since: "0.1.0",
    page: "stateful_empty_dir.rs",
    check: StatefulEmptyDir {},
}

impl Check for StatefulEmptyDir {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if review.workload.kind != "StatefulSet" || !review.new.claims.is_empty() {
            return;
        }
        for template in &review.new.templates {
            if template.spec.volumes.iter().any(lasts) {
                continue;
            }
            let keepers = keepers(template);
            for (index, volume) in template.spec.volumes.iter().enumerate() {
                let on_disk = volume.empty_dir.as_ref().is_some_and(|empty_dir| empty_dir.medium != "Memory");
                let Some(container) = keepers.get(&*volume.name).filter(|_| on_disk) else { continue };
                out.at(
                    template.spec_path("volumes").index(index).key("emptyDir"),
                    format_args!("container \"{container}\" writes to emptyDir \"{}\" and the StatefulSet has no volumeClaimTemplates: the data dies with each Pod", volume.name),
                );
            }
        }
    }
}

/// Returns whether what is in the volume is still there after the Pod.
fn lasts(volume: &Volume<'_>) -> bool {
    let lasting = [volume.host_path, volume.nfs, volume.iscsi, volume.fc];
    volume.persistent_volume_claim.is_some() || lasting.iter().any(Option::is_some)
}

/// By volume the first app or sidecar that keeps data in it.
fn keepers<'t>(template: &'t Template<'_>) -> HashMap<&'t str, &'t str> {
    let mut keepers = HashMap::new();
    for placed in stages::containers(&template.spec) {
        let container = placed.container;
        let mounts = container.volume_mounts.iter().filter(|_| matches!(placed.role, Role::App | Role::Sidecar));
        for mount in mounts.filter(|mount| mount.read_only != Some(true) && !is_scratch(container, &mount.mount_path)) {
            keepers.entry(&*mount.name).or_insert(&*container.name);
        }
    }
    keepers
}
