//! # What it does
//!
//! Finds apps and sidecars without a request for cpu or memory where the Pod as a whole has none either. A limit counts as a request,
//! as the API server makes it one; a request of 0 does not.
//!
//! A LimitRange of the namespace may add requests to the Pods of a template, which cannot be seen there. A Pod that is meant to
//! get what is left over says so by an annotation `ignore.podgate.dev/missing-requests` with the reason.
//!
//! # Why it is bad
//!
//! The scheduler reserves nothing for the container, so that it may be put on a node that is full. Under pressure it gets the least
//! cpu, and its Pod, using more memory than it requested, is among the first to be evicted.
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
//!       requests: # finding: container "app" has no memory request
//!         cpu: 100m
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
//!       requests: {cpu: 100m, memory: 128Mi}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#pod-selection-for-kubelet-eviction>

use crate::{
    lifecycle::{
        resources::{QOS_RESOURCES, pod_level, request_of},
        stages::{self, Role},
    },
    model::{Amount, Review},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "missing-requests",
    summary: "a container requests no cpu or no memory, and the Pod does not either",
    level: Audit,
    since: "0.1.0",
    page: "missing_requests.rs",
    check: MissingRequests {},
}

impl Check for MissingRequests {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let given = |amount: Option<Amount>| amount.is_some_and(|amount| !amount.is_zero());
        for template in &review.new.templates {
            let spec = &template.spec;
            let pod = pod_level(spec).map(|level| level.requests).unwrap_or_default();
            for placed in stages::containers(spec).filter(|placed| matches!(placed.role, Role::App | Role::Sidecar)) {
                let has = |name: &str| given(request_of(placed.container, name)) || given(pod.get(name).copied());
                let missing: Vec<&str> = QOS_RESOURCES.into_iter().filter(|name| !has(name)).collect();
                if !missing.is_empty() {
                    out.at(
                        placed.path(template).keys(&["resources", "requests"]),
                        format_args!(
                            "container \"{}\" has no {} request: it is among the first to be evicted",
                            placed.container.name,
                            missing.join(" and no ")
                        ),
                    );
                }
            }
        }
    }
}
