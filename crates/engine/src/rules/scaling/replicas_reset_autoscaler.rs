//! # What it does
//!
//! Finds `replicas` of a workload that a known autoscaler scales, a HorizontalPodAutoscaler or a ScaledObject of KEDA:
//!
//! - An update of the workload, or of its `scale`, that changes the number and is not the autoscaler's own. From 0 and to 0 are left
//!   alone: that switches the autoscaler on and off.
//! - A manifest that has both; audit. Left alone are 0, and the number that the autoscaler keeps where its least and its most are
//!   the same.
//!
//! # Why it is bad
//!
//! Each time the manifest is applied, the number of replicas goes back to what stands in it, whatever the load is: Pods are deleted that
//! the autoscaler has added, and it takes minutes until they are there again. What is outside of the autoscaler's bounds it corrects
//! at once.
//!
//! Where `replicas` is taken out of a manifest, `kubectl apply` sets it to 1 that once; the reference says how to prevent it.
//!
//! # Examples
//!
//! ```yaml inventory
//! apiVersion: autoscaling/v2
//! kind: HorizontalPodAutoscaler
//! metadata: {name: web}
//! spec: {minReplicas: 2, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
//! ```
//!
//! ```yaml old
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 7
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 3 # finding
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:2
//! ```
//!
//! # Use instead
//!
//! No `replicas` in the manifest:
//!
//! ```yaml inventory
//! apiVersion: autoscaling/v2
//! kind: HorizontalPodAutoscaler
//! metadata: {name: web}
//! spec: {minReplicas: 2, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:2
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling>
//! - <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation>

use std::fmt;

use crate::{
    lifecycle::scaling::autoscaler,
    model::{Review, User, Workload, inventory_object::Autoscaler},
    rules::{
        level::{Level, LevelCase},
        rule::{Check, Report, rule},
    },
    syntax::Path,
};

rule! {
    id: "replicas-reset-autoscaler",
    summary: "replicas are set where an autoscaler decides on them",
    level: Warn,
    since: "0.1.0",
    page: "replicas_reset_autoscaler.rs",
    check: ReplicasResetAutoscaler {},
    other_levels: [LevelCase::of(Level::Audit, "the workload is read from a file", |workload: &Workload| {
        workload.keeps_replicas
    })],
}

impl Check for ReplicasResetAutoscaler {
    const SCALE: bool = true;

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let replicas = |of: Option<i64>| of.filter(|replicas| *replicas > 0);
        let Some(new) = replicas(review.new.controller.replicas).filter(|_| review.workload.keeps_replicas) else {
            return;
        };
        let Some(autoscaler) = autoscaler(review) else { return };
        if review.new.metadata.controller().is_some() {
            return;
        }
        let at = Path::of(&["spec", "replicas"]);
        let Autoscaler { own_kind, own_name, .. } = autoscaler;
        let bounds = Bounds(autoscaler);
        if review.from_file {
            // The autoscaler keeps the same number.
            if autoscaler.min_replicas != new || autoscaler.max_replicas != Some(new) {
                out.at_level(
                    Level::Audit,
                    at,
                    format_args!(
                        "replicas {new} is set anew at each apply, while {own_kind} \"{own_name}\" ({bounds}) decides on it; leave replicas out"
                    ),
                );
            }
            return;
        }
        let old = review.old.as_ref().and_then(|old| replicas(old.controller.replicas));
        if let Some(old) = old.filter(|old| *old != new && !is_scaler(&review.user)) {
            out.at(
                at,
                format_args!(
                    "replicas {old} becomes {new}, while {own_kind} \"{own_name}\" ({bounds}) decides on it; leave replicas out, or change the bounds"
                ),
            );
        }
    }
}

/// The bounds of an autoscaler, as a message says them.
struct Bounds<'a>(&'a Autoscaler);

impl fmt::Display for Bounds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.max_replicas {
            Some(most) => write!(f, "{} to {most}", self.0.min_replicas),
            None => write!(f, "at least {}", self.0.min_replicas),
        }
    }
}

/// Returns whether it is the controller of an autoscaler: a part of the control plane, or KEDA.
fn is_scaler(user: &User<'_>) -> bool {
    user.username == "system:kube-controller-manager"
        || user.username.starts_with("system:serviceaccount:kube-system:")
        || user.username.starts_with("system:serviceaccount:") && user.username.ends_with(":keda-operator")
}
