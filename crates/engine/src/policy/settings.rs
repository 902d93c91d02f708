//! What is in force for an object: the policy's own settings, or those of one of its scopes over them.

use std::{collections::HashMap, fmt, sync::Arc};

use serde_json::{Map, Value};

use super::{
    config::{LifecyclePolicy, PolicySpec, Profile, Scope},
    ignore::Annotations,
    rule_settings::RuleSettings,
};
use crate::{
    model::{Glob, Review},
    rules::{
        Level, Rule,
        rule::{Compiled, Levels},
    },
};

/// A part of the policy, compiled.
pub(super) struct Settings {
    /// The rules that are not off.
    pub(super) rules: Vec<Active>,
    /// Which of them an object may ignore by annotation.
    pub(super) annotations: Annotations,
    users: Vec<Glob>,
    groups: Vec<Glob>,
}

/// A rule that is not off, with its options.
pub(super) struct Active {
    pub(super) rule: &'static Rule,
    pub(super) levels: Levels,
    pub(super) check: Compiled,
}

impl Settings {
    /// Compiles the policy's own settings, then those of each scope, and last, where labels of namespaces count, those of
    /// [`Profile::ALL`]. Scopes that set the same share it.
    pub(super) fn compile(policy: &LifecyclePolicy, rules: &[&'static Rule]) -> Vec<Arc<Self>> {
        let spec = &policy.spec;
        let base: Vec<Option<Compiled>> = rules.iter().map(|rule| check(spec, None, rule)).collect();
        let of = |scope: Option<&Scope>| {
            let active = rules.iter().zip(&base).filter_map(|(&rule, base)| {
                let InForce { levels, .. } = InForce::of(spec, scope, rule);
                if levels.of(rule.level) == Level::Off {
                    return None;
                }
                // Most scopes set levels only: hundreds of them share one check.
                let own = scope.and_then(|scope| scope.rules.get(rule)).is_some_and(|own| !own.options.is_empty());
                let check = if own { check(spec, scope, rule) } else { base.clone() };
                Some(Active { rule, levels, check: check? })
            });
            let exempt = &spec.exemptions;
            let own = scope.map(|scope| &scope.exemptions);
            let profile = scope.and_then(|scope| scope.profile).unwrap_or(spec.profile);
            Self {
                rules: active.collect(),
                annotations: own
                    .and_then(|own| own.annotations.as_ref())
                    .unwrap_or(&exempt.annotations)
                    .under(profile == Profile::Strict),
                users: Glob::all(own.and_then(|own| own.users.as_ref()).unwrap_or(&exempt.users)),
                groups: Glob::all(own.and_then(|own| own.groups.as_ref()).unwrap_or(&exempt.groups)),
            }
        };
        let labelled = if spec.namespace_labels { &Profile::ALL[..] } else { &[] };
        let labelled = labelled.iter().map(|profile| Scope { profile: Some(*profile), ..Scope::default() });
        // By what they set, as text: there may be thousands.
        let mut known: HashMap<String, Arc<Self>> = HashMap::new();
        let mut scopes = Vec::new();
        for scope in &spec.scopes {
            let sets = serde_json::to_string(&(scope.profile, &scope.rules, &scope.exemptions));
            // What has no text, which nothing has, is compiled each time.
            let settings = match sets {
                Ok(sets) => Arc::clone(known.entry(sets).or_insert_with(|| Arc::new(of(Some(scope))))),
                Err(_) => Arc::new(of(Some(scope))),
            };
            scopes.push(settings);
        }
        let labelled = labelled.map(|scope| Arc::new(of(Some(&scope))));
        std::iter::once(Arc::new(of(None))).chain(scopes).chain(labelled).collect()
    }

    /// Whether whoever asks is exempt.
    pub(super) fn exempt(&self, review: &Review<'_>) -> bool {
        let any = |patterns: &[Glob], text: &str| patterns.iter().any(|pattern| pattern.matches(text));
        any(&self.users, &review.user.username) || review.user.groups.iter().any(|group| any(&self.groups, group))
    }
}

/// The rule's check with the options in force.
fn check(spec: &PolicySpec, scope: Option<&Scope>, rule: &Rule) -> Option<Compiled> {
    let InForce { mut options, .. } = InForce::of(spec, scope, rule);
    // Of a gate that the policy's own mutation adds somebody knows how to remove it.
    let gates = &spec.mutations.scheduling_gates;
    if rule.id == "unknown-scheduling-gate" && !gates.is_empty() {
        let known = options.entry("known").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(known) = known {
            known.extend(gates.iter().map(|gate| gate.name.clone().into()));
        }
    }
    // Options that do not compile were refused as the policy was read.
    rule.code.compile(options).or_else(|_| rule.code.compile(Map::new())).ok()
}

/// What a policy says of one rule, in one of its scopes or outside of them.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The level of its findings.
    pub levels: Levels,
    /// What decides it.
    pub from: Origin,
    /// The profile that moves levels that nobody names.
    pub profile: Profile,
    /// The rule's options that are set.
    pub options: Map<String, Value>,
}

/// The field of a policy that decides the level of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// None: the rule's own level.
    Rule,
    /// `spec.profile`, which moves the rule's own level.
    Profile(Profile),
    /// `spec.rules`.
    Rules,
    /// The scope's `profile`, which moves the rule's own level.
    ScopeProfile(Profile),
    /// The scope's `rules`.
    ScopeRules,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule => f.write_str("the rule's own level"),
            Self::Profile(profile) => write!(f, "profile {}", profile.as_str()),
            Self::Rules => f.write_str("rules"),
            Self::ScopeProfile(profile) => write!(f, "the scope's profile {}", profile.as_str()),
            Self::ScopeRules => f.write_str("the scope's rules"),
        }
    }
}

impl InForce {
    /// What `spec` says of `rule`, with what `scope` says over it. A level that is named wins over any profile.
    pub fn of(spec: &PolicySpec, scope: Option<&Scope>, rule: &Rule) -> Self {
        let setting = |rules: &RuleSettings| rules.get(rule).cloned().unwrap_or_default();
        let (base, own) = (setting(&spec.rules), scope.map(|scope| setting(&scope.rules)).unwrap_or_default());
        let mut options = base.options;
        options.extend(own.options);
        let (profile, from) = match scope.and_then(|scope| scope.profile) {
            Some(profile) => (profile, Origin::ScopeProfile(profile)),
            None => (spec.profile, Origin::Profile(spec.profile)),
        };
        let moved = profile.shift();
        let (levels, from) = match (own.level, base.level) {
            (Some(level), _) => (Levels::Named(level), Origin::ScopeRules),
            (None, Some(level)) => (Levels::Named(level), Origin::Rules),
            (None, None) if moved(rule.level) == rule.level => (Levels::Moved(moved), Origin::Rule),
            (None, None) => (Levels::Moved(moved), from),
        };
        Self { levels, from, profile, options }
    }
}
