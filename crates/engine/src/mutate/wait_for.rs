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

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Mutate, Mutation, PatchBuilder, PatchError, scheduling_gates::Gate};
use crate::{
    lifecycle::waiting::{WAIT_FOR, Wait, read_wait_for},
    model::{Applies, Container, Glob, Review},
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

/// The annotation's meaning under a policy.
#[derive(Debug, Clone, Default)]
pub struct WaitForRules {
    target_namespaces: Vec<Glob>,
    /// The longest time that a Pod waits.
    pub open_after: Option<Duration>,
}

impl WaitForRules {
    /// Compiles what a policy says of the annotation.
    pub fn new(settings: &WaitFor) -> Self {
        let namespaces = settings.target_namespaces.as_deref().unwrap_or_default();
        let open_after = settings.open_after.as_ref().map(|text| text.duration);
        Self { target_namespaces: Glob::all(namespaces), open_after }
    }

    /// Reads the annotation of a Pod of `namespace`. The error holds all that is wrong.
    pub fn read(&self, text: &str, namespace: &str) -> Result<Vec<Wait>, Vec<String>> {
        let waits = read_wait_for(text).map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let problems: Vec<String> = waits.iter().filter_map(|wait| self.problem(wait, namespace)).collect();
        if problems.is_empty() { Ok(waits) } else { Err(problems) }
    }

    /// Says why a Pod of `namespace` may not wait for something. A namespace that is not known may be any.
    fn problem(&self, wait: &Wait, namespace: &str) -> Option<String> {
        let of_target = &wait.target.namespace;
        let is_own = of_target.is_empty() || of_target == namespace || namespace.is_empty();
        let allowed = || self.target_namespaces.iter().any(|glob| glob.applies_to_namespace(of_target) == Applies::Yes);
        (!is_own && !allowed()).then(|| {
            format!(
                "\"{}\" is in namespace \"{of_target}\"; the policy allows targets there by waitFor.targetNamespaces only",
                wait.target
            )
        })
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
                Err(problems) => {
                    let why = format!("the annotation {WAIT_FOR} cannot be followed: {}", problems.join("; "));
                    patch.leave_out(WAIT_FOR, &why);
                }
            }
        }
        Ok(())
    }
}
