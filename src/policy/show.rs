//! A policy as YAML, in full.

use serde_json::Value;

use super::LifecyclePolicy;
use crate::rules::RULES;

impl LifecyclePolicy {
    /// The policy as YAML with every rule at its effective level, each with what it finds.
    pub fn in_full(&self) -> String {
        use std::fmt::Write;

        let value = |value: Value| value.to_string();
        let exemptions = &self.spec.exemptions;
        let mut yaml = format!(
            "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nmetadata: {{name: {}}}\nspec:\n  profile: {}\n  rules:\n",
            value(self.metadata.name.as_str().into()),
            self.spec.profile.as_str(),
        );
        for rule in RULES {
            let setting = self.spec.rules.get(rule);
            let level =
                setting.and_then(|setting| setting.level).unwrap_or_else(|| (self.spec.profile.shift())(rule.level));
            let options = setting.map(|setting| &setting.options).filter(|options| !options.is_empty());
            // Writing to a String cannot fail.
            let _ = match options {
                None => writeln!(yaml, "    {}: {level} # {}", rule.id, rule.summary),
                Some(options) => {
                    let options =
                        options.iter().map(|(name, option)| format!(", {name}: {option}")).collect::<String>();
                    writeln!(yaml, "    {}: {{level: {level}{options}}} # {}", rule.id, rule.summary)
                }
            };
        }
        let lists =
            [("namespaces", &exemptions.namespaces), ("users", &exemptions.users), ("groups", &exemptions.groups)];
        yaml.push_str("  exemptions:\n");
        for (field, patterns) in lists {
            let _ = writeln!(yaml, "    {field}: {}", value(patterns.clone().into()));
        }
        let annotations = serde_json::to_value(&exemptions.annotations).unwrap_or_default();
        let _ = writeln!(yaml, "    annotations: {annotations}");
        let mutations = serde_json::to_value(&self.spec.mutations).unwrap_or_default();
        let _ = writeln!(yaml, "  mutations: {mutations}");
        yaml
    }
}
