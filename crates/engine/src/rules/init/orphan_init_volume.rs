//! # What it does
//!
//! Finds an `emptyDir` volume that a regular init container mounts writable and that no other container uses: by a mount, or by
//! `valueFrom.fileKeyRef` of its environment. A mount at a place for scratch files is left alone: `/tmp`, `/var/tmp`, `/var/cache`,
//! `/run`, `/var/run`, `/var/lock`, `/dev/shm` and below; in a container with `readOnlyRootFilesystem` also `/home`, `/root` and
//! `/var/log`.
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
//! - KEP-3721, Environment variables from files

use std::collections::HashMap;

use crate::{
    lifecycle::{
        stages::{Placed, Role, containers},
        volumes::{Use, is_scratch, uses},
    },
    model::{PodSpec, Review},
    rules::rule::{Check, Report, rule},
    syntax::SmallMap,
};

rule! {
    id: "orphan-init-volume",
    summary: "an init container fills an emptyDir that no other container uses",
    level: Warn,
    since: "0.1.0",
    page: "orphan_init_volume.rs",
    check: OrphanInitVolume {},
}

impl Check for OrphanInitVolume {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let volumes = template.spec.volumes.iter().filter(|volume| volume.empty_dir.is_some());
            let empty_dirs: SmallMap<&str, ()> = volumes.clone().map(|volume| &*volume.name).collect();
            if volumes.clone().next().is_none() {
                continue;
            }
            let users = users(&template.spec, &empty_dirs);
            for volume in volumes {
                let Some(Users::One { placed, written: Some(index), .. }) = users.get(&*volume.name) else { continue };
                if placed.role == Role::Init {
                    out.at(
                        placed.path(template).key("volumeMounts").index(*index),
                        format_args!(
                            "init container \"{}\" fills emptyDir \"{}\", which no other container uses; mount it where its files are needed",
                            placed.container.name, volume.name
                        ),
                    );
                }
            }
        }
    }
}

/// Which containers use a volume.
enum Users<'p, 'a> {
    /// This one alone.
    One {
        /// Its place among all containers.
        number: usize,
        placed: Placed<'p, 'a>,
        /// Its first mount that is for more than scratch files.
        written: Option<usize>,
    },
    /// Several.
    Several,
}

/// Returns who uses each of these volumes.
fn users<'p, 'a>(spec: &'p PodSpec<'a>, names: &SmallMap<&'p str, ()>) -> HashMap<&'p str, Users<'p, 'a>> {
    let mut users: HashMap<&str, Users<'_, '_>> = HashMap::new();
    for (number, placed) in containers(spec).enumerate() {
        let container = placed.container;
        for one in uses(container) {
            if !names.contains(&one.volume) {
                continue;
            }
            let mount = container.volume_mounts.get(one.index).filter(|_| one.how == Use::Mount);
            let writes =
                mount.is_some_and(|mount| mount.read_only != Some(true) && !is_scratch(container, &mount.mount_path));
            let user = users.entry(one.volume).or_insert(Users::One { number, placed, written: None });
            match user {
                Users::One { number: first, written, .. } if *first == number => {
                    *written = written.or(writes.then_some(one.index));
                }
                user => *user = Users::Several,
            }
        }
    }
    users
}
