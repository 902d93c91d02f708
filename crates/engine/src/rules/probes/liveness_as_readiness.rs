//! # What it does
//!
//! Finds a container whose `livenessProbe` and `readinessProbe` ask the same (the same handler, ports compared by number and
//! with the API's defaults), where the liveness probe gives up no later: failureThreshold × periodSeconds.
//!
//! # Why it is bad
//!
//! A container that is too busy to answer should get less traffic, and then it should recover. Here it is killed as soon as
//! it is taken out of the Service, its load moves to the other replicas, and they are killed next.
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
//!     ports:
//!     - {name: http, containerPort: 8080}
//!     livenessProbe: # finding
//!       httpGet: {path: /health, port: http}
//!     readinessProbe:
//!       httpGet: {path: /health, port: 8080}
//! ```
//!
//! # Use instead
//!
//! An endpoint for liveness that depends on nothing but the process itself; or the same one, with more patience:
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     ports:
//!     - {name: http, containerPort: 8080}
//!     livenessProbe:
//!       httpGet: {path: /health, port: http}
//!       failureThreshold: 10
//!     readinessProbe:
//!       httpGet: {path: /health, port: http}
//!       failureThreshold: 3
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/>
//! - Kubelet scenario: `probes/liveness-as-readiness-restarts-a-busy-container`

use crate::{
    lifecycle::{
        probes::{Handler, Timing},
        stages,
    },
    model::Review,
    rules::rule::{Check, Report, rule},
};

rule! {
    id: "liveness-as-readiness",
    summary: "livenessProbe asks the same as readinessProbe and gives up no later",
    level: Warn,
    since: "0.1.0",
    page: "liveness_as_readiness.rs",
    check: LivenessAsReadiness {},
}

impl Check for LivenessAsReadiness {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        for (template, placed) in stages::all(&review.new) {
            let container = placed.container;
            let Some((liveness, readiness)) = container.liveness_probe.as_ref().zip(container.readiness_probe.as_ref())
            else {
                continue;
            };
            let Some(handler) = Handler::of(container, liveness) else { continue };
            let [dead, unready] = [liveness, readiness].map(|probe| Timing::of(probe).patience_seconds());
            if Handler::of(container, readiness) == Some(handler) && dead <= unready {
                out.at(
                    placed.path(template).key("livenessProbe"),
                    format_args!(
                        "livenessProbe of container \"{}\" asks the same as its readinessProbe and gives up after {dead} s, no later than the readinessProbe ({unready} s): overload becomes restarts",
                        container.name
                    ),
                );
            }
        }
    }
}
