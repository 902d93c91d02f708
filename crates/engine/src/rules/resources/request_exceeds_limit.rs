//! # What it does
//!
//! Finds requests above the limit of the same resource, for any resource of a container, and of the Pod as a whole. Quantities are
//! compared by value, `0.5` is `500m` and `1Gi` is more than `1G`, after the API server has rounded both up to thousandths: `1501u` is
//! `1.5m`, as both become `2m`.
//!
//! Where only the Pod's limit is given, its request is what its containers request together, as the API server fills it in.
//!
//! # Why it is bad
//!
//! The API server refuses the Pod. In the template of a custom resource, or where a quota or a mutation comes between, nobody sees it
//! until the Pods fail to appear.
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
//!     resources:
//!       requests:
//!         cpu: 200m
//!         memory: 1Gi # finding: container "app" requests 1Gi memory, above its limit of 1G
//!       limits:
//!         cpu: 0.2
//!         memory: 1G
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
//!     resources:
//!       requests: {cpu: 200m, memory: 1Gi}
//!       limits: {cpu: 0.2, memory: 1Gi}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>
//! - KEP-2837, Pod level resource specifications
//! - `SetDefaults_ResourceList` and `validateResourceRequirements` of the API server

use std::collections::HashSet;

use crate::{
    lifecycle::{
        resources::{is_pod_level, pod_level},
        stages,
    },
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::SmallMap,
};

rule! {
    id: "request-exceeds-limit",
    summary: "a resource request is above its limit",
    level: Deny,
    since: "0.1.0",
    page: "request_exceeds_limit.rs",
    check: RequestExceedsLimit {},
}

impl Check for RequestExceedsLimit {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let mut limits = SmallMap::default();
            // The last of a name counts.
            for (name, limit) in container.resources.limits.iter().rev() {
                if let Some(limit) = limit.amount() {
                    limits.add(name, limit);
                }
            }
            for (name, request) in container.resources.requests.iter() {
                let Some(limit) = limits.get(&name).filter(|limit| request.amount() > Some(**limit)) else { continue };
                out.measured(
                    request.amount().unwrap_or_default().thousandths().saturating_sub(limit.thousandths()),
                    placed.path(template).keys(&["resources", "requests"]).key(name.to_owned()),
                    format_args!(
                        "container \"{}\" requests {request} {name}, above its limit of {limit}",
                        container.name
                    ),
                );
            }
        }
        for template in &review.new.templates {
            let Some(level) = pod_level(&template.spec) else { continue };
            let own: HashSet<&str> = template.spec.resources.requests.iter().map(|(name, _)| name).collect();
            for (name, request) in level.requests.iter().filter(|(name, _)| is_pod_level(name)) {
                let Some(limit) = level.limits.get(name).filter(|limit| request > limit) else { continue };
                let (who, at) = if own.contains(name) {
                    ("the Pod requests", "requests")
                } else {
                    ("the Pod's containers together request", "limits")
                };
                out.measured(
                    request.thousandths().saturating_sub(limit.thousandths()),
                    template.spec_path("resources").key(at).key((*name).to_owned()),
                    format_args!("{who} {request} {name}, above the Pod's limit of {limit}"),
                );
            }
        }
    }
}
