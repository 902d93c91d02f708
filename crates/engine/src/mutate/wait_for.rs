//! # What it does
//!
//! Adds the gate `podgate.dev/wait-for` to new Pods with the annotation of the same name, which says what they wait for:
//! `podgate.dev/wait-for: "service/db, job/migrate"`. `podgate serve --open-gates` removes it once all of that is there.
//!
//! Not to Pods that name their node, not where the annotation cannot be read or names another namespace than the policy allows
//! (the rule `invalid-wait-for` refuses these), and not where nobody opens gates: the answer warns of it then.
//!
//! # Why
//!
//! An init container that waits holds a node, what the Pod reserves there, and a timeout. A gated Pod holds nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Mutate, Mutation, PatchBuilder, PatchError, scheduling_gates::Gate};
use crate::{
    lifecycle::waiting::{WAIT_FOR, WaitForError, WaitForRules},
    model::{Container, Review},
    syntax::{duration::DurationText, json::given},
};

static MUTATION: Mutation = Mutation { id: "wait-for", summary: "adds a gate to Pods that say what they wait for" };

/// Lets Pods say what they wait for, by the annotation `podgate.dev/wait-for`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WaitFor {
    /// The other namespaces in which there may be something to wait for, exact or with `*` and `?`. Where it is absent Pods wait for
    /// what is in their own.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub target_namespaces: Option<Vec<String>>,
    /// The longest time that a Pod waits, from its creation on; then it starts all the same. Absent: for ever.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText")]
    pub open_after: Option<DurationText>,
}

impl WaitFor {
    /// Returns it ready to apply.
    pub fn compile(&self) -> WaitForRules {
        let open_after = self.open_after.as_ref().map(|text| text.duration);
        WaitForRules::new(self.target_namespaces.as_deref().unwrap_or_default(), open_after)
    }
}

impl Mutate for WaitForRules {
    fn mutation(&self) -> &'static Mutation {
        &MUTATION
    }

    fn apply(
        &self,
        review: &Review<'_>,
        _is_exempt: &dyn Fn(&Container<'_>) -> bool,
        patch: &mut PatchBuilder,
    ) -> Result<(), PatchError> {
        let Some(text) = review.new.metadata.annotations.get(WAIT_FOR) else { return Ok(()) };
        for template in review.new.templates.iter().filter(|template| template.spec.node_name.is_empty()) {
            if template.spec.gates().iter().any(|gate| &*gate.name == WAIT_FOR) {
                continue;
            }
            match self.read(text, &review.namespace) {
                // There is nothing to wait for.
                Ok(waits) if waits.is_empty() => {}
                Ok(_) if !review.opens_gates => patch.leave_out(WAIT_FOR, super::patch::NOBODY_OPENS),
                Ok(_) => {
                    let at = template.spec_path("schedulingGates");
                    let there = template.spec.scheduling_gates.is_some() || patch.has(&at);
                    patch.append(&at, there, &[Gate { name: WAIT_FOR }])?;
                }
                Err(errors) => {
                    let why = format!("the annotation {WAIT_FOR} cannot be followed: {}", WaitForError::all(&errors));
                    patch.leave_out(WAIT_FOR, &why);
                }
            }
        }
        Ok(())
    }
}
