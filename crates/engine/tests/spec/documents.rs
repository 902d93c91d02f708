//! Documents that are generated from the code. `UPDATE=1 cargo test` rewrites them.

use std::fs;

use podgate_engine::{
    policy::pages,
    rules::{RULES, find},
};

use super::tree::{hold, root};

#[test]
fn every_rule_has_its_page() {
    let mut pages = fs::read_dir(root().join("docs/rules"))
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>())
        .unwrap_or_default();
    hold("docs/rules/README.md", &pages::rule_index());
    hold("docs/versions.md", &pages::version_table());
    // The index, and the one page that is written by hand.
    pages.retain(|page| !["README.md", "not.md"].contains(&page.as_str()));
    for rule in RULES {
        let file = format!("{}.md", rule.id);
        hold(&format!("docs/rules/{file}"), &pages::rule_page(rule));
        pages.retain(|page| *page != file);
    }
    assert!(pages.is_empty(), "docs/rules holds pages of no rule: {pages:?}");
}

#[test]
fn the_page_of_rules_that_there_are_not_leads_to_rules() {
    let text = fs::read_to_string(root().join("docs/rules/not.md")).unwrap();
    let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')?.0.strip_suffix(".md"));
    let dead: Vec<&str> = links.filter(|id| find(id).is_none()).collect();
    assert!(dead.is_empty(), "docs/rules/not.md links pages of no rule: {dead:?}");
}

#[test]
fn the_readme_lists_the_rules() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once("<!-- rules -->\n").expect("README.md has a mark for the rules");
    let (_, after) = rest.split_once("<!-- /rules -->").expect("README.md has a mark for the end of the rules");
    hold("README.md", &format!("{before}<!-- rules -->\n{}<!-- /rules -->{after}", pages::rule_table("docs/rules/")));
}
