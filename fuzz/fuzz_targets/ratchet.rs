//! Two objects, one on each line: an UPDATE from the first to the second. What it is refused for the second has, and it is
//! refused for nothing where only something changes that nobody judges.

#![no_main]

use std::{collections::HashMap, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use podgate_engine::{
    model::Review,
    policy::{
        Engine, Verdict,
        cases::{Circumstances, with_review},
        parse,
    },
    rules::Level,
};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let policy = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {profile: strict, exemptions: {namespaces: []}}";
    Engine::new(&parse(policy, "the policy").unwrap())
});

fn judge(object: &str, old: Option<&str>) -> Option<Verdict> {
    let judge = |review: Option<&Review<'_>>| review.map(|review| ENGINE.review(review)).unwrap_or_default();
    with_review(object, old, &Circumstances::default(), None, judge).ok()
}

/// How many findings there are of a rule at a place.
fn counts(verdict: &Verdict) -> HashMap<(&'static str, String, Level), usize> {
    let mut counts = HashMap::new();
    for finding in &verdict.findings {
        *counts.entry((finding.rule.id, finding.at.to_string(), finding.level)).or_default() += 1;
    }
    counts
}

fuzz_target!(|text: &str| {
    let Some((old, new)) = text.split_once('\n') else { return };
    let Some(updated) = judge(new, Some(old)) else { return };
    let Some(created) = judge(new, None) else { return };
    let created = counts(&created);
    for (finding, count) in counts(&updated) {
        // Rules of changes find more in an UPDATE.
        let of_changes = [
            "init-container-field-change",
            "init-image-change-without-effect",
            "init-only-rollout",
            "scheduling-gate-added",
        ];
        assert!(
            of_changes.contains(&finding.0) || created.get(&finding).is_some_and(|all| count <= *all),
            "{finding:?}"
        );
    }
    if let Ok(mut touched) = serde_json::from_str::<serde_json::Value>(new)
        && let Some(spec) = touched.get_mut("spec").and_then(serde_json::Value::as_object_mut)
    {
        spec.insert("nobodyReadsThis".to_owned(), 1.into());
        let same = judge(&touched.to_string(), Some(new)).unwrap_or_default();
        assert!(same.findings.is_empty(), "{:?}", same.findings);
    }
});
