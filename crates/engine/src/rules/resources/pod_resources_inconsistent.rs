//! # What it does
//!
//! Finds `resources` of a Pod as a whole that the API server refuses, alone or beside those of its containers:
//!
//! - a request below what the containers request together, as the scheduler adds it up; where a container has only a limit, it requests that.
//! - a limit below the limit of one container; of huge pages, below the limit of all together.
//! - resources other than cpu, memory and huge pages, and claims of devices: these are for containers.
//! - huge pages whose request is not their limit, or without cpu or memory beside them.
//!
//! A request above the limit is for `request-exceeds-limit`.
//!
//! # Why it is bad
//!
//! The API server refuses the Pod. It does not look into the templates of custom resources, and in those of its own workloads not at
//! requests that follow from limits: no Pod appears, and only an event says why.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   resources:
//!     requests:
//!       cpu: 1 # finding: the Pod requests 1 cpu, less than its containers together, 1500m
//!     limits:
//!       cpu: 2
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     resources:
//!       requests: {cpu: 1}
//!       limits:
//!         cpu: 3 # finding: container "app" has a cpu limit of 3, above the Pod's limit of 2
//!   - name: helper
//!     image: example.com/helper:1
//!     resources:
//!       requests: {cpu: 500m}
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   resources:
//!     requests: {cpu: 1500m}
//!     limits: {cpu: 2}
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     resources:
//!       requests: {cpu: 1}
//!       limits: {cpu: 2}
//!   - name: helper
//!     image: example.com/helper:1
//!     resources:
//!       requests: {cpu: 500m}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/>
//! - KEP-2837, Pod level resource specifications
//! - `validatePodResources` and `validatePodResourceConsistency` of the API server

use crate::{
    lifecycle::{
        resources::{PodLevel, QOS_RESOURCES, aggregate, is_huge_pages, is_pod_level, limits, pod_level, requests},
        stages::{self, Role},
    },
    model::{Amount, Review, Template},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "pod-resources-inconsistent",
    summary: "the resources of a Pod as a whole do not fit those of its containers",
    level: Deny,
    since: "0.2.0",
    page: "pod_resources_inconsistent.rs",
    check: PodResourcesInconsistent {},
    kubernetes: "from 1.34 (feature gate PodLevelResources)",
}

impl Check for PodResourcesInconsistent {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for template in &review.new.templates {
            let own = &template.spec.resources;
            if own.claims.as_ref().is_some_and(|claims| !claims.is_empty()) {
                out.at(
                    template.spec_path("resources").key("claims"),
                    "the Pod as a whole has claims; name them in the resources.claims of containers",
                );
            }
            for (list, what) in [(&own.requests, "requests"), (&own.limits, "limits")] {
                for (name, _) in list.iter().filter(|(name, _)| !is_pod_level(name)) {
                    out.at(
                        template.spec_path("resources").key(what).key(name.to_owned()),
                        format_args!("the Pod as a whole has {name} in its {what}; it takes cpu, memory and huge pages, and anything else is set in containers"),
                    );
                }
            }
            if let Some(level) = pod_level(&template.spec) {
                beside_containers(template, &level, out);
                huge_pages(template, &level, out);
            }
        }
    }
}

/// Compares with what the containers have.
fn beside_containers(template: &Template<'_>, level: &PodLevel<'_>, out: &mut Report<'_>) {
    let at = |list: &'static str, name: &str| template.spec_path("resources").key(list).key(name.to_owned());
    for (name, together) in aggregate(&template.spec, requests) {
        let Some(request) = level.requests.get(name).filter(|request| **request < together && is_pod_level(name))
        else {
            continue;
        };
        out.measured(
            difference(together, *request),
            at("requests", name),
            format_args!("the Pod requests {request} {name}, less than its containers together, {together}; request at least as much"),
        );
    }
    for (name, together) in aggregate(&template.spec, limits) {
        let Some(limit) = level.limits.get(name).filter(|limit| **limit < together && is_huge_pages(name)) else {
            continue;
        };
        out.measured(
            difference(together, *limit),
            at("limits", name),
            format_args!("the Pod has a limit of {limit} {name}, below that of its containers together, {together}; allow at least as much"),
        );
    }
    // The API server does not compare the limits of init containers.
    for placed in stages::containers(&template.spec).filter(|placed| placed.role == Role::App) {
        let container = placed.container;
        for (name, limit) in limits(container) {
            let Some(whole) = level.limits.get(name).filter(|whole| limit > **whole && !is_huge_pages(name)) else {
                continue;
            };
            out.measured(
                difference(limit, *whole),
                placed.path(template).keys(&["resources", "limits"]).key(name.to_owned()),
                format_args!(
                    "container \"{}\" has a {name} limit of {limit}, above the Pod's limit of {whole}; lower it or raise that of the Pod",
                    container.name
                ),
            );
        }
    }
}

/// Huge pages are never overcommitted, and the API server wants cpu or memory beside them.
fn huge_pages(template: &Template<'_>, level: &PodLevel<'_>, out: &mut Report<'_>) {
    let at = || template.spec_path("resources");
    for (name, request) in level.requests.iter().filter(|(name, _)| is_huge_pages(name)) {
        match level.limits.get(name) {
            None => out.at(
                at().key("limits"),
                format_args!("the Pod requests {request} {name} and has no limit of it; set the same limit"),
            ),
            Some(limit) if request < limit => out.at(
                at().key("requests").key((*name).to_owned()),
                format_args!(
                    "the Pod requests {request} {name}, below its limit of {limit}; huge pages need the same of both"
                ),
            ),
            Some(_) => {}
        }
    }
    let mut names = level.requests.keys().chain(level.limits.keys());
    let alone = QOS_RESOURCES.iter().all(|name| !level.requests.contains_key(name) && !level.limits.contains_key(name));
    if alone && let Some(name) = names.find(|name| is_huge_pages(name)) {
        out.at(at(), format_args!("the Pod has {name} and neither cpu nor memory; give it one of them too"));
    }
}

fn difference(more: Amount, less: Amount) -> i64 {
    more.thousandths().saturating_sub(less.thousandths())
}
