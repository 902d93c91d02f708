//! Findings, each at the container and the field where it bites.

use podgate_engine::{
    lifecycle::{stages::Role, timeline::Lane},
    model::Template,
    rules::{Finding, Level, Rule},
    syntax::{Path, path::Segment},
};

use crate::outcome::Located;

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

/// Tells where in the picture findings belong.
#[derive(Debug)]
pub(super) struct Places {
    /// Where the container of each lane stands in the object.
    lanes: Vec<Path>,
}

impl Places {
    pub(super) fn of(template: &Template<'_>, lanes: &[Lane]) -> Self {
        Self { lanes: lanes.iter().map(|lane| path_of(lane, template)).collect() }
    }

    /// Returns findings with their places, in their order.
    pub(super) fn pins<'f>(&self, findings: impl Iterator<Item = Found<'f>>) -> Vec<Pin> {
        let pin = |(index, Found { rule, level, message, at }): (usize, Found<'f>)| {
            let lane = self.lanes.iter().position(|lane| starts_with(at, lane));
            let is_in =
                |row: &&str| at.segments().iter().any(|segment| matches!(segment, Segment::Key(key) if key == row));
            let row = ROWS.into_iter().find(is_in).filter(|_| lane.is_some());
            Pin { number: index + 1, rule, level, message: message.to_owned(), at: at.clone(), lane, row }
        };
        findings.enumerate().map(pin).collect()
    }
}

/// A finding, wherever it comes from.
pub(super) struct Found<'f> {
    rule: &'static Rule,
    level: Level,
    message: &'f str,
    at: &'f Path,
}

impl<'f> From<&'f Finding> for Found<'f> {
    fn from(finding: &'f Finding) -> Self {
        Self { rule: finding.rule, level: finding.level, message: &finding.message, at: &finding.at }
    }
}

impl<'f> From<&'f Located> for Found<'f> {
    fn from(located: &'f Located) -> Self {
        Self { rule: located.rule, level: located.level, message: &located.message, at: &located.spot.path }
    }
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
