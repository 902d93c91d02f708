//! `podgate rules`: the rules and their pages.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;
use terminal_size::{Width, terminal_size_of};

use super::{
    output::no_color,
    page,
    rule_id::{self, RuleIds},
};
use podgate_engine::{
    policy::pages,
    rules::{Level, RULES, Rule},
};

/// Columns of a terminal that does not say how wide it is.
const DEFAULT_WIDTH: usize = 80;

/// List the rules, or print the page of one
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The rule's id
    #[arg(value_parser = RuleIds, hide_possible_values = true)]
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
        (None, Format::Json) => {
            let all: Vec<Document> = RULES.iter().map(|rule| (*rule).into()).collect();
            serde_json::to_string_pretty(&all)? + "\n"
        }
        (None, Format::Markdown) => pages::rule_table("docs/rules/"),
        (Some(id), format) => {
            let rule = rule_id::find(id)?;
            match format {
                Format::Json => serde_json::to_string_pretty(&Document::from(rule))? + "\n",
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

/// Returns the page as a terminal shows it.
fn rendered(page: &str) -> String {
    let color = !no_color();
    let width = terminal_size_of(io::stdout()).map_or(DEFAULT_WIDTH, |(Width(columns), _)| columns.into());
    page::render(page, width, color)
}

/// What `podgate rules ID --format json` prints; without an id it is a list of these.
#[derive(Debug, Serialize, JsonSchema)]
struct Document {
    /// The id, by which policies and annotations name it.
    id: &'static str,
    /// The level in the profile standard.
    level: Level,
    /// What it finds, in one line.
    summary: &'static str,
    /// The version of podgate that brought it.
    since: &'static str,
    /// The versions of Kubernetes in which it finds anything.
    kubernetes: String,
    /// The JSON Schema of its options.
    options: Value,
    /// Its page, in Markdown.
    page: &'static str,
}

impl From<&Rule> for Document {
    fn from(rule: &Rule) -> Self {
        let Rule { id, level, summary, since, page, .. } = *rule;
        let options = rule.code.schema(&mut SchemaGenerator::default()).to_value();
        Self { id, level, summary, since, kubernetes: rule.kubernetes(), options, page }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_in_the_tree_and_true() {
        for rule in RULES {
            let json = serde_json::to_value(Document::from(*rule)).unwrap();
            crate::cli::schema::hold::<Document>("docs/rule.schema.json", "Rule of podgate", &json, "/id");
        }
    }
}
