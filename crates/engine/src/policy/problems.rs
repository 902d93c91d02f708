//! What in a policy has the right shape but cannot work, or would not do what its author thinks.
//!
//! A selector that is wrong selects too much or too little without a word, so that everything that could only be a mistake is
//! refused: an empty list, a pattern that no name fits, a scope without a selector, a scope that is never reached.

use super::{
    added::PodKind,
    config::{Exemptions, Judged, LifecyclePolicy, PolicySpec, Scope},
    exempt::{ContainerExemption, ObjectExemption},
    kinds::Kinds,
};
use crate::{
    lifecycle::names::is_qualified_name,
    model::{Glob, LabelSelector, Workload, WorkloadTable, workload::WORKLOADS},
    syntax::{Path, pattern},
};

/// Tells where, and why.
pub(super) type Problem = (Path, String);

/// Everything that is wrong. `whole` says that no scope has lost anything: else one may seem to hide another.
pub(super) fn problems(policy: &LifecyclePolicy, whole: bool) -> Vec<Problem> {
    let spec = &policy.spec;
    let mut problems = Vec::new();
    of_kinds(&Path::of(&["spec", "kinds"]), &spec.kinds, &mut problems);
    let table = spec.workloads();
    let exemptions = Path::of(&["spec", "exemptions"]);
    of_namespaces(&exemptions.clone().key("namespaces"), &spec.exemptions.namespaces, &mut problems);
    of_users(&Path::of(&["spec", "controllers", "users"]), &spec.controllers.users, &mut problems);
    of_users(&exemptions.clone().key("users"), &spec.exemptions.users, &mut problems);
    of_users(&exemptions.clone().key("groups"), &spec.exemptions.groups, &mut problems);
    of_containers(&exemptions.clone().key("containers"), &spec.exemptions.containers, &mut problems);
    of_objects(&exemptions.key("objects"), &spec.exemptions, &table, &mut problems);
    for (index, scope) in spec.scopes.iter().enumerate() {
        of_scope(spec, index, scope, &table, whole, &mut problems);
    }
    of_mutations(spec, &mut problems);
    problems
}

fn of_scope(
    spec: &PolicySpec,
    index: usize,
    scope: &Scope,
    table: &WorkloadTable,
    whole: bool,
    problems: &mut Vec<Problem>,
) {
    let at = Path::of(&["spec", "scopes"]).index(index);
    let before = || spec.scopes.iter().take(index);
    if scope.name.trim().is_empty() {
        problems.push((at.clone().key("name"), "is empty".to_owned()));
    } else if before().any(|earlier| earlier.name == scope.name) {
        problems.push((at.clone().key("name"), format!("\"{}\" is another scope's name already", scope.name)));
    }
    let selection =
        of_selection(&at, scope.namespaces.as_ref(), scope.namespace_selector.as_ref(), scope.pod_selector.as_ref());
    let broken = !whole || !selection.is_empty();
    problems.extend(selection);
    let empty = [
        ("operations", scope.operations.as_ref().is_some_and(Vec::is_empty)),
        ("kinds", scope.kinds.as_ref().is_some_and(Kinds::is_empty)),
    ];
    let kinds = scope.kinds.as_ref().map(Kinds::names).unwrap_or_default();
    let faults = kinds.iter().enumerate().filter_map(|(place, kind)| Some((place, kind.fault(table)?)));
    problems.extend(faults.map(|(place, why)| (at.clone().key("kinds").index(place), why)));
    for (field, _) in empty.iter().filter(|(_, empty)| *empty) {
        problems.push((at.clone().key(*field), EMPTY.to_owned()));
    }
    let own = [("users", &scope.exemptions.users), ("groups", &scope.exemptions.groups)];
    for (field, patterns) in own {
        of_users(&at.clone().key("exemptions").key(field), patterns.as_deref().unwrap_or_default(), problems);
    }
    if scope.namespaces.is_none()
        && scope.namespace_selector.is_none()
        && scope.pod_selector.is_none()
        && scope.operations.is_none()
        && scope.kinds.is_none()
    {
        let why = "selects everything: give namespaces, namespaceSelector, podSelector, operations or kinds; \
                   what holds for all belongs outside of scopes";
        problems.push((at, why.to_owned()));
    } else if broken {
        // What it selects is not known, and neither is what it hides.
    } else if only_deletions(scope) {
        let why = "selects nothing: only deletions of Pods are judged, and Pod is not among kinds".to_owned();
        problems.push((at.key("operations"), why));
    } else if let Some(exempt) = exempt_namespace(spec, scope) {
        let why =
            format!("is never reached: exemptions.namespaces leaves {exempt} alone before any scope is looked at");
        problems.push((at.key("namespaces"), why));
    } else if let Some(earlier) = before().find(|earlier| selects_all_of(earlier, scope)) {
        problems
            .push((at, format!("is never reached: scope \"{}\" before it selects all that it selects", earlier.name)));
    }
}

const EMPTY: &str = "is empty and would select nothing; leave it out to select all";

/// Returns whether a scope asks for deletions of kinds whose deletions are not judged.
fn only_deletions(scope: &Scope) -> bool {
    let deletions = |some: &Vec<Judged>| some.iter().all(|operation| *operation == Judged::Delete);
    scope.operations.as_ref().is_some_and(deletions)
        && scope.kinds.as_ref().is_some_and(|kinds| !WORKLOADS.iter().any(|row| row.is_pod() && kinds.contains(row)))
}

/// The first of a scope's namespaces, where all of them are exempt.
fn exempt_namespace<'s>(spec: &PolicySpec, scope: &'s Scope) -> Option<&'s str> {
    let namespaces = scope.namespaces.as_deref()?;
    let exempt = |pattern: &String| spec.exemptions.namespaces.iter().any(|exempt| covers(exempt, pattern));
    namespaces.first().filter(|_| namespaces.iter().all(exempt)).map(String::as_str)
}

/// Returns whether `wide` describes everything that `narrow` describes. `?` is not looked into: `false` may be wrong, `true` is not.
fn covers(wide: &str, narrow: &str) -> bool {
    // A `*` in `wide` takes in whatever stands in `narrow`; any other character only fits itself.
    wide == narrow || !wide.contains('?') && Glob::new(wide).matches(narrow)
}

/// Returns whether every object that `later` selects is selected by `earlier`; `false` may be wrong, `true` is not.
fn selects_all_of(earlier: &Scope, later: &Scope) -> bool {
    let all =
        |wide: &[String], narrow: &[String]| narrow.iter().all(|narrow| wide.iter().any(|wide| covers(wide, narrow)));
    let namespaces = match (&earlier.namespaces, &later.namespaces) {
        (None, _) => true,
        (Some(wide), Some(narrow)) => all(wide, narrow),
        (Some(wide), None) => wide.iter().any(|wide| wide == "*"),
    };
    let selector = |wide: &Option<LabelSelector>, narrow: &Option<LabelSelector>| {
        wide.as_ref().is_none_or(|wide| *wide == LabelSelector::default() || narrow.as_ref() == Some(wide))
    };
    let among = |wide: &Option<Vec<_>>, narrow: &Option<Vec<_>>| {
        wide.as_ref()
            .is_none_or(|wide| narrow.as_ref().is_some_and(|narrow| narrow.iter().all(|one| wide.contains(one))))
    };
    namespaces
        && selector(&earlier.namespace_selector, &later.namespace_selector)
        && selector(&earlier.pod_selector, &later.pod_selector)
        && among(&earlier.operations, &later.operations)
        && (earlier.kinds.is_none() || earlier.kinds == later.kinds)
}

fn of_kinds(at: &Path, kinds: &[PodKind], problems: &mut Vec<Problem>) {
    for (index, added) in kinds.iter().enumerate() {
        let at = at.clone().index(index);
        let PodKind { group, kind, templates, .. } = added;
        let is_same = |earlier: &PodKind| earlier.group == *group && earlier.kind == *kind;
        if group.is_empty() || group.contains('/') {
            let why = format!("\"{group}\" is no API group: the part of apiVersion before the slash is needed");
            problems.push((at.clone().key("group"), why));
        } else if Workload::find(group, kind).is_some() {
            problems.push((at.clone().key("kind"), format!("{kind} of {group} is judged without being added")));
        } else if kinds.iter().take(index).any(is_same) {
            problems.push((at.clone().key("kind"), format!("{kind} of {group} is added already")));
        }
        if kind.is_empty() {
            problems.push((at.clone().key("kind"), "is empty".to_owned()));
        }
        if templates.is_empty() {
            problems.push((at.clone().key("templates"), "is empty: there is nothing to judge".to_owned()));
        }
        for (place, template) in templates.iter().enumerate() {
            let why = pattern::fault(template).map(|fault| format!("\"{template}\" {fault}"));
            problems.extend(why.map(|why| (at.clone().key("templates").index(place), why)));
        }
    }
}

fn of_containers(at: &Path, containers: &[ContainerExemption], problems: &mut Vec<Problem>) {
    for (index, container) in containers.iter().enumerate() {
        let (at, pattern) = (at.clone().index(index), container.pattern());
        match container {
            ContainerExemption::Name(name) if !may_be_label(name) => {
                let why = format!(
                    "\"{name}\" fits no container: names are 1 to 63 of a-z, 0-9 and -; for an image write {{image: …}}"
                );
                problems.push((at, why));
            }
            ContainerExemption::Image { .. } if pattern.is_empty() || pattern.contains(char::is_whitespace) => {
                problems.push((at.key("image"), format!("\"{pattern}\" fits no image: it is empty, or has blanks")));
            }
            _ if pattern.chars().all(|char| char == '*') => {
                problems.push((at, "leaves every container alone; exempt namespaces or users instead".to_owned()));
            }
            _ => {}
        }
    }
}

fn of_objects(at: &Path, exemptions: &Exemptions, table: &WorkloadTable, problems: &mut Vec<Problem>) {
    for (index, object) in exemptions.objects.iter().enumerate() {
        let at = at.clone().index(index);
        let mut say = |field: &'static str, why: String| problems.push((at.clone().key(field), why));
        if let Some(why) = object.kind.fault(table) {
            say("kind", why);
        }
        let before = exemptions.objects.iter().take(index);
        if !may_be_label(&object.namespace) {
            say(
                "namespace",
                format!("\"{}\" fits no namespace: names are 1 to 63 of a-z, 0-9 and -", object.namespace),
            );
        } else if exemptions.namespaces.iter().any(|exempt| covers(exempt, &object.namespace)) {
            let why = format!("is never asked about: exemptions.namespaces leaves {} alone", object.namespace);
            say("namespace", why);
        }
        let may_stand =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'*' | b'?');
        if object.name.is_empty() || object.name.len() > 253 || !object.name.bytes().all(may_stand) {
            say("name", format!("\"{}\" fits no object: names are 1 to 253 of a-z, 0-9, - and .", object.name));
        }
        if object.rules.is_empty() {
            say("rules", "is empty, and would exempt from nothing".to_owned());
        }
        if object.reason.trim().is_empty() {
            say("reason", "is empty; say why, and who knows more".to_owned());
        }
        let same = |other: &&ObjectExemption| {
            (&other.kind, &other.namespace, &other.name, &other.rules, other.expires)
                == (&object.kind, &object.namespace, &object.name, &object.rules, object.expires)
        };
        if let Some((earlier, _)) = before.enumerate().find(|(_, other)| same(other)) {
            problems.push((at, format!("says what objects[{earlier}] says already")));
        }
    }
}

/// Returns whether a pattern fits a name of a namespace or a container: a DNS label, at most 63 of `a-z0-9-`.
fn may_be_label(pattern: &str) -> bool {
    let may_stand = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'*' | b'?');
    let least = pattern.bytes().filter(|byte| *byte != b'*').count();
    !pattern.is_empty() && least <= 63 && pattern.bytes().all(may_stand)
}

fn of_mutations(spec: &PolicySpec, problems: &mut Vec<Problem>) {
    let mutations = Path::of(&["spec", "mutations"]);
    let below = |base: &Path, dotted: &str| {
        let parts = dotted.split('.').filter(|part| !part.is_empty());
        parts.fold(base.clone(), |path, part| match part.parse() {
            Ok(index) => path.index(index),
            Err(_) => path.key(part.to_owned()),
        })
    };
    if let Some(probes) = &spec.mutations.default_probes {
        let at = mutations.clone().key("defaultProbes");
        problems.extend(probes.problems().into_iter().map(|(field, why)| (below(&at, &field), why)));
        let selectors = (probes.namespace_selector.as_ref(), probes.pod_selector.as_ref());
        problems.extend(of_selection(&at, probes.namespaces.as_ref(), selectors.0, selectors.1));
    }
    for (index, gate) in spec.mutations.scheduling_gates.iter().enumerate() {
        let at = mutations.clone().key("schedulingGates").index(index);
        problems.extend(gate.problems().into_iter().map(|(field, why)| (below(&at, &field), why)));
        let selectors = (gate.namespace_selector.as_ref(), gate.pod_selector.as_ref());
        problems.extend(of_selection(&at, gate.namespaces.as_ref(), selectors.0, selectors.1));
    }
    if let Some(settings) = &spec.mutations.wait_for {
        let namespaces = settings.target_namespaces.as_deref().unwrap_or_default();
        of_namespaces(&mutations.key("waitFor").key("targetNamespaces"), namespaces, problems);
    }
}

fn of_selection(
    at: &Path,
    namespaces: Option<&Vec<String>>,
    namespace_selector: Option<&LabelSelector>,
    pod_selector: Option<&LabelSelector>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(namespaces) = namespaces {
        let at = at.clone().key("namespaces");
        if namespaces.is_empty() {
            problems.push((at.clone(), EMPTY.to_owned()));
        }
        of_namespaces(&at, namespaces, &mut problems);
    }
    for (field, selector) in [("namespaceSelector", namespace_selector), ("podSelector", pod_selector)] {
        if let Some(selector) = selector {
            of_selector(&at.clone().key(field), selector, &mut problems);
        }
    }
    problems
}

fn of_namespaces(at: &Path, patterns: &[String], problems: &mut Vec<Problem>) {
    for (index, pattern) in patterns.iter().enumerate() {
        if !may_be_label(pattern) {
            let why = format!(
                "\"{pattern}\" fits no namespace: names are 1 to 63 of a-z, 0-9 and -; * and ? stand for others"
            );
            problems.push((at.clone().index(index), why));
        }
    }
}

fn of_users(at: &Path, patterns: &[String], problems: &mut Vec<Problem>) {
    for (index, pattern) in patterns.iter().enumerate() {
        if pattern.is_empty() || pattern.trim() != pattern {
            let why = format!("\"{pattern}\" fits nobody: it is empty, or has blanks around it");
            problems.push((at.clone().index(index), why));
        }
    }
}

fn of_selector(at: &Path, selector: &LabelSelector, problems: &mut Vec<Problem>) {
    let key_problem = |key: &str| {
        let why = || format!("\"{key}\" is no label key such as app or example.com/team");
        (!is_qualified_name(key)).then(why)
    };
    // A value has the form of a key without a prefix, or is empty.
    let value_problem = |value: &str| {
        let fits = value.is_empty() || !value.contains('/') && is_qualified_name(value);
        (!fits).then(|| format!("\"{value}\" is no label value: at most 63 of A-Z, a-z, 0-9, -, _ and ."))
    };
    for (key, value) in &selector.match_labels {
        let at = at.clone().key("matchLabels").key(key.clone());
        problems.extend(key_problem(key).into_iter().chain(value_problem(value)).map(|why| (at.clone(), why)));
    }
    for (index, requirement) in selector.match_expressions.iter().enumerate() {
        let at = at.clone().key("matchExpressions").index(index);
        problems.extend(key_problem(&requirement.key).map(|why| (at.clone().key("key"), why)));
        for (index, value) in requirement.values.iter().enumerate() {
            problems.extend(value_problem(value).map(|why| (at.clone().key("values").index(index), why)));
        }
    }
    problems.extend(selector.problem().map(|why| (at.clone(), why)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_covers_what() {
        for (wide, narrow) in [("*", "a"), ("*", "a-*"), ("a*", "a-*"), ("a-*-z", "a-b*-z"), ("a?", "a?"), ("*", "?")] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [("a", "*"), ("a-*", "a*"), ("a?", "a*"), ("a?", "ab"), ("b*", "a*")] {
            assert!(!covers(wide, narrow), "{wide} {narrow}");
        }
    }
}
