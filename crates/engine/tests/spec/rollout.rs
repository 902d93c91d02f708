//! The table that closes docs/rollout.md: who can be refused by a rule of level deny.

use std::fs;

use podgate_engine::{
    policy::cases,
    rules::{Level, RULES, Rule},
    syntax::yaml,
};
use serde_json::Value;

use super::tree::{hold, root};

/// Whether the rule finds anything in a new object, and in a change that brings it.
fn found_in(rule: &Rule) -> (bool, bool) {
    let own = fs::read_to_string(root().join("crates/engine/tests/rules").join(format!("{}.md", rule.id)))
        .unwrap_or_default();
    let (mut created, mut changed) = (false, false);
    for text in [rule.page.to_owned(), own] {
        for case in cases::read(&text).into_iter().map(Result::unwrap) {
            let marked = !case.marks().unwrap().is_empty();
            let update = case.old.is_some();
            created |= marked && !update;
            changed |= marked && update;
        }
    }
    // What is found in a new object is found in a change, too.
    (created, created || changed)
}

/// Who refuses what the rule's cases for a real API server have.
#[derive(Clone, Copy, PartialEq)]
enum Refuser {
    /// The API server does; no other kind has what the rule is about.
    ApiServer,
    /// The API server does, and podgate does in custom kinds.
    Both,
    Podgate,
}

/// Returns nobody of a rule that refuses in files only: no webhook is asked for what it is about.
fn who_refuses(rule: &Rule) -> Option<Refuser> {
    let file = root().join("tests/cluster/cases").join(format!("{}.yaml", rule.id));
    let text = fs::read_to_string(&file).unwrap();
    let cases = yaml::documents(&text).unwrap();
    let cases = cases.iter().map(|case| serde_json::from_str::<Value>(&case.to_json().unwrap()).unwrap());
    let denied: Vec<Value> = cases.filter(|case| case["deny"].is_array()).collect();
    if denied.is_empty() {
        return None;
    }
    if !denied.iter().all(|case| case["api"].is_array()) {
        return Some(Refuser::Podgate);
    }
    // A Pod's case is denied in the template of a custom kind.
    let fields = denied.iter().filter_map(|case| case["deny"].as_array()).flatten().filter_map(Value::as_str);
    let in_custom_kinds = fields.into_iter().any(|field| field.starts_with("spec.template."));
    Some(if in_custom_kinds { Refuser::Both } else { Refuser::ApiServer })
}

#[test]
fn the_closing_table_is_that_of_the_rules() {
    let mut table = "| rule | who creates it | who changes an object that was without it | its controllers, the kubelet, whoever changes anything else of it |\n|---|---|---|---|\n".to_owned();
    for rule in RULES.iter().filter(|rule| rule.level == Level::Deny) {
        let Some(by) = who_refuses(rule) else { continue };
        let (created, changed) = found_in(rule);
        let refused = |can: bool| match (can, by) {
            (false, _) => "never",
            (true, Refuser::ApiServer) => "the API server refuses it",
            // Nobody but the API server is asked about such a change.
            (true, Refuser::Both) if !created => "the API server refuses it",
            (true, Refuser::Both) => "refused in custom kinds; elsewhere the API server refuses it",
            (true, Refuser::Podgate) => "refused",
        };
        let id = rule.id;
        table += &format!("| [`{id}`](rules/{id}.md) | {} | {} | never |\n", refused(created), refused(changed));
    }
    let text = fs::read_to_string(root().join("docs/rollout.md")).unwrap();
    let (before, rest) = text.split_once("<!-- refused -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /refused -->").unwrap();
    hold("docs/rollout.md", &format!("{before}<!-- refused -->\n{table}<!-- /refused -->{after}"));
}
