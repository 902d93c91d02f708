//! The pages of rules and mutations, taken from their own source text.

use crate::rules::{RULES, Rule};

/// The leading `//!` block of a source file: the page, in Markdown.
pub fn page(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let mut page: String =
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).flat_map(|line| [line, "\n"]).collect();
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// A rule's whole page: title, facts, and what its source says.
pub fn rule_page(rule: &Rule) -> String {
    let Rule { id, summary, level, since, .. } = rule;
    format!("# {id}\n\n{summary} (default level: {level}; since {since})\n\n{}", subordinate(&page(rule.source)))
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
    fn only_the_leading_block() {
        let source = "//! # Title\n//!\n//! Text.\n//!   indented\n\n//! not this\nuse x;\n";
        assert_eq!(page(source), "# Title\n\nText.\n  indented\n");
    }

    #[test]
    fn headings_go_down_but_not_in_code() {
        assert_eq!(subordinate("# A\n```yaml\n# comment\n```\n## B\n"), "## A\n```yaml\n# comment\n```\n### B\n");
    }
}
