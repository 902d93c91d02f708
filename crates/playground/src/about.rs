//! What the page has to know once.

use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use podgate_engine::{
    policy::{config::Profile, schema},
    rules::{Level, family::FAMILIES},
};

use crate::{
    answer::written,
    examples::{self, Example},
};

/// Tells what a new policy begins with.
const POLICY_TEMPLATE: &str = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nmetadata:\n  name: default\nspec:\n  profile: standard\n  \
    rules: {}\n";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct About {
    version: &'static str,
    profiles: Vec<Named>,
    levels: Vec<Named>,
    policy_schema: Value,
    policy_template: &'static str,
    examples: Vec<Example>,
    families: Vec<Family>,
}

/// A word and what it means.
#[derive(Serialize)]
struct Named {
    id: String,
    summary: String,
}

#[derive(Serialize)]
struct Family {
    id: &'static str,
    summary: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
struct Rule {
    id: &'static str,
    summary: &'static str,
    level: Level,
}

/// Tells of podgate: its version, profiles and levels, the policy's schema, the rules, and examples.
pub fn about() -> String {
    written(told())
}

fn told() -> Result<About, String> {
    let mut levels = words::<Level>();
    levels.retain(|level| level.id != Level::Off.as_str());
    // The worst first.
    levels.reverse();
    Ok(About {
        version: env!("CARGO_PKG_VERSION"),
        profiles: words::<Profile>(),
        levels,
        policy_schema: schema::json_schema(),
        policy_template: POLICY_TEMPLATE,
        examples: examples::examples()?,
        families: FAMILIES.iter().map(Family::of).collect(),
    })
}

impl Family {
    fn of(family: &podgate_engine::rules::family::Family) -> Self {
        let rule = |rule: &podgate_engine::rules::Rule| Rule { id: rule.id, summary: rule.summary, level: rule.level };
        Self { id: family.id, summary: family.title, rules: family.rules().map(rule).collect() }
    }
}

/// Returns the words of an enumeration with what they mean, as its schema has them.
fn words<T: JsonSchema>() -> Vec<Named> {
    let schema = SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    let branches = schema.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let named = |branch: &Value| {
        let text = |field| branch.get(field).and_then(Value::as_str).map(str::to_owned);
        Some(Named { id: text("const")?, summary: text("description")? })
    };
    branches.iter().filter_map(named).collect()
}
