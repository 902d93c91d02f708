//! What there is to draw in the cluster that the policy names: what its version drops is not drawn.

use std::borrow::Cow;

use podgate_engine::{
    lifecycle::kept::TargetCluster,
    model::{Review, Workload, version::RESIZE},
    policy::Engine,
    syntax::Path,
};

use super::scenario::ScenarioFile;

/// So many fields are named at most that are not drawn.
const MOST_NAMED: usize = 5;

/// An object, and what it is drawn with, as the cluster that it is meant for has them.
pub(super) struct InCluster<'p> {
    /// The object as JSON text.
    pub(super) json: Cow<'p, str>,
    /// The PodDisruptionBudgets of its namespace as JSON text.
    pub(super) budgets: Vec<Cow<'p, str>>,
    pub(super) scenario: Cow<'p, ScenarioFile>,
    /// Says what is not drawn.
    pub(super) assumptions: Vec<String>,
}

impl<'p> InCluster<'p> {
    /// Leaves out what the cluster lacks. `review` is the judgement of the object with the text `json`.
    pub(super) fn of(
        engine: &Engine,
        review: &Review<'_>,
        json: &'p str,
        budgets: &'p [String],
        scenario: &'p ScenarioFile,
    ) -> Self {
        let mut drawn = Self {
            json: json.into(),
            budgets: budgets.iter().map(Cow::from).collect(),
            scenario: Cow::Borrowed(scenario),
            assumptions: Vec::new(),
        };
        if let Some(cluster) = engine.cluster(review) {
            drawn.keep(&cluster, review);
        }
        drawn
    }

    fn keep(&mut self, cluster: &TargetCluster, review: &Review<'_>) {
        let version = cluster.version;
        let kept = cluster.kept(review.workload, &review.new, &self.json);
        if let Some(text) = kept.text {
            self.assumptions.push(format!("drawn without {}, which Kubernetes {version} drops", named(&kept.dropped)));
            self.json = text.into();
        }
        if !kept.refused.is_empty() {
            let refused = named(&kept.refused);
            self.assumptions.push(format!("drawn as if Kubernetes {version} did not refuse the object for {refused}"));
        }
        let kind = Workload::find("policy", "PodDisruptionBudget");
        for budget in &mut self.budgets {
            let Some((kind, Ok(object))) = kind.map(|kind| (kind, kind.read(budget))) else { continue };
            let kept = cluster.kept(kind, &object, budget);
            if let Some(text) = kept.text {
                let dropped = named(&kept.dropped);
                let said =
                    format!("drawn without {dropped} of a PodDisruptionBudget, which Kubernetes {version} drops");
                self.assumptions.push(said);
                *budget = text.into();
            }
        }
        let resizes = self.scenario.actions.iter().any(|done| done.resize.is_some());
        if resizes && !cluster.has(&RESIZE) {
            self.scenario.to_mut().actions.retain(|done| done.resize.is_none());
            self.assumptions.push(format!(
                "no resize is drawn: Kubernetes {version} does not change resources of a running Pod ({RESIZE})"
            ));
        }
    }
}

/// Returns what the cluster that the policy names keeps of an object with the text `json`, of which `review` is the judgement.
pub(super) fn kept<'t>(engine: &Engine, review: &Review<'_>, json: &'t str) -> Cow<'t, str> {
    let kept = engine.cluster(review).and_then(|cluster| cluster.kept(review.workload, &review.new, json).text);
    kept.map_or(Cow::Borrowed(json), Cow::from)
}

/// Returns the names of fields, as many as somebody reads.
fn named(paths: &[Path]) -> String {
    let mut names: Vec<String> = paths.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    if let Some(more) = paths.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_fields_some_are_named() {
        let paths = |count: usize| (0..count).map(|index| Path::default().index(index)).collect::<Vec<_>>();
        assert_eq!(named(&paths(1)), "[0]");
        assert_eq!(named(&paths(2)), "[0] and [1]");
        assert_eq!(named(&paths(7)), "[0], [1], [2], [3], [4] and 2 more");
    }
}
