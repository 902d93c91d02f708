//! # What it does
//!
//! Finds a container whose `livenessProbe` and `readinessProbe` ask the same (the same handler, ports compared by number and
//! with the API's defaults; also the `protocol` of `httpGet` and the `mode` of `grpc`), where the liveness probe gives up no
//! later: failureThreshold × periodSeconds.
//!
//! It is only noted (audit) where the Services of the namespace are known and none sends traffic to the container, or only to
//! its ports for metrics: then no load moves to others.
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
        services::traffic,
        stages::{self, Role},
    },
    model::{Review, Template},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
    syntax::SmallMap,
};

rule! {
    id: "liveness-as-readiness",
    summary: "livenessProbe asks the same as readinessProbe and acts no later",
    level: Warn,
    since: "0.1.0",
    page: "liveness_as_readiness.rs",
    check: LivenessAsReadiness {},
    other_levels: [LevelCase::of(Level::Audit, "no known Service sends traffic to the container", |_| true)],
}

impl Check for LivenessAsReadiness {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        if !review.workload.probes_as_written {
            return;
        }
        for template in &review.new.templates {
            let mut loaded: Option<Loaded> = None;
            for placed in stages::containers(&template.spec) {
                let container = placed.container;
                let probes = container.liveness_probe.as_ref().zip(container.readiness_probe.as_ref());
                let Some((liveness, readiness)) = probes else { continue };
                let Some(handler) = Handler::of(container, liveness) else { continue };
                let [dead, unready] = [liveness, readiness].map(|probe| Timing::of(probe).patience_seconds());
                if Handler::of(container, readiness) != Some(handler) || dead > unready {
                    continue;
                }
                let loaded = loaded.get_or_insert_with(|| Loaded::of(review, template));
                out.at_level(
                    if loaded.contains(&placed) { Level::Warn } else { Level::Audit },
                    placed.path(template).key("livenessProbe"),
                    format_args!(
                        "livenessProbe of container \"{}\" asks the same as its readinessProbe and restarts it after {dead} s, no later than readiness takes it from traffic ({unready} s): overload becomes restarts",
                        container.name
                    ),
                );
            }
        }
    }
}

/// The containers of a Pod that Services may load.
enum Loaded {
    /// Any: who gets the traffic, or whether there is any, is not known.
    Any,
    /// These.
    Only(SmallMap<(Role, usize), ()>),
}

impl Loaded {
    fn of(review: &Review<'_>, template: &Template<'_>) -> Self {
        let Some(sent) = traffic(review, template) else { return Self::Any };
        let to = sent.iter().filter(|sent| !sent.is_metrics()).map(|sent| Some((sent.to?.role, sent.to?.index)));
        to.collect::<Option<_>>().map_or(Self::Any, Self::Only)
    }

    fn contains(&self, placed: &stages::Placed<'_, '_>) -> bool {
        match self {
            Self::Any => true,
            Self::Only(these) => these.contains(&(placed.role, placed.index)),
        }
    }
}
