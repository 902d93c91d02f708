//! # What it does
//!
//! Finds an `emptyDir` volume that a regular init container mounts writable and that no other container mounts. A mount at
//! `/tmp` or `/var/tmp` is left alone: it is the container's own scratch space.
//!
//! # Why it is bad
//!
//! What an init container prepares in the volume is of no use to anybody: usually the app's `volumeMount` has been forgotten
//! or names another volume, and the app starts without its files.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   volumes:
//!   - {name: assets, emptyDir: {}}
//!   - {name: cache, emptyDir: {}}
//!   initContainers:
//!   - name: fetch
//!     image: example.com/fetch:1
//!     volumeMounts:
//!     - {name: assets, mountPath: /assets} # finding
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     volumeMounts:
//!     - {name: cache, mountPath: /assets}
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   volumes:
//!   - {name: assets, emptyDir: {}}
//!   - {name: cache, emptyDir: {}}
//!   initContainers:
//!   - name: fetch
//!     image: example.com/fetch:1
//!     volumeMounts:
//!     - {name: assets, mountPath: /assets}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     volumeMounts:
//!     - {name: assets, mountPath: /assets, readOnly: true}
//!     - {name: cache, mountPath: /cache}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/storage/volumes/#emptydir>
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-initialization/>

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::stages::{Role, containers},
    model::{Review, pod::VolumeMount},
    rules::rule::{Check, Code, Level, Report, Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "orphan-init-volume",
    summary: "an init container fills an emptyDir that no other container mounts",
    level: Level::Warn,
    since: "0.1.0",
    source: include_str!("orphan_init_volume.rs"),
    code: Code::of::<OrphanInitVolume>(),
};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OrphanInitVolume {}

impl Check for OrphanInitVolume {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            for volume in template.spec.volumes.iter().filter(|volume| volume.empty_dir.is_some()) {
                let mounts = |mount: &VolumeMount<'_>| mount.name == *volume.name;
                let mut users =
                    containers(&template.spec).filter(|placed| placed.container.volume_mounts.iter().any(mounts));
                let (Some(only), None) = (users.next(), users.next()) else { continue };
                let writes = |mount: &VolumeMount<'_>| {
                    mounts(mount) && mount.read_only != Some(true) && !is_scratch(&mount.mount_path)
                };
                let written = only.container.volume_mounts.iter().position(writes);
                if let Some(index) = written.filter(|_| only.role == Role::Init) {
                    out.at(
                        only.path(template).key("volumeMounts").index(index),
                        format!(
                            "init container \"{}\" fills emptyDir \"{}\", which no other container mounts",
                            only.container.name, volume.name
                        ),
                    );
                }
            }
        }
    }
}

/// Whether the place is for files that nobody else shall see.
fn is_scratch(mount_path: &str) -> bool {
    matches!(mount_path.trim_end_matches('/'), "/tmp" | "/var/tmp")
}
