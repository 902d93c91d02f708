//! # What it does
//!
//! Finds a PodDisruptionBudget whose `minAvailable` or `maxUnavailable` is neither a count nor a percentage up to 100%, or that
//! gives both.
//!
//! # Why it is bad
//!
//! The API server refuses it. A number in quotes, which templates produce easily, is no count.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: web}
//! spec:
//!   minAvailable: "3" # finding
//!   selector: {matchLabels: {app: web}}
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: policy/v1
//! kind: PodDisruptionBudget
//! metadata: {name: web}
//! spec:
//!   minAvailable: 3
//!   selector: {matchLabels: {app: web}}
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/tasks/run-application/configure-pdb/#specifying-a-poddisruptionbudget>
//! - `pkg/apis/policy/validation`: `ValidatePodDisruptionBudgetSpec`

use crate::{
    lifecycle::disruption::{fault, written},
    model::Review,
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "invalid-disruption-budget",
    summary: "a PodDisruptionBudget whose numbers the API server refuses",
    level: Deny,
    since: "0.1.0",
    page: "invalid_disruption_budget.rs",
    check: InvalidDisruptionBudget {},
}

impl Check for InvalidDisruptionBudget {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        let Some(budget) = &review.new.budget else { return };
        let fields = [("minAvailable", &budget.min_available), ("maxUnavailable", &budget.max_unavailable)];
        for (field, value) in fields {
            let Some(value) = value else { continue };
            if let Some(fault) = fault(value, Some(100)) {
                out.at(Path::of(&["spec", field]), format_args!("{field} {} {fault}", written(value)));
            }
        }
        if let (Some(least), Some(most)) = (&budget.min_available, &budget.max_unavailable) {
            let (least, most) = (written(least), written(most));
            out.at(
                Path::of(&["spec", "maxUnavailable"]),
                format_args!("minAvailable {least} and maxUnavailable {most} are both set; only one of them may be"),
            );
        }
    }
}
