//! A rule's page.

use serde::Serialize;

use podgate_engine::{
    policy::{pages, suggest::did_you_mean},
    rules::{self, Level, RULES, family::FAMILIES},
};

use crate::answer::written;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RulePage {
    id: &'static str,
    level: Level,
    family: &'static str,
    family_title: &'static str,
    summary: &'static str,
    page: String,
    site: String,
}

/// Tells of the rule that is called `id`.
pub fn rule(id: &str) -> String {
    written(page(id))
}

fn page(id: &str) -> Result<RulePage, String> {
    let rule = rules::find(id).ok_or_else(|| {
        let near = did_you_mean(id, RULES.iter().map(|rule| rule.id));
        format!("there is no rule \"{id}\"{near}")
    })?;
    let family = FAMILIES.iter().find(|family| family.id == rule.family);
    Ok(RulePage {
        id: rule.id,
        level: rule.level,
        family: rule.family,
        family_title: family.map_or("", |family| family.title),
        summary: rule.summary,
        page: pages::rule_page(rule),
        site: format!("rules/{}.html", rule.id),
    })
}
