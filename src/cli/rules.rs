//! `podgate rules`: the rules and their pages.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use schemars::SchemaGenerator;
use serde_json::{Value, json};
use terminal_size::{Width, terminal_size_of};

use super::{
    output::no_color,
    page,
    rule_id::{self, RuleIds},
};
use podgate_engine::{
    policy::pages,
    rules::{RULES, Rule},
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
        (None, Format::Json) => format!("{:#}\n", RULES.iter().map(|rule| json(rule)).collect::<Value>()),
        (None, Format::Markdown) => pages::rule_table("docs/rules/"),
        (Some(id), format) => {
            let rule = rule_id::find(id)?;
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

/// Returns the page as a terminal shows it.
fn rendered(page: &str) -> String {
    let color = !no_color();
    let width = terminal_size_of(io::stdout()).map_or(DEFAULT_WIDTH, |(Width(columns), _)| columns.into());
    page::render(page, width, color)
}

fn json(rule: &Rule) -> Value {
    let options = rule.code.schema(&mut SchemaGenerator::default()).to_value();
    json!({
        "id": rule.id, "level": rule.level, "summary": rule.summary, "since": rule.since,
        "kubernetes": rule.kubernetes(), "options": options, "page": rule.page,
    })
}
