//! # What it does
//!
//! Adds the policy's scheduling gates to the Pods that they select, when those are created. Gates that are there are not
//! added again. Pods that name their node are left alone: the API server refuses `nodeName` together with a gate. Where it
//! depends on the labels of a namespace, and they are not known, there is no answer but an error, so that `failurePolicy`
//! decides.
//!
//! # Why
//!
//! A gate keeps the scheduler from looking at a Pod until somebody removes it: a quota, a licence, a cluster that has still
//! to grow. The gate has to be there from the start; it cannot be added later.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Mutate, Mutation, PatchBuilder, PatchError};
use crate::{
    lifecycle::names::is_qualified_name,
    model::{Applies, Container, LabelSelector, Review, Selection, Subject},
    syntax::json::given,
};

static MUTATION: Mutation =
    Mutation { id: "scheduling-gates", summary: "adds scheduling gates to the Pods that a policy selects" };

/// One gate and the Pods that get it: those for which all holds that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SchedulingGate {
    /// The gate's qualified name.
    pub name: String,
    /// Namespaces, exact or with `*` and `?`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub namespaces: Option<Vec<String>>,
    /// The labels of the namespaces.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LabelSelector")]
    pub namespace_selector: Option<LabelSelector>,
    /// The labels of the Pods.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LabelSelector")]
    pub pod_selector: Option<LabelSelector>,
}

impl SchedulingGate {
    /// Returns what in this setting cannot work: the field and why.
    pub fn problems(&self) -> Vec<(String, String)> {
        let name = (!is_qualified_name(&self.name)).then(|| {
            ("name".to_owned(), format!("is \"{}\", which is no qualified name such as example.com/quota", self.name))
        });
        name.into_iter().collect()
    }
}

/// The policy's gates, ready to add.
#[derive(Debug)]
pub struct SchedulingGates(Vec<(String, Selection)>);

impl SchedulingGates {
    /// Compiles the gates of a policy.
    pub fn new(gates: &[SchedulingGate]) -> Self {
        let compile = |gate: &SchedulingGate| {
            let (namespaces, of_pods) = (gate.namespaces.as_deref(), gate.pod_selector.as_ref());
            (gate.name.clone(), Selection::new(namespaces, gate.namespace_selector.as_ref(), of_pods))
        };
        Self(gates.iter().map(compile).collect())
    }
}

impl Mutate for SchedulingGates {
    fn mutation(&self) -> &'static Mutation {
        &MUTATION
    }

    fn apply(
        &self,
        review: &Review<'_>,
        _is_exempt: &dyn Fn(&Container<'_>) -> bool,
        patch: &mut PatchBuilder,
    ) -> Result<(), PatchError> {
        let subject = Subject::of(review);
        for template in review.new.templates.iter().filter(|template| template.spec.node_name.is_empty()) {
            // Several entries of a policy may give the same gate, each to other Pods.
            let mut there: HashSet<&str> = template.spec.gates().iter().map(|gate| &*gate.name).collect();
            let mut missing = Vec::new();
            for (name, selection) in &self.0 {
                let applies = selection.applies(&subject);
                if applies == Applies::No || there.contains(name.as_str()) {
                    continue;
                }
                if applies == Applies::Unknown {
                    return Err(PatchError::unknown(MUTATION.id, review));
                }
                there.insert(name);
                missing.push(Gate { name });
            }
            patch.append(&template.spec_path("schedulingGates"), template.spec.scheduling_gates.is_some(), &missing)?;
        }
        Ok(())
    }
}

/// An item of `schedulingGates`.
#[derive(Debug, Serialize)]
struct Gate<'a> {
    name: &'a str,
}
