//! `Engine`: a compiled policy. `Review` in, [`Verdict`] out; pure, sync, without I/O.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use json_patch::Patch;

use super::{
    LifecyclePolicy,
    config::Profile,
    controllers::{self, Owner},
    day::Day,
    exempt::{self, Aside},
    ignore::{Exempting, Ignored, Notice},
    label::{OFF, PROFILE_LABEL},
    ratchet::Excuses,
    scope::{Found, Scopes},
    settings::{Active, Settings},
};
use crate::{
    model::{Applies, Aspect, Container, Glob, Operation, Review, Subject, Workload},
    mutate::{MUTATIONS, Mutation, PatchBuilder, PatchError, Probes, SchedulingGates},
    rules::{
        Finding, Level, RULES, Report, Rule,
        rule::{Budget, Findings, More, PerLevel},
    },
};

/// What one rule takes away from the budget of a judgement, for each container and once.
const STEPS_OF_A_RULE: u64 = 64;

/// A policy, ready to judge.
pub struct Engine {
    policy: LifecyclePolicy,
    exempt_namespaces: Vec<Glob>,
    scopes: Scopes,
    controllers: controllers::Compiled,
    exempt: exempt::Compiled,
    /// The policy's own, then those of each scope, then those of the profiles that a namespace's label can ask for.
    settings: Vec<Arc<Settings>>,
    default_probes: Probes,
    scheduling_gates: SchedulingGates,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("policy", &self.policy.metadata.name).finish_non_exhaustive()
    }
}

/// What the rules say of one review.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What was found, by place and rule: of each rule and level the first, as many as the budget says.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: Vec<More>,
    /// What was found too, but is exempt by annotation.
    pub ignored: Vec<Ignored>,
    /// How many more of these there are.
    pub more_ignored: Vec<More>,
    /// Annotations that do not do what they seem to.
    pub notices: Vec<Notice>,
    /// Where a controller creates the object: the owner whose template is to be mended, if anything was found.
    pub owner: Option<Owner>,
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

    /// How many findings there are besides those in [`Self::findings`].
    pub fn more(&self, level: Level) -> usize {
        self.more.iter().filter(|more| more.level == level).map(|more| more.count).sum()
    }

    /// What is found in any of several, at the highest level; set aside is what counts in none.
    fn strictest(verdicts: impl Iterator<Item = Self>) -> Self {
        let key = |finding: &Finding| (finding.at.clone(), finding.rule.id, finding.message.clone());
        let mut all = Self::default();
        // By place in `all.findings`: an object from outside may have thousands.
        let mut known = HashMap::new();
        let mut set_aside = Vec::new();
        for verdict in verdicts {
            for finding in verdict.findings {
                let there = known.get(&key(&finding)).and_then(|index: &usize| all.findings.get_mut(*index));
                if let Some(there) = there {
                    there.level = there.level.max(finding.level);
                    there.policy_level = there.policy_level.max(finding.policy_level);
                    there.own_level = there.own_level.max(finding.own_level);
                } else {
                    known.insert(key(&finding), all.findings.len());
                    all.findings.push(finding);
                }
            }
            set_aside.extend(verdict.ignored);
            // Of a rule that finds so much the numbers of one of them are enough.
            let new = |known: &[More], more: &More| known.iter().all(|known| known.rule != more.rule);
            let more: Vec<More> = verdict.more.into_iter().filter(|more| new(&all.more, more)).collect();
            all.more.extend(more);
            let more: Vec<More> =
                verdict.more_ignored.into_iter().filter(|more| new(&all.more_ignored, more)).collect();
            all.more_ignored.extend(more);
            all.notices.extend(verdict.notices);
        }
        for ignored in set_aside {
            if known.insert(key(&ignored.finding), usize::MAX).is_none() {
                all.ignored.push(ignored);
            }
        }
        all.findings.sort_by(|one, other| one.at.cmp(&other.at));
        all.notices.sort_by(|one, other| (&one.at, &one.message).cmp(&(&other.at, &other.message)));
        all.notices.dedup();
        all
    }
}

/// A judgement that was not finished: its time or its steps were used up. There is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the judgement took too long, and was given up at {at}")]
pub struct Exhausted {
    /// The id of the rule or the mutation that had its turn.
    pub at: &'static str,
}

/// Why it is not known what the mutations add.
#[derive(Debug, thiserror::Error)]
pub enum MutateError {
    /// A patch that cannot be built.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// It took too long.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
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
        Self {
            policy: policy.clone(),
            exempt_namespaces: Glob::all(&spec.exemptions.namespaces),
            controllers: controllers::Compiled::new(&spec.controllers),
            exempt: exempt::Compiled::new(&spec.exemptions.containers, &spec.exemptions.objects),
            scopes: Scopes::new(spec),
            settings: Settings::compile(policy, rules),
            default_probes: Probes::new(spec.mutations.default_probes.clone().unwrap_or_default()),
            scheduling_gates: SchedulingGates::new(&spec.mutations.scheduling_gates),
        }
    }

    /// The same with another clock: which day it is is asked only about exemptions that have an end.
    #[must_use]
    pub fn with_clock(mut self, today: fn() -> Day) -> Self {
        self.exempt.with_clock(today);
        self
    }

    /// The policy that was compiled.
    pub fn policy(&self) -> &LifecyclePolicy {
        &self.policy
    }

    /// Whether a namespace is neither judged nor mutated. One that is not known is judged.
    pub fn exempts_namespace(&self, name: &str) -> bool {
        self.exempt_namespaces.iter().any(|glob| glob.applies_to_namespace(name) == Applies::Yes)
    }

    /// The places in `spec.scopes` of the scope that an operation on an object falls under; `None` is the policy outside of
    /// them. Several where something is not known that would tell which: then the strictest of them counts.
    pub fn scopes(&self, operation: Operation, workload: &Workload, subject: &Subject<'_>) -> Vec<Option<usize>> {
        match self.scopes.find(operation, workload, subject) {
            Found::One(scope) => vec![scope],
            Found::OneOf(scopes) => scopes,
        }
    }

    /// The profile that a namespace's labels ask for, where the policy listens to them; `off` is none.
    pub fn labelled(&self, labels: Option<&BTreeMap<String, String>>) -> Option<&'static Profile> {
        let label = labels.filter(|_| self.policy.spec.namespace_labels)?.get(PROFILE_LABEL)?;
        Profile::ALL.iter().find(|profile| profile.as_str() == label)
    }

    /// Returns whether the label of the object's namespace, where the policy honours it, says that nothing in it is judged.
    pub fn is_off(&self, review: &Review<'_>) -> bool {
        self.label(review) == Some(OFF)
    }

    /// Judges, and gives every finding. Of an UPDATE only what the old object did not already have is reported, so that
    /// objects from before a rule stay editable. What is found in an object that a controller creates has the level of [`super::controllers`]. What an
    /// annotation exempts is set aside.
    pub fn review(&self, review: &Review<'_>) -> Verdict {
        // What is unlimited is never used up.
        self.review_within(review, &Budget::unlimited()).unwrap_or_default()
    }

    /// Judges as [`Self::review`] does, and gives up where `budget` is used up.
    pub fn review_within(&self, review: &Review<'_>, budget: &Budget<'_>) -> Result<Verdict, Exhausted> {
        if self.exempts_namespace(&review.namespace) || self.label(review) == Some(OFF) {
            return Ok(Verdict::default());
        }
        let aside = Aside::new(&self.exempt, &self.controllers, review);
        let mut verdict = match self.find(review) {
            Found::One(scope) => match self.settings(scope) {
                Some(settings) => settings.judge(review, &aside, budget)?,
                None => Verdict::default(),
            },
            Found::OneOf(scopes) => {
                // Of hundreds of scopes most set the same, which is judged once.
                let mut seen = HashSet::new();
                let mut settings: Vec<_> = scopes.into_iter().filter_map(|scope| self.settings(scope)).collect();
                settings.retain(|settings| seen.insert(Arc::as_ptr(settings)));
                let verdicts: Result<Vec<_>, _> =
                    settings.into_iter().map(|settings| settings.judge(review, &aside, budget)).collect();
                Verdict::strictest(verdicts?.into_iter())
            }
        };
        if verdict.findings.is_empty() && verdict.notices.is_empty() && verdict.ignored.is_empty() {
            return Ok(verdict);
        }
        if let Some(owner) = aside.owner() {
            self.controllers.lower(&mut verdict.findings, &mut verdict.more);
            // Its annotations are its owner's, where they are pointed out.
            verdict.notices.clear();
            verdict.owner = Some(owner.clone());
        }
        Ok(verdict)
    }

    fn find(&self, review: &Review<'_>) -> Found {
        // Most policies have none, and the labels of the namespace are not looked up for nothing.
        let found = if self.policy.spec.scopes.is_empty() {
            Found::One(None)
        } else {
            self.scopes.find(review.operation, review.workload, &Subject::of(review))
        };
        let labelled = self.label(review).and_then(|label| {
            let profile = Profile::ALL.iter().position(|profile| profile.as_str() == label)?;
            Some(self.policy.spec.scopes.len() + profile)
        });
        match found {
            Found::One(scope) => Found::One(scope.or(labelled)),
            Found::OneOf(scopes) => Found::OneOf(scopes.into_iter().map(|scope| scope.or(labelled)).collect()),
        }
    }

    /// The profile that the namespace's label asks for, where the policy listens to it. None as long as the namespace is not
    /// known.
    fn label<'r>(&self, review: &'r Review<'_>) -> Option<&'r str> {
        if !self.policy.spec.namespace_labels {
            return None;
        }
        review.known()?.labels.as_ref()?.get(PROFILE_LABEL).map(String::as_str)
    }

    fn settings(&self, scope: Option<usize>) -> Option<&Arc<Settings>> {
        self.settings.get(scope.map_or(0, |scope| scope + 1))
    }

    /// Works out what the policy adds to the object that `review` creates: nothing but to new Pods, and to no mirror pod.
    pub fn mutate(&self, review: &Review<'_>) -> Result<Mutated, MutateError> {
        self.mutate_within(review, &Budget::unlimited())
    }

    /// The same, given up where `budget` is used up.
    pub fn mutate_within(&self, review: &Review<'_>, budget: &Budget<'_>) -> Result<Mutated, MutateError> {
        let new_pod =
            review.operation == Operation::Create && review.workload.is_pod() && review.sub_resource.is_empty();
        if !new_pod || review.is_mirror_pod() || self.exempts(review) {
            return Ok(Mutated::default());
        }
        let mut patch = PatchBuilder::default();
        let mut mutations = Vec::new();
        for mutation in MUTATIONS {
            let before = patch.len();
            match mutation.id {
                "default-probes" => {
                    let exempt = |container: &Container<'_>| self.exempt.has(container);
                    self.default_probes.apply(review, exempt, &mut patch)?;
                }
                _ => self.scheduling_gates.apply(review, &mut patch)?,
            }
            if patch.len() > before {
                mutations.push(*mutation);
            }
            if !budget.spend(STEPS_OF_A_RULE * (1 + patch.len() as u64)) {
                return Err(Exhausted { at: mutation.id }.into());
            }
        }
        Ok(Mutated { patch: patch.finish(), mutations })
    }

    /// Whether namespace or user are exempt, in every scope that the object may fall under.
    fn exempts(&self, review: &Review<'_>) -> bool {
        let exempt = |scope| self.settings(scope).is_some_and(|settings| settings.exempt(review));
        self.exempts_namespace(&review.namespace)
            || self.label(review) == Some(OFF)
            || match self.find(review) {
                Found::One(scope) => exempt(scope),
                Found::OneOf(scopes) => scopes.into_iter().all(exempt),
            }
    }
}

impl Settings {
    fn judge(&self, review: &Review<'_>, aside: &Aside<'_>, budget: &Budget<'_>) -> Result<Verdict, Exhausted> {
        if self.exempt(review) {
            return Ok(Verdict::default());
        }
        let containers = review.new.templates.iter().map(|template| template.spec.containers.len());
        let steps = STEPS_OF_A_RULE * (1 + containers.sum::<usize>() as u64);
        let mut found: Vec<(&Active, Findings)> = Vec::new();
        let mut findings = Findings::default();
        for active in self.rules.iter().filter(|active| active.rule.code.judges(review.aspect)) {
            (active.check)(review, &mut Report::keep(active.rule, active.levels, budget, &mut findings));
            if !budget.spend(steps) {
                return Err(Exhausted { at: active.rule.id });
            }
            if !findings.is_empty() {
                found.push((active, std::mem::take(&mut findings)));
            }
        }
        let mut excuses = None;
        if let Some(old) = review.old.as_ref().filter(|_| !found.is_empty()) {
            excuses = Some(Excuses::of(found.iter().map(|(active, _)| *active), review, old, budget));
        }
        let exempting = self.annotations.exempting(&review.new);
        let mut counting = Counting { excuses, aside, exempting, budget, verdict: Verdict::default() };
        for (active, all) in found {
            counting.add(active, all, review);
            if budget.is_spent() {
                return Err(Exhausted { at: active.rule.id });
            }
        }
        let mut verdict = counting.verdict;
        // In a file nobody says who creates it; its template, where it is judged, carries the warnings.
        let nobody = review.user.username.is_empty();
        let owned = review.new.metadata.controller().is_some();
        let made_from_template = review.operation == Operation::Create && owned && nobody;
        if review.aspect == Aspect::Spec && review.workload.is_pod() && made_from_template {
            verdict.findings.retain(|finding| finding.level != Level::Warn);
            verdict.more.retain(|more| more.level != Level::Warn);
        }
        verdict.findings.sort_by(|one, other| one.at.cmp(&other.at));
        verdict.ignored.sort_by(|one, other| one.finding.at.cmp(&other.finding.at));
        if review.aspect == Aspect::Spec && (!owned || review.operation == Operation::Create && !nobody) {
            verdict.notices = self.annotations.notices(review, &verdict.ignored);
        }
        Ok(verdict)
    }
}

/// Decides what becomes of findings: an old one excuses some, the policy or an annotation sets others aside, and the rest count.
struct Counting<'c, 'r> {
    excuses: Option<Excuses>,
    aside: &'c Aside<'r>,
    exempting: Exempting,
    budget: &'c Budget<'c>,
    verdict: Verdict,
}

impl Counting<'_, '_> {
    /// Adds what a rule has found.
    fn add(&mut self, active: &Active, found: Findings, review: &Review<'_>) {
        if found.more.is_empty() {
            let mut new = found.kept;
            if let Some(excuses) = &mut self.excuses {
                // First of all those that read the same: an old finding excuses one new one.
                new.retain(|finding| !excuses.take_same(finding));
                new.retain(|finding| !excuses.take_any(finding));
            }
            for finding in new.into_iter().filter(|finding| !self.aside.drops(finding)) {
                match self.exempting.covering(&finding).or_else(|| self.aside.covering(&finding)) {
                    Some(reason) => self.verdict.ignored.push(Ignored { finding, reason }),
                    None => self.verdict.findings.push(finding),
                }
            }
        } else if self.excuses.is_none() && self.exempting.is_empty() && self.aside.is_empty() {
            self.verdict.findings.extend(found.kept);
            self.verdict.more.extend(found.more);
        } else {
            self.add_all(active, review);
        }
    }

    /// The same where there is more than is kept: what counts is decided as it is found once more.
    fn add_all(&mut self, active: &Active, review: &Review<'_>) {
        let Self { excuses, aside, exempting, budget, verdict } = self;
        let (mut findings, mut ignored) = (Findings::default(), Findings::default());
        let (mut of_findings, mut of_ignored) = (PerLevel::default(), PerLevel::default());
        let max_kept = budget.max_kept();
        let mut take = |finding: Finding| {
            let is_old = excuses.as_mut().is_some_and(|old| old.take_same(&finding) || old.take_any(&finding));
            if is_old || aside.drops(&finding) {
                return;
            }
            match exempting.covering(&finding).or_else(|| aside.covering(&finding)) {
                Some(_) => ignored.add(finding, &mut of_ignored, max_kept),
                None => findings.add(finding, &mut of_findings, max_kept),
            }
        };
        (active.check)(review, &mut Report::each(active.rule, active.levels, budget, &mut take));
        verdict.findings.extend(findings.kept);
        verdict.more.extend(findings.more);
        let reasoned = ignored.kept.into_iter().filter_map(|finding| {
            let reason = exempting.covering(&finding).or_else(|| aside.covering(&finding))?;
            Some(Ignored { finding, reason })
        });
        verdict.ignored.extend(reasoned);
        verdict.more_ignored.extend(ignored.more);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{Given, Request, User};

    /// The review of a Pod that is created.
    fn with_review<T>(pod: &Value, then: impl FnOnce(&Review<'_>) -> T) -> T {
        let text = pod.to_string();
        let request = Request {
            operation: Operation::Create,
            group: "".into(),
            kind: "Pod".into(),
            sub_resource: "".into(),
            namespace: "shop".into(),
            user: User::default(),
            object: Given::Text(&text),
            old_object: Given::Nothing,
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
