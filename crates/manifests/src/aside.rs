//! What a run finds and does not judge, by reason and count.

use std::collections::BTreeMap;

use podgate_engine::syntax::text::{counted, one_line};
use schemars::JsonSchema;
use serde::Serialize;

/// Tells how many examples are kept of a reason; of charts more, each of which has a command of its own.
const MAX_EXAMPLES: usize = 3;
const MAX_CHARTS: usize = 1000;
/// The longest name and the longest example, in characters.
const MAX_CHARACTERS: usize = 300;

/// Tells why something is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The source of a Helm chart, which is no manifest until it is rendered.
    HelmChart,
    /// A file that a kustomization names as a patch.
    KustomizePatch,
    /// A file that a kustomization packs or is set up with.
    KustomizeData,
    /// An object that only says what is to change in another.
    Fragment,
    /// An object for tools alone, which no cluster sees.
    Local,
    /// An object that a controller of Flux, Argo CD or the like makes others of.
    Release,
    /// The source of a template outside of charts.
    Template,
    /// An object with a placeholder where a value belongs.
    Placeholder,
    /// An object of a kind that is not known, and that holds containers.
    Kind,
    /// An object of a group that no cluster serves any more.
    Unserved,
    /// An object in a namespace that the policy exempts.
    ExemptNamespace,
    /// A file that is no YAML, and that names no `apiVersion`.
    NoManifest,
}

impl Reason {
    /// Returns whether what is left aside for it are Kubernetes objects nevertheless.
    pub(crate) fn is_of_objects(self) -> bool {
        !matches!(self, Self::Fragment | Self::Local)
    }
}

/// Holds what is not judged for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotJudged {
    /// Tells why.
    pub reason: Reason,
    /// The kind or namespace that it is counted under; empty where the reason says all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Tells how many.
    pub count: usize,
    /// Some of them, each with its file.
    pub examples: Vec<String>,
}

/// Counts by reason and name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(BTreeMap<(Reason, String), (usize, Vec<String>)>);

impl Tally {
    /// Counts one more.
    pub(crate) fn add(&mut self, reason: Reason, name: &str, example: &str) {
        self.count(reason, name, 1, [example.to_owned()]);
    }

    /// Counts what another has counted.
    pub(crate) fn extend(&mut self, other: &Self) {
        for ((reason, name), (count, examples)) in &other.0 {
            self.count(*reason, name, *count, examples.iter().cloned());
        }
    }

    fn count(&mut self, reason: Reason, name: &str, count: usize, examples: impl IntoIterator<Item = String>) {
        let name = one_line(name, MAX_CHARACTERS).into_owned();
        let (all, kept) = self.0.entry((reason, name)).or_default();
        *all += count;
        let most = if reason == Reason::HelmChart { MAX_CHARTS } else { MAX_EXAMPLES };
        let free = most.saturating_sub(kept.len());
        kept.extend(examples.into_iter().take(free).map(|example| one_line(&example, MAX_CHARACTERS).into_owned()));
    }

    /// Returns everything that was counted, by reason and name.
    pub(crate) fn finish(self) -> Vec<NotJudged> {
        let each = |((reason, name), (count, examples))| NotJudged { reason, name, count, examples };
        self.0.into_iter().map(each).collect()
    }
}

/// Returns the lines that tell a person of what was not judged: one a chart, one for each other reason.
pub(crate) fn lines(all: &[NotJudged]) -> Vec<String> {
    all.chunk_by(|one, other| one.reason == other.reason).flat_map(of_one_reason).collect()
}

fn of_one_reason(sets: &[NotJudged]) -> Vec<String> {
    let Some(first) = sets.first() else { return Vec::new() };
    if first.reason == Reason::HelmChart {
        let line = |chart: &String| format!("Helm chart {chart}: helm template {chart} | podgate check, or --render");
        return first.examples.iter().map(line).collect();
    }
    let count: usize = sets.iter().map(|set| set.count).sum();
    let names = sets.iter().filter(|set| !set.name.is_empty()).map(|set| format!("{} {}", set.count, set.name));
    let names = names.collect::<Vec<_>>().join(", ");
    let plural = |one: &str, many: &str| counted(count, one, many);
    let objects = plural("object", "objects");
    let what = match first.reason {
        Reason::HelmChart | Reason::KustomizePatch => plural("kustomize patch", "kustomize patches"),
        Reason::KustomizeData => plural("file that kustomize packs or reads", "files that kustomize packs or reads"),
        Reason::Fragment => plural("fragment of an object", "fragments of objects") + ": " + &names,
        Reason::Local => format!("{objects} for tools alone: {names}"),
        Reason::Release => plural("release", "releases") + ", not rendered: " + &names,
        Reason::Template => plural("source of a template", "sources of templates") + ": render and check the output",
        Reason::Placeholder => format!("{objects} with placeholders: fill them in and check the output"),
        Reason::Kind => format!("{objects} of unknown kinds that hold containers: {names}"),
        Reason::Unserved => format!("{objects} that no cluster serves any more: {names}"),
        Reason::ExemptNamespace => format!("{objects} in namespaces that are exempt: {names}"),
        Reason::NoManifest => plural("file", "files") + " without an apiVersion that cannot be read",
    };
    let example = first.examples.first().map(|example| format!(" ({example}{})", if count > 1 { ", …" } else { "" }));
    vec![what + &example.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_with_names_and_counts() {
        let mut tally = Tally::default();
        for number in 0..5 {
            tally.add(Reason::Kind, "Job.example.com", &format!("{number}.yaml: Job shop/a"));
        }
        tally.add(Reason::Kind, "Flow.example.com", "f.yaml: Flow shop/f");
        tally.add(Reason::KustomizePatch, "", "patch\u{1b}.yaml");
        let mut all = Tally::default();
        all.extend(&tally);
        all.add(Reason::HelmChart, "", "charts/a");
        let all = all.finish();
        assert_eq!(
            lines(&all),
            [
                "Helm chart charts/a: helm template charts/a | podgate check, or --render",
                "1 kustomize patch (patch\u{fffd}.yaml)",
                "6 objects of unknown kinds that hold containers: 1 Flow.example.com, 5 Job.example.com (f.yaml: Flow shop/f, …)",
            ]
        );
        assert_eq!(all.last().map(|set| (set.count, set.examples.len())), Some((5, MAX_EXAMPLES)));
    }
}
