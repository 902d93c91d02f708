//! # What it does
//!
//! Finds an annotation `podgate.dev/wait-for`, of a Pod or of a Pod template, that cannot be followed:
//!
//! - It cannot be read: a target is not of the form `kind/name` or `namespace/kind/name`, its kind or its name is none, or there are
//!   more than 32. The kinds are `service`, `job`, `deployment`, `statefulset`, `daemonset`, `secret`, `configmap` and `pvc`. An empty
//!   annotation is nothing to wait for.
//! - A target is in another namespace than the Pod, and the policy does not allow that by `spec.mutations.waitFor.targetNamespaces`.
//!   Nothing is said of namespaces where that of the object is not known, nor where the policy has no `waitFor`: the policy that
//!   `podgate check` reads may not be that of the cluster.
//! - It stands on a workload and not on its template: a warning. The Pods do not get it.
//!
//! # Why it is bad
//!
//! Pods wait for nothing by an annotation that cannot be followed: podgate adds no gate, and they start at once. What is waited for, and
//! until when:
//!
//! | target | until |
//! |---|---|
//! | `service/db` | an endpoint of the Service is ready |
//! | `job/migrate` | the Job is complete |
//! | `deployment/api`, `statefulset/db`, `daemonset/agent` | its Pods are available |
//! | `pvc/data` | the claim is bound; one whose StorageClass has `volumeBindingMode: WaitForFirstConsumer` is bound only once a Pod with it is scheduled, which a Pod that waits for it is not |
//! | `secret/credentials`, `configmap/settings` | it exists |
//!
//! A gated Pod is not scheduled, and three clocks go on: `activeDeadlineSeconds` of its Job, `progressDeadlineSeconds` of its Deployment,
//! and the order of a StatefulSet: with `podManagementPolicy: OrderedReady` the next Pod is made only once this one is ready.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata:
//!       annotations:
//!         podgate.dev/wait-for: svc/db, job/migrate # finding: "svc/db": "svc" is not waited for (did you mean "service"?)
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata:
//!   name: web
//!   annotations:
//!     podgate.dev/wait-for: service/db # finding: the Pods do not get it, and wait for nothing [warn]
//! spec:
//!   template:
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! ```yaml policy
//! mutations:
//!   waitFor: {targetNamespaces: [shared-*]}
//! ```
//!
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   template:
//!     metadata:
//!       annotations:
//!         podgate.dev/wait-for: service/db, job/migrate, shared-eu/service/queue
//!     spec:
//!       containers:
//!       - name: app
//!         image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/>
//! - <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#deployment-and-scaling-guarantees>

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::waiting::{OpenedGates, WAIT_FOR, WaitForError, among::annotation_at},
    model::Review,
    rules::{
        level::{Level, LevelCase},
        rule::{Check, PolicyFacts, Report, rule},
    },
    syntax::Path,
};

rule! {
    id: "invalid-wait-for",
    summary: "an annotation podgate.dev/wait-for that cannot be followed: the Pods do not wait",
    level: Deny,
    since: "0.1.0",
    page: "invalid_wait_for.rs",
    check: InvalidWaitFor,
    other_levels: [LevelCase::of(Level::Warn, "it stands on a workload and not on its template", |row| !row.is_pod())],
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct InvalidWaitFor {
    #[serde(skip)]
    gates: Arc<OpenedGates>,
}

impl Check for InvalidWaitFor {
    fn with_policy(&mut self, facts: &PolicyFacts) {
        self.gates = Arc::clone(&facts.gates);
    }

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let object = &review.new;
        // Where a kind has containers alone, somebody else puts the Pods together, and may copy annotations.
        let templates = || object.templates.iter().filter(|template| !template.is_container);
        for template in templates() {
            let Some(text) = object.pod_metadata(template).annotations.get(WAIT_FOR) else { continue };
            // What is looked at of a text without end: where there are too many targets, how many.
            out.spend(text.len());
            for error in self.gates.read(text, &review.namespace).err().into_iter().flatten() {
                let verb = if matches!(error, WaitForError::TooMany(_)) { "" } else { ":" };
                out.at(annotation_at(template), format_args!("{WAIT_FOR}{verb} {error}"));
            }
        }
        let has = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
        let mut by_templates = templates().filter_map(|template| template.metadata.as_ref()).peekable();
        if by_templates.peek().is_some()
            && has(object.metadata.annotations.get(WAIT_FOR))
            && !by_templates.any(|metadata| metadata.annotations.get(WAIT_FOR).is_some())
        {
            out.at_level(
                Level::Warn,
                Path::of(&["metadata", "annotations"]).key(WAIT_FOR),
                format_args!(
                    "{WAIT_FOR} stands on the {} and not on its Pod template: the Pods do not get it, and wait for nothing",
                    review.workload.kind
                ),
            );
        }
    }
}
