//! # What it does
//!
//! Finds `volumeMounts` and `volumeDevices`, of containers of every sort, that name a volume which is neither in the Pod's `volumes`
//! nor made by a claim template of the workload (StatefulSet, CloneSet, LeaderWorkerSet, JobSet); and `valueFrom.fileKeyRef` of
//! environment variables that name one which is not in `volumes`, where no claim template counts.
//!
//! # Why it is bad
//!
//! The API server refuses such a Pod, and the workloads of its own kinds whose template has the mistake. It does not look into the
//! templates of custom resources: these are accepted and never get a Pod.
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
//! - KEP-3721, Environment variables from files

use crate::{
    lifecycle::{
        stages,
        volumes::{Use, uses},
    },
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::SmallMap,
};

rule! {
    id: "undeclared-volume",
    summary: "a container uses a volume that the Pod does not declare",
    level: Deny,
    since: "0.1.0",
    page: "undeclared_volume.rs",
    check: UndeclaredVolume {},
}

impl Check for UndeclaredVolume {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let claims: SmallMap<&str, ()> = review.new.claims.iter().map(|claim| &**claim).collect();
        // A container without a Pod's spec tells nothing of the volumes around it.
        for template in review.new.templates.iter().filter(|template| !template.is_container) {
            let volumes: SmallMap<&str, ()> = template.spec.volumes.iter().map(|volume| &*volume.name).collect();
            for placed in stages::containers(&template.spec) {
                for one in uses(placed.container) {
                    let name = one.volume;
                    // The API server looks for a volume of `fileKeyRef` among the Pod's own, because it has to be an emptyDir.
                    if volumes.contains(&name) || one.how != Use::EnvFile && claims.contains(&name) {
                        continue;
                    }
                    let (list, verb, field): (_, _, &[&str]) = match one.how {
                        Use::Mount => ("volumeMounts", "mounts", &["name"]),
                        Use::Device => ("volumeDevices", "has a device of", &["name"]),
                        Use::EnvFile => ("env", "takes a variable from", &["valueFrom", "fileKeyRef", "volumeName"]),
                    };
                    out.at(
                        placed.path(template).key(list).index(one.index).keys(field),
                        format_args!(
                            "container \"{}\" {verb} volume \"{name}\", which the Pod does not declare",
                            placed.container.name
                        ),
                    );
                }
            }
        }
    }
}
