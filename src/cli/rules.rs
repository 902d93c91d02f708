//! `podgate rules`: the rules and their pages.

use std::{
    env,
    io::{self, IsTerminal},
    process::ExitCode,
};

use anyhow::anyhow;
use schemars::SchemaGenerator;
use serde_json::{Value, json};
use termimad::{Alignment, MadSkin};

use podgate_engine::{
    policy::{pages, suggest::did_you_mean},
    rules::{self, RULES, Rule},
};

/// List the rules, or print the page of one
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The rule's id
    id: Option<String>,

    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For reading
    Text,
    /// For programs
    Json,
    /// For documentation
    Markdown,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let text = match (&args.id, args.format) {
        (None, Format::Text) => list(),
        (None, Format::Json) => format!("{:#}\n", RULES.iter().map(|rule| json(rule)).collect::<Value>()),
        (None, Format::Markdown) => pages::rule_table(),
        (Some(id), format) => {
            let rule = rules::find(id).ok_or_else(|| {
                let hint = did_you_mean(id, RULES.iter().map(|rule| rule.id));
                anyhow!("unknown rule \"{id}\"{hint}; podgate rules lists them")
            })?;
            match format {
                Format::Json => format!("{:#}\n", json(rule)),
                Format::Text if io::stdout().is_terminal() => rendered(&pages::rule_page(rule)),
                Format::Text | Format::Markdown => pages::rule_page(rule),
            }
        }
    };
    super::output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn list() -> String {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    RULES.iter().map(|rule| format!("{:width$}  {:5}  {}\n", rule.id, rule.level, rule.summary)).collect()
}

/// The page as a terminal shows it: wrapped to its width, with headings and code set apart.
fn rendered(page: &str) -> String {
    let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let mut skin = if plain { MadSkin::no_style() } else { MadSkin::default() };
    for heading in &mut skin.headers {
        heading.align = Alignment::Left;
    }
    skin.term_text(&unwrapped(page)).to_string()
}

/// The Markdown with each paragraph and list item on one line: a terminal's width is not the source's.
fn unwrapped(markdown: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut in_code = false;
    // Whether the line before may go on.
    let mut open = false;
    for line in markdown.lines() {
        in_code ^= line.starts_with("```");
        let plain = !in_code && !line.is_empty() && !line.starts_with(['#', '`', '|']);
        match lines.last_mut() {
            Some(last) if open && plain && !line.starts_with("- ") => {
                last.push(' ');
                last.push_str(line.trim_start());
            }
            _ => lines.push(line.to_owned()),
        }
        open = plain;
    }
    lines.join("\n")
}

fn json(rule: &Rule) -> Value {
    let options = rule.code.schema(&mut SchemaGenerator::default()).to_value();
    json!({
        "id": rule.id, "level": rule.level, "summary": rule.summary, "since": rule.since,
        "options": options, "page": rule.page,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_items_become_one_line() {
        let page = "# A\n\none\ntwo\n\n- item\n  goes on\n- next\n\n```yaml\na: 1\nb: 2\n```\nafter\n";
        let expected = "# A\n\none two\n\n- item goes on\n- next\n\n```yaml\na: 1\nb: 2\n```\nafter";
        assert_eq!(unwrapped(page), expected);
    }
}
