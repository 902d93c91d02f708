//! # What it does
//!
//! Finds `resources.claims` of containers that name a claim which is not in the Pod's `resourceClaims`.
//!
//! # Why it is bad
//!
//! The API server refuses such a Pod, and the workloads of its own kinds whose template has the mistake. It does not look into the
//! templates of custom resources: these are accepted and never get a Pod.
//!
//! A container names a claim as the Pod's own list does (`resourceClaims[].name`), not by the name of the ResourceClaim or its
//! template.
//!
//! # Examples
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
//!       - name: large-gpu # finding: container "app" uses claim "large-gpu", which is not in the Pod's resourceClaims
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
//! - KEP-4381, Dynamic resource allocation with structured parameters
//! - `validateResourceClaimNames` of the API server

use crate::{
    lifecycle::{resources::claims, stages},
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::SmallMap,
};

rule! {
    id: "undeclared-resource-claim",
    summary: "a container uses a resource claim that the Pod does not declare",
    level: Deny,
    since: "0.2.0",
    page: "undeclared_resource_claim.rs",
    check: UndeclaredResourceClaim {},
}

impl Check for UndeclaredResourceClaim {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        // A container without a Pod's spec tells nothing of the claims around it.
        for template in review.new.templates.iter().filter(|template| !template.is_container) {
            // Made for the first container that uses a claim: most Pods have none.
            let mut declared: Option<SmallMap<&str, ()>> = None;
            for placed in stages::containers(&template.spec) {
                for (index, name) in claims(placed.container).enumerate() {
                    let declared = declared.get_or_insert_with(|| {
                        template
                            .spec
                            .resource_claims
                            .iter()
                            .map(|claim| &*claim.name)
                            .filter(|name| !name.is_empty())
                            .collect()
                    });
                    if !declared.contains(&name) {
                        out.at(
                            placed.path(template).keys(&["resources", "claims"]).index(index).key("name"),
                            format_args!(
                                "container \"{}\" uses claim \"{name}\", which is not in the Pod's resourceClaims; declare it there",
                                placed.container.name
                            ),
                        );
                    }
                }
            }
        }
    }
}
