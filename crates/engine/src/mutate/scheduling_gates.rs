//! # What it does
//!
//! Adds the policy's scheduling gates to the Pods that they select, when those are created. Gates that are there are not
//! added again. Pods that name their node are left alone: the API server refuses `nodeName` together with a gate. Where it
//! depends on the labels of a namespace, and they are not known, there is no answer but an error, so that `failurePolicy`
//! decides.
//!
//! A gate with `openWhen` is removed by `podgate serve --open-gates`, once all that it names is there. Where nobody does that it is not
//! added, and the answer warns of it.
//!
//! # Why
//!
//! A gate keeps the scheduler from looking at a Pod until somebody removes it: a quota, a licence, a cluster that has still
//! to grow. The gate has to be there from the start; it cannot be added later.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Mutate, Mutation, OpenCondition, PatchBuilder, PatchError, patch::NOBODY_OPENS};
use crate::{
    lifecycle::{
        names::is_qualified_name,
        waiting::{CompiledGate, WAIT_FOR},
    },
    model::{Applies, Container, LabelSelector, Review, Selection, Subject},
    syntax::{duration::DurationText, json::given},
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
    /// What the Pods wait for, all of it: podgate removes the gate then. Where it is absent somebody else removes the gate.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<OpenCondition>")]
    pub open_when: Option<Vec<OpenCondition>>,
    /// The longest time that a Pod waits, from its creation on; then it starts all the same. Absent: for ever.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText")]
    pub open_after: Option<DurationText>,
}

impl SchedulingGate {
    /// Returns what in this setting cannot work: the field, empty for the setting itself, and why.
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut say = |field: &str, why: String| problems.push((field.to_owned(), why));
        if !is_qualified_name(&self.name) {
            say("name", format!("is \"{}\", which is no qualified name such as example.com/quota", self.name));
        } else if self.name == WAIT_FOR {
            say("name", format!("\"{WAIT_FOR}\" is the gate of waitFor; choose another name"));
        }
        if self.open_when.as_ref().is_some_and(Vec::is_empty) {
            say("openWhen", "is empty; leave it out where somebody else removes the gate".to_owned());
        }
        if self.open_after.is_some() && self.open_when.is_none() {
            say("openAfter", "is of use beside openWhen only: somebody else removes the gate".to_owned());
        }
        for (index, condition) in self.open_when.iter().flatten().enumerate() {
            let at = format!("openWhen.{index}");
            let field = |field: String| if field.is_empty() { at.clone() } else { format!("{at}.{field}") };
            problems.extend(condition.problems().into_iter().map(|(name, why)| (field(name), why)));
        }
        problems
    }

    /// Returns it ready to add.
    pub fn compile(&self) -> CompiledGate {
        let (namespaces, of_pods) = (self.namespaces.as_deref(), self.pod_selector.as_ref());
        let open_when = self.open_when.as_ref();
        CompiledGate {
            name: self.name.clone(),
            selection: Selection::new(namespaces, self.namespace_selector.as_ref(), of_pods),
            waits: open_when.map(|conditions| conditions.iter().filter_map(OpenCondition::wait).collect()),
            open_after: self.open_after.as_ref().map(|text| text.duration),
        }
    }
}

/// The policy's gates, ready to add.
#[derive(Debug)]
pub struct SchedulingGates(Vec<CompiledGate>);

impl SchedulingGates {
    /// Compiles the gates of a policy.
    pub fn new(gates: &[SchedulingGate]) -> Self {
        Self(gates.iter().map(SchedulingGate::compile).collect())
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
            for CompiledGate { name, selection, waits, .. } in &self.0 {
                let applies = selection.applies(&subject);
                if applies == Applies::No || there.contains(name.as_str()) {
                    continue;
                }
                if waits.is_some() && !review.opens_gates {
                    patch.leave_out(name, NOBODY_OPENS);
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
pub(super) struct Gate<'a> {
    pub(super) name: &'a str,
}
