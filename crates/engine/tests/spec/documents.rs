//! Documents that are generated from the code. `UPDATE=1 cargo test` rewrites them.

use std::fs;

use podgate_engine::{policy::pages, rules::RULES};

use super::tree::{hold, root};

#[test]
fn every_rule_has_its_page() {
    let mut pages = fs::read_dir(root().join("docs/rules"))
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>())
        .unwrap_or_default();
    for rule in RULES {
        let file = format!("{}.md", rule.id);
        hold(&format!("docs/rules/{file}"), &pages::rule_page(rule));
        pages.retain(|page| *page != file);
    }
    assert!(pages.is_empty(), "docs/rules holds pages of no rule: {pages:?}");
}

#[test]
fn the_readme_lists_the_rules() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once("<!-- rules -->\n").expect("README.md has a mark for the rules");
    let (_, after) = rest.split_once("<!-- /rules -->").expect("README.md has a mark for the end of the rules");
    hold("README.md", &format!("{before}<!-- rules -->\n{}<!-- /rules -->{after}", pages::rule_table()));
}
