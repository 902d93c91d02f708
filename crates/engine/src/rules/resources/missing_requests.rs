//! # What it does
//!
//! Finds apps and sidecars without a request for cpu or memory where the Pod as a whole has none either. A limit counts as a request,
//! as the API server makes it one; a request of 0 does not. A Pod of several containers of which none requests anything is one finding.
//!
//! A LimitRange of the namespace may add requests to the Pods of a template, which cannot be seen there. A Pod that is meant to
//! get what is left over says so by an annotation `ignore.podgate.dev/missing-requests` with the reason.
//!
//! # Why it is bad
//!
//! The scheduler reserves nothing of what is not requested, so that the container may be put on a node that is full of it. The two lacks
//! then do different things:
//!
//! - Without a memory request all memory that the container uses is more than was requested. When the node runs short, Pods that use more
//!   than they requested are evicted first, and the kernel kills such a container first.
//! - Without a cpu request the container gets the smallest share of a busy node, and an autoscaler by cpu utilisation has nothing to
//!   go by. It is not evicted for that: eviction does not look at cpu.
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
//! - `rankMemoryPressure` and `GetContainerOOMScoreAdjust` of the kubelet

use crate::{
    lifecycle::{
        resources::{QOS_RESOURCES, pod_level, request_of},
        stages::{self, Placed, Role},
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

const NO_MEMORY: &str = "is among the first to be evicted or killed when memory runs short";
const NO_CPU: &str = "gets the least cpu on a busy node";

impl Check for MissingRequests {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let given = |amount: Option<Amount>| amount.is_some_and(|amount| !amount.is_zero());
        for template in &review.new.templates {
            let spec = &template.spec;
            let pod = pod_level(spec).map(|level| level.requests).unwrap_or_default();
            let running = || stages::containers(spec).filter(|placed| matches!(placed.role, Role::App | Role::Sidecar));
            let lacks = |placed: &Placed<'_, '_>| {
                QOS_RESOURCES.map(|name| !given(request_of(placed.container, name)) && !given(pod.get(name).copied()))
            };
            let count = running().count();
            if count > 1 && running().all(|placed| lacks(&placed) == [true, true]) {
                out.at(
                    template.spec_path("containers"),
                    format_args!("none of the Pod's {count} containers has a cpu or memory request: the Pod {NO_MEMORY}, and {NO_CPU}"),
                );
                continue;
            }
            for placed in running() {
                let at = || placed.path(template).keys(&["resources", "requests"]);
                let name = &placed.container.name;
                match lacks(&placed) {
                    [true, true] => out.at(
                        at(),
                        format_args!(
                            "container \"{name}\" has no cpu and no memory request: it {NO_MEMORY}, and {NO_CPU}"
                        ),
                    ),
                    [true, false] => out.at(at(), format_args!("container \"{name}\" has no cpu request: it {NO_CPU}")),
                    [false, true] => {
                        out.at(at(), format_args!("container \"{name}\" has no memory request: it {NO_MEMORY}"));
                    }
                    [false, false] => {}
                }
            }
        }
    }
}
