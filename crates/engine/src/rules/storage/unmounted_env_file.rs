//! # What it does
//!
//! Finds `valueFrom.fileKeyRef` of environment variables whose volume is no `emptyDir`, or is an `emptyDir` that no container of the
//! Pod mounts. Init containers and sidecars count, and so does an annotation about volumes that names the volume: a sidecar that is
//! injected later mounts it. A volume that the Pod does not declare is for `undeclared-volume`.
//!
//! # Why it is bad
//!
//! The kubelet reads the file from the volume, and it sets up only volumes that some container mounts. Without a mount the container
//! never starts, even where the variable is `optional`: it waits with CreateContainerConfigError. The API server accepts it.
//!
//! A volume of another kind is refused by the API server, but not in the templates of custom resources.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   volumes:
//!   - {name: settings, emptyDir: {}}
//!   initContainers:
//!   - name: render
//!     image: example.com/render:1
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     env:
//!     - name: TOKEN
//!       valueFrom:
//!         fileKeyRef:
//!           volumeName: settings # finding: container "app" takes a variable from a file in volume "settings", which no container mounts
//!           path: app.env
//!           key: TOKEN
//! ```
//!
//! # Use instead
//!
//! Mount the volume in the container that writes the file:
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   volumes:
//!   - {name: settings, emptyDir: {}}
//!   initContainers:
//!   - name: render
//!     image: example.com/render:1
//!     volumeMounts:
//!     - {name: settings, mountPath: /out}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     env:
//!     - name: TOKEN
//!       valueFrom:
//!         fileKeyRef:
//!           volumeName: settings
//!           path: app.env
//!           key: TOKEN
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-via-file/>
//! - KEP-3721, Environment variables from files
//! - `validateFileKeyRefVolumes` of the API server
//! - Kubelet scenario: `order/variable-from-a-volume-that-nobody-mounts`

use std::{
    cell::LazyCell,
    collections::{HashMap, HashSet},
};

use crate::{
    lifecycle::{
        stages,
        volumes::{Use, of_injected, other_kind, uses},
    },
    model::{Review, Template, pod::Volume, version::ENV_FILES},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "unmounted-env-file",
    summary: "an environment variable comes from a file in a volume that is not set up for it",
    level: Deny,
    since: "0.1.0",
    page: "unmounted_env_file.rs",
    check: UnmountedEnvFile {},
    feature: ENV_FILES,
}

impl Check for UnmountedEnvFile {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        // A container without a Pod's spec tells nothing of the volumes around it.
        for template in review.new.templates.iter().filter(|template| !template.is_container) {
            // Looked up for the first variable from a file: most Pods have none.
            let volumes = LazyCell::new(|| Volumes::of(template));
            let injected = LazyCell::new(|| of_injected(review.new.pod_metadata(template)));
            for placed in stages::containers(&template.spec).filter(|placed| placed.container.env_files.is_some()) {
                let name = &placed.container.name;
                for one in uses(placed.container).filter(|one| one.how == Use::EnvFile) {
                    let Some(volume) = volumes.declared.get(one.volume) else { continue };
                    let mut report = |what: std::fmt::Arguments<'_>| {
                        out.at(
                            placed.path(template).key("env").index(one.index).keys(&[
                                "valueFrom",
                                "fileKeyRef",
                                "volumeName",
                            ]),
                            format_args!(
                                "container \"{name}\" takes a variable from a file in volume \"{}\", {what}",
                                one.volume
                            ),
                        );
                    };
                    if let Some(kind) = other_kind(volume) {
                        report(format_args!("which is of kind {kind}; it has to be an emptyDir"));
                    } else if !volumes.mounted.contains(one.volume) && !injected.contains(one.volume) {
                        report(format_args!(
                            "which no container mounts, so that it never starts; mount it in the container that writes the file"
                        ));
                    }
                }
            }
        }
    }
}

/// The volumes of a Pod by name.
struct Volumes<'p, 'a> {
    /// Holds those that the Pod declares; the last of a name counts.
    declared: HashMap<&'p str, &'p Volume<'a>>,
    /// Holds those that some container mounts.
    mounted: HashSet<&'p str>,
}

impl<'p, 'a> Volumes<'p, 'a> {
    fn of(template: &'p Template<'a>) -> Self {
        let mounts = stages::containers(&template.spec).flat_map(|placed| placed.container.volume_mounts.iter());
        Self {
            declared: template.spec.volumes.iter().map(|volume| (&*volume.name, volume)).collect(),
            mounted: mounts.map(|mount| &*mount.name).collect(),
        }
    }
}
