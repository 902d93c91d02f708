//! # What it does
//!
//! Finds `volumeMounts` and `volumeDevices`, of containers of every sort, that name a volume which is neither in the Pod's `volumes`
//! nor made by a claim template of the workload (StatefulSet, CloneSet, LeaderWorkerSet, JobSet).
//!
//! # Why it is bad
//!
//! The API server refuses such a Pod. It does not look into the template of a StatefulSet, and knows nothing of the templates of
//! custom resources: these are accepted and never get a Pod.
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
//!         - name: dta # finding
//!           mountPath: /data
//!   volumeClaimTemplates:
//!   - metadata: {name: data}
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
//!         - {name: data, mountPath: /data}
//!         - {name: config, mountPath: /etc/db}
//!       volumes:
//!       - name: config
//!         configMap: {name: db}
//!   volumeClaimTemplates:
//!   - metadata: {name: data}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/storage/volumes/#how-volumes-work>
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#volume-claim-templates>

use crate::{
    lifecycle::stages,
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::SmallMap,
};

rule! {
    id: "undeclared-volume",
    summary: "a container mounts a volume that the Pod does not declare",
    level: Deny,
    since: "0.1.0",
    page: "undeclared_volume.rs",
    check: UndeclaredVolume {},
}

impl Check for UndeclaredVolume {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let claims: SmallMap<&str, ()> = review.new.claims.iter().map(|claim| &**claim).collect();
        for template in &review.new.templates {
            let volumes: SmallMap<&str, ()> = template.spec.volumes.iter().map(|volume| &*volume.name).collect();
            for placed in stages::containers(&template.spec) {
                let container = placed.container;
                let mounts = container.volume_mounts.iter().map(|mount| &*mount.name).enumerate();
                let devices = container.volume_devices.iter().map(|device| &*device.name).enumerate();
                let named = mounts.map(|(index, name)| ("volumeMounts", "mounts", index, name));
                let named = named.chain(devices.map(|(index, name)| ("volumeDevices", "has a device of", index, name)));
                for (list, verb, index, name) in
                    named.filter(|(.., name)| !volumes.contains(name) && !claims.contains(name))
                {
                    out.at(
                        placed.path(template).key(list).index(index).key("name"),
                        format_args!(
                            "container \"{}\" {verb} volume \"{name}\", which the Pod does not declare",
                            container.name
                        ),
                    );
                }
            }
        }
    }
}
