//! # What it does
//!
//! Finds an image with the tag `latest`, or with neither tag nor digest, that is pulled only where the node does not have it
//! (`imagePullPolicy: IfNotPresent` or `Never`), in a workload of 2 or more replicas or in a DaemonSet.
//!
//! Left alone are images whose `imagePullPolicy` is `Always` or absent, as `Always` is the default of such images, and workloads whose
//! number of replicas is not known.
//!
//! # Why it is bad
//!
//! The tag stands for another image after each push. Each node keeps the one that it pulled first, so that replicas of one workload run
//! different images; which one a Pod runs depends on the node that it comes to, and changes without a rollout. Nor is there anything to go
//! back to.
//!
//! The default is taken once, when the object is created: `kubectl set image` from `web:1` to `web:latest` leaves `IfNotPresent`.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:latest # finding
//!         imagePullPolicy: IfNotPresent
//! ```
//!
//! # Use instead
//!
//! A tag that never moves, or a digest:
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1.4.2
//!         imagePullPolicy: IfNotPresent
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy>
//! - <https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting>
//! - `SetDefaults_Container` of the API server, `imagePullPrecheck` of the kubelet

use crate::{
    lifecycle::{defaults::is_moving, disruption::least_replicas, stages},
    model::{PullPolicy, Review, workload::Updates},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "image-drifts",
    summary: "replicas may run different images: the tag moves, and nodes keep what they have",
    level: Audit,
    since: "0.1.0",
    page: "image_drifts.rs",
    check: ImageDrifts {},
}

impl Check for ImageDrifts {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if review.workload.updates != Updates::DaemonSet && least_replicas(review) <= Some(1) {
            return;
        }
        for (template, placed) in stages::all(&review.new) {
            let (container, policy) = (placed.container, placed.container.image_pull_policy);
            if matches!(policy, PullPolicy::Unset | PullPolicy::Always) || !is_moving(&container.image) {
                continue;
            }
            out.at(
                placed.path(template).key("image"),
                format_args!(
                    "container \"{}\" has image {} and imagePullPolicy {policy}: each node keeps the one that it pulled first; name a tag that never moves, or a digest",
                    container.name, container.image
                ),
            );
        }
    }
}
