//! `Outcome`: what a run gave, for the formats that people and programs read.

use std::sync::Arc;

use podgate_engine::{
    rules::{Level, Rule},
    syntax::{Path, yaml::Place},
};

use super::{
    aside::{self, NotJudged},
    environments::Repeated,
    excerpt::Excerpt,
    load::Identity,
    problem::Problem,
};

/// Tells where something stands, in a file and in an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file, as in [`Input::name`](crate::Input::name).
    pub file: Arc<str>,
    /// Line and column in it.
    pub place: Place,
    /// The object.
    pub object: Arc<Identity>,
    /// The field of the object.
    pub path: Path,
    /// The line of the file, as far as it is fit to be shown.
    pub excerpt: Excerpt,
    /// Names the template that the object was made of, where a comment `# Source:` above it says so, as `helm template` writes it.
    pub template: Option<Arc<str>>,
}

/// A finding and where it stands.
#[derive(Debug, Clone)]
pub struct Located {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// Tells how bad it is under the policy.
    pub level: Level,
    /// Holds what is wrong: one line, no final stop.
    pub message: String,
    /// Tells where.
    pub spot: Spot,
}

/// An annotation that does not do what it seems to, and where it stands.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Holds what is wrong with it.
    pub message: String,
    /// Tells where.
    pub spot: Spot,
}

/// A file of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The file, as in [`Input::name`](crate::Input::name).
    pub name: Arc<str>,
    /// Tells how many of its objects were judged.
    pub judged: usize,
}

/// Holds what a run gave, in the order of files and lines.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The files that were looked at.
    pub files: Vec<Seen>,
    /// Tells how many Kubernetes objects are in them.
    pub objects: usize,
    /// Tells how many of these were judged: those that make Pods or limit what happens to them.
    pub judged: usize,
    /// Holds what was not judged, by reason.
    pub not_judged: Vec<NotJudged>,
    /// Tells how many groups of files are judged by themselves, because some hold the same objects or make a kustomization.
    pub environments: usize,
    /// The objects that stand in more than one of these, or twice in one.
    pub repeated: Repeated,
    /// Tells how many documents are no Kubernetes objects.
    pub skipped: usize,
    /// Holds what was found.
    pub findings: Vec<Located>,
    /// Tells how many findings are exempt by annotation.
    pub ignored: usize,
    /// Tells how many findings of changed objects were there before.
    pub before: usize,
    /// Tells how many findings are in the [`Baseline`](crate::Baseline).
    pub in_baseline: usize,
    /// Annotations that do not do what they seem to.
    pub notices: Vec<Notice>,
    /// Holds what could not be judged.
    pub problems: Vec<Problem>,
}

impl Outcome {
    /// Returns the lines that tell a person of what was not judged, and why: one a chart, one for each other reason.
    pub fn reasons(&self) -> Vec<String> {
        aside::lines(&self.not_judged)
    }

    /// Says why nothing was judged, if so: what goes before "in" and the names of what was looked at. Where there are objects, and none
    /// that has Pods or makes them, there is nothing to find.
    pub fn nothing_judged(&self) -> Option<String> {
        if self.judged > 0 {
            return None;
        }
        match self.reasons().into_iter().next() {
            Some(line) => Some(format!("{line},")),
            None => (self.objects == 0).then(|| "no Kubernetes object".to_owned()),
        }
    }

    /// Returns how many findings have this level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}
