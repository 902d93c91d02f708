//! `podgate rules`: the rules and their pages.

use std::process::ExitCode;

use anyhow::anyhow;
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use crate::{
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
                Format::Text | Format::Markdown => pages::rule_page(rule),
            }
        }
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn list() -> String {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    RULES.iter().map(|rule| format!("{:width$}  {:5}  {}\n", rule.id, rule.level, rule.summary)).collect()
}

fn json(rule: &Rule) -> Value {
    let options = rule.code.schema(&mut SchemaGenerator::default()).to_value();
    json!({
        "id": rule.id, "level": rule.level, "summary": rule.summary, "since": rule.since,
        "options": options, "page": pages::page(rule.source),
    })
}
