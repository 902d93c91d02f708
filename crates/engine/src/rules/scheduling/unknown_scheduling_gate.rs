//! # What it does
//!
//! Finds a scheduling gate that no known controller removes. Known are those that the option `known` names, those of the policy's
//! mutation `scheduling-gates` with `openWhen`, which podgate removes, and these, by their exact names:
//!
//! | gate | removed by |
//! |---|---|
//! | `podgate.dev/wait-for` | `podgate serve --open-gates` |
//! | `kueue.x-k8s.io/admission`, `kueue.x-k8s.io/topology`, `kueue.x-k8s.io/elastic-job` | [Kueue](https://github.com/kubernetes-sigs/kueue) |
//! | `scheduling.volcano.sh/queue-allocation-gate` | [Volcano](https://github.com/volcano-sh/volcano) |
//! | `multiarch.openshift.io/scheduling-gate` | [Multiarch Tuning Operator](https://github.com/openshift/multiarch-tuning-operator) of OpenShift |
//! | `ApplicationAwareQuotaGate` | [Application Aware Quota](https://github.com/kubevirt/application-aware-quota) of KubeVirt |
//! | `instaslice.redhat.com/accelerator` | [InstaSlice](https://github.com/openshift/instaslice-operator) |
//! | `grove.io/podgang-pending-creation` | [Grove](https://github.com/ai-dynamo/grove) |
//! | `gke-gcsfuse/bucket-scan-pending` | [Cloud Storage FUSE CSI driver](https://github.com/GoogleCloudPlatform/gcs-fuse-csi-driver) of GKE |
//! | `s3.csi.aws.com/reserve-headroom-for-mppod`, `experimental.s3.csi.aws.com/reserve-headroom-for-mppod` | [Mountpoint for Amazon S3 CSI driver](https://github.com/awslabs/mountpoint-s3-csi-driver) |
//! | `keptn-prechecks-gate` | [Keptn](https://github.com/keptn/lifecycle-toolkit) |
//!
//! # Why it is bad
//!
//! A gated Pod stays Pending until somebody removes the gate. If nobody is there to do so, because the name is misspelt or
//! the controller is not installed, that is for ever, without an event or an error.
//!
//! That the policy adds a gate does not say that somebody removes it: of a gate without `openWhen` the policy has to say so by
//! `known`. `podgate policy check` advises it.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   schedulingGates:
//!   - name: example.com/qouta # finding
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # Use instead
//!
//! Say in the policy who is there:
//!
//! ```yaml policy
//! rules:
//!   unknown-scheduling-gate: {known: [example.com/quota]}
//! ```
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: batch}
//! spec:
//!   schedulingGates:
//!   - name: example.com/quota
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/>
//! - Kubelet scenario: `workloads/scheduling-gate`

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    lifecycle::{
        names::is_qualified_name,
        waiting::{OpenedGates, is_removed_by_others},
    },
    model::Review,
    rules::rule::{Check, PolicyFacts, Report, rule},
};

rule! {
    id: "unknown-scheduling-gate",
    summary: "a scheduling gate that no known controller removes: the Pod stays Pending",
    level: Audit,
    since: "0.1.0",
    page: "unknown_scheduling_gate.rs",
    check: UnknownSchedulingGate,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct UnknownSchedulingGate {
    /// Names of gates that somebody removes; those of the policy's mutations with `openWhen` count too.
    known: Vec<String>,
    #[serde(skip)]
    gates: Arc<OpenedGates>,
}

impl Check for UnknownSchedulingGate {
    fn with_policy(&mut self, facts: &PolicyFacts) {
        self.gates = Arc::clone(&facts.gates);
    }

    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        // One that is no name is `invalid-scheduling-gate`'s.
        let known = |name: &str| {
            !is_qualified_name(name)
                || is_removed_by_others(name)
                || self.gates.has(name)
                || self.known.iter().any(|known| known == name)
        };
        for template in &review.new.templates {
            for (index, gate) in template.spec.gates().iter().enumerate().filter(|(_, gate)| !known(&gate.name)) {
                out.at(
                    template.spec_path("schedulingGates").index(index).key("name"),
                    format_args!(
                        "no known controller removes scheduling gate \"{}\": the Pod stays Pending until somebody does",
                        gate.name
                    ),
                );
            }
        }
    }
}
