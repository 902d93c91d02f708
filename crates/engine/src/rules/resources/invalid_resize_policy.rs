//! # What it does
//!
//! Finds `resizePolicy` of containers that the API server refuses: of another resource than cpu and memory; of one resource twice; with
//! a `restartPolicy` other than NotRequired and RestartContainer, which has to be given; RestartContainer in a Pod whose own
//! `restartPolicy` is Never; RestartContainer of a regular init container, which is never started again.
//!
//! # Why it is bad
//!
//! The API server refuses the Pod. In the template of a custom workload (a Rollout, a CloneSet) it looks at nothing, and the
//! mistake shows only when no Pod appears.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: train}
//! spec:
//!   restartPolicy: Never
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     resizePolicy:
//!     - {resourceName: memory, restartPolicy: RestartContainer} # finding
//!     - {resourceName: ephemeral-storage, restartPolicy: NotRequired} # finding
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: train}
//! spec:
//!   restartPolicy: OnFailure
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     resizePolicy:
//!     - {resourceName: memory, restartPolicy: RestartContainer}
//!     - {resourceName: cpu, restartPolicy: NotRequired}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/#container-resize-policies>
//! - KEP-1287, In-place update of Pod resources
//! - `validateResizePolicy` and `validateInitContainers` of the API server

use std::fmt;

use crate::{
    lifecycle::{
        resources::QOS_RESOURCES,
        stages::{self, Role},
    },
    model::{Review, pod::ResizePolicy, version::RESIZE},
    rules::rule::{Check, Report, rule},
    syntax::SmallMap,
};

rule! {
    id: "invalid-resize-policy",
    summary: "a container's resize policy that the API server refuses",
    level: Deny,
    since: "0.1.0",
    page: "invalid_resize_policy.rs",
    check: InvalidResizePolicy {},
    feature: RESIZE,
}

impl Check for InvalidResizePolicy {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let Some(policies) = &placed.container.resize_policy else { continue };
            let mut first: SmallMap<&str, ()> = SmallMap::default();
            for (index, policy) in policies.iter().enumerate() {
                // One flaw of each policy is enough to mend it.
                let flaw = Flaw::of(policy, placed.role, &template.spec.restart_policy)
                    .or((!first.add(&policy.resource_name, ())).then_some(Flaw::Twice));
                if let Some(flaw) = flaw {
                    out.at(
                        placed.path(template).key("resizePolicy").index(index),
                        format_args!(
                            "container \"{}\" has a resize policy {}",
                            placed.container.name,
                            Of(policy, flaw)
                        ),
                    );
                }
            }
        }
    }
}

/// Says why the API server refuses a policy.
#[derive(Clone, Copy)]
enum Flaw {
    Resource,
    Policy,
    PodNever,
    Init,
    Twice,
}

impl Flaw {
    fn of(policy: &ResizePolicy<'_>, role: Role, pod_policy: &str) -> Option<Self> {
        match (&*policy.resource_name, &*policy.restart_policy) {
            (resource, _) if !QOS_RESOURCES.contains(&resource) => Some(Self::Resource),
            (_, "RestartContainer") if role == Role::Init => Some(Self::Init),
            (_, "RestartContainer") if pod_policy == "Never" => Some(Self::PodNever),
            (_, "NotRequired" | "RestartContainer") => None,
            _ => Some(Self::Policy),
        }
    }
}

/// A policy with its flaw, as the end of a sentence.
struct Of<'p, 'a>(&'p ResizePolicy<'a>, Flaw);

impl fmt::Display for Of<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(ResizePolicy { resource_name, restart_policy }, flaw) = self;
        match flaw {
            Flaw::Resource => write!(f, "of resource \"{resource_name}\"; it takes cpu or memory"),
            Flaw::Policy => write!(
                f,
                "of {resource_name} with restartPolicy \"{restart_policy}\"; it takes NotRequired or RestartContainer"
            ),
            Flaw::PodNever => write!(
                f,
                "of {resource_name} with RestartContainer in a Pod with restartPolicy Never; use NotRequired, or another restartPolicy of the Pod"
            ),
            Flaw::Init => {
                write!(f, "of {resource_name} with RestartContainer, and is a regular init container; use NotRequired")
            }
            Flaw::Twice => write!(f, "of {resource_name} twice; keep one"),
        }
    }
}
