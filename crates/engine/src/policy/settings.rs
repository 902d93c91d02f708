//! What is in force for an object: the policy's own settings, or those of one of its scopes over them.

use std::{collections::HashMap, fmt, sync::Arc};

use serde_json::{Map, Value};

use super::{
    config::{LifecyclePolicy, PolicySpec, Profile, Scope},
    ignore::Annotations,
    rule_settings::RuleSettings,
};
use crate::{
    lifecycle::{kept::TargetCluster, waiting::OpenedGates},
    model::{Glob, KubernetesVersion, Review},
    rules::{
        Level, Rule, field_not_in_version,
        rule::{Compiled, Levels, PolicyFacts},
    },
};

/// A part of the policy, compiled.
pub(super) struct Settings {
    /// The rules that are not off.
    pub(super) rules: Vec<Active>,
    /// Tells which of them an object may ignore by annotation.
    pub(super) annotations: Annotations,
    /// The cluster that objects are meant for, where its version is said.
    pub(super) cluster: Option<TargetCluster>,
    users: Vec<Glob>,
    groups: Vec<Glob>,
}

/// A rule that is not off, with its options.
pub(super) struct Active {
    pub(super) rule: &'static Rule,
    pub(super) levels: Levels,
    pub(super) check: Compiled,
}

/// A part of a policy that is in force for some objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PolicyPart {
    /// The policy outside of its scopes.
    Own,
    /// A scope, by its place in `spec.scopes`.
    Scope(usize),
    /// A profile that the label of a namespace asks for.
    Profile(Profile),
}

/// The settings of every part of a policy.
pub(super) struct AllSettings {
    own: Arc<Settings>,
    scopes: Vec<Arc<Settings>>,
    profiles: Vec<(Profile, Arc<Settings>)>,
}

impl AllSettings {
    /// Compiles the policy's own settings, those of each scope, and, where labels of namespaces count, those of each profile.
    /// Scopes that set the same share it.
    pub(super) fn compile(policy: &LifecyclePolicy, rules: &[&'static Rule], gates: &Arc<OpenedGates>) -> Self {
        let spec = &policy.spec;
        let facts = PolicyFacts { gates: Arc::clone(gates), kubernetes: spec.kubernetes_version };
        let base: Vec<Option<Compiled>> = rules.iter().map(|rule| check(spec, None, rule, &facts)).collect();
        let of = |scope: Option<&Scope>| {
            let active = rules.iter().zip(&base).filter_map(|(&rule, base)| {
                let InForce { levels, .. } = InForce::of(spec, scope, rule);
                if levels.of(rule.level) == Level::Off {
                    return None;
                }
                // Most scopes set levels only: hundreds of them share one check.
                let own = scope.and_then(|scope| scope.rules.get(rule)).is_some_and(|own| !own.options.is_empty());
                let check = if own { check(spec, scope, rule, &facts) } else { base.clone() };
                Some(Active { rule, levels, check: check? })
            });
            let exempt = &spec.exemptions;
            let own = scope.map(|scope| &scope.exemptions);
            let profile = scope.and_then(|scope| scope.profile).unwrap_or(spec.profile);
            let in_cluster = |version| {
                let InForce { options, .. } = InForce::of(spec, scope, &field_not_in_version::RULE);
                field_not_in_version::cluster(version, options)
            };
            Arc::new(Settings {
                rules: active.collect(),
                cluster: spec.kubernetes_version.map(in_cluster),
                annotations: own
                    .and_then(|own| own.annotations.as_ref())
                    .unwrap_or(&exempt.annotations)
                    .under(profile == Profile::Strict),
                users: Glob::all(own.and_then(|own| own.users.as_ref()).unwrap_or(&exempt.users)),
                groups: Glob::all(own.and_then(|own| own.groups.as_ref()).unwrap_or(&exempt.groups)),
            })
        };
        // By what they set, as text: there may be thousands.
        let mut known: HashMap<String, Arc<Settings>> = HashMap::new();
        let mut scopes = Vec::new();
        for scope in &spec.scopes {
            let sets = serde_json::to_string(&(scope.profile, &scope.rules, &scope.exemptions));
            // What has no text, which nothing has, is compiled each time.
            let settings = match sets {
                Ok(sets) => Arc::clone(known.entry(sets).or_insert_with(|| of(Some(scope)))),
                Err(_) => of(Some(scope)),
            };
            scopes.push(settings);
        }
        let labels = if spec.namespace_labels { &Profile::ALL[..] } else { &[] };
        let labelled = labels.iter().map(|profile| {
            let scope = Scope { profile: Some(*profile), ..Scope::default() };
            (*profile, of(Some(&scope)))
        });
        Self { own: of(None), scopes, profiles: labelled.collect() }
    }

    /// Returns the settings of a part of the policy.
    pub(super) fn of(&self, part: PolicyPart) -> Option<&Arc<Settings>> {
        match part {
            PolicyPart::Own => Some(&self.own),
            PolicyPart::Scope(index) => self.scopes.get(index),
            PolicyPart::Profile(profile) => self.profiles.iter().find(|(of, _)| *of == profile).map(|(_, it)| it),
        }
    }
}

impl Settings {
    /// Returns whether whoever asks is exempt.
    pub(super) fn exempt(&self, review: &Review<'_>) -> bool {
        let any = |patterns: &[Glob], text: &str| patterns.iter().any(|pattern| pattern.matches(text));
        any(&self.users, &review.user.username) || review.user.groups.iter().any(|group| any(&self.groups, group))
    }
}

/// The rule's check with the options in force.
fn check(spec: &PolicySpec, scope: Option<&Scope>, rule: &Rule, facts: &PolicyFacts) -> Option<Compiled> {
    let InForce { options, .. } = InForce::of(spec, scope, rule);
    // Options that do not compile were refused as the policy was read.
    rule.code.compile(options, facts).or_else(|_| rule.code.compile(Map::new(), facts)).ok()
}

/// Holds what a policy says of one rule, in one of its scopes or outside of them.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The level of its findings.
    pub levels: Levels,
    /// Holds what decides it.
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
    /// `spec.kubernetesVersion`, which lacks what the rule speaks of.
    Version(KubernetesVersion),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule => f.write_str("the rule's own level"),
            Self::Profile(profile) => write!(f, "profile {}", profile.as_str()),
            Self::Rules => f.write_str("rules"),
            Self::ScopeProfile(profile) => write!(f, "the scope's profile {}", profile.as_str()),
            Self::ScopeRules => f.write_str("the scope's rules"),
            Self::Version(version) => write!(f, "Kubernetes {version}"),
        }
    }
}

impl InForce {
    /// Returns what `spec` says of `rule`, with what `scope` says over it. A level that is named wins over any profile; no rule is on in a
    /// version of Kubernetes that lacks what it speaks of.
    pub fn of(spec: &PolicySpec, scope: Option<&Scope>, rule: &Rule) -> Self {
        let setting = |rules: &RuleSettings| rules.get(rule).cloned().unwrap_or_default();
        let (base, own) = (setting(&spec.rules), scope.map(|scope| setting(&scope.rules)).unwrap_or_default());
        let mut options = base.options;
        options.extend(own.options);
        let (profile, from) = match scope.and_then(|scope| scope.profile) {
            Some(profile) => (profile, Origin::ScopeProfile(profile)),
            None => (spec.profile, Origin::Profile(spec.profile)),
        };
        if let Some(version) = spec.kubernetes_version.filter(|version| !rule.holds_in(Some(*version))) {
            return Self { levels: Levels::Named(Level::Off), from: Origin::Version(version), profile, options };
        }
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
