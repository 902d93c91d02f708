//! A policy as YAML, in full.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use super::{
    LifecyclePolicy,
    config::{PolicySpec, Profile, Scope},
    settings::{InForce, Origin},
};
use crate::rules::{Level, RULES, Rule};

impl LifecyclePolicy {
    /// The policy as YAML that says the same, with every rule: those that it names, and as comments those that it does not, at
    /// the level that they have by themselves or by the profile. (Named, such a level would also hold for cases in which the
    /// rule has another.) Of a scope only what is different in it.
    pub fn in_full(&self) -> String {
        let spec = &self.spec;
        let mut yaml = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(
            yaml,
            "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nmetadata: {}",
            json(&self.metadata)
        );
        yaml.push_str("spec:\n");
        if let Some(version) = spec.kubernetes_version {
            let _ = writeln!(yaml, "  kubernetesVersion: \"{version}\"");
        }
        let _ = writeln!(yaml, "  profile: {}\n  rules:{}", spec.profile.as_str(), none(spec.rules.is_empty()));
        for rule in RULES {
            let in_force = InForce::of(spec, None, rule);
            let why = if in_force.from == Origin::Rule { String::new() } else { format!(" [{}]", in_force.from) };
            let _ = match spec.rules.get(rule) {
                Some(named) => writeln!(yaml, "    {}: {} # {}{why}", rule.id, json(named), rule.summary),
                None => writeln!(yaml, "    # {}: {} # {}{why}", rule.id, level(&in_force, rule), rule.summary),
            };
        }
        let _ = writeln!(yaml, "  controllers: {}", json(&spec.controllers));
        let exemptions = &spec.exemptions;
        let lists =
            [("namespaces", &exemptions.namespaces), ("users", &exemptions.users), ("groups", &exemptions.groups)];
        yaml.push_str("  exemptions:\n");
        for (field, patterns) in lists {
            let _ = writeln!(yaml, "    {field}: {}", json(patterns));
        }
        for (field, value) in [
            ("containers", (!exemptions.containers.is_empty()).then(|| json(&exemptions.containers))),
            ("objects", (!exemptions.objects.is_empty()).then(|| json(&exemptions.objects))),
        ] {
            if let Some(value) = value {
                let _ = writeln!(yaml, "    {field}: {value}");
            }
        }
        // Said, it would also hold under profile strict.
        let comment = if exemptions.annotations.is_by_profile() { "# " } else { "" };
        let annotations = exemptions.annotations.under(spec.profile == Profile::Strict);
        let _ = writeln!(yaml, "    {comment}annotations: {}", json(&annotations));
        if !spec.scopes.is_empty() {
            yaml.push_str("  scopes:\n");
        }
        for scope in &spec.scopes {
            write_scope(spec, scope, &mut yaml);
        }
        let _ = writeln!(yaml, "  mutations: {}", json(&spec.mutations));
        yaml
    }
}

fn write_scope(spec: &PolicySpec, scope: &Scope, yaml: &mut String) {
    let _ = writeln!(yaml, "  - name: {}", json(&scope.name));
    let Ok(Value::Object(fields)) = serde_json::to_value(scope) else { return };
    for (field, value) in fields.iter().filter(|(field, _)| !matches!(field.as_str(), "name" | "rules" | "exemptions"))
    {
        let _ = writeln!(yaml, "    {field}: {value}");
    }
    let _ = writeln!(yaml, "    exemptions: {}", json(&scope.exemptions));
    let _ = writeln!(yaml, "    rules:{}", none(scope.rules.is_empty()));
    for rule in RULES {
        let (own, outside) = (InForce::of(spec, Some(scope), rule), InForce::of(spec, None, rule));
        let named = scope.rules.get(rule);
        if let Some(named) = named {
            let text = serde_json::to_value(named).unwrap_or_default();
            let _ =
                writeln!(yaml, "      {}: {text} # {}, {} outside", rule.id, level(&own, rule), level(&outside, rule));
        } else if level(&own, rule) != level(&outside, rule) {
            let _ = writeln!(
                yaml,
                "      # {}: {} # {} outside [{}]",
                rule.id,
                level(&own, rule),
                level(&outside, rule),
                own.from
            );
        }
    }
}

/// The level of what the rule usually finds.
fn level(in_force: &InForce, rule: &Rule) -> Level {
    in_force.levels.of(rule.level)
}

/// Returns what stands after `rules:` where all that follows are comments.
fn none(empty: bool) -> &'static str {
    if empty { " {}" } else { "" }
}

/// One line of JSON, which is YAML.
fn json(value: &impl Serialize) -> String {
    serde_json::to_value(value).unwrap_or_default().to_string()
}
