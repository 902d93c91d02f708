//! # What it does
//!
//! Finds apps and sidecars without a memory limit where the Pod as a whole has none either. A limit of 0 is none. A Pod of several
//! containers of which none has a limit is one finding.
//!
//! Silent where a LimitRange is known that gives containers a memory limit (`default`, or `max`, of type `Container`). `podgate check`
//! knows those in the files of the run, and the webhook with `--watch` those of the cluster. What a LimitRange has added to a Pod, it sees
//! in the Pod.
//!
//! # Why it is bad
//!
//! A container without a limit may take all memory of its node. What it takes then is missing for the other Pods: the kubelet evicts
//! Pods, and the kernel kills processes, among them some that did no wrong. With a limit a leak ends the container that leaks.
//!
//! A container may be meant to use what is free, such as a cache: an annotation `ignore.podgate.dev/missing-memory-limit` says so, with
//! the reason.
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
//!     resources: # finding
//!       requests: {cpu: 100m, memory: 128Mi}
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
//!       limits: {memory: 128Mi}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/#if-you-do-not-specify-a-memory-limit>
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#node-out-of-memory-behavior>
//! - <https://kubernetes.io/docs/tasks/administer-cluster/manage-resources/memory-default-namespace/>
//! - `SetDefaults_LimitRangeItem` and `mergePodResourceRequirements` of the API server

use crate::{
    lifecycle::{
        resources::{limit_of, pod_level},
        stages::{self, Placed, Role},
    },
    model::{Amount, Review, inventory::Namespace},
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "missing-memory-limit",
    summary: "a container has no memory limit, and the Pod has none either",
    level: Audit,
    since: "0.1.0",
    page: "missing_memory_limit.rs",
    check: MissingMemoryLimit {},
}

const MAY_TAKE_ALL: &str = "may take all memory of the node from the other Pods";

impl Check for MissingMemoryLimit {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if review.known().is_some_and(Namespace::limits_memory) {
            return;
        }
        for template in &review.new.templates {
            let spec = &template.spec;
            let given = |amount: Option<Amount>| amount.is_some_and(|amount| !amount.is_zero());
            let running = || stages::containers(spec).filter(|placed| matches!(placed.role, Role::App | Role::Sidecar));
            let lacks = |placed: &Placed<'_, '_>| !given(limit_of(placed.container, "memory"));
            let lacking = running().filter(lacks).count();
            if lacking == 0 || pod_level(spec).is_some_and(|level| given(level.limits.get("memory").copied())) {
                continue;
            }
            let count = running().count();
            if count > 1 && lacking == count {
                out.at(
                    template.spec_path("containers"),
                    format_args!("none of the Pod's {count} containers has a memory limit: the Pod {MAY_TAKE_ALL}"),
                );
                continue;
            }
            for placed in running().filter(lacks) {
                out.at(
                    placed.path(template).keys(&["resources", "limits"]),
                    format_args!("container \"{}\" has no memory limit: it {MAY_TAKE_ALL}", placed.container.name),
                );
            }
        }
    }
}
