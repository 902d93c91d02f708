//! # What it does
//!
//! Adds the policy's scheduling gates to the Pods that they select, when those are created. Gates that are there are not
//! added again. Pods that name their node are left alone: the API server refuses `nodeName` together with a gate.
//!
//! # Why
//!
//! A gate keeps the scheduler from looking at a Pod until somebody removes it: a quota, a licence, a cluster that has still
//! to grow. The gate has to be there from the start; it cannot be added later.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::PodSchedulingGate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

use super::{Mutation, PatchBuilder, PatchError};
use crate::{
    lifecycle::names::is_qualified_name,
    model::{LabelSelector, Object, Review},
};

pub(crate) static MUTATION: Mutation = Mutation {
    id: "scheduling-gates",
    summary: "adds scheduling gates to the Pods that a policy selects",
    source: include_str!("scheduling_gates.rs"),
};

/// One gate and the Pods that get it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SchedulingGate {
    /// The gate's qualified name.
    pub name: String,
    /// Namespaces, exact or with `*` and `?`; none given means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// The labels of the Pods; none given means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<LabelSelector>,
}

impl SchedulingGate {
    /// What in this setting cannot work: the field and why.
    pub fn problems(&self) -> Vec<(String, String)> {
        let name = (!is_qualified_name(&self.name)).then(|| {
            ("name".to_owned(), format!("is \"{}\", which is no qualified name such as example.com/quota", self.name))
        });
        let selector = self
            .pod_selector
            .as_ref()
            .and_then(LabelSelector::problem)
            .map(|problem| ("podSelector".to_owned(), problem));
        name.into_iter().chain(selector).collect()
    }

    /// Whether a Pod that `review` creates gets the gate.
    fn selects(&self, review: &Review<'_>, pod: &Object<'_>) -> bool {
        let namespace = self.namespaces.is_empty()
            || self.namespaces.iter().any(|glob| WildMatch::new(glob).matches(&review.namespace));
        namespace && self.pod_selector.as_ref().is_none_or(|selector| selector.matches(&pod.metadata.labels))
    }

    /// Adds those of `gates` that select the Pod that `review` creates and that it does not have.
    pub fn apply(gates: &[Self], review: &Review<'_>, patch: &mut PatchBuilder<'_>) -> Result<(), PatchError> {
        let pod = &review.new;
        for template in pod.templates.iter().filter(|template| template.spec.node_name.is_empty()) {
            // Several entries of a policy may give the same gate, each to other Pods.
            let mut there: HashSet<&str> = template.spec.scheduling_gates.iter().map(|gate| &*gate.name).collect();
            let missing = gates.iter().filter(|gate| gate.selects(review, pod) && there.insert(&gate.name));
            let missing: Vec<_> = missing.map(|gate| PodSchedulingGate { name: gate.name.clone() }).collect();
            patch.append(&template.spec_path("schedulingGates"), &missing)?;
        }
        Ok(())
    }
}
