//! The pages of rules as documents.

use crate::rules::{RULES, Rule};

/// A rule's whole page: title, facts, and what its source says.
pub fn rule_page(rule: &Rule) -> String {
    let Rule { id, summary, level, since, page, .. } = rule;
    format!("# {id}\n\n{summary} (default level: {level}; since {since})\n\n{}", subordinate(page))
}

/// The rules as a Markdown table, each linked to its page in `docs/rules/`.
pub fn rule_table() -> String {
    let row = |rule: &&Rule| format!("| [`{0}`](docs/rules/{0}.md) | {1} | {2} |\n", rule.id, rule.level, rule.summary);
    format!("| rule | level | finds |\n|---|---|---|\n{}", RULES.iter().map(row).collect::<String>())
}

/// The same Markdown with its headings one level deeper; what stands in code blocks is left alone.
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

    #[test]
    fn headings_go_down_but_not_in_code() {
        assert_eq!(subordinate("# A\n```yaml\n# comment\n```\n## B\n"), "## A\n```yaml\n# comment\n```\n### B\n");
    }
}
