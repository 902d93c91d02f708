//! Findings, each at the container and the field where it bites.

use podgate_engine::{
    lifecycle::{stages::Role, timeline::Lane},
    model::Template,
    rules::{Finding, Level, Rule},
    syntax::{Path, path::Segment},
};

/// The fields that have a row of their own in the picture.
const ROWS: [&str; 5] = ["startupProbe", "livenessProbe", "readinessProbe", "postStart", "preStop"];

/// A finding of the object, and where in the picture it belongs.
#[derive(Debug, Clone)]
pub struct Pin {
    /// Its number in the picture; the first is 1.
    pub number: usize,
    /// The rule.
    pub rule: &'static Rule,
    /// How bad it is under the policy.
    pub level: Level,
    /// What it says.
    pub message: String,
    /// The field.
    pub at: Path,
    /// The index of the container that it is about; `None`: the Pod or its owner.
    pub lane: Option<usize>,
    /// The probe or hook that it is about.
    pub row: Option<&'static str>,
}

/// Returns the findings with their places, in the order in which they were found.
pub(super) fn pins(findings: &[Finding], template: &Template<'_>, lanes: &[Lane]) -> Vec<Pin> {
    let pin = |(index, finding): (usize, &Finding)| {
        let lane = lanes.iter().position(|lane| starts_with(&finding.at, &path_of(lane, template)));
        let row = ROWS
            .into_iter()
            .find(|row| finding.at.segments().iter().any(|segment| matches!(segment, Segment::Key(key) if key == row)));
        Pin {
            number: index + 1,
            rule: finding.rule,
            level: finding.level,
            message: finding.message.clone(),
            at: finding.at.clone(),
            lane,
            row: row.filter(|_| lane.is_some()),
        }
    };
    findings.iter().enumerate().map(pin).collect()
}

fn path_of(lane: &Lane, template: &Template<'_>) -> Path {
    let list = match lane.role {
        Role::Init | Role::Sidecar => "initContainers",
        Role::App => "containers",
        Role::Ephemeral => "ephemeralContainers",
    };
    if template.is_container { template.path.clone() } else { template.spec_path(list).index(lane.index) }
}

fn starts_with(path: &Path, prefix: &Path) -> bool {
    path.segments().starts_with(prefix.segments())
}
