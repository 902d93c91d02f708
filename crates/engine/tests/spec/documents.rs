//! Documents that are generated from the code. `UPDATE=1 cargo test` rewrites them.

use std::{collections::BTreeSet, fs};

use podgate_engine::{
    policy::pages,
    rules::{
        RULES,
        family::{FAMILIES, Family},
        find,
    },
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

/// Pages in `docs/rules` that are of no rule.
const NO_RULES: [&str; 2] = ["README", "not"];

#[test]
fn pages_written_by_hand_lead_to_rules() {
    for (file, folder) in [("docs/rules/not.md", ""), ("docs/coming-from.md", "rules/")] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let links = text.split('[').filter_map(|rest| rest.split_once("](")).filter_map(|(name, rest)| {
            let id = rest.split_once(')')?.0.strip_prefix(folder)?.strip_suffix(".md")?;
            Some((name, id))
        });
        let is_dead = |(name, id): &(&str, &str)| !NO_RULES.contains(id) && (find(id).is_none() || name != id);
        let dead: BTreeSet<&str> = links.filter(is_dead).map(|(name, _)| name).collect();
        assert!(dead.is_empty(), "{file} links pages of no rule, or by another name: {dead:?}");
    }
}

#[test]
fn every_rule_is_of_one_family() {
    let listed: Vec<&str> = FAMILIES.iter().flat_map(Family::rules).map(|rule| rule.id).collect();
    let all: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(listed, all, "the catalogue lists rules by family, in the order of the families");
    for family in FAMILIES {
        assert!(family.rules().next().is_some(), "family {} has no rule", family.id);
        if let Some((picture, _)) = family.picture {
            assert!(root().join(format!("docs/pictures/{picture}.svg")).is_file(), "no picture {picture}");
        }
    }
}

#[test]
fn the_book_lists_the_rules() {
    let file = "docs/SUMMARY.md";
    let text = fs::read_to_string(root().join(file)).unwrap();
    let (before, rest) = text.split_once("<!-- rules -->\n").expect("a mark for the rules");
    let (_, after) = rest.split_once("<!-- /rules -->").expect("a mark for the end of the rules");
    hold(file, &format!("{before}<!-- rules -->\n{}<!-- /rules -->{after}", pages::rule_contents()));
}
