//! `Engine`: a compiled policy. `Review` in, [`Verdict`] out; pure, sync, without I/O.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use super::{
    LifecyclePolicy,
    config::Profile,
    controllers,
    day::Day,
    exempt::{self, Aside},
    gates::{self, OpenedGates},
    ignore::Annotations,
    judge::STEPS_OF_A_RULE,
    label::{OFF, PROFILE_LABEL},
    scope::{ScopeMatch, Scopes},
    settings::{AllSettings, PolicyPart},
    verdict::{Exhausted, MutateError, Mutated, Verdict},
};
use crate::{
    lifecycle::kept::TargetCluster,
    model::{Applies, Container, Glob, Operation, Review, Subject, Workload, WorkloadTable},
    mutate::{Mutate, PatchBuilder},
    rules::{RULES, Rule, budget::Budget},
};

/// A policy, ready to judge.
pub struct Engine {
    policy: LifecyclePolicy,
    kinds: WorkloadTable,
    exempt_namespaces: Vec<Glob>,
    scopes: Scopes,
    controllers: controllers::Compiled,
    exempt: exempt::Compiled,
    settings: AllSettings,
    /// In the order in which they are applied.
    mutations: Vec<Box<dyn Mutate>>,
    opened_gates: Arc<OpenedGates>,
}

/// The part of the policy that is in force for an object.
enum PartMatch {
    /// This one.
    One(PolicyPart),
    /// One of these; what would tell which is not known.
    OneOf(Vec<PolicyPart>),
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("policy", &self.policy.metadata.name).finish_non_exhaustive()
    }
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
        let kinds = spec.workloads();
        let opened_gates = Arc::new(gates::opened_gates(&spec.mutations));
        Self {
            policy: policy.clone(),

            exempt_namespaces: Glob::all(&spec.exemptions.namespaces),
            controllers: controllers::Compiled::new(&spec.controllers, &kinds),
            exempt: exempt::Compiled::new(&spec.exemptions.containers, &spec.exemptions.objects),
            scopes: Scopes::new(spec, &kinds),
            kinds,
            settings: AllSettings::compile(policy, rules, &opened_gates),
            mutations: spec.mutations.compile(),
            opened_gates,
        }
    }

    /// The same with another clock: which day it is is asked only about exemptions that have an end.
    #[must_use]
    pub fn with_clock(mut self, today: fn() -> Day) -> Self {
        self.exempt.with_clock(today);
        self
    }

    /// Returns the kinds that are judged: those that podgate knows, and those that the policy adds.
    pub fn kinds(&self) -> &WorkloadTable {
        &self.kinds
    }

    /// The policy that was compiled.
    pub fn policy(&self) -> &LifecyclePolicy {
        &self.policy
    }

    /// Returns whether a namespace is neither judged nor mutated. One that is not known is judged.
    pub fn exempts_namespace(&self, name: &str) -> bool {
        self.exempt_namespaces.iter().any(|glob| glob.applies_to_namespace(name) == Applies::Yes)
    }

    /// The places in `spec.scopes` of the scope that an operation on an object falls under; `None` is the policy outside of
    /// them. Several where something is not known that would tell which: then the strictest of them counts.
    pub fn scopes(&self, operation: Operation, workload: &Workload, subject: &Subject<'_>) -> Vec<Option<usize>> {
        match self.scopes.find(operation, workload, subject) {
            ScopeMatch::One(scope) => vec![scope],
            ScopeMatch::OneOf(scopes) => scopes,
        }
    }

    /// The profile that a namespace's labels ask for, where the policy listens to them; `off` is none.
    pub fn labelled(&self, labels: Option<&BTreeMap<String, String>>) -> Option<Profile> {
        let label = labels.filter(|_| self.policy.spec.namespace_labels)?.get(PROFILE_LABEL)?;
        Profile::named(label)
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
        let mut verdict = match self.part(review) {
            PartMatch::One(part) => match self.settings.of(part) {
                Some(settings) => settings.judge(review, &aside, budget)?,
                None => Verdict::default(),
            },
            PartMatch::OneOf(parts) => {
                // Of hundreds of scopes most set the same, which is judged once.
                let mut seen = HashSet::new();
                let mut settings: Vec<_> = parts.into_iter().filter_map(|part| self.settings.of(part)).collect();
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

    /// Returns whether the policy lets an object ignore a rule by annotation; where it is not known which of its scopes holds,
    /// whether all of them do.
    pub fn may_ignore(&self, review: &Review<'_>, rule: &'static Rule) -> bool {
        self.annotations(review, |annotations| annotations.allow(rule))
    }

    /// Returns the same of what is seen of running objects.
    pub fn may_ignore_observations(&self, review: &Review<'_>) -> bool {
        self.annotations(review, Annotations::allow_observations)
    }

    /// Returns whether something holds of the annotations that the policy lets an object have, in every scope that may be its own.
    fn annotations(&self, review: &Review<'_>, allow: impl Fn(&Annotations) -> bool) -> bool {
        let allows = |part| self.settings.of(part).is_none_or(|settings| allow(&settings.annotations));
        match self.part(review) {
            PartMatch::One(part) => allows(part),
            PartMatch::OneOf(parts) => parts.into_iter().all(allows),
        }
    }

    /// Returns the cluster that an object is meant for, where the policy says its version; where it is not known which of its scopes
    /// holds, with the feature gates that all of them name.
    pub fn cluster(&self, review: &Review<'_>) -> Option<TargetCluster> {
        let of = |part| self.settings.of(part).and_then(|settings| settings.cluster.as_ref());
        match self.part(review) {
            PartMatch::One(part) => of(part).cloned(),
            PartMatch::OneOf(parts) => {
                let mut clusters = parts.into_iter().filter_map(of);
                let mut first = clusters.next()?.clone();
                clusters.for_each(|other| first.gates.retain(|gate| other.gates.contains(gate)));
                Some(first)
            }
        }
    }

    /// Finds the part of the policy that is in force.
    fn part(&self, review: &Review<'_>) -> PartMatch {
        // Most policies have none, and the labels of the namespace are not looked up for nothing.
        let scopes = if self.policy.spec.scopes.is_empty() {
            ScopeMatch::One(None)
        } else {
            self.scopes.find(review.operation, review.workload, &Subject::of(review))
        };
        let labelled = self.label(review).and_then(Profile::named);
        let part = |scope: Option<usize>| match (scope, labelled) {
            (Some(scope), _) => PolicyPart::Scope(scope),
            (None, Some(profile)) => PolicyPart::Profile(profile),
            (None, None) => PolicyPart::Own,
        };
        match scopes {
            ScopeMatch::One(scope) => PartMatch::One(part(scope)),
            ScopeMatch::OneOf(scopes) => PartMatch::OneOf(scopes.into_iter().map(part).collect()),
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
        let mut by = Vec::new();
        let is_exempt = |container: &Container<'_>| self.exempt.has(container);
        for mutate in &self.mutations {
            let mutation = mutate.mutation();
            mutate.apply(review, &is_exempt, &mut patch)?;
            by.resize(patch.len(), mutation);
            if !budget.spend(STEPS_OF_A_RULE * (1 + patch.len() as u64)) {
                return Err(Exhausted { at: mutation.id }.into());
            }
        }
        let (patch, left_out) = patch.finish();
        Ok(Mutated { patch, by, left_out })
    }

    /// Returns the gates that podgate removes under this policy.
    pub fn opened_gates(&self) -> &OpenedGates {
        &self.opened_gates
    }

    /// Returns whether namespace or user are exempt, in every scope that the object may fall under.
    fn exempts(&self, review: &Review<'_>) -> bool {
        let exempt = |part| self.settings.of(part).is_some_and(|settings| settings.exempt(review));
        self.exempts_namespace(&review.namespace)
            || self.label(review) == Some(OFF)
            || match self.part(review) {
                PartMatch::One(part) => exempt(part),
                PartMatch::OneOf(parts) => parts.into_iter().all(exempt),
            }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{Objects, Request, Target, User};

    /// The review of a Pod that is created.
    fn with_review<T>(pod: &Value, then: impl FnOnce(&Review<'_>) -> T) -> T {
        let text = pod.to_string();
        let request = Request {
            target: Target::of(Operation::Create, Workload::find("", "Pod").unwrap(), "").unwrap(),
            sub_resource: "".into(),
            namespace: "shop".into(),
            user: User::default(),
            objects: Objects::created(&text),
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
