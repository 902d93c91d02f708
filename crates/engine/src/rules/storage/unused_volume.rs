//! # What it does
//!
//! Finds volumes of a Pod, and `volumeClaimTemplates` of a StatefulSet or CloneSet, that no container uses: by a mount, as a device,
//! or by `valueFrom.fileKeyRef` of its environment. Init and ephemeral containers count. Volumes for a sidecar that is injected
//! later are left alone: those of known names (`gke-gcsfuse-cache`), and those that an annotation about volumes names
//! (`dapr.io/volume-mounts`).
//!
//! # Why it is bad
//!
//! Mostly it is a mount that was forgotten or misspelt.
//!
//! A claim that nobody uses holds the Pod all the same: it is not scheduled before the claim is there and bound. An unused claim
//! template, or a generic `ephemeral` volume, costs a disk for every replica, and the image of an `image` volume is pulled before
//! any container starts. Any other volume that nobody mounts is not set up: a ConfigMap or Secret may even be missing.
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

use std::{cell::LazyCell, collections::HashSet};

use crate::{
    lifecycle::{
        stages,
        volumes::{of_injected, uses},
    },
    model::{Review, Template, pod::Volume},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "unused-volume",
    summary: "a volume is declared, and no container uses it",
    level: Audit,
    since: "0.1.0",
    page: "unused_volume.rs",
    check: UnusedVolume {},
}

impl Check for UnusedVolume {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let claims = &review.new.controller.volume_claim_templates;
        // Most have none, and there may be many templates, and many annotations to look through for each.
        let declares = |template: &&Template<'_>| !template.spec.volumes.is_empty() || !claims.is_empty();
        for template in review.new.templates.iter().filter(declares) {
            let used: HashSet<&str> = stages::containers(&template.spec)
                .flat_map(|placed| uses(placed.container).map(|one| one.volume))
                .collect();
            // Asked for last: it looks through all annotations.
            let injected = LazyCell::new(|| of_injected(review.new.pod_metadata(template)));
            let is_unused = |name: &str| !used.contains(name) && !injected.contains(name);
            for (index, volume) in
                template.spec.volumes.iter().enumerate().filter(|(_, volume)| is_unused(&volume.name))
            {
                let at = template.spec_path("volumes").index(index);
                out.at(at, format_args!("volume \"{}\" is used by no container{}", volume.name, cost(volume)));
            }
            for (index, claim) in claims.iter().enumerate() {
                let name = &claim.metadata.name;
                if is_unused(name) {
                    let at = Path::of(&["spec", "volumeClaimTemplates"]).index(index);
                    out.at(at, format_args!("claim template \"{name}\" is used by no container: every replica gets a volume that nobody uses"));
                }
            }
        }
    }
}

/// Says what a volume costs that nobody uses. Those of other kinds are not set up at all.
fn cost(volume: &Volume<'_>) -> &'static str {
    if volume.persistent_volume_claim.is_some() {
        ": the Pod still waits for its claim"
    } else if volume.ephemeral.is_some() {
        ": each Pod still gets a claim, and waits for it"
    } else if volume.image.is_some() {
        ": its image is still pulled"
    } else {
        ""
    }
}
