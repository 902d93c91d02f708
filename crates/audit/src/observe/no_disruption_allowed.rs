//! A PodDisruptionBudget that allows no eviction now.

use podgate_engine::{
    rules::Level,
    syntax::{
        ReadErrors,
        json::{from_object, object_or_default},
    },
};
use serde::Deserialize;

use crate::{
    audit::Observation,
    observe::seen::{Seen, Told},
};

/// Sees `disruptionsAllowed: 0`.
pub(super) static OBSERVATION: Observation = Observation {
    id: "no-disruption-allowed",
    summary: "a PodDisruptionBudget allows no eviction now: a drain waits",
    level: Level::Audit,
    source: "status.disruptionsAllowed (updatePdbStatus of the disruption controller)",
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Budget {
    #[serde(deserialize_with = "object_or_default")]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    disruptions_allowed: Option<i64>,
    current_healthy: i64,
    desired_healthy: i64,
    expected_pods: i64,
}

/// Returns whether it is so. A budget without a status has not been looked at yet, and one without Pods holds up nobody.
pub(super) fn observe(text: &str, seen: &mut Vec<Seen>) -> Result<(), ReadErrors> {
    let Budget { status } = from_object(text)?;
    if status.disruptions_allowed != Some(0) || status.expected_pods <= 0 {
        return Ok(());
    }
    let Status { current_healthy, desired_healthy, expected_pods, .. } = status;
    let pods = if expected_pods == 1 { "Pod" } else { "Pods" };
    let verb = if current_healthy == 1 { "is" } else { "are" };
    seen.push(Seen {
        observation: &OBSERVATION,
        subject: String::new(),
        path: "status.disruptionsAllowed".to_owned(),
        measure: 0,
        told: Told::Words(format!(
            "no eviction is allowed now: {current_healthy} of {expected_pods} {pods} {verb} healthy, and {desired_healthy} must be"
        )),
    });
    Ok(())
}
