//! # What it does
//!
//! Finds claims in a Pod's `resourceClaims` that no container names in its `resources.claims`. Init containers and sidecars count.
//!
//! # Why it is bad
//!
//! The Pod is not scheduled before the claim is there and its devices are allocated, the kubelet has the driver prepare them before
//! any container starts, and until the Pod ends nobody else gets them. Yet no container sees them. Mostly it is a name that was
//! forgotten in the container.
//!
//! A driver that gives a device to the whole Pod needs no container that names the claim: drivers of network interfaces, such as
//! DraNet, work so. podgate cannot tell such a claim from a forgotten one, therefore the finding is for an audit only.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: train}
//! spec:
//!   resourceClaims:
//!   - name: gpu # finding
//!     resourceClaimTemplateName: large-gpu
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: train}
//! spec:
//!   resourceClaims:
//!   - name: gpu
//!     resourceClaimTemplateName: large-gpu
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     resources:
//!       claims:
//!       - name: gpu
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/>
//! - <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodSpec> (`resourceClaims`)
//! - KEP-4381, Dynamic resource allocation with structured parameters

use std::collections::HashSet;

use crate::{
    lifecycle::{resources::claims, stages},
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "unused-resource-claim",
    summary: "a resource claim is declared, and no container uses it",
    level: Audit,
    since: "0.1.0",
    page: "unused_resource_claim.rs",
    check: UnusedResourceClaim {},
}

impl Check for UnusedResourceClaim {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in review.new.templates.iter().filter(|template| !template.spec.resource_claims.is_empty()) {
            let used: HashSet<&str> =
                stages::containers(&template.spec).flat_map(|placed| claims(placed.container)).collect();
            for (index, claim) in template.spec.resource_claims.iter().enumerate() {
                if !used.contains(&*claim.name) {
                    out.at(
                        template.spec_path("resourceClaims").index(index).key("name"),
                        format_args!("claim \"{}\" is used by no container: the Pod still waits for its devices and holds them; name it in the resources.claims of the container that needs them", claim.name),
                    );
                }
            }
        }
    }
}
