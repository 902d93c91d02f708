//! # What it does
//!
//! Finds `emptyDir` volumes with `medium: Memory` and no `sizeLimit` that are mounted writable by a container without a memory limit.
//! A memory limit of the whole Pod bounds all its containers. A limit of 0 is none. Ephemeral containers, which can have no
//! limits, do not count.
//!
//! A volume that such containers mount only below `/etc`, `/run` or `/var/run`, where certificates, sockets and configuration of a
//! few kilobytes lie, is at level audit.
//!
//! # Why it is bad
//!
//! What is written to such a volume is memory of the container that writes it. Bounded by nothing, it can take all of the node's
//! memory, and files do not go away when the process ends: the node evicts other Pods, or its OOM killer strikes.
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
//!     volumeMounts:
//!     - {name: cache, mountPath: /cache}
//!   volumes:
//!   - name: cache
//!     emptyDir: {medium: Memory} # finding
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
//!     - {name: cache, mountPath: /cache}
//!   volumes:
//!   - name: cache
//!     emptyDir: {medium: Memory, sizeLimit: 256Mi}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/storage/volumes/#emptydir>
//! - <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#memory-backed-emptydir>

use std::collections::HashMap;

use crate::{
    lifecycle::{
        resources::{limit_of, pod_level},
        stages::{self, Role},
        volumes::is_below,
    },
    model::{
        Amount, Quantity, Review,
        pod::{EmptyDir, Volume},
    },
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
};

rule! {
    id: "unbounded-memory-volume",
    summary: "an emptyDir in memory has no size limit, nor has a container that fills it",
    level: Warn,
    since: "0.1.0",
    page: "unbounded_memory_volume.rs",
    check: UnboundedMemoryVolume {},
    other_levels: [LevelCase::of(Level::Audit, "it is mounted below /etc, /run or /var/run only", |_| true)],
}

/// Places of certificates, sockets and configuration, which are small.
const SMALL_FILES: &[&str] = &["/etc", "/run", "/var/run"];

impl Check for UnboundedMemoryVolume {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let spec = &template.spec;
            if !spec.volumes.iter().any(|volume| in_memory(volume).is_some()) {
                continue;
            }
            if pod_level(spec).is_some_and(|level| is_limited(level.limits.get("memory").copied())) {
                continue;
            }
            // By volume the first container that can fill it without limit, and whether it is mounted for small files only.
            let mut unlimited: HashMap<&str, (&str, bool)> = HashMap::new();
            for placed in stages::containers(spec).filter(|placed| placed.role != Role::Ephemeral) {
                let container = placed.container;
                let mounts = container.volume_mounts.iter().filter(|mount| mount.read_only != Some(true));
                if !is_limited(limit_of(container, "memory")) {
                    for mount in mounts {
                        let small = is_below(&mount.mount_path, SMALL_FILES);
                        let entry = unlimited.entry(&*mount.name).or_insert((&*container.name, small));
                        if entry.1 && !small {
                            *entry = (&*container.name, small);
                        }
                    }
                }
            }
            for (index, volume) in spec.volumes.iter().enumerate() {
                let found = in_memory(volume).zip(unlimited.get(&*volume.name));
                let Some((empty_dir, (container, small))) = found else { continue };
                // One that cannot be read is refused elsewhere.
                let size = empty_dir.size_limit.as_ref().map(Quantity::amount);
                if size.is_none_or(|size| size.is_some_and(Amount::is_zero)) {
                    let level = if *small { Level::Audit } else { Level::Warn };
                    out.at_level(
                        level,
                        template.spec_path("volumes").index(index).keys(&["emptyDir", "sizeLimit"]),
                        format_args!("volume \"{}\" is in memory without sizeLimit, and container \"{container}\" that writes to it has no memory limit; set one of them", volume.name),
                    );
                }
            }
        }
    }
}

fn in_memory<'v, 'a>(volume: &'v Volume<'a>) -> Option<&'v EmptyDir<'a>> {
    volume.empty_dir.as_ref().filter(|empty_dir| empty_dir.medium == "Memory")
}

fn is_limited(limit: Option<Amount>) -> bool {
    limit.is_some_and(|limit| !limit.is_zero())
}
