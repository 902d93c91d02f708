//! `Engine`: a compiled policy. `Review` in, [`Verdict`] out; pure, sync, without I/O.

use std::collections::HashMap;

use json_patch::Patch;
use serde_json::{Map, Value};

use super::{
    LifecyclePolicy,
    config::PolicySpec,
    ignore::{Annotations, Ignored, Notice},
    scope::Exempt,
};
use crate::{
    model::{Aspect, Container, Object, Operation, Path, Review, path::Segment},
    mutate::{DefaultProbes, MUTATIONS, Mutation, PatchBuilder, PatchError, SchedulingGate},
    rules::{
        Finding, Level, RULES, Report, Rule,
        rule::{Compiled, Levels},
    },
};

/// A policy, ready to judge.
pub struct Engine {
    rules: Vec<Active>,
    exempt: Exempt,
    annotations: Annotations,
    default_probes: DefaultProbes,
    scheduling_gates: Vec<SchedulingGate>,
}

/// A rule that is not off, with its options.
struct Active {
    rule: &'static Rule,
    levels: Levels,
    check: Compiled,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

/// What the rules say of one review.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What was found, by place and rule.
    pub findings: Vec<Finding>,
    /// What was found too, but is exempt by annotation.
    pub ignored: Vec<Ignored>,
    /// Annotations that do not do what they seem to.
    pub notices: Vec<Notice>,
}

impl Verdict {
    /// The findings of one level.
    pub fn at_level(&self, level: Level) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.level == level)
    }

    /// Whether anything is to be refused.
    pub fn is_denied(&self) -> bool {
        self.at_level(Level::Deny).next().is_some()
    }
}

/// What the mutations add to one object.
#[derive(Debug, Default)]
pub struct Mutated {
    /// The patch; `None` where there is nothing to add.
    pub patch: Option<Patch>,
    /// The mutations that added something.
    pub mutations: Vec<&'static Mutation>,
}

impl Default for Engine {
    /// The engine of the default policy: every rule at its own level, no mutations.
    fn default() -> Self {
        Self::new(&LifecyclePolicy::default())
    }
}

impl Engine {
    /// Compiles a policy.
    pub fn new(policy: &LifecyclePolicy) -> Self {
        Self::with_rules(policy, RULES)
    }

    /// Compiles a policy for these rules instead of all.
    pub fn with_rules(policy: &LifecyclePolicy, rules: &[&'static Rule]) -> Self {
        let spec = &policy.spec;
        let active = rules.iter().filter_map(|rule| {
            let setting = spec.rules.get(rule);
            let levels = match setting.and_then(|setting| setting.level) {
                Some(level) => Levels::Named(level),
                None => Levels::Moved(spec.profile.shift()),
            };
            if levels.of(rule.level) == Level::Off {
                return None;
            }
            // A `RuleSetting` only exists with options that compile: it was checked as it was read.
            let options = options(spec, rule);
            let check = rule.code.compile(options).or_else(|_| rule.code.compile(Map::new())).ok()?;
            Some(Active { rule, levels, check })
        });
        Self {
            rules: active.collect(),
            exempt: Exempt::new(&spec.exemptions),
            annotations: spec.exemptions.annotations.clone(),
            default_probes: spec.mutations.default_probes.clone().unwrap_or_default(),
            scheduling_gates: spec.mutations.scheduling_gates.clone(),
        }
    }

    /// Judges. Of an UPDATE only what the old object did not already have is reported, so that objects from before a rule
    /// stay editable. Warnings about the spec of a Pod that a controller made are left out: its template carried them. What
    /// an annotation exempts is set aside.
    pub fn review(&self, review: &Review<'_>) -> Verdict {
        if self.exempt.covers(review) {
            return Verdict::default();
        }
        let mut findings = Vec::new();
        for active in self.rules.iter().filter(|active| active.rule.code.aspect() == review.aspect) {
            (active.check)(review, &mut Report::new(active.rule, active.levels, &mut findings));
        }
        if let Some(old) = review.old.as_ref().filter(|_| !findings.is_empty()) {
            self.drop_known(&mut findings, review, old);
        }
        let made_from_template = review.operation == Operation::Create && review.new.metadata.controller().is_some();
        if review.aspect == Aspect::Spec && review.workload.is_pod() && made_from_template {
            findings.retain(|finding| finding.level != Level::Warn);
        }
        findings.sort_by(|one, other| one.at.cmp(&other.at));
        let ignored = self.annotations.take(&review.new, &mut findings);
        let said_here = review.aspect == Aspect::Spec && review.new.metadata.controller().is_none();
        let notices = if said_here { self.annotations.notices(review, &ignored) } else { Vec::new() };
        Verdict { findings, ignored, notices }
    }

    /// The ratchet: drops every finding that the old object had as well: same rule, same container by name, same field.
    fn drop_known(&self, findings: &mut Vec<Finding>, review: &Review<'_>, old: &Object<'_>) {
        let before = Review {
            operation: Operation::Create,
            aspect: review.aspect,
            workload: review.workload,
            sub_resource: review.sub_resource.clone(),
            namespace: review.namespace.clone(),
            user: review.user.clone(),
            new: old.clone(),
            old: None,
            inventory: review.inventory,
        };
        let mut known = Vec::new();
        for active in self.rules.iter().filter(|active| findings.iter().any(|finding| finding.rule == active.rule)) {
            (active.check)(&before, &mut Report::new(active.rule, active.levels, &mut known));
        }
        // A list may have moved by an item, so that the place alone does not tell which finding is new: each old one
        // excuses one new one, first of all the one that reads the same.
        let (old_lists, new_lists) = (container_lists(old), container_lists(&review.new));
        let mut excuses: HashMap<(&str, String), Excuses> = HashMap::new();
        for finding in known {
            let excuses = excuses.entry((finding.rule.id, field_by_name(&finding.at, &old_lists))).or_default();
            excuses.left += 1;
            *excuses.by_message.entry(finding.message).or_default() += 1;
        }
        let mut is_known = |finding: &Finding, same_message: bool| {
            let field = field_by_name(&finding.at, &new_lists);
            let excuses = excuses.get_mut(&(finding.rule.id, field));
            excuses.is_some_and(|excuses| excuses.take(same_message.then_some(&*finding.message)))
        };
        findings.retain(|finding| !is_known(finding, true));
        findings.retain(|finding| !is_known(finding, false));
    }

    /// Works out what the policy adds to the object that `review` creates: nothing but to new Pods, and to no mirror pod.
    pub fn mutate(&self, review: &Review<'_>) -> Result<Mutated, PatchError> {
        let pod = &review.new;
        let new_pod =
            review.operation == Operation::Create && review.workload.is_pod() && review.sub_resource.is_empty();
        if !new_pod || pod.metadata.is_mirror_pod() || self.exempt.covers(review) {
            return Ok(Mutated::default());
        }
        let mut patch = PatchBuilder::new(pod.text);
        let mut mutations = Vec::new();
        for mutation in MUTATIONS {
            let before = patch.len();
            match mutation.id {
                "default-probes" => self.default_probes.apply(review, &mut patch)?,
                _ => SchedulingGate::apply(&self.scheduling_gates, review, &mut patch)?,
            }
            if patch.len() > before {
                mutations.push(*mutation);
            }
        }
        Ok(Mutated { patch: patch.finish(), mutations })
    }
}

/// What the old object had at one field against one rule.
#[derive(Default)]
struct Excuses {
    /// How many findings of a new object they still excuse.
    left: usize,
    /// How many of them read so and have not yet excused one that reads the same.
    by_message: HashMap<String, usize>,
}

impl Excuses {
    /// Uses one up, if there is one: one that reads `message`, or any.
    fn take(&mut self, message: Option<&str>) -> bool {
        let left = match message {
            Some(message) => self.by_message.get_mut(message).filter(|left| **left > 0),
            None => Some(&mut self.left).filter(|left| **left > 0),
        };
        let Some(left) = left else { return false };
        *left -= 1;
        if message.is_some() {
            self.left -= 1;
        }
        true
    }
}

/// Every list of containers by its place.
fn container_lists<'o, 'a>(object: &'o Object<'a>) -> HashMap<Path, &'o [Container<'a>]> {
    let lists = object.templates.iter().flat_map(|template| {
        let spec = &template.spec;
        [
            (template.spec_path("initContainers"), &*spec.init_containers),
            (template.spec_path("containers"), &*spec.containers),
            (template.spec_path("ephemeralContainers"), &*spec.ephemeral_containers),
        ]
    });
    lists.collect()
}

/// The options of a rule under a policy. Of a gate that the policy's own mutation adds somebody knows how to remove it.
fn options(spec: &PolicySpec, rule: &Rule) -> Map<String, Value> {
    let mut options = spec.rules.get(rule).map(|setting| setting.options.clone()).unwrap_or_default();
    let gates = &spec.mutations.scheduling_gates;
    if rule.id == "unknown-scheduling-gate" && !gates.is_empty() {
        let known = options.entry("known").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(known) = known {
            known.extend(gates.iter().map(|gate| gate.name.clone().into()));
        }
    }
    options
}

/// The path with containers by name instead of index and other items without index, so that it means the same field in
/// another version of the object.
fn field_by_name(path: &Path, lists: &HashMap<Path, &[Container<'_>]>) -> String {
    let mut field = String::new();
    let mut so_far = Path::default();
    for segment in path.segments() {
        match segment {
            Segment::Key(key) => {
                field.push('.');
                field.push_str(key);
                so_far = so_far.key(key.clone());
            }
            Segment::Index(index) => {
                let name = lists.get(&so_far).and_then(|list| list.get(*index)).map(|container| &*container.name);
                field.push('[');
                field.push_str(name.unwrap_or_default());
                field.push(']');
                so_far = so_far.index(*index);
            }
        }
    }
    field
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{Request, User};

    /// The review of a Pod that is created.
    fn with_review<T>(pod: &Value, then: impl FnOnce(&Review<'_>) -> T) -> T {
        let raw = serde_json::value::to_raw_value(pod).unwrap();
        let request = Request {
            operation: Operation::Create,
            group: "".into(),
            kind: "Pod".into(),
            sub_resource: "".into(),
            namespace: "shop".into(),
            user: User::default(),
            object: Some(&raw),
            old_object: None,
            inventory: None,
        };
        then(&Review::read(request).unwrap().unwrap())
    }

    /// Places and rules of what is found in a Pod.
    fn found(engine: &Engine, pod: &Value) -> Vec<String> {
        let verdict = with_review(pod, |review| engine.review(review));
        verdict.findings.iter().map(|finding| format!("{} {}", finding.rule.id, finding.at)).collect()
    }

    #[test]
    fn a_mutated_pod_has_no_new_finding() {
        let policies = [
            json!({"readiness": {}}),
            json!({"readiness": {"httpPath": "/health", "failureThreshold": 10}, "startup": {}}),
            json!({"readiness": {"periodSeconds": 5}, "startup": {"failureThreshold": 30}, "liveness": {}}),
            json!({"readiness": {"periodSeconds": 30}, "liveness": {"failureThreshold": 6}}),
            json!({"startup": {"periodSeconds": 2}, "liveness": {"periodSeconds": 1}}),
            json!({"liveness": {"httpPath": "/health", "initialDelaySeconds": 59}}),
        ];
        let handlers = [json!({"httpGet": {"port": "http", "path": "/health"}}), json!({"tcpSocket": {"port": 8080}})];
        let timings = [
            json!({}),
            json!({"failureThreshold": 1}),
            json!({"failureThreshold": 60}),
            json!({"initialDelaySeconds": 300}),
        ];
        let probes: Vec<Value> = std::iter::once(Value::Null)
            .chain(handlers.iter().flat_map(|handler| {
                timings.iter().map(move |timing| {
                    let mut probe = handler.clone();
                    json_patch::merge(&mut probe, timing);
                    probe
                })
            }))
            .collect();
        let (mut pods, mut mutated) = (0, 0);
        for policy in policies {
            let policy = json!({
                "apiVersion": "podgate.dev/v1alpha1", "kind": "LifecyclePolicy",
                "spec": {"mutations": {"defaultProbes": policy}},
            });
            let engine = Engine::new(&super::super::parse(&policy.to_string(), "policy").unwrap());
            for (index, liveness) in probes.iter().enumerate() {
                for readiness in &probes {
                    // Every combination of the three would be many; every pair of two is enough.
                    let startup = probes.get((index * 4) % probes.len());
                    for (readiness, startup) in
                        [(Some(readiness), None), (None, Some(readiness)), (Some(readiness), startup)]
                    {
                        for own_policy in [Value::Null, "Never".into()] {
                            let pod = json!({"metadata": {"name": "web"}, "spec": {"containers": [{
                                "name": "app", "image": "example.com/app:1", "restartPolicy": own_policy,
                                "ports": [{"name": "http", "containerPort": 8080}],
                                "livenessProbe": liveness, "readinessProbe": readiness, "startupProbe": startup,
                            }]}});
                            let patch = with_review(&pod, |review| engine.mutate(review)).unwrap().patch;
                            let mut after = pod.clone();
                            pods += 1;
                            mutated += usize::from(patch.is_some());
                            json_patch::patch(&mut after, &patch.unwrap_or_default()).unwrap();
                            let before = found(&engine, &pod);
                            let new: Vec<String> = found(&engine, &after)
                                .into_iter()
                                .filter(|finding| !before.contains(finding))
                                .collect();
                            assert!(new.is_empty(), "{policy}\n{pod}\n{after}\n{new:#?}");
                        }
                    }
                }
            }
        }
        assert!(mutated > pods / 10, "{mutated} of {pods} Pods were mutated");
    }
}
