//! The pages of rules as documents.

use schemars::SchemaGenerator;
use serde_json::Value;

use crate::{
    model::version::FEATURES,
    rules::{
        RULES, Rule,
        family::{FAMILIES, Family},
    },
};

/// Returns a rule's whole page: title, facts, what its source says, and how to set and ignore it.
pub fn rule_page(rule: &Rule) -> String {
    let Rule { id, summary, level, since, page, .. } = rule;
    let kubernetes = rule.kubernetes();
    let facts = format!("- default level: {level}\n- Kubernetes: {kubernetes}\n- since podgate {since}\n");
    format!("# {id}\n\n{summary}\n\n{facts}\n{}\n{}", subordinate(page), settings(rule))
}

/// Returns the page of what depends on the version of Kubernetes.
pub fn version_table() -> String {
    let mut text = "# Versions of Kubernetes\n\n\
        What podgate knows of fields that not every version of Kubernetes has. Where the policy or `podgate check` names a version,\n\
        [`field-not-in-version`](rules/field-not-in-version.md) finds what it does not have, and the rules in the last column are off\n\
        before it. The gates are those of `pkg/features/kube_features.go` of Kubernetes.\n\n\
        | feature gate | brings | since | on by default | without it | rules that need it |\n|---|---|---|---|---|---|\n"
        .to_owned();
    for feature in FEATURES {
        let on = feature.on.map_or_else(|| "no".to_owned(), |on| on.to_string());
        let rules: Vec<String> = RULES
            .iter()
            .filter(|rule| rule.feature == Some(feature))
            .map(|rule| format!("[`{id}`](rules/{id}.md)", id = rule.id))
            .collect();
        let rules = rules.join(", ");
        let columns = [feature.gate, feature.brings, &feature.since.to_string(), &on, feature.without, &rules];
        text.extend(columns.map(|column| format!("| {column} ")));
        text.push_str("|\n");
    }
    text
}

/// Returns the part of a page that says how the rule is set and ignored: the same for every rule but for its options.
fn settings(rule: &Rule) -> String {
    let Rule { id, level, .. } = rule;
    let options = options(rule);
    let given = if options.is_empty() { "" } else { ", and beside it the rule's options, here with their defaults" };
    let cases = if rule.other_levels.is_empty() {
        ""
    } else {
        "\nIn some cases the rule has another level of its own, which `podgate policy explain` lists. A level that the policy names\n\
         counts in all of them.\n"
    };
    let values: String = options.iter().map(RuleOption::setting).collect();
    let meanings: String = options.iter().map(|option| format!("- `{}`: {}\n", option.name, option.meaning)).collect();
    let meanings = if meanings.is_empty() { meanings } else { format!("\n{meanings}") };
    format!(
        "## Set it\n\n\
         The policy says the level, `deny`, `warn`, `audit` or `off`{given}:\n\n\
         ```yaml\nspec:\n  rules:\n    {id}:\n      level: {level}\n{values}```\n{meanings}{cases}\n\
         ## Ignore it\n\n\
         By an annotation of the object or of its Pod template, with the reason:\n\n\
         ```yaml\nmetadata:\n  annotations:\n    ignore.podgate.dev/{id}: \"<reason>\"\n```\n\n\
         Or, for `podgate check` alone, by a comment on the line of the finding or above it:\n\n\
         ```yaml\n# podgate: ignore[{id}] <reason>\n```\n"
    )
}

/// One option of a rule.
struct RuleOption {
    name: String,
    meaning: String,
    default: Value,
}

impl RuleOption {
    /// Returns its lines in a policy. A list has one line an item: some are long.
    fn setting(&self) -> String {
        let Self { name, default, .. } = self;
        match default.as_array() {
            Some(items) if !items.is_empty() => {
                let items: String = items.iter().map(|item| format!("      - {item}\n")).collect();
                format!("      {name}:\n{items}")
            }
            _ => format!("      {name}: {default}\n"),
        }
    }
}

/// Returns the options of a rule, as its schema has them.
fn options(rule: &Rule) -> Vec<RuleOption> {
    let schema = rule.code.schema(&mut SchemaGenerator::default()).to_value();
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let option = |(name, schema): (&String, &Value)| RuleOption {
        name: name.clone(),
        meaning: schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
        default: schema.get("default").cloned().unwrap_or_default(),
    };
    properties.iter().map(option).collect()
}

/// Returns the rules as a Markdown table, each linked to its page in `folder`, which ends with `/` or is empty.
pub fn rule_table(folder: &str) -> String {
    table(folder, RULES.iter().copied())
}

fn table<'r>(folder: &str, rules: impl Iterator<Item = &'r Rule>) -> String {
    let row = |rule: &Rule| format!("| [`{0}`]({folder}{0}.md) | {1} | {2} |\n", rule.id, rule.level, rule.summary);
    format!("| rule | level | finds |\n|---|---|---|\n{}", rules.map(row).collect::<String>())
}

/// Returns the index of the folder of pages: every rule, by family.
pub fn rule_index() -> String {
    let mut text = format!(
        "# All rules\n\n\
         {} rules, by what they are about. `deny` refuses the request, `warn` allows it with a warning that kubectl prints, `audit` leaves a\n\
         trace in the API server's audit log and in the metrics only. These are the levels of the profile `standard`; a\n\
         [policy](../policy.md) sets the level of each rule. `podgate rules` prints this list, and `podgate rules port-conflict` the page of one.\n\n\
         On UPDATE only findings that the old object did not have count, so that objects from before a rule stay editable; and what\n\
         controllers make of a template is never refused, so that they keep their Pods.\n\n\
         See also [the rules that podgate does not have, and why](not.md), [what they are called elsewhere](../coming-from.md), and\n\
         [what each version of Kubernetes has](../versions.md): a policy's `kubernetesVersion` keeps silent what does not hold in your\n\
         cluster.\n",
        RULES.len()
    );
    for family in FAMILIES {
        let Family { title, about, picture, .. } = family;
        let picture = picture.map_or_else(String::new, |(name, seen)| format!("![{seen}](../pictures/{name}.svg)\n\n"));
        text.push_str(&format!("\n## {title}\n\n{about}\n\n{picture}{}", table("", family.rules())));
    }
    text
}

/// Returns the part of the book's table of contents that lists the pages of rules: a list in Markdown, families as chapters without
/// a page.
pub fn rule_contents() -> String {
    let mut text = "- [All rules](rules/README.md)\n".to_owned();
    for family in FAMILIES {
        text.push_str(&format!("  - [{}]()\n", family.title));
        text.extend(family.rules().map(|rule| format!("    - [{0}](rules/{0}.md)\n", rule.id)));
    }
    text.push_str("  - [Rules that podgate does not have](rules/not.md)\n");
    text
}

/// Returns the same Markdown with its headings one level deeper; what stands in code blocks is left alone.
fn subordinate(markdown: &str) -> String {
    let mut in_code = false;
    let mut deeper = String::new();
    for line in markdown.lines() {
        in_code ^= line.starts_with("```");
        if line.starts_with('#') && !in_code {
            deeper.push('#');
        }
        deeper.push_str(line);
        deeper.push('\n');
    }
    deeper
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse::parse;

    #[test]
    fn what_a_page_says_of_the_policy_is_what_holds_without_one() {
        for rule in RULES {
            let page = rule_page(rule);
            let (_, rest) = page.split_once("## Set it").unwrap();
            let (_, rest) = rest.split_once("```yaml\n").unwrap();
            let (text, _) = rest.split_once("```").unwrap();
            let policy = parse(&format!("apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\n{text}"), rule.id);
            let policy = policy.unwrap_or_else(|error| panic!("{error}"));
            let setting = policy.spec.rules.get(rule).unwrap();
            assert_eq!(setting.level, Some(rule.level), "{}", rule.id);
            let options = options(rule);
            assert_eq!(setting.options.len(), options.len(), "{}", rule.id);
            for option in options {
                let have = setting.options.get(&option.name).unwrap();
                // YAML has no other number for 2.0 than 2.
                let same_number = have.is_number() && have.as_f64() == option.default.as_f64();
                assert!(same_number || *have == option.default, "{}: {have}", rule.id);
                assert!(!option.default.is_null() && !option.meaning.is_empty(), "{}: {}", rule.id, option.name);
            }
        }
    }

    #[test]
    fn headings_go_down_but_not_in_code() {
        assert_eq!(subordinate("# A\n```yaml\n# comment\n```\n## B\n"), "## A\n```yaml\n# comment\n```\n### B\n");
    }
}
