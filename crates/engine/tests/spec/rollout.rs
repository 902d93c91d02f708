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
        for case in cases::read(&text).unwrap() {
            let marked = !case.marks().unwrap().is_empty();
            let update = case.old.is_some();
            created |= marked && !update;
            changed |= marked && update;
        }
    }
    // What is found in a new object is found in a change, too.
    (created, created || changed)
}

/// Whether the API server itself refuses all that the rule's cases for a real one have.
fn is_refused_by_the_api_server(rule: &Rule) -> bool {
    let file = root().join("tests/cluster/cases").join(format!("{}.yaml", rule.id));
    let text = fs::read_to_string(&file).unwrap();
    let cases = yaml::documents(&text).unwrap();
    let cases = cases.iter().map(|case| serde_json::from_str::<Value>(&case.to_json().unwrap()).unwrap());
    let denied: Vec<Value> = cases.filter(|case| case["deny"].is_array()).collect();
    assert!(!denied.is_empty(), "{}", rule.id);
    denied.iter().all(|case| case["api"].is_array())
}

#[test]
fn the_closing_table_is_that_of_the_rules() {
    let mut table = "| rule | who creates it | who changes an object that was without it | its controllers, the kubelet, whoever changes anything else of it |\n|---|---|---|---|\n".to_owned();
    for rule in RULES.iter().filter(|rule| rule.level == Level::Deny) {
        let (created, changed) = found_in(rule);
        let refused = |can: bool| match (can, is_refused_by_the_api_server(rule)) {
            (false, _) => "never",
            // Nobody but the API server is asked about such a change.
            (true, true) if !created => "the API server refuses it",
            (true, true) => "refused in custom kinds; elsewhere the API server refuses it",
            (true, false) => "refused",
        };
        let id = rule.id;
        table += &format!("| [`{id}`](rules/{id}.md) | {} | {} | never |\n", refused(created), refused(changed));
    }
    let text = fs::read_to_string(root().join("docs/rollout.md")).unwrap();
    let (before, rest) = text.split_once("<!-- refused -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /refused -->").unwrap();
    hold("docs/rollout.md", &format!("{before}<!-- refused -->\n{table}<!-- /refused -->{after}"));
}
